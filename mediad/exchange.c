/*
 * exchange - one offer or answer, and what it changes in its session (RFC 3264).
 *
 * handlers.c calls sessions_rewrite(). The writer's addresses go into the ends that
 * face the writer; the body that leaves names the ports that face the reader. So
 * the answer to a question depends on the body and on the ports alone, and asking
 * again gets the same answer.
 *
 * What an offer says counts once it is answered: a refused re-INVITE changes
 * nothing. Each new offer (writer, CSeq) is an exchange with a number; a leg that
 * has taken part in the present one learns nothing new from a repetition, so that
 * repeating can't open the window in which sources are learnt.
 */
#include <string.h>

#include "common/stats.h"
#include "mediad/codec_limit.h"
#include "mediad/exchange_own.h"

#define PORT_TARGET_MIN	1024	/* nobody hears RTP on DNS's port (S44) */

/* ---- what was signalled ---- */

/*
 * Where a phone may have its media: not where its signalling could not be, not
 * the ports of services, never a port of ours (S44). Otherwise the stream is mute
 * until the phone speaks from where its signalling comes from.
 */
static struct addr
target_allowed(const struct exchange *x, const struct leg *leg,
    const struct addr *a)
{
	const struct addr	*relay = ports_addr(x->writer_side);

	if (a->len == 0 || addr_port(a) < PORT_TARGET_MIN ||
	    a->sa.sa_family != relay->sa.sa_family ||
	    !addr_may_target(a, leg->source.len != 0 ? &leg->source : NULL) ||
	    sides_own(x->ss->sides, a))
		return (struct addr){ .len = 0 };
	return *a;
}

/* The address that the body named, or that of the signalling with its port. */
static struct addr
target_named(const struct exchange *x, const struct addr *named)
{
	struct addr	a = *named;

	if (x->q->from_source && x->q->source.len != 0) {
		a = x->q->source;
		addr_set_port(&a, addr_port(named));
	}
	return target_allowed(x, x->writer, &a);
}

/* The body's line is now what the end's phone said. */
static void
end_open(struct exchange *x, struct end *e, const struct sdp_media *m)
{
	struct addr	rtp = target_named(x, &m->rtp);
	struct addr	rtcp = target_named(x, &m->rtcp);

	end_open_at(e, &rtp, &rtcp);
	e->open_loop = sides_pair(x->ss->sides, &m->rtp);
	e->open_mux = m->mux;
	e->open_hold = m->hold;
	e->open_direction = m->direction;
}

static struct addr
host_of(const struct addr *a)
{
	struct addr	h = *a;

	addr_set_port(&h, 0);
	return h;
}

/* What was open counts from here on. mux: both phones want it (RFC 5761). */
static void
end_close(struct exchange *x, struct end *e, bool mux, bool fresh)
{
	struct addr	friend = host_of(&e->leg->source);
	int64_t		window = x->ss->limits.learn_window;

	if (e->open_pair != NULL)
		end_move(x->ss, e);
	e->mux = mux;
	e->loop = e->open_loop;
	for (int k = 0; k < 2; k++) {
		const struct end_slot	*o = RECORD_NOW(e->rec);
		struct learn		*l = &e->flow[k].learn;
		struct addr		 to = record_addr_get(k == 0 || mux ?
		    &o->open_rtp : &o->open_rtcp);

		l->mute = e->open_hold;
		/* Held by 0.0.0.0: what is known stays for the resumption. */
		if (!e->open_hold && (fresh || !addr_eq(&l->signalled, &to)))
			learn_signal(l, &to, &friend, x->now, window);
	}
	e->direction = e->open_direction;
	end_save(e);
}

/* ---- offer ---- */

static void
exchange_offer(struct exchange *x)
{
	const struct sdp	*sdp = &x->ss->sdp;
	struct session		*s = x->s;
	bool			 repeated = s->exchange > 0 &&
	    s->offer_by_caller == x->q->from_caller && s->offer_cseq == x->q->cseq;

	for (unsigned i = 0; i < sdp->nmedia; i++) {
		struct end	*e = end_find(x->writer, i);

		if (e != NULL && exchange_relays(&sdp->media[i])) {
			end_open(x, e, &sdp->media[i]);
			end_save(e);
		}
	}
	if (!repeated) {
		s->exchange++;
		s->offer_by_caller = x->q->from_caller;
		s->offer_cseq = x->q->cseq;
		s->offer_open = true;
	}
}

/* ---- answer ---- */

/* A line that the answer refused gives its ports back. */
static void
stream_close(struct exchange *x, unsigned i)
{
	struct end	*a = end_find(x->writer, i), *b = end_find(x->reader, i);

	if (a != NULL)
		end_free(x->ss, a);
	if (b != NULL)
		end_free(x->ss, b);
}

static void
exchange_answer(struct exchange *x)
{
	const struct sdp	*sdp = &x->ss->sdp;
	struct session		*s = x->s;
	bool			 fresh;

	if (s->exchange == 0)	/* the offer is not known here */
		s->exchange = 1;
	fresh = x->callee->exchange != s->exchange;
	for (unsigned i = 0; i < sdp->nmedia; i++) {
		struct end	*w = end_find(x->writer, i);
		struct end	*r = end_find(x->reader, i);
		bool		 mux;

		if (w == NULL || r == NULL || !exchange_relays(&sdp->media[i]))
			continue;
		end_open(x, w, &sdp->media[i]);
		mux = w->open_mux && r->open_mux;
		end_close(x, w, mux, fresh);
		if (s->offer_open || fresh)
			end_close(x, r, mux, fresh);
	}
	x->callee->exchange = s->exchange;
	leg_save(x->callee);
}

/* A 2xx ended the choice: this leg it is. */
static void
exchange_settle(struct exchange *x)
{
	struct session	*s = x->s;
	struct leg	*leg = s->callees, *next;

	for (; leg != NULL; leg = next) {
		next = leg->next;
		if (leg != x->callee)
			leg_free(x->ss, leg);
	}
	s->state = SESSION_ANSWERED;
}

/* A second 2xx of a fork that the caller will end: the first one talks. */
static bool
answered_by_other(const struct exchange *x)
{
	const struct session	*s = x->s;

	return !x->q->last_talks && s->state == SESSION_ANSWERED &&
	    s->selected != NULL && s->selected != x->callee;
}

static void
exchange_final(struct exchange *x)
{
	const struct sdp	*sdp = &x->ss->sdp;

	if (answered_by_other(x))
		return;
	if (x->q->answer)
		x->s->offer_open = false;
	/* Whose answers look all the same may have other branches ringing. */
	if (x->q->last_talks && x->s->callees->next != NULL) {
		x->s->state = SESSION_ANSWERED;
		return;
	}
	exchange_settle(x);
	for (unsigned i = 0; x->q->answer && i < sdp->nmedia; i++)
		if (sdp->media[i].port == 0)
			stream_close(x, i);
}

/* ---- all of it ---- */

/* Ports of the lines that are relayed; the others are refused. */
static bool
exchange_write(struct exchange *x, struct rewritten *out)
{
	struct sessions		*ss = x->ss;
	struct sdp_relay	 relay = {
		.origin = x->q->origin,
		.convert_hold = ss->limits.convert_hold,
	};
	struct text		 text;

	relay.addr = x->q->advertise.len != 0 ? x->q->advertise :
	    *ports_told(x->reader->side);
	for (unsigned i = 0; i < ss->sdp.nmedia; i++) {
		struct end	*e = end_find(x->reader, i);

		if (e != NULL && exchange_relays(&ss->sdp.media[i]))
			relay.port[i] = e->pair->port;
	}
	text_init(&text, ss->out, sizeof(ss->out));
	if (sdp_write(&ss->sdp, &relay, &text) < 0)
		return false;
	*out = (struct rewritten){
		.code = 200,
		.reason = "",
		.session = x->s->id,
		.sdp = text_str(&text),
	};
	return true;
}

/*
 * The body names a port of this very session: a proxy sent the call back to us, and
 * what it says was told by us before (row 147). Nothing to learn from it, as long as
 * somebody else has said where he is.
 */
static bool
body_came_back(const struct exchange *x)
{
	const struct sdp	*sdp = &x->ss->sdp;
	const struct session	*s = x->s;

	if (s->exchange == 0 || (x->q->answer && s->selected == NULL))
		return false;
	for (unsigned i = 0; i < sdp->nmedia; i++) {
		const struct pair	*pair = exchange_relays(&sdp->media[i]) ?
		    sides_pair(x->ss->sides, &sdp->media[i].rtp) : NULL;

		if (pair != NULL && pair->end != NULL &&
		    pair->end->leg->session == s)
			return true;
	}
	return false;
}

static void
exchange_apply(struct exchange *x)
{
	const struct rewrite	*q = x->q;

	x->s->signalled = x->now;
	x->s->no_rtp = x->s->no_rtcp = false;
	if (body_came_back(x))
		return;
	if (q->source.len != 0 && !addr_eq(&x->writer->source, &q->source)) {
		x->writer->source = q->source;
		leg_save(x->writer);
	}
	if (q->answer)
		exchange_answer(x);
	else
		exchange_offer(x);
	if (q->answer && !answered_by_other(x))
		leg_select(x->s, x->callee);
	if (q->answer)
		session_join(x->s);
}

/* SRTP passes untouched: who asks for a change between it and RTP is refused. */
static bool
proto_is_bridged(const struct sdp *sdp, struct str proto)
{
	for (unsigned i = 0; proto.len > 0 && i < sdp->nmedia; i++) {
		const struct sdp_media	*m = &sdp->media[i];

		if (m->is_rtp && m->port != 0 &&
		    (str_find(m->proto, STR("SAVP")) >= 0) !=
		    (str_find(proto, STR("SAVP")) >= 0))
			return false;
	}
	return true;
}

/* Row 163: of an offer. What is too long stays as it is, and is refused for that. */
static struct str
body_limited(struct sessions *ss, const struct rewrite *q)
{
	const struct set_texts	*codecs = ss->limits.codecs;
	struct text		 t;

	if (codecs == NULL || codecs->n == 0 || q->answer)
		return q->sdp;
	text_init(&t, ss->limited, sizeof(ss->limited));
	stats->media_formats_removed += codec_limit(q->sdp, codecs, &t);
	return t.full ? q->sdp : text_str(&t);
}

void
sessions_limit_codecs(struct sessions *ss, struct str offer, struct rewritten *out)
{
	struct rewrite	q = { .sdp = offer };

	*out = (struct rewritten){ .code = 200, .reason = "",
	    .sdp = body_limited(ss, &q) };
}

static bool
body_parse(struct sessions *ss, const struct rewrite *q, struct rewritten *out)
{
	const char	*why;

	if (sdp_parse(&ss->sdp, body_limited(ss, q), &why) < 0) {
		exchange_refuse(out, 488, why);
		return false;
	}
	if (ss->sdp.nmedia > ss->limits.streams) {
		exchange_refuse(out, 488, "too many media lines");
		return false;
	}
	if (!proto_is_bridged(&ss->sdp, q->proto)) {
		exchange_refuse(out, 488, "no bridge between RTP and SRTP");
		return false;
	}
	return true;
}

/* Nothing to relay: a session that is not there need not be made. */
static bool
body_is_idle(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (sdp->media[i].port != 0)
			return false;
	return true;
}

void
sessions_rewrite(struct sessions *ss, const struct rewrite *q, struct mono now,
    struct rewritten *out)
{
	struct exchange	x = { .ss = ss, .q = q, .now = now };

	if (!body_parse(ss, q, out))
		return;
	if (body_is_idle(&ss->sdp) &&
	    session_find(ss, q->call_id, q->caller_tag) == NULL) {
		*out = (struct rewritten){ .code = 200, .reason = "", .sdp = q->sdp };
		return;
	}
	if (!exchange_legs(&x, out))
		goto undo;
	if (!exchange_sides(&x)) {
		exchange_refuse(out, 488, "no media address of the phone's family");
		goto undo;
	}
	if (!exchange_reserve(&x)) {
		exchange_refuse(out, 503, "no media port is free");
		goto undo;
	}
	exchange_apply(&x);
	if (!exchange_write(&x, out)) {
		exchange_refuse(out, 500, "SDP too long");
		goto undo;
	}
	if (q->final)
		exchange_final(&x);
	session_save(x.s);
	return;
undo:
	if (x.is_new && x.s != NULL)
		session_free(ss, x.s);
}
