/*
 * txn - runs the transaction machines of txn_rules.c.
 *
 * core.c finds a transaction for what arrives and hands it over; proxy.c,
 * register.c and send.c are its users. One function changes the state.
 */
#include "sipd/txn.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/map.h"
#include "common/settings.h"
#include "common/slab.h"
#include "common/daemon.h"
#include "common/stats.h"
#include "sipd/core.h"
#include "sipd/meters.h"
#include "sipd/msg.h"
#include "sipd/record.h"
#include "sipd/request.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define T1_FACTOR	64
/* The bounds of core.h on identifiers, method and URI make it enough. */
#define KEY_TEXT_MAX	(4 * ID_MAX + METHOD_MAX + URI_MAX + 32)
#define LINGER_FACTOR	8	/* answered ones that may wait for their last timer */

struct txn {
	txn_key		 key;		/* the maps' key: 8 octets */
	struct txns	*x;
	uint8_t		 kind;
	uint8_t		 state;
	bool		 active;	/* counts against the limit */
	bool		 brief;		/* no timer J */
	bool		 never_repeat;
	uint8_t		 repeats;	/* of a request, begun so far */
	uint16_t	 code;		/* of the last response */
	struct mono	 began;
	struct recording recording;	/* whose bytes are, to the recorder */
	int		 error;		/* of a send that failed at once */
	unsigned	 flags;		/* of wire_send() */
	uint32_t	 interval_ms;	/* of the running retransmission timer */
	uint32_t	 len;
	char		*bytes;		/* kept, to be sent again; or NULL */
	const struct txn_user *user;	/* NULL: forgotten */
	void		*arg;
	struct hop	 hop;
	struct wheel_timer retransmit;
	struct wheel_timer timeout;
};

struct txns {
	struct worker	*w;
	struct map	*maps[2];	/* [true]: servers */
	struct slab	*slab;
	uint32_t	 active[2];
};

/* What travels with an event. */
struct occasion {
	struct str		 bytes;	/* to send */
	const struct sip_msg	*msg;	/* response */
	const struct packet	*packet;
	int			 error;
};

static void txn_event(struct txn *t, enum txn_event ev, const struct occasion *o);

static bool
is_server_kind(enum txn_kind kind)
{
	return kind == TXN_INVITE_SERVER || kind == TXN_SERVER;
}

static bool
is_server(const struct txn *t)
{
	return is_server_kind(t->kind);
}

static struct str
key_of(const void *object)
{
	const struct txn *t = object;

	return str_make((const char *)&t->key, sizeof(t->key));
}

struct txns *
txns_new(struct worker *w)
{
	struct txns	*x = xcalloc(1, sizeof(*x));

	x->w = w;
	x->maps[false] = map_new_hashed(key_of);
	x->maps[true] = map_new_hashed(key_of);
	x->slab = slab_new(sizeof(struct txn));
	return x;
}

static void
txn_tell_end(struct txn *t)
{
	if (t->user != NULL && t->user->ended != NULL)
		t->user->ended(t->arg, t);
	t->user = NULL;
}

static void
txn_release(struct txn *t)
{
	wheel_stop(t->x->w->wheel, &t->retransmit);
	wheel_stop(t->x->w->wheel, &t->timeout);
	free(t->bytes);
	slab_give(t->x->slab, t);
}

void
txns_free(struct txns *x)
{
	struct txn	*t;
	size_t		 cursor;

	if (x == NULL)
		return;
	/* Servers first: from then on nobody has anything to answer. */
	for (int server = 1; server >= 0; server--) {
		cursor = 0;
		while ((t = map_next(x->maps[server], &cursor)) != NULL)
			txn_tell_end(t);
	}
	for (int server = 0; server < 2; server++) {
		cursor = 0;
		while ((t = map_next(x->maps[server], &cursor)) != NULL)
			txn_release(t);
		map_free(x->maps[server]);
	}
	slab_free(x->slab);
	free(x);
}

uint32_t
txns_active(const struct txns *x)
{
	return x->active[false] + x->active[true];
}

uint32_t
txns_count(const struct txns *x, bool server)
{
	return (uint32_t)map_count(x->maps[server]);
}

/* ---- identity ------------------------------------------------------------ */

static txn_key
key_hash(struct text *t)
{
	txn_key	k = hash_str(text_str(t));

	return k != 0 ? k : 1;		/* 0 is wire_send()'s "not interested" */
}

txn_key
txn_server_key(const struct sip_msg *m, struct str method)
{
	char		buf[KEY_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, method);
	text_ch(&t, '\n');
	text_add(&t, m->via.sent_by);
	text_ch(&t, '\n');
	text_add(&t, m->via.branch);
	text_ch(&t, '\n');
	text_add(&t, m->call_id);
	text_ch(&t, '\n');
	text_add(&t, m->from_tag);
	text_ch(&t, '\n');
	text_u64(&t, m->cseq);
	/* RFC 3261 section 17.2.3: what RFC 2543 compared. */
	if (!str_prefix(m->via.branch, STR("z9hG4bK"))) {
		text_ch(&t, '\n');
		text_add(&t, m->uri);
	}
	return key_hash(&t);
}

txn_key
txn_client_key(struct str branch, struct str method)
{
	char		buf[KEY_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, method);
	text_ch(&t, '\n');
	text_add(&t, branch);
	return key_hash(&t);
}

struct txn *
txn_find(struct txns *x, txn_key key, bool server)
{
	return map_find(x->maps[server], str_make((const char *)&key, sizeof(key)));
}

/* ---- beginning and ending -------------------------------------------------- */

static void
on_retransmit(void *arg)
{
	struct txn	*t = arg;
	struct worker	*w = t->x->w;

	record_as(w, t->recording.call, t->recording.plain);
	txn_event(t, EV_RETRANSMIT, &(struct occasion){ 0 });
	record_end(w);
}

static void
record_timer(const struct txn *t)
{
	static const char names[] = {
		[TXN_INVITE_CLIENT] = 'B', [TXN_CLIENT] = 'F',
		[TXN_INVITE_SERVER] = 'H', [TXN_SERVER] = 'J',
	};

	if (t->error == 0)
		record_note(t->x->w, RECORD_TIMER, 0, "TIMER", STR("timer "),
		    str_make(&names[t->kind], 1), STR(": no answer in time"));
}

/* B, F and H on one timer with D, I, J, K, L and M: never both at a time. */
static void
on_timeout(void *arg)
{
	struct txn	*t = arg;
	struct worker	*w = t->x->w;
	enum txn_event	 ev = EV_END;

	record_as(w, t->recording.call, false);
	if (txn_rules[t->kind][t->state][EV_TIMEOUT].next != ST_NONE) {
		ev = EV_TIMEOUT;
		record_timer(t);
	}
	txn_event(t, ev, &(struct occasion){
	    .error = t->error != 0 ? t->error : -ETIMEDOUT });
	record_end(w);
}

static bool
at_limit(const struct txns *x, bool server)
{
	const struct settings	*set = settings_now();
	size_t			 most = server ? set->server_transactions_max :
				    set->client_transactions_max;

	return x->active[server] >= most ||
	    map_count(x->maps[server]) >= LINGER_FACTOR * most;
}

static struct txn *
txn_new(struct txns *x, enum txn_kind kind, txn_key key, const struct hop *hop,
    bool urgent, const struct txn_user *user, void *arg)
{
	struct txn	*t;

	if (!urgent && at_limit(x, is_server_kind(kind))) {
		stats->txn_refused++;
		return NULL;
	}
	t = slab_take(x->slab);
	t->x = x;
	t->kind = kind;
	t->key = key;
	t->hop = *hop;
	t->user = user;
	t->arg = arg;
	t->active = true;
	t->began = loop_now(x->w->loop);
	t->recording = x->w->recording;
	wheel_timer_init(&t->retransmit, on_retransmit, t);
	wheel_timer_init(&t->timeout, on_timeout, t);
	map_put(x->maps[is_server(t)], t);
	x->active[is_server(t)]++;
	stats->txn_new++;
	if (is_server(t))
		stats->txn_server++;
	else
		stats->txn_client++;
	return t;
}

void
txn_quiet(struct txn *t)
{
	if (!t->active)
		return;
	t->active = false;
	t->x->active[is_server(t)]--;
}

static void
txn_free(struct txn *t)
{
	struct txns	*x = t->x;

	txn_tell_end(t);
	txn_quiet(t);
	map_remove(x->maps[is_server(t)], key_of(t));
	if (is_server(t))
		stats->txn_server--;
	else
		stats->txn_client--;
	stats->txn_free++;
	txn_release(t);
}

struct txn *
txn_server_new(struct txns *x, txn_key key, unsigned flags, const struct hop *back,
    const struct txn_user *user, void *arg)
{
	struct txn	*t;
	bool		 invite = flags & TXN_INVITE;

	t = txn_new(x, invite ? TXN_INVITE_SERVER : TXN_SERVER, key, back,
	    flags & TXN_URGENT, user, arg);
	if (t == NULL)
		return NULL;
	t->state = invite ? ST_PROCEEDING : ST_TRYING;
	t->flags = WIRE_RESPONSE;
	return t;
}

struct txn *
txn_client_new(struct txns *x, struct str branch, struct str method,
    const struct hop *to, unsigned flags, struct str request,
    const struct txn_user *user, void *arg)
{
	struct txn	*t;
	bool		 invite = str_eq(method, STR("INVITE"));
	txn_key		 key = txn_client_key(branch, method);

	/* The same branch again would be the same transaction: refuse. */
	if (txn_find(x, key, false) != NULL)
		return NULL;
	t = txn_new(x, invite ? TXN_INVITE_CLIENT : TXN_CLIENT, key, to,
	    flags & TXN_URGENT, user, arg);
	if (t == NULL)
		return NULL;
	t->state = ST_TRYING;
	t->flags = flags & ~TXN_URGENT;
	txn_event(t, EV_BEGIN, &(struct occasion){ .bytes = request });
	return t;
}

void
txn_forget(struct txn *t)
{
	if (t != NULL)
		t->user = NULL;
}

void
txn_brief(struct txn *t)
{
	t->brief = true;
}

void
txn_patience(struct txn *t, int64_t ms)
{
	if (t->error == 0 && (t->state == ST_TRYING || t->state == ST_PROCEEDING))
		wheel_start(t->x->w->wheel, &t->timeout, ms);
}

void
txn_abandon(struct txn *t)
{
	t->state = ST_TERMINATED;
	txn_free(t);
}

void *
txn_arg(const struct txn *t, const struct txn_user *user)
{
	return t->user == user ? t->arg : NULL;
}

/* ---- the machine ----------------------------------------------------------- */

/* As if wire had told us later: the caller may still hold t. */
static void
send_failed_soon(struct txn *t, int error)
{
	t->error = error;
	wheel_stop(t->x->w->wheel, &t->retransmit);
	wheel_start(t->x->w->wheel, &t->timeout, 0);
}

static void
txn_send(struct txn *t, struct str bytes)
{
	struct worker		*w = t->x->w;
	const struct recording	 before = w->recording;
	uint64_t		 token = is_server(t) ? 0 : t->key;
	int			 error;

	if (bytes.len == 0)
		return;
	w->recording = t->recording;
	error = wire_send(w, &t->hop, bytes, t->flags, token);
	w->recording = before;
	if (error == -ENOBUFS && t->bytes != NULL && !hop_is_stream(&t->hop))
		return;		/* a full queue: the next repetition may leave */
	if (error < 0 && token != 0 && t->state != ST_COMPLETED)
		send_failed_soon(t, error);
}

static void
txn_keep(struct txn *t, struct str bytes)
{
	if (t->bytes == NULL || t->len < bytes.len)
		t->bytes = xrealloc(t->bytes, 1, bytes.len);
	memcpy(t->bytes, bytes.s, bytes.len);
	t->len = (uint32_t)bytes.len;
}

static void
txn_ask_trying(struct txn *t)
{
	if (t->bytes == NULL && t->user != NULL && t->user->trying != NULL)
		t->user->trying(t->arg, t);
}

static void
txn_drop(struct txn *t)
{
	free(t->bytes);
	t->bytes = NULL;
	t->len = 0;
}

/*
 * RFC 3261 section 17.1.1.3: made from the request as it was sent; the
 * machine keeps the ACK instead of the request from here on.
 */
static void
txn_ack(struct txn *t, const struct sip_msg *response)
{
	char		*out = t->x->w->out;
	struct text	 ack;

	text_init(&ack, out, MESSAGE_MAX);
	if (t->bytes == NULL ||
	    request_ack(&ack, str_make(t->bytes, t->len), response) < 0)
		return;
	txn_send(t, text_str(&ack));
	txn_keep(t, text_str(&ack));
}

/* Rows 30 and 31; a final response goes on until timer H. */
static uint32_t
repeats_of(const struct txn *t)
{
	if (t->kind == TXN_INVITE_CLIENT)
		return settings_now()->invite_repeats;
	return t->kind == TXN_CLIENT ? settings_now()->non_invite_repeats : UINT32_MAX;
}

static void
start_retransmit(struct txn *t, uint32_t actions)
{
	const struct settings	*set = settings_now();
	uint32_t		 next;

	if (hop_is_stream(&t->hop) || t->never_repeat || t->repeats >= repeats_of(t))
		return;
	if (!is_server(t))
		t->repeats++;
	next = t->interval_ms == 0 ? (uint32_t)set->t1 : t->interval_ms * 2;
	if (actions & START_E_SLOW)
		next = (uint32_t)set->t2;
	else if ((actions & START_E) && next > set->t2)
		next = (uint32_t)set->t2;
	t->interval_ms = next;
	wheel_start(t->x->w->wheel, &t->retransmit, next);
}

/* Which wait an action starts, in ms; 0: none on this transport. */
static int64_t
wait_of(const struct txn *t, uint32_t actions)
{
	const struct settings	*set = settings_now();
	bool			 stream = hop_is_stream(&t->hop) || t->brief;

	if (actions & START_B)
		return set->timer_b;
	if (actions & (START_FH | START_LM))
		return T1_FACTOR * set->t1;
	if (actions & (START_D | START_J))
		return stream ? 0 : T1_FACTOR * set->t1;
	return stream ? 0 : set->t4;		/* I and K */
}

#define START_WAIT	(START_B | START_FH | START_D | START_IK | START_J | START_LM)
#define START_LINGER	(START_D | START_IK | START_J | START_LM)

static void
txn_timers(struct txn *t, uint32_t actions)
{
	struct wheel	*wheel = t->x->w->wheel;

	if (t->error != 0)	/* not sent: only the end is due, at once */
		return;
	if (actions & STOP_RETRANSMIT)
		wheel_stop(wheel, &t->retransmit);
	if (actions & STOP_TIMEOUT)
		wheel_stop(wheel, &t->timeout);
	if (actions & (START_A | START_E | START_E_SLOW))
		start_retransmit(t, actions);
	if (actions & START_WAIT)
		wheel_start(wheel, &t->timeout, wait_of(t, actions));
	if (actions & START_LINGER)
		txn_quiet(t);
}

static void
txn_do(struct txn *t, uint32_t actions, const struct occasion *o)
{
	if (actions & DO_SEND)
		txn_send(t, o->bytes);
	if (actions & DO_KEEP)
		txn_keep(t, o->bytes);
	if (actions & DO_ABSORB)
		stats->retransmissions_in++;
	if ((actions & DO_RESEND) && t->bytes != NULL) {
		stats->retransmissions_out++;
		txn_send(t, str_make(t->bytes, t->len));
	}
	else if (actions & DO_TRYING)
		txn_ask_trying(t);
	if (actions & DO_ACK)
		txn_ack(t, o->msg);
	if (actions & DO_DROP)
		txn_drop(t);
	txn_timers(t, actions);
	if ((actions & DO_PASS) && t->user != NULL && t->user->response != NULL)
		t->user->response(t->arg, t, o->msg, o->packet);
	if (actions & DO_FAIL) {
		if (o->error == -ETIMEDOUT)
			stats->timeouts++;
		if (t->user != NULL && t->user->failed != NULL)
			t->user->failed(t->arg, t, o->error);
	}
}

static void
txn_event(struct txn *t, enum txn_event ev, const struct occasion *o)
{
	const struct txn_rule	*r = &txn_rules[t->kind][t->state][ev];

	if (r->next == ST_NONE) {
		stats->txn_ignored++;
		return;
	}
	if (r->next != t->state)
		log_all(is_server(t) ? "SIPS" : "SIPC", t->recording.call,
		    "%s transaction: %s", t->kind == TXN_INVITE_SERVER ||
		    t->kind == TXN_INVITE_CLIENT ? "INVITE" : "other",
		    txn_states[r->next]);
	t->state = r->next;	/* first: an action may raise an event */
	txn_do(t, r->actions, o);
	if (r->next == ST_TERMINATED)
		txn_free(t);	/* last */
}

/* ---- from another process ------------------------------------------------------ */

struct txn *
txn_client_taken(struct txns *x, struct str branch, const struct hop *to,
    struct str request, const struct txn_user *user, void *arg)
{
	txn_key		 key = txn_client_key(branch, STR("INVITE"));
	struct txn	*t;

	if (txn_find(x, key, false) != NULL ||
	    (t = txn_new(x, TXN_INVITE_CLIENT, key, to, true, user, arg)) == NULL)
		return NULL;
	t->state = ST_PROCEEDING;
	txn_keep(t, request);
	return t;
}

void
txn_server_taken(struct txn *t, struct str provisional, bool accepted)
{
	if (accepted) {
		t->state = ST_ACCEPTED;
		txn_timers(t, START_LM);
	} else
		txn_keep(t, provisional);
}

/* ---- what happens to it ------------------------------------------------------ */

static int64_t
age_ms(const struct txn *t)
{
	return mono_ms_between(t->began, loop_now(t->x->w->loop));
}

/* Each at its first response of that kind. */
static void
meter_reply(const struct txn *t, uint16_t code)
{
	bool	invite = t->kind == TXN_INVITE_SERVER;

	if (invite && code > 100 && code < 300 && t->code <= 100)
		meter_time(t->x->w, METER_REQUEST_DELAY, age_ms(t));
	if (invite && code >= 200 && code < 300 && t->code < 200)
		meter_time(t->x->w, METER_SETUP, age_ms(t));
	if (code >= 200 && t->code < 200)
		meter_time(t->x->w, METER_SERVER, age_ms(t));
}

bool
txn_reply(struct txn *t, uint16_t code, struct str bytes)
{
	enum txn_event	ev;

	ev = code < 200 ? EV_TU_1XX : code < 300 ? EV_TU_2XX : EV_TU_FINAL;
	if (txn_rules[t->kind][t->state][ev].next == ST_NONE) {
		stats->txn_ignored++;
		return false;
	}
	meter_reply(t, code);
	t->code = code;
	t->interval_ms = 0;
	t->recording.plain = t->x->w->recording.plain;
	txn_event(t, ev, &(struct occasion){ .bytes = bytes });
	return true;
}

void
txn_trying_in(struct txn *t, int64_t ms)
{
	if (t->kind == TXN_INVITE_SERVER && t->state == ST_PROCEEDING && t->bytes == NULL)
		wheel_start(t->x->w->wheel, &t->retransmit, ms);
}

void
txn_never_repeat(struct txn *t)
{
	t->never_repeat = true;
}

void
txn_request_again(struct txn *t, bool ack)
{
	txn_event(t, ack ? EV_ACK : EV_REQUEST, &(struct occasion){ 0 });
}

void
txn_response(struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	enum txn_event	ev;

	if (m->code >= 200 && t->code < 200)
		meter_time(t->x->w, METER_CLIENT, age_ms(t));
	t->code = m->code;
	ev = m->code < 200 ? EV_RX_1XX : m->code < 300 ? EV_RX_2XX : EV_RX_FINAL;
	txn_event(t, ev, &(struct occasion){ .msg = m, .packet = p });
}

void
txns_send_failed(struct txns *x, uint64_t token, int error)
{
	struct txn	*t = txn_find(x, token, false);
	struct worker	*w = x->w;

	if (t == NULL)
		return;
	record_as(w, t->recording.call, false);
	record_note(w, RECORD_FAILURE, (uint16_t)-error, "SIPDATA", STR("not sent: "),
	    str_of(strerror(-error)));
	txn_event(t, EV_SEND_FAILED, &(struct occasion){ .error = error });
	record_end(w);
}

/* ---- looking ------------------------------------------------------------------ */

enum txn_kind
txn_kind(const struct txn *t)
{
	return t->kind;
}

enum txn_state
txn_state(const struct txn *t)
{
	return t->state;
}

const struct hop *
txn_hop(const struct txn *t)
{
	return &t->hop;
}

uint64_t
txn_call(const struct txn *t)
{
	return t->recording.call;
}

struct str
txn_kept(const struct txn *t)
{
	return str_make(t->bytes, t->len);
}

const struct txn *
txns_next(const struct txns *x, bool server, size_t *cursor)
{
	return map_next(x->maps[server], cursor);
}

txn_key
txn_id(const struct txn *t)
{
	return t->key;
}

struct mono
txn_began(const struct txn *t)
{
	return t->began;
}

uint16_t
txn_last_code(const struct txn *t)
{
	return t->code;
}

char
txn_next_timer(const struct txn *t, int64_t *left_ms)
{
	static const char	 repeats[TXN_KINDS] = { 'G', 0, 'A', 'E' };
	/* By state; RFC 3261 table 4, RFC 6026 section 8.11. */
	static const char	*const waits[TXN_KINDS] = {
		[TXN_INVITE_SERVER] = "---HIL-", [TXN_SERVER] = "---J---",
		[TXN_INVITE_CLIENT] = "-BBD-M-", [TXN_CLIENT] = "-FFK---",
	};
	const struct wheel	*wheel = t->x->w->wheel;
	int64_t			 again = wheel_left_ms(wheel, &t->retransmit);

	*left_ms = wheel_left_ms(wheel, &t->timeout);
	if (wheel_active(&t->retransmit) && (again < *left_ms || !wheel_active(&t->timeout))) {
		*left_ms = again;
		return repeats[t->kind];
	}
	return wheel_active(&t->timeout) ? waits[t->kind][t->state] : 0;
}
