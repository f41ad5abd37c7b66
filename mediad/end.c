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

void
end_save(struct end *e)
{
	struct end_slot	*o = RECORD_IDLE(e->rec);

	o->session = e->leg->session->id;
	o->leg = e->leg->index;
	o->stream = e->stream;
	o->direction = e->direction;
	o->is_rtp = e->is_rtp;
	o->open_hold = e->open_hold;
	o->open_direction = e->open_direction;
	record_addr_set(&o->open_rtp, &e->open_rtp);
	record_addr_set(&o->open_rtcp, &e->open_rtcp);
	learn_save(&o->learn[0], &e->flow[0].learn);
	learn_save(&o->learn[1], &e->flow[1].learn);
	RECORD_FLIP(e->rec);
}

struct end *
end_find(const struct leg *leg, unsigned stream)
{
	return leg != NULL && stream < leg->nends ? leg->ends[stream] : NULL;
}

struct end *
end_attach(struct sessions *ss, struct leg *leg, unsigned stream,
    struct pair *pair)
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
	e->pair = pair;
	e->rec = records_end(ss->records, pair->port / 2);
	for (int k = 0; k < 2; k++) {
		e->flow[k].fd = pair->fd[k];
		e->flow[k].rtcp = k == 1;
		e->flow[k].owner = e;
		e->flow[k].count = &e->rec->count[k];
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
	struct pair	*pair = ports_take(ss->ports);
	struct end	*e;

	if (pair == NULL)
		return NULL;
	e = end_attach(ss, leg, stream, pair);
	memset(e->rec->count, 0, sizeof(e->rec->count));
	records_end_use(ss->records, pair->port / 2, true);
	end_save(e);
	if (end_start(ss, e, false) < 0) {
		end_free(ss, e);
		return NULL;
	}
	return e;
}

void
flow_unlink(struct flow *f)
{
	if (f->to != NULL && f->to->to == f)
		f->to->to = NULL;
	f->to = NULL;
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
	free(e);
}

void
end_free(struct sessions *ss, struct end *e)
{
	struct pair	*pair = e->pair;

	*RECORD_IDLE(e->rec) = (struct end_slot){ .session = 0 };
	RECORD_FLIP(e->rec);
	records_end_use(ss->records, pair->port / 2, false);
	end_detach(ss, e);
	ports_give(ss->ports, pair);
}
