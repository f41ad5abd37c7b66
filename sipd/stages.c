/*
 * stages - what is to happen to a request later: rules of the callee as routed has
 * put them into the decision.
 *
 * targets.c and proxy.c call it, at the beginning and when all targets have failed.
 * The trace says which stage began, and why.
 */
#include "sipd/stages.h"

#include "common/messages.h"
#include "common/route.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/targets.h"
#include "sipd/worker.h"

static bool
is_over(const struct proxy *p)
{
	return p->finished || p->cancelled || p->server == NULL ||
	    p->decision == NULL;
}

/* Row 100. STAGE_NOW: that is no failure that a rule is for. */
static enum stage_when
failure_of(uint16_t code)
{
	switch (code) {
	case 486: case 600: case 603:
		return STAGE_BUSY;
	case 0: case 408: case 480: case 487:
		return STAGE_NO_ANSWER;
	case 401: case 407:	/* the caller's affair */
		return STAGE_NOW;
	default:
		return code >= 400 ? STAGE_ERROR : STAGE_NOW;
	}
}

static const char *
name_of(uint8_t when)
{
	static const char *const	names[] = {
		[STAGE_AFTER] = "after its time", [STAGE_BUSY] = "busy",
		[STAGE_NO_ANSWER] = "no answer", [STAGE_ERROR] = "error",
		[STAGE_UNREGISTERED] = "nothing registered",
	};

	return when > STAGE_NOW && when <= STAGE_UNREGISTERED ? names[when] : "";
}

/* Those before take no more part: they are cancelled, and no answer counts as such. */
static void
replace(struct proxy *p, unsigned before)
{
	bool	was = p->beginning;

	p->beginning = true;	/* who has not begun will not */
	for (unsigned i = 0; i < before && !p->finished; i++)
		if (!p->legs[i]->done)
			leg_time_out(p->legs[i]);
	p->beginning = was;
}

/* Adds its targets beside those that ring; false when there is none that is new. */
static bool
add_targets(struct proxy *p, unsigned stage)
{
	const struct decision	*d = p->decision;
	uint32_t		 order = p->nlegs > 0 ? p->order : TARGETS_SUB_MASK;
	bool			 added = false;

	for (unsigned i = 0; i < d->n; i++)
		if (d->choices[i].stage == stage)
			added |= targets_add(p, &(struct rec_target){
			    .kind = d->choices[i].kind,
			    .value = str_of(d->choices[i].value),
			    .next_hop = str_of(d->choices[i].next_hop),
			    .failover_codes = str_of(d->choices[i].failover_codes),
			    .caller_id = str_of(d->choices[i].caller_id) }, order);
	return added;
}

/* False: it leads to nobody. */
static bool
stage_start(struct proxy *p, unsigned i)
{
	struct stage	*s = &p->decision->stages[i];
	unsigned	 before = p->nlegs;

	s->begun = true;
	if (s->code == 0 && !add_targets(p, i))
		return false;
	stats->stages++;
	record_note(p->w, RECORD_DECISION, s->code, "STAGE", str_of(name_of(s->when)),
	    s->code != 0 ? STR(": refused") : s->replaces ? STR(": others instead") :
	    STR(": others as well"));
	if (s->code != 0) {
		proxy_cancel_others(p, NULL, STR_NONE);
		proxy_answer(p, &(struct answer){ .code = s->code });
	} else if (s->replaces)
		replace(p, before);
	return true;
}

/* All of this kind; true when any led somewhere. */
static bool
start_all(struct proxy *p, enum stage_when when)
{
	bool	any = false;

	for (unsigned i = 1; !is_over(p) && i < p->decision->nstages; i++)
		if (p->decision->stages[i].when == when &&
		    !p->decision->stages[i].begun)
			any |= stage_start(p, i);
	return any;
}

/* ---- after a time ---- */

static void	on_time(void *arg);

static void
wait_for_next(struct proxy *p)
{
	const struct stage	*s;
	int64_t			 past = mono_ms_between(p->stages_since,
				    loop_now(p->w->loop)), left = -1, one;

	for (unsigned i = 1; !is_over(p) && i < p->decision->nstages; i++) {
		s = &p->decision->stages[i];
		if (s->when != STAGE_AFTER || s->begun)
			continue;
		one = (int64_t)s->after_ms > past ? s->after_ms - past : 0;
		if (left < 0 || one < left)
			left = one;
	}
	if (left < 0)
		return;
	wheel_timer_init(&p->stage_time, on_time, p);
	wheel_start(p->w->wheel, &p->stage_time, left);
}

static void
on_time(void *arg)
{
	struct proxy	*p = arg;
	int64_t		 past = mono_ms_between(p->stages_since, loop_now(p->w->loop));
	bool		 any = false;

	record_as(p->w, p->call, p->plain);
	proxy_ref(p);
	for (unsigned i = 1; !is_over(p) && i < p->decision->nstages; i++) {
		struct stage	*s = &p->decision->stages[i];

		if (s->when == STAGE_AFTER && !s->begun && s->after_ms <= past)
			any |= stage_start(p, i);
	}
	if (!is_over(p)) {
		wait_for_next(p);
		if (any)
			targets_next(p);
	}
	record_end(p->w);
	proxy_unref(p);
}

void
stages_begin(struct proxy *p)
{
	if (is_over(p) || p->decision->nstages < 2)
		return;
	p->stages_since = loop_now(p->w->loop);
	wait_for_next(p);
}

void
stages_taken(struct proxy *p)
{
	if (is_over(p) || p->decision->nstages < 2)
		return;
	p->stages_since = loop_now(p->w->loop);
	for (unsigned i = 0; i < p->nlegs; i++)
		if (p->legs[i]->began.ns != 0 &&
		    mono_before(p->legs[i]->began, p->stages_since))
			p->stages_since = p->legs[i]->began;
	wait_for_next(p);
}

/* ---- because of what happened ---- */

bool
stages_pending(const struct proxy *p)
{
	for (unsigned i = 1; !is_over(p) && i < p->decision->nstages; i++)
		if (!p->decision->stages[i].begun)
			return true;
	return false;
}

bool
stages_failed(struct proxy *p)
{
	enum stage_when	when = failure_of(p->best_code);

	if (is_over(p) || when == STAGE_NOW || !start_all(p, when))
		return false;
	if (!is_over(p))
		targets_next(p);
	return true;
}

bool
stages_unregistered(struct proxy *p)
{
	static const uint8_t	kinds[] = { STAGE_UNREGISTERED, STAGE_AFTER,
	    STAGE_NO_ANSWER, STAGE_ERROR };

	/* Row 100: who would come after a time comes at once. */
	for (size_t i = 0; i < sizeof(kinds); i++)
		if (start_all(p, kinds[i]))
			return true;
	return false;
}
