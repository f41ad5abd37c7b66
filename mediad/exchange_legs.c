/*
 * exchange_legs - whom an offer or answer is about, and what they need: session and
 * legs, the address of ours that faces each, a pair of ports for every line.
 *
 * exchange.c calls these one after the other before anything is changed.
 */
#include "common/log.h"
#include "common/stats.h"
#include "mediad/exchange_own.h"

void
exchange_refuse(struct rewritten *out, int code, const char *reason)
{
	*out = (struct rewritten){ .code = code, .reason = reason };
	if (code != 503)
		return;
	stats->media_refused++;
	log_rate(LOG_PROBLEMS, "MEDIA", "a session was refused: %s", reason);
}

/* ---- who ---- */

static struct leg *
callee_find(struct exchange *x)
{
	struct session	*s = x->s;
	uint8_t		 hash[16];
	struct leg	*leg;

	if (x->q->branch.len == 0 && s->callees != NULL)
		return s->selected != NULL ? s->selected : s->callees;
	records_branch(x->ss->records, x->q->branch, hash);
	leg = leg_find(s, hash);
	return leg != NULL ? leg : leg_new(x->ss, s, false, hash);
}

/*
 * Finds session and legs, or makes them; also for an offer within a dialog whose
 * session timed out (a long hold): the exchange tells both sides the new ports.
 * False: refused, out is filled.
 */
bool
exchange_legs(struct exchange *x, struct rewritten *out)
{
	const struct rewrite	*q = x->q;
	struct sessions		*ss = x->ss;

	x->s = session_find(ss, q->call_id, q->caller_tag);
	if (x->s == NULL && q->branch.len == 0 && q->answer) {
		exchange_refuse(out, 500, "no such media session");
		return false;
	}
	if (x->s == NULL) {
		uint64_t	user = user_key(ss, q->user);

		if (ss->draining || sessions_count(ss) >= ss->limits.sessions) {
			exchange_refuse(out, 503, "too many media sessions");
			return false;
		}
		if (user != 0 && ss->limits.user_sessions > 0 &&
		    user_sessions(ss, user) >= ss->limits.user_sessions) {
			stats->media_refused_user++;
			exchange_refuse(out, 503, "too many media sessions of one user");
			return false;
		}
		x->s = session_new(ss, q->call_id, q->caller_tag, user, x->now);
		x->is_new = true;
	}
	if (x->s != NULL && x->s->caller == NULL)
		leg_new(ss, x->s, true, NULL);
	x->callee = x->s != NULL ? callee_find(x) : NULL;
	if (x->s == NULL || x->s->caller == NULL || x->callee == NULL) {
		exchange_refuse(out, 503, "no room for another media session");
		return false;
	}
	x->writer = q->from_caller ? x->s->caller : x->callee;
	x->reader = q->from_caller ? x->callee : x->s->caller;
	return true;
}

/* ---- sides ---- */

/* The family that the writer's media are of; 0: the body does not say. */
static int
body_family(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (sdp->media[i].port != 0 && sdp->media[i].rtp.len != 0)
			return sdp->media[i].rtp.sa.sa_family;
	return 0;
}

/*
 * Which of our addresses faces the writer: by the family of its media, and by where
 * its signalling comes from. A phone that has moved gets another one with its offer;
 * with an answer it is too late, the offer named ours.
 */
static struct ports *
writer_side(const struct exchange *x)
{
	const struct sessions	*ss = x->ss;
	int			 family = body_family(&ss->sdp);
	const struct addr	*at = &x->q->source;

	if (x->writer->side != NULL && (x->q->answer || family == 0))
		return x->writer->side;
	return sides_for(ss->sides, family, at, ss->limits.lan);
}

/* Whose signalling is of a family that we lack may have media of the writer's. */
static struct ports *
reader_side(const struct exchange *x)
{
	const struct sessions	*ss = x->ss;
	struct ports		*side = x->reader->side;

	if (side == NULL)
		side = sides_for(ss->sides, x->q->family, &x->q->toward,
		    ss->limits.lan);
	return side != NULL || x->q->family != 0 ? side : x->writer_side;
}

/* False: we have no address of the family. */
bool
exchange_sides(struct exchange *x)
{
	x->writer_side = writer_side(x);
	if (x->writer_side == NULL)
		return false;
	if (x->writer->side == NULL)
		x->writer->side = x->writer_side;
	x->reader->side = reader_side(x);
	return x->reader->side != NULL;
}

/* ---- ports ---- */

bool
exchange_relays(const struct sdp_media *m)
{
	return m->port != 0 && m->datagrams && m->nports == 1;
}

static bool
end_ensure(struct sessions *ss, struct leg *leg, unsigned i,
    const struct sdp_media *m)
{
	struct end	*e = end_find(leg, i);

	if (e == NULL)
		e = end_new(ss, leg, i);
	if (e == NULL)
		return false;
	e->is_rtp = m->is_rtp;
	e->secure = m->secure;
	e->codec = m->codec;
	e->clock = m->clock;
	for (int k = 0; k < 2; k++) {
		e->flow[k].is_rtp = m->is_rtp;
		e->flow[k].secure = m->secure;
		e->flow[k].clock = m->clock;
	}
	return true;
}

/* Both sides get their ports with the offer: an answer never fails for them. */
bool
exchange_reserve(struct exchange *x)
{
	const struct sdp	*sdp = &x->ss->sdp;

	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (exchange_relays(&sdp->media[i]) &&
		    (!end_ensure(x->ss, x->reader, i, &sdp->media[i]) ||
		    !end_ensure(x->ss, x->writer, i, &sdp->media[i]) ||
		    (!x->q->answer && !end_open_side(end_find(x->writer, i),
		    x->writer_side))))
			return false;
	return true;
}
