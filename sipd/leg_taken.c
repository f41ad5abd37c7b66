/*
 * leg_taken - a leg of the last process goes on.
 *
 * revive.c makes legs from their records, and then lets each go on: what it was
 * sent is written again, by the same functions, and so is the same.
 */
#include "sipd/leg_parts.h"

#include "common/daemon.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/hostname.h"
#include "sipd/trunk.h"
#include "sipd/worker.h"

/* What was tried for this name is not tried again. */
static void
skip_tried(struct proxy *p, struct leg *g)
{
	const struct leg	*o;

	for (unsigned i = 0; i < p->nlegs && g->next != NULL; i++) {
		o = p->legs[i];
		if (o->where != NULL && !o->nowhere &&
		    strcmp(o->where, g->where) == 0 && strcmp(o->uri, g->uri) == 0)
			nexthop_skip(g->next, &o->hop);
	}
}

/* It has its channel still, if nobody else has. */
static struct trunk *
trunk_taken(struct proxy *p, const struct ringing_branch *b)
{
	struct trunk	*t = trunk_new(NULL, proxy_request(p));

	if (!trunk_read(t, b->trunk)) {
		trunk_free(t);
		return NULL;
	}
	if (t->gateway != NULL && (b->marks & RINGING_BEGUN) &&
	    !(b->marks & RINGING_DONE))
		t->channel = gateway_take(t->gateway, true);
	return t;
}

bool
leg_is_spare(const struct ringing_branch *b)
{
	return b->spare_of != 0 && !(b->marks & RINGING_BEGUN);
}

struct leg *
leg_taken(struct proxy *p, int record, const struct ringing_branch *b)
{
	struct way	 way = way_of_hop(&b->to);
	struct uri	 u;
	struct leg	*g;

	if (b->where.len > 0 && uri_parse(&u, b->where) == 0)
		(void)way_of_uri(&way, &u);
	if ((g = leg_new(p, &way, b->uri, b->route)) == NULL)
		return NULL;
	if (b->trunk.len > 0)
		g->trunk = trunk_taken(p, b);
	g->hop = b->to;
	g->hop.domain = way_is_name(&way) ? hostname_keep(way.host) : 0;
	g->nowhere = b->to.remote.len == 0;
	skip_tried(p, g);
	g->record = record;
	g->order = b->order;
	g->breadth = b->breadth;
	g->begun = b->marks & RINGING_BEGUN;
	g->by_flow = b->by_flow;
	g->peer = b->peer;
	g->media = b->media;
	g->provisional = b->marks & RINGING_PROVISIONAL;
	g->cancel = b->marks & RINGING_CANCEL;
	g->rang_out = b->marks & RINGING_RANG_OUT;
	g->done = (b->marks & RINGING_DONE) || leg_is_spare(b);
	g->began = b->began;
	forward_target(&(struct forward){ .to = g->hop, .uri = b->uri,
	    .route = b->route }, g->target);
	return g;
}

/*
 * Of one that is done, repetitions of its final response are acknowledged, as long
 * as they may come. CANCEL is sent anew: whether it arrived is not known.
 */
static void
leg_wait(struct leg *g, struct mono deadline)
{
	struct proxy	*p = g->p;
	int64_t		 left = mono_ms_between(loop_now(p->w->loop), deadline);

	if (g->done)
		left = T1_FACTOR * settings_now()->t1;
	wheel_start(p->w->wheel, &g->timer_c, left);
	if (!g->done && (g->cancel || g->rang_out)) {
		g->cancel = false;
		leg_cancel(g, STR_NONE);
	}
}

void
leg_go_on(struct leg *g, const struct ringing_branch *b)
{
	struct proxy	*p = g->p;
	char		 branch[BRANCH_LEN];
	struct hop	 to;
	struct text	 out;

	if (!g->done && (b->marks & RINGING_MOVED)) {
		/* It was acknowledged, so it will not come again. */
		leg_end(g, 480, STR_NONE);
		return;
	}
	if (!(b->marks & RINGING_SENT) || !(g->provisional || g->done)) {
		if (!g->done)
			leg_attempt(g);
		return;
	}
	if (leg_write(g, NULL, &out, branch, &to) < 0) {
		leg_end(g, 503, STR_NONE);
		return;
	}
	proxy_ref(p);
	g->txn = txn_client_taken(p->w->core->txns, str_make(branch, BRANCH_LEN),
	    &to, text_str(&out), &leg_user, g);
	if (g->txn == NULL) {
		leg_end(g, 503, STR_NONE);
		proxy_unref(p);
		return;
	}
	leg_wait(g, b->deadline);
}
