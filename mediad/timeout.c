/*
 * timeout - sessions that nobody ended: their last packet was too long ago.
 *
 * mediad.c sweeps ten times a second, a tenth of the sessions each time.
 */
#include "common/stats.h"
#include "mediad/session_own.h"

static void
leg_last_packet(const struct leg *leg, int64_t *last)
{
	for (unsigned i = 0; leg != NULL && i < leg->nends; i++)
		for (int k = 0; leg->ends[i] != NULL && k < 2; k++)
			if (leg->ends[i]->flow[k].count->last_ns > *last)
				*last = leg->ends[i]->flow[k].count->last_ns;
}

struct mono
session_last_packet(const struct session *s)
{
	struct mono	 last = { 0 };

	leg_last_packet(s->caller, &last.ns);
	for (const struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		leg_last_packet(leg, &last.ns);
	return last;
}

/* Does any stream owe packets? Held ones may be silent for long. */
static bool
session_is_held(const struct session *s)
{
	const struct leg	*a = s->caller, *b = s->selected;

	for (unsigned i = 0; a != NULL && i < a->nends; i++) {
		struct end	*x = a->ends[i], *y = end_find(b, i);

		if (x != NULL && y != NULL && x->direction == SDP_SENDRECV &&
		    y->direction == SDP_SENDRECV && !x->flow[0].learn.mute &&
		    !y->flow[0].learn.mute)
			return false;
	}
	return true;
}

static const char *
session_overdue(const struct sessions *ss, const struct session *s,
    struct mono now)
{
	struct mono	last = session_last_packet(s);
	int64_t		limit = ss->limits.timeout;

	if (last.ns < s->signalled.ns)
		last = s->signalled;
	/* A 2xx without a body is not seen here: what talks is not abandoned. */
	if (s->state == SESSION_SETUP)
		return mono_ms_between(last, now) >= ss->limits.setup_timeout ?
		    "never answered" : NULL;
	if (session_is_held(s) && limit < ss->limits.hold_timeout)
		limit = ss->limits.hold_timeout;
	return mono_ms_between(last, now) >= limit ? "no media" : NULL;
}

void
sessions_sweep(struct sessions *ss, struct mono now)
{
	uint32_t	 n = ss->nindex / 10 + 1;
	const char	*reason;

	relay_beat(ss->relay, now);
	while (n-- > 0 && ss->nindex > 0) {
		struct session	*s = ss->by_index[ss->sweep_at];

		ss->sweep_at = (ss->sweep_at + 1) % ss->nindex;
		if (s == NULL || (reason = session_overdue(ss, s, now)) == NULL)
			continue;
		stats->media_timeouts++;
		ss->ended(ss->arg, s, reason);
		session_free(ss, s);
	}
}
