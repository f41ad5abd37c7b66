/*
 * leg - one target of a proxied request: request out, responses in.
 *
 * proxy.c makes legs and starts them. RFC 3261 sections 16.6 to 16.10, timer C
 * included.
 */
#include "sipd/leg_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/slab.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/closed.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/nexthop.h"
#include "sipd/record.h"
#include "sipd/redirect.h"
#include "sipd/request.h"
#include "sipd/trunk.h"
#include "sipd/wire.h"
#include "sipd/worker.h"


static void	on_timer_c(void *arg);

struct leg *
leg_new(struct proxy *p, const struct way *way, struct str uri, struct str route)
{
	struct leg	*g;
	char		 where[WAY_TEXT_MAX];

	if (p->nlegs == LEGS_MAX)
		return NULL;
	g = slab_take(p->w->core->legs);
	g->p = p;
	g->hop = way->hop;
	g->explicit = way->transport != TRANSPORT_NONE;
	if (way_is_name(way)) {
		g->next = nexthop_new(p->w, way, &p->from, leg_on_next, g);
		g->where = str_dup(way_print(way, where));
	}
	g->uri = str_dup(uri);
	g->route = str_dup(route);
	g->record = -1;
	wheel_timer_init(&g->timer_c, on_timer_c, g);
	p->legs[p->nlegs++] = g;
	return g;
}

void
leg_free(struct leg *g)
{
	wheel_stop(g->p->w->wheel, &g->timer_c);
	txn_forget(g->txn);
	nexthop_free(g->next);
	trunk_free(g->trunk);
	free(g->uri);
	free(g->route);
	free(g->where);
	slab_give(g->p->w->core->legs, g);
}

void
leg_mark(struct leg *g, enum ringing_mark mark)
{
	ringing_mark(g->p->w->core->ringing, g->p->ring, g->record, mark);
}

/* Its channel is another call's; what became of it counts for its gateway. */
static void
channel_give(struct leg *g, uint16_t code)
{
	struct trunk	*t = g->trunk;

	if (t == NULL || !t->channel)
		return;
	t->channel = false;
	gateway_give(t->gateway);
	if (code != 0)
		gateway_result(t->gateway, code);
}

void
leg_answered(struct leg *g)
{
	channel_give(g, 200);
}

void
leg_end(struct leg *g, uint16_t code, struct str bytes)
{
	if (g->done)
		return;
	g->done = true;
	channel_give(g, code);
	leg_mark(g, RINGING_DONE);
	wheel_stop(g->p->w->wheel, &g->timer_c);
	if (g->rang_out && code == 487 && !g->p->cancelled)
		proxy_leg_done(g->p, g, 408, STR_NONE);
	else
		proxy_leg_done(g->p, g, code, bytes);
}

/* ---- CANCEL ------------------------------------------------------------------ */

static void
send_cancel(struct leg *g, struct str reason)
{
	struct worker	*w = g->p->w;
	const struct sip_msg *m;
	struct text	 t;
	struct str	 kept = txn_kept(g->txn);

	text_init(&t, w->core->body, MESSAGE_MAX);
	if (kept.len == 0 || request_cancel(&t, kept, reason) < 0)
		return;
	g->cancelled = true;
	leg_mark(g, RINGING_CANCELLED);
	/* The branch is the INVITE's: read it back from what we send. */
	m = core_reparse(w, text_str(&t), 0);
	txn_client_new(w->core->txns, m->via.branch, STR("CANCEL"),
	    txn_hop(g->txn), 0, text_str(&t), NULL, NULL);
	/* RFC 3261 section 9.1: a peer that never answers is given up. */
	wheel_start(w->wheel, &g->timer_c, T1_FACTOR * settings_now()->t1);
}

void
leg_cancel(struct leg *g, struct str reason)
{
	if (g->done || g->cancelled || !proxy_is_invite(g->p))
		return;
	/* Not sent yet: it never will be. Or it was answered: nothing to cancel. */
	if (g->txn == NULL || g->following) {
		leg_end(g, 487, STR_NONE);
		return;
	}
	g->cancel = true;
	leg_mark(g, RINGING_CANCEL);
	txn_quiet(g->txn);
	if (g->provisional)
		send_cancel(g, reason);
}

/*
 * Nothing more is expected. The transaction goes too: after a provisional
 * response it has no timer of its own and would wait for ever.
 */
static void
leg_give_up(struct leg *g)
{
	struct proxy	*p = g->p;

	proxy_ref(p);
	leg_end(g, p->cancelled ? 487 : 408, STR_NONE);
	if (g->txn != NULL)
		txn_abandon(g->txn);
	proxy_unref(p);
}

void
leg_time_out(struct leg *g)
{
	g->rang_out = true;
	leg_mark(g, RINGING_RANG_OUT);
	leg_cancel(g, STR("SIP;cause=408;text=\"Request Timeout\""));
}

static void
on_timer_c(void *arg)
{
	struct leg	*g = arg;
	struct worker	*w = g->p->w;

	if (g->done) {		/* in the last process: enough repetitions acknowledged */
		if (g->txn != NULL)
			txn_abandon(g->txn);
		return;
	}
	record_as(w, g->p->call, g->p->plain);
	record_note(w, RECORD_TIMER, 0, "TIMER", STR("timer C: given up "),
	    str_of(g->uri));
	if (g->cancelled || !g->provisional)
		leg_give_up(g);
	else
		leg_time_out(g);
	record_end(w);
}

/*
 * Row 32: what the INVITE's Expires asks for, from its beginning; else timer C, anew
 * with each provisional response. In all at most "timer-c-maximum" (S35).
 */
int64_t
leg_ring_wait(const struct leg *g)
{
	const struct settings	*set = settings_now();
	int64_t			 spent, left, wait = set->timer_c;

	spent = mono_ms_between(g->began, loop_now(g->p->w->loop));
	left = (wait > set->timer_c_max ? wait : set->timer_c_max) - spent;
	if (g->p->asked_ms > 0)
		wait = g->p->asked_ms - spent;
	return wait < left ? wait : left;
}

/* ---- what the transaction tells ------------------------------------------------- */

static void
provisional(struct leg *g, const struct sip_msg *m, const struct packet *p)
{
	bool	first = !g->provisional;

	g->provisional = true;
	if (first && g->hurried && !proxy_is_invite(g->p))
		txn_patience(g->txn, T1_FACTOR * settings_now()->t1);
	if (m->code > 100 && !g->cancelled && proxy_is_invite(g->p))
		wheel_start(g->p->w->wheel, &g->timer_c, leg_ring_wait(g));
	ringing_provisional(g->p->w->core->ringing, g->p->ring, g->record,
	    mono_add_ms(loop_now(g->p->w->loop),
	    wheel_left_ms(g->p->w->wheel, &g->timer_c)));
	if (first && g->cancel && !g->cancelled) {
		send_cancel(g, STR_NONE);
		return;
	}
	/* RFC 4320 section 4.1: only INVITE has more than the 100. */
	if (m->code == 100 || g->cancelled || !proxy_is_invite(g->p))
		return;
	relay_response(g, m, &p->from);
}

static void
refused(struct leg *g, const struct sip_msg *m)
{
	struct text	t;

	if ((m->code == 401 || m->code == 407) && g->trunk != NULL &&
	    g->trunk->gateway != NULL) {
		if (leg_challenged(g, m))
			wheel_stop(g->p->w->wheel, &g->timer_c);
		return;
	}
	if (g->p->ours) {
		leg_end(g, m->code, STR_NONE);
		return;
	}
	text_init(&t, g->p->w->core->body, MESSAGE_MAX);
	if (forward_response(m, NULL, g->trunk, &t) < 0)
		leg_end(g, 502, STR_NONE);
	else if (redirect_follow(g, m, text_str(&t)))
		wheel_stop(g->p->w->wheel, &g->timer_c);
	else
		leg_end(g, m->code, text_str(&t));
}

static void
on_response(void *arg, struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	struct leg	*g = arg;

	if (m->code < 200)
		provisional(g, m, p);
	else if (m->code < 300) {
		/* Also a repeated one, and one that crossed our CANCEL. */
		g->done = g->won = true;
		wheel_stop(g->p->w->wheel, &g->timer_c);
		if (proxy_is_invite(g->p))
			proxy_cancel_others(g->p, g,
			    STR("SIP;cause=200;text=\"Call completed elsewhere\""));
		relay_response(g, m, &p->from);
	} else if (m->code != 503 || !leg_try_next(g, 500))	/* 16.7 step 6 */
		refused(g, m);
}

static void
on_failed(void *arg, struct txn *t, int error)
{
	struct leg	*g = arg;
	/*
	 * RFC 3261 section 16.9: a transport error is a 503 of that server, which
	 * for the caller is a 500 (16.7 step 6): we can serve others.
	 */
	uint16_t	 code = error == -ETIMEDOUT ? 408 : 500;

	if (g->switched && !g->provisional) {
		leg_try_udp(g);
		return;
	}
	if (error != -ETIMEDOUT && leg_on_flow(g))
		code = 430;	/* RFC 5626 section 5.3.1: the flow is gone */

	if (error == -ETIMEDOUT && !g->provisional && g->peer)
		blacklist_add(&g->hop, loop_now(g->p->w->loop));
	if (error == -ECONNREFUSED && !g->provisional && g->contact != 0)
		closed_add(g->contact, &g->hop, loop_now(g->p->w->loop));
	if (!g->provisional && leg_try_next(g, code))
		return;
	g->p->unreached |= error != -ETIMEDOUT;
	leg_end(g, code, STR_NONE);
}

static void
on_ended(void *arg, struct txn *t)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	g->txn = NULL;
	if (g->won && !p->finished) {	/* the 2xx was held back all the time */
		g->won = false;
		proxy_leg_done(p, g, 500, STR_NONE);
	}
	proxy_unref(p);
}

const struct txn_user leg_user = {
	.response = on_response,
	.failed = on_failed,
	.ended = on_ended,
};
