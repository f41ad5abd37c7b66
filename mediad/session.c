/*
 * session - sessions: made, found, saved, removed, and all of them together.
 *
 * handlers.c asks, exchange.c decides what a body changes, restore.c makes all of
 * this again from the records; end.c and leg.c keep the parts. Whatever is changed
 * is saved at once; the order of the saves is such that a kill between two of them
 * leaves records that name no living owner, and those count as free.
 */
#include "mediad/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/notes.h"
#include "common/stats.h"
#include "mediad/quality.h"
#include "mediad/session_own.h"
#include "mediad/steer.h"

static struct str
session_key(const void *object)
{
	const struct session	*s = object;

	return str_make(s->ids, s->rec->call_id_len + 1 + s->rec->tag_len);
}

struct str
session_call_id(const struct session *s)
{
	return str_make(s->ids, s->rec->call_id_len);
}

struct str
session_caller_tag(const struct session *s)
{
	return str_make(s->ids + s->rec->call_id_len + 1, s->rec->tag_len);
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
	user_count(ss, s->user, 1);
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
    uint64_t user, struct mono now)
{
	struct session	*s;
	uint32_t	 index;
	char		*ids;

	if (!ids_fit(call_id, tag))
		return NULL;
	index = records_session_take(ss->records);
	if (index == UINT32_MAX)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->index = index;
	s->rec = records_session(ss->records, index);
	ids = records_ids(ss->records, index, call_id.len + 1 + tag.len);
	ids_write(ids, call_id, tag);
	s->ids = ids;
	s->rec->call_id_len = call_id.len;
	s->rec->tag_len = tag.len;
	s->rec->user = s->user = user;
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

bool
session_has_branch(const struct sessions *ss, const struct session *s,
    struct str branch)
{
	uint8_t	hash[16];

	records_branch(ss->records, branch, hash);
	return leg_find(s, hash) != NULL;
}

bool
sessions_refresh(struct sessions *ss, struct str call_id, struct str tag,
    struct mono now)
{
	struct session	*s = session_find(ss, call_id, tag);

	if (s == NULL)
		return false;
	s->signalled = now;
	s->no_rtp = s->no_rtcp = false;
	session_save(s);
	return true;
}

/* Out of the tables of this process. */
static void
session_leave(struct sessions *ss, struct session *s)
{
	map_remove(ss->by_ids, session_key(s));
	user_count(ss, s->user, -1);
	if (s->one_way)
		stats->media_one_way--;
	ss->by_index[s->index] = NULL;
	stats->media_sessions--;
}

void
session_free(struct sessions *ss, struct session *s)
{
	quality_note(s);
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

/* ---- all of them ---- */

/* A few times in a call's life, never for each packet. */
static void
tell_source(const struct end *e, const struct addr *source)
{
	char	buf[ADDR_TEXT_MAX];

	note(0, id_call(session_call_id(e->leg->session)), mono_now(),
	    "MEDIA", STR("the "), str_of(leg_party(e->leg)),
	    STR("'s media come from "), addr_print(source, buf));
}

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
	if (f->learn.state == LEARN_LOCKED && !f->rtcp)
		tell_source(e, &f->learn.source);
}

static bool
source_is_own(void *arg, const struct addr *from)
{
	const struct sessions	*ss = arg;

	return sides_own(ss->sides, from);
}

/* Before sessions are restored. Where the kernel won't: ports have sockets anyway. */
static void
sides_steer(struct sessions *ss)
{
	unsigned	n = ss->limits.steer ? sides_count(ss->sides) : 0;
	int		error = 0, last = 0;

	for (unsigned i = 0; i < n; i++) {
		error = relay_steer(ss->relay, ports_addr(sides_at(ss->sides, i)), i);
		if (error == 0)
			ss->steered++;
		else
			last = error;
	}
	for (unsigned i = n; i < SIDES_MAX; i++)
		steer_forget(i);
	if (last < 0)
		log_major("MEDIA", "packets of %u of %u addresses are not steered by "
		    "the kernel (%s): a socket for each port", n - ss->steered, n,
		    strerror(-last));
}

struct sessions *
sessions_new(struct loop *l, const struct set_media *media,
    const struct session_limits *limits, session_ended_fn *ended, void *arg,
    unsigned *which)
{
	struct sessions	*ss = xcalloc(1, sizeof(*ss));
	bool		 adopted = false;
	int		 error;

	ss->limits = *limits;
	ss->ended = ended;
	ss->arg = arg;
	ss->by_ids = map_new(session_key);
	users_open(ss);
	ss->sides = sides_new(media);
	ss->relay = relay_new(l, flow_moved, source_is_own, ss);
	ss->records = records_open(&adopted);
	if (ss->relay == NULL || ss->records == NULL) {
		error = errno;
		sessions_free(ss);
		errno = error;
		return NULL;
	}
	sides_adopt(ss->sides);
	sides_steer(ss);
	if (adopted)
		sessions_restore(ss);
	sides_restored(ss->sides);
	error = sides_prepare(ss->sides, which);
	if (error < 0) {
		sessions_free(ss);
		errno = -error;
		return NULL;
	}
	return ss;
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
	sides_free(ss->sides);
	records_close(ss->records);
	map_free(ss->by_ids);
	users_close(ss);
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

unsigned
sessions_steered(const struct sessions *ss)
{
	return ss->steered;
}

const struct sides *
sessions_sides(const struct sessions *ss)
{
	return ss->sides;
}

const struct session *
sessions_next(const struct sessions *ss, uint32_t *cursor)
{
	while (*cursor < ss->nindex && ss->by_index[*cursor] == NULL)
		(*cursor)++;
	return *cursor < ss->nindex ? ss->by_index[(*cursor)++] : NULL;
}

static void
leg_ports(const struct leg *leg, struct text *out)
{
	for (unsigned i = 0; i < leg->nends; i++)
		if (leg->ends[i] != NULL)
			text_printf(out, "%s%u", out->len > 0 ? " " : "",
			    leg->ends[i]->pair->port);
}

void
sessions_ports(const struct sessions *ss, struct str call_id, struct str caller_tag,
    struct text *out)
{
	const struct session	*s = session_find(ss, call_id, caller_tag);

	if (s == NULL)
		return;
	if (s->caller != NULL)
		leg_ports(s->caller, out);
	for (const struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		leg_ports(leg, out);
}
