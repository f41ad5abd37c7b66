/*
 * restore - the sessions of an earlier process, from the records.
 *
 * session.c calls sessions_restore() once, after the descriptors were adopted. A
 * record whose owner is not there, or is another one by now, was about to be
 * removed or never finished: it is cleared. What waited in the sockets is relayed
 * if it is younger than RELAY_STALE_MS.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/stats.h"
#include "mediad/session_own.h"

/* By index, while this goes on. */
struct restore {
	struct sessions	*ss;
	struct leg	**legs;
	uint32_t	 nlegs;
	unsigned	 lost;		/* ends whose port could not be had */
};

static struct session *
session_restore(struct sessions *ss, uint32_t index)
{
	struct session_rec		*rec = records_session(ss->records, index);
	const struct session_slot	*o = RECORD_NOW(rec);
	struct session			*s;

	if (o->state == SESSION_FREE || o->id == 0 ||
	    rec->call_id_len + 1 + rec->tag_len > RECORD_IDS) {
		records_session_give(ss->records, index);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->rec = rec;
	s->index = index;
	s->ids = records_ids(ss->records, index, rec->call_id_len + 1 + rec->tag_len);
	s->id = o->id;
	s->user = rec->user;
	s->created.ns = o->created_ns;
	s->signalled.ns = o->signalled_ns;
	s->state = o->state;
	s->exchange = o->exchange;
	s->offer_cseq = o->offer_cseq;
	s->offer_by_caller = o->offer_by_caller;
	s->offer_open = o->offer_open;
	session_enter(ss, s);
	return s;
}

static struct leg *
leg_restore(struct sessions *ss, uint32_t index)
{
	struct leg_rec		*rec = records_leg(ss->records, index);
	const struct leg_slot	*o = RECORD_NOW(rec);
	struct session		*s = NULL;
	struct leg		*leg;

	if (o->session != 0 && o->session_index < ss->nindex)
		s = ss->by_index[o->session_index];
	if (s == NULL || s->id != o->session || (o->caller && s->caller != NULL)) {
		records_leg_give(ss->records, index);
		return NULL;
	}
	leg = xcalloc(1, sizeof(*leg));
	leg->rec = rec;
	leg->index = index;
	leg->caller = o->caller;
	leg->exchange = o->exchange;
	leg->source = record_addr_get(&o->source);
	memcpy(leg->branch, o->branch, sizeof(leg->branch));
	leg_attach(s, leg);
	return leg;
}

static void
learn_restore(struct learn *l, const struct learn_slot *o)
{
	l->signalled = record_addr_get(&o->signalled);
	l->friend = record_addr_get(&o->friend);
	l->source = record_addr_get(&o->source);
	l->until.ns = o->until_ns;
	l->state = o->state;
	l->rank = o->rank;
	l->mute = o->mute;
	l->steady = l->state == LEARN_OPEN ? 0 : 1;
}

static void
end_fill(struct end *e, const struct end_slot *o)
{
	e->direction = o->direction;
	e->is_rtp = o->is_rtp;
	e->secure = o->secure;
	e->mux = o->mux;
	e->codec = o->codec;
	e->clock = o->clock;
	e->open_hold = o->open_hold;
	e->open_mux = o->open_mux;
	e->open_direction = o->open_direction;
	for (int k = 0; k < 2; k++) {
		e->flow[k].is_rtp = o->is_rtp;
		e->flow[k].secure = o->secure;
		e->flow[k].clock = o->clock;
		learn_restore(&e->flow[k].learn, &o->learn[k]);
	}
}

/* The pair that was at this address of ours; NULL: it can't be had. */
static struct pair *
pair_restore(struct sessions *ss, const struct record_addr *o)
{
	struct addr	 a = record_addr_get(o);
	struct ports	*side = a.len != 0 ? sides_of(ss->sides, &a) : NULL;

	return side != NULL ? ports_take_exact(side, addr_port(&a)) : NULL;
}

/* Somebody else's pair at this address of ours; it may be restored later than that. */
static struct pair *
loop_restore(struct sessions *ss, const struct record_addr *o)
{
	struct addr	a = record_addr_get(o);

	return sides_pair(ss->sides, &a);
}

static void
end_restore(struct restore *r, uint32_t index)
{
	struct sessions		*ss = r->ss;
	struct end_rec		*rec = records_end(ss->records, index);
	const struct end_slot	*o = RECORD_NOW(rec);
	struct leg		*leg = o->session != 0 && o->leg < r->nlegs ?
	    r->legs[o->leg] : NULL;
	struct pair		*pair = NULL;
	struct end		*e;

	if (leg != NULL && leg->session->id == o->session &&
	    o->stream < SDP_MEDIA_MAX && end_find(leg, o->stream) == NULL) {
		pair = pair_restore(ss, &o->relay);
		if (pair == NULL)
			r->lost++;
	}
	if (pair == NULL) {
		records_end_give(ss->records, index);
		return;
	}
	e = end_attach(ss, leg, o->stream, pair, index);
	end_fill(e, o);
	e->open_pair = pair_restore(ss, &o->open_relay);
	e->open_loop = loop_restore(ss, &o->open_loop);
	e->loop = loop_restore(ss, &o->loop);
	leg->side = pair->home;
}

/* Links what talked to each other, then lets the packets flow. */
static void
session_resume(struct sessions *ss, struct session *s)
{
	uint32_t	 selected = RECORD_NOW(s->rec)->selected;
	struct leg	*leg;

	for (leg = s->callees; leg != NULL; leg = leg->next)
		if (leg->index == selected)
			leg_select(s, leg);
}

static void
leg_resume(struct sessions *ss, struct leg *leg)
{
	for (unsigned i = 0; leg != NULL && i < leg->nends; i++) {
		struct end	*e = leg->ends[i];

		if (e != NULL && end_start(ss, e, e->pair->adopted) < 0)
			log_problem("MEDIA", "port %u: cannot be watched",
			    e->pair->port);
	}
}

void
sessions_restore(struct sessions *ss)
{
	uint32_t	 nsessions = records_sessions_mark(ss->records);
	uint32_t	 nends = records_ends_mark(ss->records), i;
	struct restore	 r = { .ss = ss, .nlegs = records_legs_mark(ss->records) };
	struct leg	*leg;

	r.legs = xcalloc((size_t)r.nlegs + 1, sizeof(*r.legs));
	for (i = 0; i < nsessions; i++)
		if (session_restore(ss, i) != NULL)
			ss->restored++;
	for (i = 0; i < r.nlegs; i++)
		r.legs[i] = leg_restore(ss, i);
	for (i = 0; i < nends; i++)
		end_restore(&r, i);
	free(r.legs);
	for (i = 0; i < ss->nindex; i++)
		if (ss->by_index[i] != NULL)
			session_resume(ss, ss->by_index[i]);
	for (i = 0; i < ss->nindex; i++) {
		if (ss->by_index[i] == NULL)
			continue;
		session_join(ss->by_index[i]);
		leg_resume(ss, ss->by_index[i]->caller);
		for (leg = ss->by_index[i]->callees; leg != NULL; leg = leg->next)
			leg_resume(ss, leg);
	}
	if (r.lost > 0)
		log_problem("MEDIA", "%u streams lost their ports", r.lost);
}
