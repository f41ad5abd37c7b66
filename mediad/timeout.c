/*
 * timeout - sessions that nobody ended: their last packet was too long ago.
 *
 * mediad.c sweeps ten times a second, a tenth of the sessions each time.
 */
#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "mediad/session_own.h"

/* kinds: bit 0 RTP, bit 1 RTCP. */
static void
leg_last_packet(const struct leg *leg, unsigned kinds, int64_t *last)
{
	for (unsigned i = 0; leg != NULL && i < leg->nends; i++)
		for (int k = 0; leg->ends[i] != NULL && k < 2; k++)
			if ((kinds >> k & 1) != 0 &&
			    leg->ends[i]->flow[k].count->last_ns > *last)
				*last = leg->ends[i]->flow[k].count->last_ns;
}

static struct mono
last_packet(const struct session *s, unsigned kinds)
{
	struct mono	 last = { 0 };

	leg_last_packet(s->caller, kinds, &last.ns);
	for (const struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		leg_last_packet(leg, kinds, &last.ns);
	return last;
}

struct mono
session_last_packet(const struct session *s)
{
	return last_packet(s, 3);
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

/* Is this kind of packet overdue? Said once, until there is signalling again. */
static bool
kind_overdue(const struct session *s, int kind, int64_t limit_ms, bool *said,
    struct mono now)
{
	struct mono	last = last_packet(s, 1u << kind);

	if (kind == 1 && last.ns == 0)	/* none ever came: nothing to wait for */
		return true;
	if (last.ns < s->signalled.ns)
		last = s->signalled;
	if (mono_ms_between(last, now) < limit_ms) {
		*said = false;
		return false;
	}
	if (!*said)
		log_low("MEDIA", id_call(session_call_id(s)), "no %s for %lld s call=%s",
		    kind == 0 ? "RTP" : "RTCP", (long long)limit_ms / 1000,
		    log_str(session_call_id(s)));
	*said = true;
	return true;
}

/* Row 162: when both are. A 2xx without a body is not seen: who talks is not abandoned. */
static const char *
session_overdue(const struct sessions *ss, struct session *s, struct mono now)
{
	const struct session_limits *l = &ss->limits;
	struct mono	last = session_last_packet(s);
	int64_t		rtp = l->timeout, rtcp = l->rtcp_timeout;
	bool		silent;

	if (last.ns < s->signalled.ns)
		last = s->signalled;
	if (s->state == SESSION_SETUP)
		return mono_ms_between(last, now) >= l->setup_timeout ?
		    "never answered" : NULL;
	if (l->longest > 0 && mono_ms_between(s->signalled, now) >= l->longest)
		return "its time is over";
	if (session_is_held(s) && rtp < l->hold_timeout)
		rtp = l->hold_timeout;
	silent = kind_overdue(s, 0, rtp, &s->no_rtp, now);
	if (rtcp == 0)
		return silent ? "no media" : NULL;
	if (rtcp < rtp && session_is_held(s))
		rtcp = rtp;
	return kind_overdue(s, 1, rtcp, &s->no_rtcp, now) && silent ?
	    "no media" : NULL;
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
		if (s == NULL)
			continue;
		session_look_one_way(ss, s, now);
		if ((reason = session_overdue(ss, s, now)) == NULL)
			continue;
		stats->media_timeouts++;
		ss->ended(ss->arg, s, reason);
		session_free(ss, s);
	}
}
