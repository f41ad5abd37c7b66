/*
 * bus_peer - questions that go out, until they are answered or it is too late.
 *
 * A question keeps its packed form: it is sent again to a new process of the peer,
 * and sent late when nobody was connected or a mark was reached. Its id names its
 * place in the table below a number that never comes twice, so an answer is found
 * without a search and an old one is recognised.
 */
#include "common/bus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/raised.h"
#include "common/stats.h"

#define OPEN_BITS	16
#define OPEN_MAX	(1U << OPEN_BITS)
#define CHUNK		1024
#define KEEP_MAX	8192		/* a free question's buffer */
/*
 * Who got the questions that went out before a first word came is not known: most
 * likely who speaks now, but he may be the next process already. Those that he has
 * not answered in this time are asked once more.
 */
#define DOUBT_TICKS	5

struct question {
	struct bus_peer	*peer;
	uint64_t	 id;		/* 0: not in use */
	bus_answer_fn	*fn;
	void		*arg;
	struct mono	 deadline;
	struct buf	 packed;
	uint32_t	 slot;
	uint32_t	 heap;		/* its place there */
	uint32_t	 frame;		/* of the peer's, that it was put into */
	bool		 unsent;
	struct question	*next;		/* while not in use */
};

static _Atomic uint64_t	next_number = 1;

/* ---- by deadline: a heap of all peers' questions ---- */

static void
heap_set(struct bus *b, uint32_t i, struct question *q)
{
	b->heap[i] = q;
	q->heap = i;
}

static void
heap_up(struct bus *b, uint32_t i, struct question *q)
{
	uint32_t	parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (!mono_before(q->deadline, b->heap[parent]->deadline))
			break;
		heap_set(b, i, b->heap[parent]);
	}
	heap_set(b, i, q);
}

static void
heap_down(struct bus *b, uint32_t i, struct question *q)
{
	uint32_t	child;

	while ((child = 2 * i + 1) < b->nheap) {
		if (child + 1 < b->nheap && mono_before(
		    b->heap[child + 1]->deadline, b->heap[child]->deadline))
			child++;
		if (!mono_before(b->heap[child]->deadline, q->deadline))
			break;
		heap_set(b, i, b->heap[child]);
		i = child;
	}
	heap_set(b, i, q);
}

static void
heap_put(struct bus *b, struct question *q)
{
	if (b->nheap == b->heap_size) {
		b->heap_size = b->heap_size > 0 ? 2 * b->heap_size : 256;
		b->heap = xrealloc(b->heap, b->heap_size, sizeof(*b->heap));
	}
	heap_up(b, b->nheap++, q);
}

static void
heap_remove(struct bus *b, struct question *q)
{
	struct question	*last = b->heap[--b->nheap];

	if (last == q)
		return;
	if (mono_before(last->deadline, q->deadline))
		heap_up(b, q->heap, last);
	else
		heap_down(b, q->heap, last);
}

/*
 * The timer is not moved when its question is answered: it fires once in a deadline
 * and looks for the next.
 */
static void
deadline_arm(struct bus *b)
{
	struct mono	first;
	int64_t		ms;

	if (b->nheap == 0)
		return;
	first = b->heap[0]->deadline;
	if (b->deadline_at.ns != 0 && !mono_before(first, b->deadline_at))
		return;
	b->deadline_at = first;
	ms = mono_ms_between(loop_now(b->loop), first) + 1;
	loop_timer_start(b->deadline, ms > 0 ? ms : 0, 0);
}

/* ---- the table of open questions ---- */

static void
questions_grow(struct bus_peer *p)
{
	struct question	*chunk = xcalloc(CHUNK, sizeof(*chunk));

	for (uint32_t i = CHUNK; i-- > 0;) {
		chunk[i].peer = p;
		chunk[i].slot = p->nchunks * CHUNK + i;
		chunk[i].next = p->unused;
		p->unused = &chunk[i];
	}
	p->chunks = xrealloc(p->chunks, p->nchunks + 1, sizeof(*p->chunks));
	p->chunks[p->nchunks++] = chunk;
}

static struct question *
question_new(struct bus_peer *p)
{
	struct question	*q;

	if (p->unused == NULL) {
		if (p->nchunks == OPEN_MAX / CHUNK)
			return NULL;
		questions_grow(p);
	}
	q = p->unused;
	p->unused = q->next;
	p->open++;
	return q;
}

static void
question_free(struct question *q)
{
	struct bus_peer	*p = q->peer;

	heap_remove(p->bus, q);
	q->id = 0;
	if (q->packed.size > KEEP_MAX)
		buf_fini(&q->packed);
	q->next = p->unused;
	p->unused = q;
	p->open--;
}

static inline struct question *
question_at(const struct bus_peer *p, uint32_t slot)
{
	return &p->chunks[slot / CHUNK][slot % CHUNK];
}

static struct question *
question_find(const struct bus_peer *p, uint64_t id)
{
	uint32_t	 slot = id & (OPEN_MAX - 1);
	struct question	*q;

	if (id == 0 || slot >= p->nchunks * CHUNK)
		return NULL;
	q = question_at(p, slot);
	return q->id == id ? q : NULL;
}

/* Ends the question; fn may ask anew. */
static void
question_answer(struct question *q, int error, enum msg_type type,
    const union msg *m)
{
	bus_answer_fn	*fn = q->fn;
	void		*arg = q->arg;

	question_free(q);
	fn(arg, error, type, m);
}

/* ---- sending ---- */

static void
question_send(struct question *q)
{
	struct bus_peer	*p = q->peer;

	if (p->dealer.blocked) {
		q->unsent = p->unsent = true;
		return;
	}
	q->unsent = false;
	q->frame = p->frame;
	bus_out_add_packed(&p->out, str_make(q->packed.s, q->packed.len));
	q->frame = p->frame;		/* the one before may have left */
}

/* Anew, with what is left of its time. */
static void
question_repeat(struct question *q)
{
	struct buf	copy = { 0 };
	struct unpack	u;
	uint32_t	n;
	uint64_t	type, raised;
	int64_t		ms;

	ms = mono_ms_between(loop_now(q->peer->bus->loop), q->deadline);
	if (ms <= 0)
		return;			/* its time-out is due */
	unpack_init(&u, q->packed.s, q->packed.len);
	n = unpack_array(&u);
	type = unpack_u64_bounded(&u, UINT64_MAX);
	unpack_u64_bounded(&u, UINT64_MAX);
	raised = unpack_u64_bounded(&u, UINT64_MAX) & BUS_RAISED;
	pack_array(&copy, n);
	pack_u64(&copy, type);
	pack_u64(&copy, q->id);
	pack_u64(&copy, (uint64_t)ms | raised);
	buf_add(&copy, u.p, u.end - u.p);
	buf_fini(&q->packed);
	q->packed = copy;
	question_send(q);
}

/*
 * Those that no process of the peer has got, or those that were in its frames
 * before that one.
 */
static void
questions_repeat(struct bus_peer *p, bool unsent, uint32_t before)
{
	struct question	*q;

	bus_out_flush(&p->out);
	for (uint32_t i = 0; i < p->nchunks * CHUNK; i++) {
		q = question_at(p, i);
		if (q->id == 0 || q->unsent != unsent ||
		    (!unsent && (int32_t)(q->frame - before) >= 0))
			continue;
		if (!unsent) {
			p->bus->figures.repeated++;
			stats->bus_repeated++;
		}
		question_repeat(q);
	}
}

static void
peer_writable(void *arg)
{
	struct bus_peer	*p = arg;

	if (!p->unsent)
		return;
	p->unsent = false;
	questions_repeat(p, true, 0);
}

/* Nobody is there, or no room: the frame's questions wait. */
static void
frame_unsent(struct bus_peer *p)
{
	struct question	*q;

	for (uint32_t i = 0; i < p->nchunks * CHUNK; i++) {
		q = question_at(p, i);
		if (q->id != 0 && q->frame == p->frame)
			q->unsent = p->unsent = true;
	}
}

static void
peer_send(struct bus_out *o)
{
	struct bus_peer	*p = o->arg;

	if (bus_sock_send(&p->dealer, STR_NONE,
	    str_make(o->buf.s, o->buf.len)) < 0) {
		p->bus->figures.undelivered++;
		p->dealer.blocked = true;
		frame_unsent(p);
	}
	p->frame++;
}

/* ---- asking ---- */

static uint64_t
ask_failed(struct bus *b, int error, bus_answer_fn *fn, void *arg)
{
	uint64_t	id = atomic_fetch_add_explicit(&next_number, 1,
			    memory_order_relaxed) << OPEN_BITS;

	if (b->nfailed == b->failed_size) {
		b->failed_size = b->failed_size > 0 ? 2 * b->failed_size : 16;
		b->failed = xrealloc(b->failed, b->failed_size,
		    sizeof(*b->failed));
	}
	b->failed[b->nfailed++] = (struct bus_failed){ id, error, fn, arg };
	return id;
}

uint64_t
bus_ask(struct bus_peer *p, enum msg_type type, void *question,
    uint32_t deadline_ms, bus_answer_fn *fn, void *arg)
{
	struct msg_question	*head = question;
	struct question		*q = question_new(p);

	if (q == NULL)
		return ask_failed(p->bus, -ENOBUFS, fn, arg);
	q->id = atomic_fetch_add_explicit(&next_number, 1,
	    memory_order_relaxed) << OPEN_BITS | q->slot;
	q->fn = fn;
	q->arg = arg;
	q->deadline = mono_add_ms(loop_now(p->bus->loop), deadline_ms);
	heap_put(p->bus, q);
	head->id = q->id;
	head->deadline_ms = deadline_ms;
	if (raised_level(head->call) != 0)
		head->deadline_ms |= BUS_RAISED;
	buf_clear(&q->packed);
	msg_pack(&q->packed, type, question);
	if (q->packed.len > FRAME_MAX - 64) {
		question_free(q);
		return ask_failed(p->bus, -EMSGSIZE, fn, arg);
	}
	deadline_arm(p->bus);
	question_send(q);
	return q->id;
}

void
bus_forget(struct bus_peer *p, uint64_t id)
{
	struct question	*q = question_find(p, id);
	struct bus	*b = p->bus;

	if (q != NULL) {
		question_free(q);
		return;
	}
	for (uint32_t i = 0; i < b->nfailed; i++)
		if (b->failed[i].id == id)
			b->failed[i].fn = NULL;
}

void
bus_cancel(struct bus_peer *p)
{
	struct question	*q;

	for (uint32_t i = 0; i < p->nchunks * CHUNK; i++)
		if ((q = question_at(p, i))->id != 0)
			question_answer(q, -ECANCELED, MSG_NONE, NULL);
	bus_peers_fail(p->bus);
}

void
bus_peers_fail(struct bus *b)
{
	struct bus_failed	f;
	uint32_t		n = b->nfailed;

	for (uint32_t i = 0; i < n; i++) {
		f = b->failed[i];	/* the callback may add more */
		if (f.fn != NULL)
			f.fn(f.arg, f.error, MSG_NONE, NULL);
	}
	b->nfailed -= n;
	if (b->nfailed > 0)
		memmove(b->failed, b->failed + n,
		    b->nfailed * sizeof(*b->failed));
}

void
bus_peers_deadline(struct bus *b)
{
	struct mono	 now = loop_now(b->loop);
	struct question	*q;

	b->deadline_at = (struct mono){ 0 };
	while (b->nheap > 0 && !mono_before(now, (q = b->heap[0])->deadline)) {
		b->figures.timed_out++;
		stats->bus_timed_out++;
		question_answer(q, -ETIMEDOUT, MSG_NONE, NULL);
	}
	deadline_arm(b);
}

/* ---- answers ---- */

static int
answer_in(struct bus_peer *p, struct str packed)
{
	struct question	*q;
	struct unpack	 u;
	union msg	 m;
	uint64_t	 id;
	int		 type, r;

	unpack_init(&u, packed.s, packed.len);
	if (msg_peek_id(&u, &type, &id) < 0)
		return -EBADMSG;
	p->bus->figures.messages_in++;
	q = question_find(p, id);
	if (q == NULL)
		return 0;		/* too late, or of a repeated question */
	r = msg_is_question(type) ? -EBADMSG : msg_unpack(&u, &m);
	question_answer(q, r < 0 ? -EBADMSG : 0, r < 0 ? MSG_NONE : r,
	    r < 0 ? NULL : &m);
	return r < 0 && r != -ENOTSUP ? -EBADMSG : 0;
}

static void
peer_in(void *arg, struct str id, struct str frame)
{
	struct bus_peer	*p = arg;
	struct unpack	 u;
	struct str	 packed;
	uint64_t	 epoch;
	int		 r;

	p->bus->figures.frames_in++;
	unpack_init(&u, frame.s, frame.len);
	epoch = unpack_u64_bounded(&u, UINT64_MAX);
	while ((r = bus_frame_next(&u, &packed)) > 0)
		if ((r = answer_in(p, packed)) < 0)
			break;
	if (r < 0)
		bus_bad_frame(p->bus, p->name, "not answers");
	if (epoch != 0)
		bus_peer_seen(p, epoch);	/* after its answers */
}

/* ---- the peer ---- */

void
bus_peer_seen(struct bus_peer *p, uint64_t epoch)
{
	bool	first = p->epoch == 0;

	if (epoch == p->former)
		return;			/* the last words of a former process */
	p->age = 0;
	if (epoch == p->epoch)
		return;
	p->former = p->epoch;
	p->epoch = epoch;
	if (p->open > 0 && first) {
		p->doubt = DOUBT_TICKS;
		p->doubtful = p->frame;
	} else if (p->open > 0) {
		log_low("BUS", 0, "%s: new process: %u questions repeated",
		    p->name, p->open);
		questions_repeat(p, false, p->frame + 1);
	}
	bus_follow_epoch(p);
}

void
bus_peer_tick(struct bus_peer *p)
{
	if (p->age <= BUS_DEAD_TICKS)
		p->age++;
	if (p->doubt > 0 && --p->doubt == 0)
		questions_repeat(p, false, p->doubtful);
}

struct bus_peer *
bus_peer_new(struct bus *b, const char *name, const char *endpoint)
{
	struct bus_peer	*p = xcalloc(1, sizeof(*p));
	char		 feed[512];
	int		 n;

	p->bus = b;
	p->name = xstrdup(name);
	p->age = BUS_DEAD_TICKS + 1;
	bus_out_init(&p->out, b);
	p->out.open = bus_epoch_open;
	p->out.send = peer_send;
	p->out.arg = p;
	p->dealer.in = peer_in;
	p->dealer.writable = peer_writable;
	p->dealer.arg = p;
	p->sub.in = bus_follow_in;
	p->sub.arg = p;
	n = snprintf(feed, sizeof(feed), "%s.feed", endpoint);
	if (n >= (int)sizeof(feed) ||
	    bus_sock_open(&p->dealer, b, BUS_DEALER, endpoint) < 0 ||
	    bus_sock_open(&p->sub, b, BUS_SUB, feed) < 0)
		fatal("bus: %s: bad endpoint %s", name, endpoint);
	bus_sock_subscribe(&p->sub, FEED_HEARTBEAT, true);
	TAILQ_INSERT_TAIL(&b->peers, p, entry);
	return p;
}

void
bus_peer_free(struct bus_peer *p)
{
	TAILQ_REMOVE(&p->bus->peers, p, entry);
	bus_sock_close(&p->dealer);
	bus_sock_close(&p->sub);
	bus_out_fini(&p->out);
	for (uint32_t i = 0; i < p->nchunks; i++) {
		for (uint32_t j = 0; j < CHUNK; j++)
			buf_fini(&p->chunks[i][j].packed);
		free(p->chunks[i]);
	}
	free(p->chunks);
	free(p->name);
	free(p);
}

bool
bus_peer_alive(const struct bus_peer *p)
{
	return p->age <= BUS_DEAD_TICKS;
}

uint64_t
bus_peer_epoch(const struct bus_peer *p)
{
	return p->epoch;
}

uint32_t
bus_peer_open(const struct bus_peer *p)
{
	return p->open;
}
