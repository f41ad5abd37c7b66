/*
 * targets_turn - which of the targets ring at a time (RFC 3261 section 16.6; q;
 * Max-Breadth of RFC 5393; flows of RFC 5626).
 *
 * targets.c has made the legs; proxy.c calls this when one is done.
 */
#include "sipd/targets.h"

#include "common/codes.h"
#include "common/daemon.h"
#include "common/stats.h"
#include "sipd/best.h"
#include "sipd/proxy_parts.h"
#include "sipd/spiral.h"
#include "sipd/stages.h"
#include "sipd/trunk.h"
#include "sipd/worker.h"

/* Has begun, is not done, and still has time. */
static bool
is_open(const struct leg *g)
{
	return g->begun && !g->done && !g->rang_out;
}

/* Of those that have not begun, the first of the highest order. */
static struct leg *
next_leg(const struct proxy *p)
{
	struct leg	*g, *found = NULL;

	for (unsigned i = 0; i < p->nlegs; i++) {
		g = p->legs[i];
		if (!g->begun && !g->done && (found == NULL || g->order > found->order))
			found = g;
	}
	return found;
}

static unsigned
waiting_beside(const struct proxy *p, const struct leg *g)
{
	unsigned	n = 0;

	for (unsigned i = 0; i < p->nlegs; i++)
		n += !p->legs[i]->begun && !p->legs[i]->done &&
		    p->legs[i]->order == g->order;
	return n;
}

static unsigned
waiting(const struct proxy *p)
{
	unsigned	n = 0;

	for (unsigned i = 0; i < p->nlegs; i++)
		n += !p->legs[i]->begun && !p->legs[i]->done;
	return n;
}

static unsigned
share_of(const struct proxy *p, const struct leg *g)
{
	unsigned	n = 0;

	if (p->breadth > p->reserve)
		n = (p->breadth - p->reserve) / waiting_beside(p, g);
	return n > 0 ? n : 1;
}

static bool
any_open(const struct proxy *p)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (is_open(p->legs[i]))
			return true;
	return false;
}

int8_t
targets_pass_on(const struct leg *g, uint16_t code, bool ours)
{
	if (g->trunk == NULL || g->trunk->codes == NULL)
		return -1;
	if (ours)		/* silence, no channel, no credential */
		return code == 408 || code >= 500;
	return codes_have(str_of(g->trunk->codes), code);
}

/*
 * Dial plans, row 133: the next way is for when there was no answer, a 5xx or a 6xx;
 * who is busy, or does not exist, is so by any way.
 */
static bool
group_failed(const struct proxy *p)
{
	if (p->pass_on >= 0)
		return p->pass_on;
	return p->best_code == 0 || p->best_code == 408 || p->best_code == 430 ||
	    p->best_code >= 500;
}

static bool
waits_for_failure(const struct proxy *p, const struct leg *g)
{
	return !g->begun && !g->done && (g->order & TARGETS_FIRST) == 0 &&
	    g->order != p->order && p->order != UINT32_MAX;
}

void
targets_prune(struct proxy *p)
{
	const struct leg	*g = next_leg(p);

	if (g == NULL || any_open(p) || !waits_for_failure(p, g) || group_failed(p))
		return;
	for (unsigned i = 0; i < p->nlegs; i++)
		if (!p->legs[i]->begun)
			p->legs[i]->done = true;
}

void
targets_decline(struct proxy *p, struct leg *g)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (p->legs[i] != g && !waits_for_failure(p, p->legs[i]))
			leg_cancel(p->legs[i], STR_NONE);
}

static void
on_group_time(void *arg)
{
	struct proxy	*p = arg;

	proxy_ref(p);
	for (unsigned i = 0; i < p->nlegs && !p->finished; i++)
		if (is_open(p->legs[i]))
			leg_time_out(p->legs[i]);
	targets_prune(p);
	if (!p->finished)
		targets_next(p);
	proxy_unref(p);
}

/*
 * What is not INVITE has 32 seconds in all, and cannot be cancelled: the next are
 * asked after T2, and whoever answers first is heard.
 */
static void
group_begins(struct proxy *p, const struct leg *g)
{
	const struct settings	*set = settings_now();

	/*
	 * Who rings too long keeps his share until he has answered the CANCEL:
	 * half of all is for those who come next.
	 */
	p->reserve = waiting_beside(p, g) < waiting(p) || stages_pending(p) ?
	    p->breadth / 2 : 0;
	if (waits_for_failure(p, g)) {
		stats->ways_changed++;
		best_forget(p);		/* of another way, which does not count */
	}
	p->order = g->order;
	/* The group before may have failed early: its time still runs. */
	wheel_stop(p->w->wheel, &p->wait);
	wheel_timer_init(&p->wait, on_group_time, p);
	wheel_start(p->w->wheel, &p->wait, proxy_is_invite(p) ? set->fork_wait : set->t2);
}

/* A restart knows those, too, that did not begin, are spares or being looked up. */
static void
keep_waiting(struct proxy *p)
{
	const struct leg	*g;

	for (unsigned i = 0; i < p->nlegs && p->ring != NULL && !p->finished; i++) {
		g = p->legs[i];
		if (!g->begun || (g->next != NULL && g->hop.remote.len == 0))
			leg_keep(p->legs[i], NULL);
		if (g->spare != NULL)
			leg_keep(g->spare, g);
	}
}

void
targets_next(struct proxy *p)
{
	struct leg	*g;

	if (p->beginning)	/* called by a leg that failed at once */
		return;
	p->beginning = true;
	while (!p->finished && !p->cancelled && p->breadth > 0 &&
	    (g = next_leg(p)) != NULL && (g->order == p->order || !any_open(p))) {
		if (g->order != p->order)
			group_begins(p, g);
		g->breadth = share_of(p, g);
		p->breadth -= g->breadth;
		g->begun = true;
		leg_start(g);
	}
	p->beginning = false;
	if (p->finished || next_leg(p) == NULL)
		wheel_stop(p->w->wheel, &p->wait);
	keep_waiting(p);
}

void
targets_taken(struct proxy *p)
{
	struct mono	 now = loop_now(p->w->loop), since = now;
	struct leg	*g;
	int64_t		 left;

	p->breadth = spiral_breadth(proxy_request(p));
	p->order = UINT32_MAX;
	for (unsigned i = 0; i < p->nlegs; i++) {
		g = p->legs[i];
		if (!g->begun)
			continue;
		if (g->order < p->order)
			p->order = g->order;
		if (g->done || p->breadth == 0)
			continue;
		if (g->breadth == 0 || g->breadth > p->breadth)
			g->breadth = 1;
		p->breadth -= g->breadth;
		if (g->began.ns != 0 && mono_before(g->began, since))
			since = g->began;
	}
	left = settings_now()->fork_wait - mono_ms_between(since, now);
	wheel_timer_init(&p->wait, on_group_time, p);
	if (any_open(p) && next_leg(p) != NULL)
		wheel_start(p->w->wheel, &p->wait, left > 0 ? left : 0);
}

bool
targets_spare(struct proxy *p, struct leg *g, uint16_t code, bool ours)
{
	struct leg	*spare = g->spare;

	if (spare == NULL || p->cancelled ||
	    !(code == 430 || (ours && (code == 408 || code >= 500))))
		return false;
	g->spare = NULL;
	spare->done = false;
	spare->order = p->order;
	return true;
}

void
targets_begin(struct proxy *p)
{
	p->breadth = spiral_breadth(proxy_request(p));
	p->order = UINT32_MAX;
	if (p->breadth == 0) {
		proxy_refuse(p, 440);
		return;
	}
	proxy_ref(p);
	proxy_trying(p);
	targets_next(p);
	proxy_unref(p);
}
