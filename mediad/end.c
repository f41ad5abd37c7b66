/*
 * end - what faces one phone for one m= line: a pair of ports and two flows.
 *
 * exchange.c makes ends with an offer, session.c takes them away, restore.c brings
 * them back. What changes is saved at once.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/stats.h"
#include "mediad/session_own.h"

static void
learn_save(struct learn_slot *o, const struct learn *l)
{
	record_addr_set(&o->signalled, &l->signalled);
	record_addr_set(&o->friend, &l->friend);
	record_addr_set(&o->source, &l->source);
	o->until_ns = l->until.ns;
	o->state = l->state;
	o->rank = l->rank;
	o->mute = l->mute;
}

static void
pair_save(struct record_addr *o, const struct pair *pair)
{
	*o = (struct record_addr){ .family = 0 };
	if (pair == NULL)
		return;
	record_addr_set(o, ports_addr(pair->home));
	o->port = pair->port;
}

void
end_save(struct end *e)
{
	struct end_slot	*o = RECORD_IDLE(e->rec);

	o->session = e->leg->session->id;
	o->leg = e->leg->index;
	o->stream = e->stream;
	o->direction = e->direction;
	o->is_rtp = e->is_rtp;
	o->secure = e->secure;
	o->mux = e->mux;
	o->codec = e->codec;
	o->clock = e->clock;
	pair_save(&o->relay, e->pair);
	pair_save(&o->open_relay, e->open_pair);
	pair_save(&o->open_loop, e->open_loop);
	pair_save(&o->loop, e->loop);
	o->open_hold = e->open_hold;
	o->open_mux = e->open_mux;
	o->open_direction = e->open_direction;
	learn_save(&o->learn[0], &e->flow[0].learn);
	learn_save(&o->learn[1], &e->flow[1].learn);
	RECORD_FLIP(e->rec);
}

void
end_open_at(struct end *e, const struct addr *rtp, const struct addr *rtcp)
{
	struct end_slot	*o = RECORD_IDLE(e->rec);

	record_addr_set(&o->open_rtp, rtp);
	record_addr_set(&o->open_rtcp, rtcp);
	RECORD_FLIP(e->rec);
}

struct end *
end_find(const struct leg *leg, unsigned stream)
{
	return leg != NULL && stream < leg->nends ? leg->ends[stream] : NULL;
}

/* The flows are at these ports from here on. */
static void
end_at(struct end *e, struct pair *pair)
{
	e->pair = pair;
	pair->end = e;
	for (int k = 0; k < 2; k++) {
		e->flow[k].fd = pair->fd[k];
		e->flow[k].port = pair->port + k;
		e->flow[k].local = ports_addr(pair->home);
	}
}

struct end *
end_attach(struct sessions *ss, struct leg *leg, unsigned stream,
    struct pair *pair, uint32_t index)
{
	struct end	*e = xcalloc(1, sizeof(*e));

	if (stream >= leg->nends) {
		leg->ends = xrealloc(leg->ends, stream + 1, sizeof(*leg->ends));
		while (leg->nends <= stream)
			leg->ends[leg->nends++] = NULL;
	}
	leg->ends[stream] = e;
	e->leg = leg;
	e->stream = stream;
	e->index = index;
	e->rec = records_end(ss->records, index);
	end_at(e, pair);
	for (int k = 0; k < 2; k++) {
		e->flow[k].rtcp = k == 1;
		e->flow[k].owner = e;
		e->flow[k].count = &e->rec->count[k];
		e->flow[k].report = &e->rec->count[0].report;
	}
	stats->media_ports += 2;
	return e;
}

static void
end_dscp(struct end *e, uint8_t dscp)
{
	int	tos = dscp << 2;

	if (e->pair->dscp == dscp)
		return;
	for (int k = 0; k < 2; k++) {
		setsockopt(e->pair->fd[k], IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
		setsockopt(e->pair->fd[k], IPPROTO_IPV6, IPV6_TCLASS, &tos,
		    sizeof(tos));
	}
	e->pair->dscp = dscp;
}

int
end_start(struct sessions *ss, struct end *e, bool adopted)
{
	int	error;

	end_dscp(e, ss->limits.dscp);
	for (int k = 0; k < 2; k++) {
		error = relay_add(ss->relay, &e->flow[k], adopted);
		if (error < 0)
			return error;
	}
	return 0;
}

struct end *
end_new(struct sessions *ss, struct leg *leg, unsigned stream)
{
	uint32_t	 index = records_end_take(ss->records);
	struct pair	*pair = index != UINT32_MAX ? ports_take(leg->side) : NULL;
	struct end	*e;

	if (pair == NULL) {
		if (index != UINT32_MAX)
			records_end_give(ss->records, index);
		return NULL;
	}
	e = end_attach(ss, leg, stream, pair, index);
	memset(e->rec->count, 0, sizeof(e->rec->count));
	end_save(e);
	if (end_start(ss, e, false) < 0) {
		end_free(ss, e);
		return NULL;
	}
	return e;
}

/* ---- moving ---- */

bool
end_open_side(struct end *e, struct ports *side)
{
	if (e->open_pair != NULL && e->open_pair->home != side) {
		ports_give(e->open_pair->home, e->open_pair);
		e->open_pair = NULL;
	}
	if (e->pair->home != side && e->open_pair == NULL)
		e->open_pair = ports_take(side);
	return e->pair->home == side || e->open_pair != NULL;
}

/* From here on nothing is heard at the old ports. */
void
end_move(struct sessions *ss, struct end *e)
{
	struct pair	*old = e->pair;

	for (int k = 0; k < 2; k++)
		relay_remove(ss->relay, &e->flow[k]);
	end_at(e, e->open_pair);
	e->open_pair = NULL;
	e->leg->side = e->pair->home;
	end_save(e);		/* before somebody else can have the old ones */
	ports_give(old->home, old);
	if (end_start(ss, e, false) < 0)
		log_rate(LOG_PROBLEMS, "MEDIA", "port %u: cannot be watched",
		    e->pair->port);
}

/* ---- ending ---- */

void
flow_unlink(struct flow *f)
{
	if (f->to != NULL && f->to->to == f)
		f->to->to = NULL;
	f->to = NULL;
}

void
flow_link(struct flow *a, struct flow *b)
{
	flow_unlink(a);
	flow_unlink(b);
	a->to = b;
	b->to = a;
}

void
end_detach(struct sessions *ss, struct end *e)
{
	for (int k = 0; k < 2; k++) {
		relay_remove(ss->relay, &e->flow[k]);
		flow_unlink(&e->flow[k]);
	}
	e->leg->ends[e->stream] = NULL;
	stats->media_ports -= 2;
	stats->rtp_lost += flow_lost(e->flow[0].count);
	free(e);
}

void
end_free(struct sessions *ss, struct end *e)
{
	struct pair	*pair = e->pair, *open = e->open_pair;

	records_end_give(ss->records, e->index);
	end_detach(ss, e);
	ports_give(pair->home, pair);
	if (open != NULL)
		ports_give(open->home, open);
}
