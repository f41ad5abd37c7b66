/*
 * bus - sockets between the daemons, and when a frame leaves.
 *
 * The only file that includes zmq.h. A ZeroMQ descriptor says "look" once, not
 * "there is something" as long as there is: any call on its socket may swallow
 * the signal. So a socket that was touched is dirty, and the turn's end reads it
 * until it has nothing more.
 *
 * When a mark is reached nothing waits and nobody dies: an asker keeps its
 * questions and sends them when there is room; an answer is dropped and counted
 * (its asker times out); a feed's change is dropped by ZeroMQ, and the follower
 * sees the gap and takes a snapshot.
 */
#include "common/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/stats.h"

#define FRAMES_A_TURN	64		/* read from one socket, then others */
#define FRAME_GOOD	(64 * 1024)	/* octets: leaves without waiting */
#define FRAME_MESSAGES	512
#define HWM_QUESTIONS	256		/* frames, each way */
#define HWM_FEED	4096

struct bus_context {
	void	*zmq;
};

struct bus_context *
bus_context_new(void)
{
	struct bus_context	*c = xcalloc(1, sizeof(*c));

	c->zmq = zmq_ctx_new();
	if (c->zmq == NULL)
		fatal("bus: %s", zmq_strerror(errno));
	zmq_ctx_set(c->zmq, ZMQ_BLOCKY, 0);
	return c;
}

void
bus_context_free(struct bus_context *c)
{
	if (c == NULL)
		return;
	while (zmq_ctx_term(c->zmq) < 0 && errno == EINTR)
		;
	free(c);
}

/* ---- sockets ---- */

/* ZeroMQ has error numbers of its own. */
static int
zmq_error(void)
{
	return errno > 0 && errno < ZMQ_HAUSNUMERO ? -errno : -EIO;
}

static void
option(void *zmq, int name, int value)
{
	if (zmq_setsockopt(zmq, name, &value, sizeof(value)) < 0)
		fatal("bus: option %d: %s", name, zmq_strerror(errno));
}

static void
options(struct bus_sock *s)
{
	static const int	types[] = {
		[BUS_DEALER] = ZMQ_DEALER, [BUS_ROUTER] = ZMQ_ROUTER,
		[BUS_XPUB] = ZMQ_XPUB, [BUS_SUB] = ZMQ_SUB,
	};
	int64_t	max = FRAME_MAX;
	int	hwm = HWM_QUESTIONS;

	s->zmq = zmq_socket(s->bus->context->zmq, types[s->kind]);
	if (s->zmq == NULL)
		fatal("bus: socket: %s", zmq_strerror(errno));
	if (s->kind == BUS_XPUB || s->kind == BUS_SUB)
		hwm = HWM_FEED;
	option(s->zmq, ZMQ_LINGER, 0);
	option(s->zmq, ZMQ_SNDHWM, hwm);
	option(s->zmq, ZMQ_RCVHWM, hwm);
	option(s->zmq, ZMQ_RECONNECT_IVL, 5);
	option(s->zmq, ZMQ_RECONNECT_IVL_MAX, 100);
	option(s->zmq, ZMQ_IMMEDIATE, 1);
	if (zmq_setsockopt(s->zmq, ZMQ_MAXMSGSIZE, &max, sizeof(max)) < 0)
		fatal("bus: option: %s", zmq_strerror(errno));
	if (s->kind == BUS_ROUTER)	/* else what it drops cannot be counted */
		option(s->zmq, ZMQ_ROUTER_MANDATORY, 1);
	if (s->kind == BUS_XPUB)	/* every follower's coming and going */
		option(s->zmq, ZMQ_XPUB_VERBOSER, 1);
}

/* One frame, which of a ROUTER comes after its sender's id. False: none. */
static bool
frame_read(struct bus_sock *s)
{
	zmq_msg_t	id, frame, rest;
	bool		more;

	zmq_msg_init(&id);
	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, s->zmq, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&frame);
		return false;
	}
	more = zmq_msg_more(&frame);
	if (s->kind == BUS_ROUTER && more) {
		zmq_msg_move(&id, &frame);
		more = zmq_msg_recv(&frame, s->zmq, ZMQ_DONTWAIT) >= 0 &&
		    zmq_msg_more(&frame);
	}
	if (more) {
		bus_bad_frame(s->bus, "stranger", "more than one part");
		do {
			zmq_msg_init(&rest);
			more = zmq_msg_recv(&rest, s->zmq, ZMQ_DONTWAIT) >= 0 &&
			    zmq_msg_more(&rest);
			zmq_msg_close(&rest);
		} while (more);
	} else
		s->in(s->arg,
		    str_make(zmq_msg_data(&id), zmq_msg_size(&id)),
		    str_make(zmq_msg_data(&frame), zmq_msg_size(&frame)));
	zmq_msg_close(&id);
	zmq_msg_close(&frame);
	return true;
}

static bool
sock_can_send(struct bus_sock *s)
{
	int	events = 0;
	size_t	n = sizeof(events);

	return zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &n) == 0 &&
	    (events & ZMQ_POLLOUT);
}

/*
 * Reading until there is nothing also takes the socket's commands, so that its
 * descriptor speaks up for what comes after.
 */
static void
sock_drain(struct bus_sock *s)
{
	unsigned	n;

	s->dirty = false;
	for (n = 0; n < FRAMES_A_TURN && frame_read(s); n++)
		s->bus->handled = true;
	if (n == FRAMES_A_TURN)
		s->dirty = true;
	if (s->blocked && sock_can_send(s)) {
		s->blocked = false;
		s->writable(s->arg);
	}
}

static void
sock_ready(void *arg, unsigned events)
{
	sock_drain(arg);
}

int
bus_sock_open(struct bus_sock *s, struct bus *b, enum bus_sock_kind kind,
    const char *endpoint)
{
	int	fd, r;
	size_t	n = sizeof(fd);

	s->bus = b;
	s->kind = kind;
	options(s);
	if (kind == BUS_ROUTER || kind == BUS_XPUB)
		r = zmq_bind(s->zmq, endpoint);
	else
		r = zmq_connect(s->zmq, endpoint);
	if (r < 0) {
		r = zmq_error();
		zmq_close(s->zmq);
		s->zmq = NULL;
		return r;
	}
	if (zmq_getsockopt(s->zmq, ZMQ_FD, &fd, &n) < 0)
		fatal("bus: descriptor: %s", zmq_strerror(errno));
	s->io = loop_io_new(b->loop, fd, LOOP_READ, sock_ready, s);
	s->dirty = true;
	TAILQ_INSERT_TAIL(&b->socks, s, entry);
	return 0;
}

void
bus_sock_close(struct bus_sock *s)
{
	if (s->zmq == NULL)
		return;
	TAILQ_REMOVE(&s->bus->socks, s, entry);
	loop_io_free(s->io);
	zmq_close(s->zmq);
	s->zmq = NULL;
}

void
bus_sock_subscribe(struct bus_sock *s, uint8_t topic, bool on)
{
	if (zmq_setsockopt(s->zmq, on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, &topic,
	    1) < 0)
		fatal("bus: subscribe: %s", zmq_strerror(errno));
	s->dirty = true;
}

int
bus_sock_send(struct bus_sock *s, struct str id, struct str frame)
{
	int	r = 0;

	s->dirty = true;
	if (s->kind == BUS_ROUTER)
		r = zmq_send(s->zmq, id.s, id.len, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	if (r >= 0)
		r = zmq_send(s->zmq, frame.s, frame.len, ZMQ_DONTWAIT);
	if (r < 0) {
		s->blocked = errno == EAGAIN && s->writable != NULL;
		return zmq_error();
	}
	s->bus->figures.frames_out++;
	return 0;
}

/* ---- frames on their way out ---- */

void
bus_out_init(struct bus_out *o, struct bus *b)
{
	o->bus = b;
	o->last = mono_add_ms(loop_now(b->loop), -1000);
}

void
bus_out_fini(struct bus_out *o)
{
	if (o->n > 0)
		TAILQ_REMOVE(&o->bus->outs, o, entry);
	o->n = 0;
	buf_fini(&o->buf);
}

void
bus_epoch_open(struct bus_out *o)
{
	pack_u64(&o->buf, o->bus->epoch);
}

/*
 * A window pays when frames would follow each other closely, and only as long as
 * it gathers something: an asker that waits for each answer before it asks again
 * would just be slowed down. So one that gathered nothing closes at once, and
 * opens again later each time.
 */
#define WINDOW_FIRST_US	250
#define WINDOW_MAX_US	1000
#define OPEN_BELOW_US	300		/* between messages, on average */
#define CLOSE_ABOVE_US	400
#define STREAK		4
#define PENALTY_MAX	64

void
bus_out_adapt(struct bus_out *o, int64_t dt_us)
{
	if (o->window_us == 0) {
		if (dt_us >= (int64_t)o->n * OPEN_BELOW_US)
			o->streak = 0;
		else if (++o->streak >= STREAK + o->penalty) {
			o->streak = 0;
			o->window_us = WINDOW_FIRST_US;
		}
	} else if (o->n < 2 || dt_us > (int64_t)o->n * CLOSE_ABOVE_US) {
		o->window_us = 0;
		o->penalty = o->penalty * 2 + STREAK;
		if (o->penalty > PENALTY_MAX)
			o->penalty = PENALTY_MAX;
	} else {
		o->penalty = 0;
		o->window_us *= 2;
		if (o->window_us > WINDOW_MAX_US)
			o->window_us = WINDOW_MAX_US;
	}
}

void
bus_out_flush(struct bus_out *o)
{
	struct mono	now = loop_now(o->bus->loop);

	if (o->n == 0)
		return;
	if (o->fixed_us == 0)
		bus_out_adapt(o, mono_us_between(o->last, now));
	o->last = now;
	TAILQ_REMOVE(&o->bus->outs, o, entry);
	o->bus->figures.messages_out += o->n;
	o->n = 0;
	o->send(o);
	buf_clear(&o->buf);
}

void
bus_out_soon(struct bus_out *o)
{
	o->due = loop_now(o->bus->loop);
}

/* When the frame that begins now shall leave. */
static struct mono
out_due(struct bus_out *o)
{
	struct mono	now = loop_now(o->bus->loop);
	struct mono	due;

	if (o->fixed_us > 0) {
		due = mono_add_us(o->last, o->fixed_us);
		return mono_before(due, now) ? now : due;
	}
	if (o->window_us > 0 && mono_us_between(o->last, now) >
	    2 * (int64_t)o->window_us + WINDOW_MAX_US)
		o->window_us = 0;		/* it was quiet */
	return mono_add_us(now, o->window_us);
}

static void
out_begin(struct bus_out *o)
{
	buf_clear(&o->buf);
	o->open(o);
	o->head = o->buf.len;
}

/* What was just appended from mark on is a whole message, if it fits. */
static int
out_end(struct bus_out *o, size_t mark)
{
	if (o->buf.len > FRAME_MAX) {
		o->buf.len = mark;
		return -EMSGSIZE;
	}
	if (o->n++ == 0) {
		o->due = out_due(o);
		TAILQ_INSERT_TAIL(&o->bus->outs, o, entry);
	}
	if (o->buf.len >= FRAME_GOOD || o->n >= FRAME_MESSAGES)
		bus_out_soon(o);
	return 0;
}

int
bus_out_add(struct bus_out *o, enum msg_type type, const void *msg)
{
	size_t	begin, mark;

	for (;;) {
		if (o->n == 0)
			out_begin(o);
		begin = o->buf.len;
		mark = pack_bin_begin(&o->buf);
		msg_pack(&o->buf, type, msg);
		pack_bin_end(&o->buf, mark);
		if (out_end(o, begin) == 0)
			return 0;
		if (o->n == 0)
			return -EMSGSIZE;
		bus_out_flush(o);	/* the others; then once more alone */
	}
}

int
bus_out_add_packed(struct bus_out *o, struct str packed)
{
	size_t	begin;

	for (;;) {
		if (o->n == 0)
			out_begin(o);
		begin = o->buf.len;
		pack_bin(&o->buf, packed);
		if (out_end(o, begin) == 0)
			return 0;
		if (o->n == 0)
			return -EMSGSIZE;
		bus_out_flush(o);
	}
}

int
bus_frame_next(struct unpack *frame, struct str *packed)
{
	if (frame->error != 0)
		return -EBADMSG;
	if (unpack_at_end(frame))
		return 0;
	*packed = unpack_bin_raw(frame, FRAME_MAX);
	return frame->error != 0 ? -EBADMSG : 1;
}

void
bus_bad_frame(struct bus *b, const char *who, const char *what)
{
	b->figures.bad_frames++;
	stats->bus_bad_frames++;
	log_rate(LOG_PROBLEMS, "BUS", "%s: bad frame dropped: %s", who, what);
}

/* ---- the turn ---- */

static void
window_over(void *arg)
{
	struct bus	*b = arg;

	b->window_at = (struct mono){ 0 };	/* the turn's end looks */
}

/* Sends what is due; the tick comes for what waits. */
static void
outs_flush(struct bus *b)
{
	struct mono	 now = loop_now(b->loop), next = { 0 };
	struct bus_out	*o, *after;

	for (o = TAILQ_FIRST(&b->outs); o != NULL; o = after) {
		after = TAILQ_NEXT(o, entry);
		if (!mono_before(now, o->due))
			bus_out_flush(o);
		else if (next.ns == 0 || mono_before(o->due, next))
			next = o->due;
	}
	if (next.ns == 0 ||
	    (b->window_at.ns != 0 && !mono_before(next, b->window_at)))
		return;
	b->window_at = next;
	loop_tick_start(b->window, mono_us_between(now, next) + 1);
}

static void
turn_end(void *arg)
{
	struct bus	*b = arg;
	struct bus_sock	*s;
	bool		 left = false;

	bus_peers_fail(b);
	outs_flush(b);
	b->handled = false;
	TAILQ_FOREACH(s, &b->socks, entry) {
		if (s->dirty)
			sock_drain(s);
		left |= s->dirty;
	}
	/* Handlers ran that other hooks, and ours, have not looked after. */
	if (left || b->handled || b->nfailed > 0)
		loop_turn_again(b->loop);
}

static void
every_tick(void *arg)
{
	struct bus		*b = arg;
	struct bus_server	*s;
	struct bus_peer		*p;
	struct feed		*f;

	TAILQ_FOREACH(s, &b->servers, entry)
		bus_server_tick(s);
	TAILQ_FOREACH(p, &b->peers, entry)
		bus_peer_tick(p);
	TAILQ_FOREACH(f, &b->feeds, entry)
		feed_tick(f);
}

static void
deadline_over(void *arg)
{
	bus_peers_deadline(arg);
}

struct bus *
bus_new(struct bus_context *c, struct loop *l, uint64_t epoch)
{
	struct bus	*b = xcalloc(1, sizeof(*b));

	b->context = c;
	b->loop = l;
	b->epoch = epoch;
	TAILQ_INIT(&b->socks);
	TAILQ_INIT(&b->outs);
	TAILQ_INIT(&b->servers);
	TAILQ_INIT(&b->peers);
	TAILQ_INIT(&b->feeds);
	b->turn = loop_turn_new(l, turn_end, b);
	b->window = loop_tick_new(l, window_over, b);
	b->tick = loop_timer_new(l, every_tick, b);
	b->deadline = loop_timer_new(l, deadline_over, b);
	loop_timer_start(b->tick, BUS_TICK_MS, BUS_TICK_MS);
	return b;
}

void
bus_free(struct bus *b)
{
	struct bus_server	*s;
	struct bus_peer		*p;
	struct feed		*f;

	if (b == NULL)
		return;
	while ((f = TAILQ_FIRST(&b->feeds)) != NULL)
		feed_free(f);
	while ((s = TAILQ_FIRST(&b->servers)) != NULL)
		bus_server_free(s);
	while ((p = TAILQ_FIRST(&b->peers)) != NULL)
		bus_peer_free(p);
	loop_turn_free(b->turn);
	loop_tick_free(b->window);
	loop_timer_free(b->tick);
	loop_timer_free(b->deadline);
	free(b->heap);
	free(b->failed);
	free(b);
}

void
bus_figures(const struct bus *b, struct bus_figures *out)
{
	*out = b->figures;
}
