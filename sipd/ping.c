/*
 * ping - which contacts are pinged, when, and which of them are still there.
 *
 * sipd.c opens it, worker.c starts it on each worker; core.c and udp.c bring the answers;
 * targets.c asks who is dead, show.c for the tables. A worker walks the replica a slice
 * at a time and keeps a timer for each contact whose flow hashes to it. Interval: see
 * ping_nat.c; the text of a ping: ping_send.c.
 */
#include "sipd/ping.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon.h"
#include "common/id.h"
#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/msg.h"
#include "sipd/nat.h"
#include "sipd/ping_own.h"
#include "sipd/replica.h"
#include "sipd/worker.h"

#define WALK_MS		100	/* a slice this often ... */
#define WALK_SLOTS	4096	/* ... of at most so many slots of the replica ... */
#define WALK_SLOTS_MIN	256
#define WALK_SHARE	5	/* ... so that a round takes a fifth of the interval */

/* A worker's walk. */
struct walk {
	struct wheel_timer timer;
	uint64_t	 cursor;	/* replica_walk(); 0: a round begins */
	uint32_t	 round;
	uint64_t	 seen;		/* slots, in this round */
	uint64_t	 size;		/* slots, in the one before; 0: none yet */
};

static struct {
	pthread_mutex_t	 lock;		/* for all below, and ping_nat.c */
	struct map	*by_flow;
	_Atomic unsigned ndead;
	struct walk	 walks[WORKERS_MAX];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* hop_peer_key() of the flow, made anew for each question. */
static struct str
flow_key(const void *object)
{
	static _Thread_local struct hop_key	k;

	return hop_peer_key(&((const struct pinged *)object)->flow, &k);
}

static struct pinged *
find(const struct hop *flow)
{
	struct hop_key	k;

	return map_find(state.by_flow, hop_peer_key(flow, &k));
}

/* ---- one contact ---- */

static void
dead_set(struct pinged *e, bool dead)
{
	char	buf[PEER_TEXT_MAX];

	if (e->dead == dead)
		return;
	e->dead = dead;
	atomic_fetch_add(&state.ndead, dead ? 1 : -1);
	stats->contacts_dead += dead ? 1 : -1;
	log_low("NAT", 0, "contact at %.*s %s", STR_ARG(hop_print_remote(&e->flow, buf)),
	    dead ? "no longer answers pings: calls pass it over" : "answers again");
}

static void
answered(struct pinged *e, struct mono now)
{
	e->token = 0;
	e->missed = 0;
	e->answers = true;
	e->rtt_us = (now.ns - e->sent.ns) / 1000;
	stats->pings_answered++;
	dead_set(e, false);
}

/* The ping before was not answered. */
static void
missed(struct pinged *e)
{
	e->missed++;
	stats->pings_missed++;
	if (e->answers && e->missed >= settings_now()->ping_misses)
		dead_set(e, true);
}

static void
on_time(void *arg)
{
	struct pinged	*e = arg;

	pthread_mutex_lock(&state.lock);
	if (e->token != 0)
		missed(e);
	e->sent = loop_now(e->w->loop);
	if (!ping_send(e))
		e->token = 0;
	nat_pinged(e, e->sent);
	wheel_start(e->w->wheel, &e->timer, nat_interval(e));
	pthread_mutex_unlock(&state.lock);
}

/* Its first ping comes at some time of the interval: so all are spread over it. */
static void
pinged_new(struct worker *w, const struct hop *flow, struct str uri)
{
	struct pinged	*e = xcalloc(1, sizeof(*e));

	e->w = w;
	e->flow = *flow;
	e->uri = str_dup(uri);
	e->rtt_us = -1;
	e->round = state.walks[w->index].round;
	nat_join(e, loop_now(w->loop));
	map_put(state.by_flow, e);
	wheel_timer_init(&e->timer, on_time, e);
	wheel_start(w->wheel, &e->timer, (int64_t)(id_u64() % (uint64_t)nat_interval(e)));
	stats->contacts_pinged++;
}

static void
pinged_free(struct pinged *e)
{
	wheel_stop(e->w->wheel, &e->timer);
	dead_set(e, false);
	map_remove(state.by_flow, flow_key(e));
	nat_leave(e);
	free(e->uri);
	free(e);
	stats->contacts_pinged--;
}

/* ---- the walk ---- */

static bool
is_wanted(const struct settings *s, const struct contact *c, struct mono now)
{
	struct uri	u;
	struct party	self = { &c->flow, STR_NONE, STR_NONE };

	if (!contact_alive(c, now) || c->npaths > 0 ||
	    c->flow.transport == TRANSPORT_NONE || uri_parse(&u, c->uri) < 0 ||
	    (hop_is_stream(&c->flow) ? s->ping_interval_tcp : s->ping_interval) == 0)
		return false;
	self.contact = u.host;
	return s->ping_contacts == PING_ALL || hop_is_stream(&c->flow) ||
	    nat_sign(s, &self) != NAT_NONE;
}

static void
see(struct worker *w, const struct contact *c)
{
	struct pinged	*e;

	if (hop_hash(&c->flow) % workers_count() != w->index)
		return;
	e = find(&c->flow);
	if (e == NULL) {
		pinged_new(w, &c->flow, c->uri);
		return;
	}
	e->round = state.walks[w->index].round;
	if (str_eq(str_of(e->uri), c->uri))
		return;
	free(e->uri);
	e->uri = str_dup(c->uri);
}

/* What this round did not see is no contact any more. */
static void
round_end(struct worker *w)
{
	struct walk	*k = &state.walks[w->index];
	struct pinged	*e;
	size_t		 cursor = 0;

	while ((e = map_next(state.by_flow, &cursor)) != NULL)
		if (e->w == w && e->round != k->round)
			pinged_free(e);
	k->round++;
}

/*
 * A new contact has to be found well before its NAT forgets it, not at once: a walk
 * as fast as that of a full table would take a percent of the CPU from the calls.
 */
static unsigned
slice_of(const struct walk *k, const struct settings *s)
{
	uint64_t	interval = (uint64_t)s->ping_interval, n;

	if (interval == 0 || (s->ping_interval_tcp != 0 &&
	    (uint64_t)s->ping_interval_tcp < interval))
		interval = (uint64_t)s->ping_interval_tcp;
	if (k->size == 0 || interval == 0)
		return WALK_SLOTS;
	n = k->size * WALK_MS * WALK_SHARE / interval;
	return n < WALK_SLOTS_MIN ? WALK_SLOTS_MIN : n < WALK_SLOTS ? (unsigned)n :
	    WALK_SLOTS;
}

static void
on_walk(void *arg)
{
	struct worker		*w = arg;
	struct walk		*k = &state.walks[w->index];
	const struct settings	*s = settings_now();
	struct mono		 now = loop_now(w->loop);
	const struct aor	*a;
	unsigned		 slice = slice_of(k, s), slots = slice;
	struct contact		 c;

	pthread_mutex_lock(&state.lock);
	do {
		a = replica_walk(&k->cursor, &slots);
		for (uint32_t at = 0; contact_next(a, &at, &c);)
			if (is_wanted(s, &c, now))
				see(w, &c);
	} while (a != NULL);
	k->seen += slice - slots;
	if (k->cursor == 0) {
		k->size = k->seen;
		k->seen = 0;
		round_end(w);
	}
	pthread_mutex_unlock(&state.lock);
	wheel_start(w->wheel, &k->timer, WALK_MS);
}

/* ---- answers ---- */

bool
ping_response(struct worker *w, const struct sip_msg *m, const struct packet *p)
{
	struct pinged	*e;

	if (!str_eq(m->call_id, ping_call_id(w)))
		return false;
	pthread_mutex_lock(&state.lock);
	e = find(&p->from);
	if (e != NULL && m->code >= 200 && e->token == m->cseq && m->cseq != 0)
		answered(e, p->arrived);
	pthread_mutex_unlock(&state.lock);
	return true;
}

bool
ping_stun(struct worker *w, struct str bytes, const struct hop *from)
{
	uint64_t	 token = ping_stun_token(bytes);
	struct pinged	*e;

	if (token == 0)
		return false;
	pthread_mutex_lock(&state.lock);
	e = find(from);
	if (e != NULL && e->token == token)
		answered(e, loop_now(w->loop));
	pthread_mutex_unlock(&state.lock);
	return true;
}

bool
ping_is_dead(const struct hop *flow)
{
	const struct pinged	*e;
	bool			 dead;

	if (atomic_load_explicit(&state.ndead, memory_order_relaxed) == 0)
		return false;
	pthread_mutex_lock(&state.lock);
	e = find(flow);
	dead = e != NULL && e->dead;
	pthread_mutex_unlock(&state.lock);
	return dead;
}

/* ---- begin and end ---- */

void
ping_open(void)
{
	state.by_flow = map_new(flow_key);
	nats_open();
	ping_call_ids();
}

void
ping_close(void)
{
	if (state.by_flow == NULL)
		return;
	map_free(state.by_flow);
	state.by_flow = NULL;
	nats_close();
}

void
ping_start(struct worker *w)
{
	struct walk	*k = &state.walks[w->index];

	if (state.by_flow == NULL)
		return;
	*k = (struct walk){ .round = 1 };
	wheel_timer_init(&k->timer, on_walk, w);
	wheel_start(w->wheel, &k->timer, WALK_MS);
}

void
ping_stop(struct worker *w)
{
	if (state.by_flow == NULL)
		return;
	wheel_stop(w->wheel, &state.walks[w->index].timer);
	pthread_mutex_lock(&state.lock);
	state.walks[w->index].round++;
	round_end(w);
	pthread_mutex_unlock(&state.lock);
}

/* ---- showing ---- */

bool
ping_next(uint64_t *cursor, struct ping_shown *out)
{
	const struct pinged	*e = NULL;
	size_t			 at = *cursor;

	pthread_mutex_lock(&state.lock);
	if (state.by_flow != NULL)
		e = map_next(state.by_flow, &at);
	if (e != NULL)
		*out = (struct ping_shown){ e->flow, e->rtt_us, e->missed, e->dead };
	pthread_mutex_unlock(&state.lock);
	*cursor = at;
	return e != NULL;
}

bool
ping_next_nat(uint64_t *cursor, struct nat_shown *out)
{
	const struct nat	*n = NULL;
	size_t			 at = *cursor;

	pthread_mutex_lock(&state.lock);
	if (state.by_flow != NULL)
		n = nats_next(&at);
	if (n != NULL)
		*out = (struct nat_shown){ n->host, n->contacts, nat_interval(n->first),
		    n->moved };
	pthread_mutex_unlock(&state.lock);
	*cursor = at;
	return n != NULL;
}
