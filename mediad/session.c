/*
 * session - sessions, their legs and ends: made, saved, removed.
 *
 * handlers.c asks and sweeps, exchange.c decides what a body changes, restore.c
 * makes all of this again from the records. Whatever is changed here is saved at
 * once; the order of the saves is such that a kill between two of them leaves
 * records that name no living owner, and those count as free.
 */
#include "mediad/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "mediad/session_own.h"

/* ---- ends ---- */

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

static void
flow_unlink(struct flow *f)
{
	if (f->to != NULL && f->to->to == f)
		f->to->to = NULL;
	f->to = NULL;
}

/* Out of the relay and of its leg; port and record stay as they are. */
static void
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

/* ---- legs ---- */

void
leg_save(struct leg *leg)
{
	struct leg_slot	*o = RECORD_IDLE(leg->rec);

	o->session = leg->session->id;
	o->session_index = leg->session->index;
	o->exchange = leg->exchange;
	record_addr_set(&o->source, &leg->source);
	memcpy(o->branch, leg->branch, sizeof(o->branch));
	o->caller = leg->caller;
	RECORD_FLIP(leg->rec);
}

void
leg_attach(struct session *s, struct leg *leg)
{
	leg->session = s;
	if (leg->caller) {
		s->caller = leg;
		return;
	}
	leg->next = s->callees;
	s->callees = leg;
}

struct leg *
leg_new(struct sessions *ss, struct session *s, bool caller,
    const uint8_t branch[16])
{
	uint32_t	 index = records_leg_take(ss->records), n = 0;
	struct leg	*leg;

	for (leg = s->callees; leg != NULL; leg = leg->next)
		n++;
	if (index == UINT32_MAX)
		return NULL;
	if (n >= SESSION_LEGS) {
		records_leg_give(ss->records, index);
		return NULL;
	}
	leg = xcalloc(1, sizeof(*leg));
	leg->index = index;
	leg->rec = records_leg(ss->records, index);
	leg->caller = caller;
	if (!caller)
		memcpy(leg->branch, branch, sizeof(leg->branch));
	leg_attach(s, leg);
	leg_save(leg);
	return leg;
}

struct leg *
leg_find(const struct session *s, const uint8_t branch[16])
{
	for (struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		if (memcmp(leg->branch, branch, sizeof(leg->branch)) == 0)
			return leg;
	return NULL;
}

static void
leg_unlist(struct leg *leg)
{
	struct session	*s = leg->session;
	struct leg	**at = &s->callees;

	if (s->caller == leg)
		s->caller = NULL;
	if (s->selected == leg)
		s->selected = NULL;
	while (*at != NULL && *at != leg)
		at = &(*at)->next;
	if (*at == leg)
		*at = leg->next;
}

void
leg_free(struct sessions *ss, struct leg *leg)
{
	records_leg_give(ss->records, leg->index);
	for (unsigned i = 0; i < leg->nends; i++)
		if (leg->ends[i] != NULL)
			end_free(ss, leg->ends[i]);
	leg_unlist(leg);
	free(leg->ends);
	free(leg);
}

static void
ends_link(struct leg *a, struct leg *b)
{
	for (unsigned i = 0; i < a->nends; i++) {
		struct end	*x = a->ends[i], *y = end_find(b, i);

		for (int k = 0; x != NULL && y != NULL && k < 2; k++) {
			x->flow[k].to = &y->flow[k];
			y->flow[k].to = &x->flow[k];
		}
	}
}

void
leg_select(struct session *s, struct leg *leg)
{
	struct leg	*old = s->selected;

	if (old != NULL && old != leg)
		for (unsigned i = 0; i < old->nends; i++)
			for (int k = 0; old->ends[i] != NULL && k < 2; k++)
				flow_unlink(&old->ends[i]->flow[k]);
	s->selected = leg;
	if (s->caller != NULL)
		ends_link(s->caller, leg);
}

/* ---- sessions ---- */

static struct str
session_key(const void *object)
{
	const struct session	*s = object;

	return str_make(s->rec->ids, s->rec->call_id_len + 1 + s->rec->tag_len);
}

struct str
session_call_id(const struct session *s)
{
	return str_make(s->rec->ids, s->rec->call_id_len);
}

struct str
session_caller_tag(const struct session *s)
{
	return str_make(s->rec->ids + s->rec->call_id_len + 1, s->rec->tag_len);
}

void
session_save(struct session *s)
{
	struct session_slot	*o = RECORD_IDLE(s->rec);

	o->id = s->id;
	o->created_ns = s->created.ns;
	o->signalled_ns = s->signalled.ns;
	o->caller = s->caller != NULL ? s->caller->index : UINT32_MAX;
	o->selected = s->selected != NULL ? s->selected->index : UINT32_MAX;
	o->exchange = s->exchange;
	o->offer_cseq = s->offer_cseq;
	o->state = s->state;
	o->offer_by_caller = s->offer_by_caller;
	o->offer_open = s->offer_open;
	RECORD_FLIP(s->rec);
}

void
session_enter(struct sessions *ss, struct session *s)
{
	if (s->index >= ss->nindex) {
		uint32_t	n = s->index + 64;

		ss->by_index = xrealloc(ss->by_index, n, sizeof(*ss->by_index));
		memset(ss->by_index + ss->nindex, 0,
		    (n - ss->nindex) * sizeof(*ss->by_index));
		ss->nindex = n;
	}
	ss->by_index[s->index] = s;
	map_put(ss->by_ids, s);
	stats->media_sessions++;
}

static bool
ids_fit(struct str call_id, struct str tag)
{
	return call_id.len + 1 + tag.len <= RECORD_IDS;
}

static void
ids_write(char *out, struct str call_id, struct str tag)
{
	if (call_id.len > 0)
		memcpy(out, call_id.s, call_id.len);
	out[call_id.len] = '\0';
	if (tag.len > 0)
		memcpy(out + call_id.len + 1, tag.s, tag.len);
}

struct session *
session_new(struct sessions *ss, struct str call_id, struct str tag,
    struct mono now)
{
	struct session	*s;
	uint32_t	 index;

	if (!ids_fit(call_id, tag))
		return NULL;
	index = records_session_take(ss->records);
	if (index == UINT32_MAX)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->index = index;
	s->rec = records_session(ss->records, index);
	ids_write(s->rec->ids, call_id, tag);
	s->rec->call_id_len = call_id.len;
	s->rec->tag_len = tag.len;
	s->id = id_u64();
	s->created = s->signalled = now;
	s->state = SESSION_SETUP;
	session_enter(ss, s);
	session_save(s);
	stats->media_sessions_begun++;
	return s;
}

struct session *
session_find(const struct sessions *ss, struct str call_id, struct str tag)
{
	char	key[RECORD_IDS];

	if (!ids_fit(call_id, tag))
		return NULL;
	ids_write(key, call_id, tag);
	return map_find(ss->by_ids, str_make(key, call_id.len + 1 + tag.len));
}

/* Out of the tables of this process. */
static void
session_leave(struct sessions *ss, struct session *s)
{
	map_remove(ss->by_ids, session_key(s));
	ss->by_index[s->index] = NULL;
	stats->media_sessions--;
}

void
session_free(struct sessions *ss, struct session *s)
{
	session_leave(ss, s);
	/* From this flip on its legs and ends name no living session. */
	records_session_give(ss->records, s->index);
	while (s->callees != NULL)
		leg_free(ss, s->callees);
	if (s->caller != NULL)
		leg_free(ss, s->caller);
	free(s);
	stats->media_sessions_ended++;
}

bool
sessions_end(struct sessions *ss, struct str call_id, struct str tag,
    struct str branch)
{
	struct session	*s = session_find(ss, call_id, tag);
	struct leg	*leg;
	uint8_t		 hash[16];

	if (s == NULL)
		return false;
	if (branch.len == 0) {
		session_free(ss, s);
		return true;
	}
	records_branch(ss->records, branch, hash);
	leg = leg_find(s, hash);
	if (leg == NULL)
		return false;
	if (s->callees == leg && leg->next == NULL) {
		session_free(ss, s);
		return true;
	}
	leg_free(ss, leg);
	session_save(s);
	return true;
}

/* ---- time-outs ---- */

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

	if (s->state == SESSION_SETUP)
		return mono_ms_between(s->signalled, now) >= ss->limits.setup_timeout ?
		    "never answered" : NULL;
	if (last.ns < s->signalled.ns)
		last = s->signalled;
	if (session_is_held(s) && limit < ss->limits.hold_timeout)
		limit = ss->limits.hold_timeout;
	return mono_ms_between(last, now) >= limit ? "no media" : NULL;
}

void
sessions_sweep(struct sessions *ss, struct mono now)
{
	uint32_t	 n = ss->nindex / 10 + 1;
	const char	*reason;

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

/* ---- all of them ---- */

/* RTP had a surprising source: its RTCP may come from the same host. */
static void
flow_moved(void *arg, struct flow *f)
{
	struct end	*e = f->owner;

	(void)arg;
	if (!f->rtcp && f->learn.rank == LEARN_STRANGER &&
	    f->learn.state == LEARN_LOCKED &&
	    e->flow[1].learn.state == LEARN_OPEN) {
		e->flow[1].learn.friend = f->learn.source;
		addr_set_port(&e->flow[1].learn.friend, 0);
	}
	end_save(e);
}

static bool
source_is_own(void *arg, const struct addr *from)
{
	const struct sessions	*ss = arg;

	return ports_own(ss->ports, from);
}

struct sessions *
sessions_new(struct loop *l, const struct addr *addr, uint16_t port_min,
    uint16_t port_max, const struct session_limits *limits,
    session_ended_fn *ended, void *arg)
{
	struct sessions	*ss = xcalloc(1, sizeof(*ss));
	bool		 adopted = false;
	int		 error;

	ss->limits = *limits;
	ss->ended = ended;
	ss->arg = arg;
	ss->by_ids = map_new(session_key);
	ss->ports = ports_new(addr, port_min, port_max);
	ss->relay = relay_new(l, flow_moved, source_is_own, ss);
	ss->records = records_open(&adopted);
	if (ss->relay == NULL || ss->records == NULL) {
		error = errno;
		sessions_free(ss);
		errno = error;
		return NULL;
	}
	ports_adopt(ss->ports);
	if (adopted)
		sessions_restore(ss);
	ports_restored(ss->ports);
	error = ports_prepare(ss->ports);
	if (error < 0 && ports_used(ss->ports) == 0) {
		sessions_free(ss);
		errno = -error;
		return NULL;
	}
	return ss;
}

static void
leg_forget(struct sessions *ss, struct leg *leg)
{
	for (unsigned i = 0; i < leg->nends; i++)
		if (leg->ends[i] != NULL)
			end_detach(ss, leg->ends[i]);
	leg_unlist(leg);
	free(leg->ends);
	free(leg);
}

void
sessions_free(struct sessions *ss)
{
	if (ss == NULL)
		return;
	for (uint32_t i = 0; i < ss->nindex; i++) {
		struct session	*s = ss->by_index[i];

		if (s == NULL)
			continue;
		session_leave(ss, s);
		while (s->callees != NULL)
			leg_forget(ss, s->callees);
		if (s->caller != NULL)
			leg_forget(ss, s->caller);
		free(s);
	}
	relay_free(ss->relay);
	ports_free(ss->ports);
	records_close(ss->records);
	map_free(ss->by_ids);
	free(ss->by_index);
	free(ss);
}

void
sessions_limits(struct sessions *ss, const struct session_limits *l)
{
	ss->limits = *l;
}

void
sessions_drain(struct sessions *ss)
{
	ss->draining = true;
}

unsigned
sessions_count(const struct sessions *ss)
{
	return map_count(ss->by_ids);
}

unsigned
sessions_restored(const struct sessions *ss)
{
	return ss->restored;
}

const struct ports *
sessions_ports(const struct sessions *ss)
{
	return ss->ports;
}

const struct session *
sessions_next(const struct sessions *ss, uint32_t *cursor)
{
	while (*cursor < ss->nindex && ss->by_index[*cursor] == NULL)
		(*cursor)++;
	return *cursor < ss->nindex ? ss->by_index[(*cursor)++] : NULL;
}
