/*
 * txn - transactions: their beginning, their end, and what can be seen of them.
 *
 * core.c finds a transaction for what arrives and hands it over; proxy.c,
 * register.c and send.c are its users.
 */
#include "sipd/txn_own.h"

#include <stdlib.h>

#include "common/daemon.h"
#include "common/map.h"
#include "common/slab.h"
#include "common/stats.h"
#include "sipd/record.h"
#include "sipd/wire.h"

#define LINGER_FACTOR	8	/* answered ones that may wait for their last timer */

static bool
is_server_kind(enum txn_kind kind)
{
	return kind == TXN_INVITE_SERVER || kind == TXN_SERVER;
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

struct txn *
txn_find(struct txns *x, txn_key key, bool server)
{
	return map_find(x->maps[server], str_make((const char *)&key, sizeof(key)));
}

/* ---- beginning and ending ---- */

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
	wheel_timer_init(&t->retransmit, txn_on_retransmit, t);
	wheel_timer_init(&t->timeout, txn_on_timeout, t);
	map_put(x->maps[txn_is_server(t)], t);
	x->active[txn_is_server(t)]++;
	stats->txn_new++;
	if (txn_is_server(t))
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
	t->x->active[txn_is_server(t)]--;
}

void
txn_free(struct txn *t)
{
	struct txns	*x = t->x;

	txn_tell_end(t);
	txn_quiet(t);
	map_remove(x->maps[txn_is_server(t)], key_of(t));
	if (txn_is_server(t))
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
	t->ours = flags & TXN_OURS;
	t->brief = t->ours;
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

/* ---- from another process ---- */

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

/* ---- looking ---- */

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

	if (t->kind == TXN_INVITE_SERVER && t->state == ST_PROCEEDING)
		return 0;	/* "trying-delay" is none of the RFC's timers */
	*left_ms = wheel_left_ms(wheel, &t->timeout);
	if (wheel_active(&t->retransmit) && (again < *left_ms || !wheel_active(&t->timeout))) {
		*left_ms = again;
		return repeats[t->kind];
	}
	return wheel_active(&t->timeout) ? waits[t->kind][t->state] : 0;
}
