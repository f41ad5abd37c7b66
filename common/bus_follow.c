/*
 * bus_follow - the state of a peer, kept here: a snapshot, then its changes.
 *
 * The first frame of the feed proves that the subscription stands; only then the
 * snapshot is asked for, part by part, while changes are applied as they come
 * (records are whole and newer wins). A gap in the numbers, or a new process of
 * the peer, begins anew. What fails is tried again with the next heartbeat.
 */
#include "common/bus.h"

#include <errno.h>

#include "common/bus_internal.h"
#include "common/log.h"

#define PART_DEADLINE_MS	3000

static void	part_in(void *arg, int error, enum msg_type type,
		    const union msg *m);

static void
part_ask(struct bus_peer *p, uint64_t cursor)
{
	struct msg_snapshot	q = { .cursor = cursor };

	p->follow.question = bus_ask(p, MSG_SNAPSHOT, &q, PART_DEADLINE_MS,
	    part_in, p);
}

static void
follow_begin(struct bus_peer *p)
{
	struct follow	*w = &p->follow;

	if (w->question != 0)
		bus_forget(p, w->question);
	w->state = FOLLOW_ASKS;
	w->f->begin(w->arg);
	part_ask(p, 0);
}

static bool
wanted(const struct feed_follower *f, int type)
{
	const enum msg_type	*t = f->types;

	if (t == NULL || type < 0)
		return true;		/* < 0: unpacking says what is wrong */
	while (*t != MSG_NONE && (int)*t != type)
		t++;
	return *t != MSG_NONE;
}

/* Whether the follower has this record already; one that is bad it has not. */
static bool
known(struct bus_peer *p, struct unpack u)
{
	const struct feed_follower	*f = p->follow.f;
	struct str			 key;
	uint64_t			 version;

	if (f->knows == NULL)
		return false;
	unpack_array(&u);
	unpack_u64_bounded(&u, UINT64_MAX);	/* the type */
	key = unpack_str_raw(&u, MSG_STR_MAX);
	version = unpack_u64_bounded(&u, UINT64_MAX);
	return u.error == 0 && f->knows(p->follow.arg, key, version);
}

/* Gives the record to the follower; -EBADMSG. One of a newer version is skipped. */
static int
record_in(struct bus_peer *p, struct str packed, bool inner)
{
	struct unpack	u;
	union msg	m;
	int		type;

	unpack_init(&u, packed.s, packed.len);
	if (!wanted(p->follow.f, msg_peek_type(&u)))
		return 0;
	if (known(p, u))
		return 0;
	type = inner ? msg_unpack_inner(&u, &m) : msg_unpack(&u, &m);
	if (type == -ENOTSUP)
		return 0;
	if (type < 0 || msg_is_question(type))
		return -EBADMSG;
	p->bus->figures.messages_in++;
	p->follow.f->record(p->follow.arg, type, &m);
	return 0;
}

static void
part_in(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct bus_peer	*p = arg;
	struct follow	*w = &p->follow;
	uint64_t	 next;

	w->question = 0;
	if (error != 0 || type != MSG_SNAPSHOT_PART) {
		w->state = FOLLOW_WAITS;
		log_low("BUS", 0, "%s: no snapshot yet", p->name);
		return;
	}
	next = m->snapshot_part.next;	/* the arena is the records' below */
	for (uint32_t i = 0; i < m->snapshot_part.records.n; i++)
		if (record_in(p, m->snapshot_part.records.v[i].message,
		    true) < 0)
			bus_bad_frame(p->bus, p->name, "not a record");
	if (next != 0) {
		part_ask(p, next);
		return;
	}
	w->state = FOLLOW_SYNCED;
	log_low("BUS", 0, "%s: the snapshot is in", p->name);
	w->f->complete(w->arg);
}

/* Has a frame of each stream come? Until then a change could be missed. */
static bool
all_heard(const struct follow *w)
{
	return w->next[0] != 0 && (!w->f->bulk || w->next[1] != 0);
}

/* The changes of a frame of that stream, whose first one is number first. */
static int
changes_in(struct bus_peer *p, struct unpack *u, unsigned stream, uint64_t first)
{
	struct follow	*w = &p->follow;
	struct str	 packed;
	int		 r;

	if (w->state != FOLLOW_WAITS && first != w->next[stream]) {
		p->bus->figures.gaps++;
		log_rate(LOG_PROBLEMS, "BUS", "%s: changes missed, "
		    "taking a snapshot", p->name);
		w->state = FOLLOW_WAITS;
	}
	w->next[stream] = first;
	if (w->state == FOLLOW_WAITS && all_heard(w))
		follow_begin(p);
	while ((r = bus_frame_next(u, &packed)) > 0) {
		w->next[stream]++;
		if ((r = record_in(p, packed, false)) < 0)
			break;
	}
	return r;
}

void
bus_follow_in(void *arg, struct str id, struct str frame)
{
	struct bus_peer	*p = arg;
	struct unpack	 u;
	uint64_t	 topic, epoch, number;

	p->bus->figures.frames_in++;
	unpack_init(&u, frame.s, frame.len);
	topic = unpack_u64_bounded(&u, UINT8_MAX);
	epoch = unpack_u64_bounded(&u, UINT64_MAX);
	number = unpack_u64_bounded(&u, UINT64_MAX);
	if (u.error != 0 || epoch == 0) {
		bus_bad_frame(p->bus, p->name, "not of a feed");
		return;
	}
	bus_peer_seen(p, epoch);
	if ((topic != FEED_RECORDS && topic != FEED_BULK) ||
	    p->follow.state == FOLLOW_NOT || epoch != p->epoch)
		return;
	if (changes_in(p, &u, topic == FEED_BULK, number) < 0)
		bus_bad_frame(p->bus, p->name, "not records");
}

/* What the old process said no longer counts; its snapshot is not finished. */
void
bus_follow_epoch(struct bus_peer *p)
{
	if (p->follow.state == FOLLOW_NOT)
		return;
	if (p->follow.question != 0)
		bus_forget(p, p->follow.question);
	p->follow.question = 0;
	p->follow.state = FOLLOW_WAITS;
	p->follow.next[0] = p->follow.next[1] = 0;
}

void
bus_peer_follow(struct bus_peer *p, const struct feed_follower *f, void *arg)
{
	p->follow.f = f;
	p->follow.arg = arg;
	p->follow.state = FOLLOW_WAITS;
	bus_sock_subscribe(&p->sub, FEED_HEARTBEAT, false);
	if (f->bulk)
		bus_sock_subscribe(&p->sub, FEED_BULK, true);
	bus_sock_subscribe(&p->sub, FEED_RECORDS, true);
}

bool
bus_peer_synced(const struct bus_peer *p)
{
	return p->follow.state == FOLLOW_SYNCED;
}
