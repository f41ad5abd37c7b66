/*
 * txn_run - runs the transaction machines of txn_rules.c.
 *
 * Everything that happens to a transaction is an event; one function changes the
 * state, another does what the rule says.
 */
#include "sipd/txn_own.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/settings.h"
#include "common/stats.h"
#include "sipd/meters.h"
#include "sipd/msg.h"
#include "sipd/record.h"
#include "sipd/request.h"
#include "sipd/wire.h"

/* ---- out ---- */

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
	uint64_t		 token = txn_is_server(t) ? 0 : t->key;
	int			 error;

	if (bytes.len == 0 || t->ours)
		return;
	w->recording = t->recording;
	error = wire_send(w, &t->hop, bytes, t->flags, token);
	w->recording = before;
	if (error == -ENOBUFS && t->bytes != NULL && !hop_is_stream(&t->hop))
		return;		/* a full queue: the next repetition may leave */
	if (error < 0 && token != 0 && t->state != ST_COMPLETED)
		send_failed_soon(t, error);
}

void
txn_keep(struct txn *t, struct str bytes)
{
	if (t->bytes == NULL || t->len < bytes.len)
		t->bytes = xrealloc(t->bytes, 1, bytes.len);
	memcpy(t->bytes, bytes.s, bytes.len);
	t->len = (uint32_t)bytes.len;
}

static void
txn_drop(struct txn *t)
{
	free(t->bytes);
	t->bytes = NULL;
	t->len = 0;
}

static void
txn_ask_trying(struct txn *t)
{
	if (t->bytes == NULL && t->user != NULL && t->user->trying != NULL)
		t->user->trying(t->arg, t);
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

/* ---- timers ---- */

void
txn_on_retransmit(void *arg)
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
void
txn_on_timeout(void *arg)
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
	if (!txn_is_server(t))
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

void
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

/* ---- the machine ---- */

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
	} else if (actions & DO_TRYING)
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

void
txn_event(struct txn *t, enum txn_event ev, const struct occasion *o)
{
	const struct txn_rule	*r = &txn_rules[t->kind][t->state][ev];

	if (r->next == ST_NONE) {
		stats->txn_ignored++;
		return;
	}
	if (r->next != t->state)
		log_all(txn_is_server(t) ? "SIPS" : "SIPC", t->recording.call,
		    "%s transaction: %s", t->kind == TXN_INVITE_SERVER ||
		    t->kind == TXN_INVITE_CLIENT ? "INVITE" : "other",
		    txn_states[r->next]);
	t->state = r->next;	/* first: an action may raise an event */
	txn_do(t, r->actions, o);
	if (r->next == ST_TERMINATED)
		txn_free(t);	/* last */
}

/* ---- what happens to it ---- */

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
