/*
 * feed - the stream of changes of our state, and its snapshots.
 *
 * A frame is a topic octet ('H', 'R', 'B': small msgpack integers themselves), our
 * epoch, the number of its first change, then the changes, each in a bin. A
 * heartbeat is a frame without changes: it names the change that comes next, so a
 * follower that missed the last one sees it. Those who only want to know whether
 * we live take 'H' and get no records.
 */
#include "common/bus.h"

#include <errno.h>
#include <stdlib.h>

#include "common/bus_internal.h"
#include "common/log.h"

#define GATHER_US	5000
#define PART_GOOD	(64 * 1024)
#define PART_RECORDS	1024
#define RECORD_MAX	(384 * 1024)

static void
head(struct buf *b, const struct feed *f, uint8_t topic, uint64_t next)
{
	pack_u64(b, topic);
	pack_u64(b, f->bus->epoch);
	pack_u64(b, next);
}

static void
heartbeat(struct feed *f, uint8_t topic, uint64_t next)
{
	struct buf	b = { 0 };

	head(&b, f, topic, next);
	bus_sock_send(&f->sock, STR_NONE, str_make(b.s, b.len));
	buf_fini(&b);
}

static void
heartbeats(struct feed *f)
{
	struct feed_stream	*s;

	if (f->listeners > 0)
		heartbeat(f, FEED_HEARTBEAT, f->streams[0].next);
	for (unsigned i = 0; i < FEED_STREAMS; i++) {
		s = &f->streams[i];
		bus_out_flush(&s->out);		/* the numbers stay in order */
		if (s->followers > 0)
			heartbeat(f, s->topic, s->next);
	}
}

void
feed_tick(struct feed *f)
{
	heartbeats(f);
}

/* A subscription: 1 and the topic, or 0 and the topic when it ends. */
static void
feed_in(void *arg, struct str id, struct str frame)
{
	struct feed	*f = arg;
	uint32_t	*count = NULL;

	if (frame.len != 2)
		return;
	if (frame.s[1] == FEED_HEARTBEAT)
		count = &f->listeners;
	for (unsigned i = 0; i < FEED_STREAMS; i++)
		if ((uint8_t)frame.s[1] == f->streams[i].topic)
			count = &f->streams[i].followers;
	if (count == NULL)
		return;
	if (frame.s[0] == 1) {
		(*count)++;
		heartbeats(f);
	} else if (*count > 0)
		(*count)--;
}

static void
feed_open(struct bus_out *o)
{
	const struct feed_stream	*s = o->arg;

	head(&o->buf, s->feed, s->topic, s->next);
}

static void
feed_send(struct bus_out *o)
{
	struct feed_stream	*s = o->arg;

	bus_sock_send(&s->feed->sock, STR_NONE, str_make(o->buf.s, o->buf.len));
}

static void
stream_init(struct feed_stream *s, struct feed *f, uint8_t topic)
{
	s->feed = f;
	s->topic = topic;
	s->next = 1;
	bus_out_init(&s->out, f->bus);
	s->out.fixed_us = GATHER_US;
	s->out.open = feed_open;
	s->out.send = feed_send;
	s->out.arg = s;
}

int
feed_new(struct bus *b, const char *endpoint, struct feed **out)
{
	struct feed	*f = xcalloc(1, sizeof(*f));
	int		 r;

	f->bus = b;
	f->sock.in = feed_in;
	f->sock.arg = f;
	r = bus_sock_open(&f->sock, b, BUS_XPUB, endpoint);
	if (r < 0) {
		free(f);
		return r;
	}
	stream_init(&f->streams[0], f, FEED_RECORDS);
	stream_init(&f->streams[1], f, FEED_BULK);
	TAILQ_INSERT_TAIL(&b->feeds, f, entry);
	*out = f;
	return 0;
}

void
feed_bulk(struct feed *f, enum msg_type type)
{
	f->bulk = type;
}

/*
 * Without followers nothing is packed. One that has just come learns the number
 * from its first heartbeat, which answers its subscription.
 */
void
feed_publish(struct feed *f, enum msg_type type, const void *record)
{
	struct feed_stream	*s = &f->streams[type == f->bulk];

	if (s->followers > 0 && bus_out_add(&s->out, type, record) < 0)
		log_problem("BUS", "a record of type %s is too big for the feed",
		    msg_name(type));
	s->next++;
}

uint32_t
feed_followers(const struct feed *f)
{
	return f->streams[0].followers;
}

/* ---- snapshots ---- */

bool
feed_emit(struct feed *f, enum msg_type type, const void *record)
{
	size_t	begin = f->part.len;

	msg_pack(&f->part, type, record);
	if (f->part.len - begin > RECORD_MAX) {
		log_problem("BUS", "a record of type %s is too big for a snapshot",
		    msg_name(type));
		f->part.len = begin;
		return true;
	}
	f->ends[f->nends++] = f->part.len;
	/* Two at least, so that a walk that takes the last for refused goes on. */
	return f->nends < PART_RECORDS &&
	    (f->part.len < PART_GOOD || f->nends < 2);
}

static void
snapshot(void *arg, struct bus_ticket t, const union msg *m)
{
	struct feed			*f = arg;
	struct msg_snapshot_part	 part = { 0 };
	struct rec_packed		*records;
	size_t				 begin = 0;

	buf_clear(&f->part);
	f->nends = 0;
	part.number = f->streams[0].next - 1;
	part.next = f->walk(f->arg, m->snapshot.cursor, f);
	records = xcalloc(f->nends + 1, sizeof(*records));
	for (uint32_t i = 0; i < f->nends; i++) {
		records[i].message = str_make(f->part.s + begin,
		    f->ends[i] - begin);
		begin = f->ends[i];
	}
	part.records.v = records;
	part.records.n = f->nends;
	bus_answer(t, MSG_SNAPSHOT_PART, &part);
	free(records);
}

void
feed_serve(struct feed *f, struct bus_server *s, feed_walk_fn *walk, void *arg)
{
	static const struct bus_handler	table[] = {
		{ MSG_SNAPSHOT, snapshot },
		{ 0 }
	};

	f->walk = walk;
	f->arg = arg;
	if (f->ends == NULL)
		f->ends = xcalloc(PART_RECORDS + 1, sizeof(*f->ends));
	bus_handlers_add(s, table, f);
}

void
feed_free(struct feed *f)
{
	TAILQ_REMOVE(&f->bus->feeds, f, entry);
	bus_sock_close(&f->sock);
	for (unsigned i = 0; i < FEED_STREAMS; i++)
		bus_out_fini(&f->streams[i].out);
	buf_fini(&f->part);
	free(f->ends);
	free(f);
}
