/*
 * conn - one TCP connection.
 *
 * What the peer sent stays in the kernel until a whole message is there: it is
 * looked at with MSG_PEEK, framed (RFC 3261 section 18.3) and then consumed, so a
 * killed process loses no half message. While one is incomplete SO_RCVLOWAT keeps
 * the level-triggered loop quiet until there is more of it.
 */
#include "sipd/conn.h"

#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/failures.h"
#include "sipd/flows.h"
#include "sipd/msg.h"
#include "sipd/pool.h"
#include "sipd/sockets.h"
#include "sipd/tally.h"

#define ROUNDS		8	/* messages a turn and connection */
#define PAUSE_MS	20	/* when the message has nowhere to go */
#define RECHECK_MS	60000	/* of a connection that has no deadline */

static void	on_io(void *arg, unsigned events);
static void	on_timer(void *arg);
static void	on_pause_over(void *arg);

/* ---- times ---- */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * When it has to be over, in ns; INT64_MAX: never. An open connection has a time
 * for its first message, for each begun one, for what it does not read, and for
 * doing nothing at all.
 */
static int64_t
deadline(const struct conn *c)
{
	const struct settings	*s = settings_now();
	int64_t			 at = INT64_MAX;

	if (c->state == CONN_CONNECTING)
		return mono_add_ms(c->since, CONNECT_MS).ns;
	if (c->state == CONN_LINGER)
		return mono_add_ms(c->since, LINGER_MS).ns;
	if (!c->heard && !c->ours)
		at = mono_add_ms(c->since, s->tcp_head).ns;
	if (c->partial.ns != 0)
		at = earlier(at, mono_add_ms(c->partial, s->tcp_message).ns);
	if (c->stalled.ns != 0)
		at = earlier(at, mono_add_ms(c->stalled, s->tcp_message).ns);
	if (s->tcp_idle > 0 && (c->heard || c->ours) &&
	    !flows_used(&c->hop))
		at = earlier(at, mono_add_ms(c->active, s->tcp_idle).ns);
	return at;
}

/* The timer never runs later than the deadline; it may run earlier. */
static void
watch(struct conn *c)
{
	int64_t	now = loop_now(c->worker->loop).ns;
	int64_t	ns = earlier(deadline(c), now + RECHECK_MS * INT64_C(1000000));
	int64_t	ms = ns > now ? (ns - now + 999999) / 1000000 : 0;

	if (!wheel_active(&c->timer) ||
	    wheel_left_ms(c->worker->wheel, &c->timer) > ms)
		wheel_start(c->worker->wheel, &c->timer, ms);
}

static void
on_timer(void *arg)
{
	struct conn	*c = arg;

	if (deadline(c) > loop_now(c->worker->loop).ns) {
		tcp_keep(c);
		watch(c);
		return;
	}
	if (c->state == CONN_OPEN || c->state == CONN_CONNECTING)
		stats->tcp_timeouts++;
	conn_break(c, c->state == CONN_LINGER ? 0 : -ETIMEDOUT);
}

/* ---- its life ---- */

struct conn *
conn_new(struct worker *w, const struct hop *h, int fd, enum conn_state state)
{
	struct conn	*c = xcalloc(1, sizeof(*c));

	c->worker = w;
	c->hop = *h;
	(void)hop_peer_key(h, &c->peer);
	c->fd = fd;
	c->slot = -1;
	c->state = state;
	c->ours = state == CONN_CONNECTING;
	c->since = c->active = loop_now(w->loop);
	STAILQ_INIT(&c->out);
	wheel_timer_init(&c->timer, on_timer, c);
	wheel_timer_init(&c->pause, on_pause_over, c);
	c->io = loop_io_new(w->loop, fd, state == CONN_CONNECTING ? LOOP_WRITE :
	    LOOP_READ, on_io, c);
	watch(c);
	stats->tcp_connections++;
	return c;
}

/* All that is queued, so that nothing of it is told twice. */
void
conn_fail_queue(struct conn *c)
{
	int		 error = c->error < 0 ? c->error : -EPIPE;
	struct conn_out	*o;

	while ((o = STAILQ_FIRST(&c->out)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->out, entry);
		failures_tell(c->worker, o->of, o->token, error);
		free(o);
	}
	c->queued = 0;
}

void
conn_free(struct conn *c)
{
	struct conn_out	*o;

	while ((o = STAILQ_FIRST(&c->out)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->out, entry);
		free(o);
	}
	wheel_stop(c->worker->wheel, &c->timer);
	wheel_stop(c->worker->wheel, &c->pause);
	loop_io_free(c->io);
	close(c->fd);
	tally_remove(&c->hop.remote);
	stats->tcp_connections--;
	free(c);
}

void
conn_break(struct conn *c, int error)
{
	if (c->state == CONN_BROKEN)
		return;
	c->state = CONN_BROKEN;
	c->error = error;
	wheel_stop(c->worker->wheel, &c->timer);
	wheel_stop(c->worker->wheel, &c->pause);
	loop_io_free(c->io);
	c->io = NULL;
	tcp_broken(c);
}

/* What the loop shall tell us about. */
static void
want(struct conn *c)
{
	unsigned	events = 0;

	if (c->state == CONN_BROKEN)
		return;
	if (c->state == CONN_CONNECTING || !STAILQ_EMPTY(&c->out))
		events |= LOOP_WRITE;
	if (c->state == CONN_OPEN && !wheel_active(&c->pause))
		events |= LOOP_READ;
	loop_io_want(c->io, events);
}

/* ---- writing ---- */

/* Octets written now; -errno when it broke. */
static ssize_t
write_some(struct conn *c, const char *s, size_t len)
{
	ssize_t	n = send(c->fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int
enqueue(struct conn *c, struct str rest, unsigned of, uint64_t token)
{
	struct conn_out	*o;

	if (c->queued + rest.len > CONN_QUEUE_MAX) {
		stats->tcp_queue_full++;
		conn_break(c, -ENOBUFS);
		return -ENOBUFS;
	}
	o = xcalloc(1, sizeof(*o) + rest.len);
	o->token = token;
	o->of = of;
	o->len = rest.len;
	memcpy(o->bytes, rest.s, rest.len);
	if (STAILQ_EMPTY(&c->out) && c->state != CONN_CONNECTING)
		c->stalled = loop_now(c->worker->loop);
	STAILQ_INSERT_TAIL(&c->out, o, entry);
	c->queued += rest.len;
	want(c);
	watch(c);
	return 0;
}

int
conn_send(struct conn *c, struct str bytes, unsigned of, uint64_t token)
{
	ssize_t	n = 0;

	if (c->state == CONN_BROKEN)
		return c->error < 0 ? c->error : -EPIPE;
	if (c->state != CONN_CONNECTING && STAILQ_EMPTY(&c->out)) {
		if ((n = write_some(c, bytes.s, bytes.len)) < 0) {
			conn_break(c, (int)n);
			return (int)n;
		}
	}
	c->active = loop_now(c->worker->loop);
	if ((size_t)n == bytes.len)
		return 0;
	return enqueue(c, str_make(bytes.s + n, bytes.len - (size_t)n), of,
	    token);
}

static void
write_queue(struct conn *c)
{
	struct conn_out	*o;
	ssize_t		 n;

	while ((o = STAILQ_FIRST(&c->out)) != NULL) {
		n = write_some(c, o->bytes + o->sent, o->len - o->sent);
		if (n < 0) {
			conn_break(c, (int)n);
			return;
		}
		o->sent += (size_t)n;
		c->queued -= (size_t)n;
		if (n > 0)
			c->stalled = loop_now(c->worker->loop);
		if (o->sent < o->len)
			break;
		STAILQ_REMOVE_HEAD(&c->out, entry);
		free(o);
	}
	if (STAILQ_EMPTY(&c->out))
		c->stalled.ns = 0;
	want(c);
}

static void
connected(struct conn *c)
{
	int		error = 0;
	socklen_t	len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0 && socket_local(c->fd, &c->hop.local) < 0)
		error = ENOTCONN;
	if (error != 0) {
		conn_break(c, -error);
		return;
	}
	stats->tcp_connected++;
	c->state = CONN_OPEN;
	c->since = c->active = loop_now(c->worker->loop);
	tcp_keep(c);
	write_queue(c);
	if (c->state != CONN_BROKEN)
		watch(c);
}

/* ---- reading ---- */

/* Read again only when there are more than n octets. */
static void
wait_for_more(struct conn *c, size_t n)
{
	int	lowat = (int)n + 1;

	if (c->lowat == lowat)
		return;
	c->lowat = lowat;
	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat));
}

/* Not read for a while: it is not its turn. */
static void
pause_reading(struct conn *c)
{
	wheel_start(c->worker->wheel, &c->pause, PAUSE_MS);
	want(c);
}

static void
on_pause_over(void *arg)
{
	want(arg);
}

/*
 * n octets of an unfinished message. When the kernel woke us although there is
 * nothing new, the peer has closed (the rest will never come), or the kernel is
 * short of memory.
 */
static void
unfinished(struct conn *c, size_t n)
{
	struct tcp_info	info;
	socklen_t	len = sizeof(info);

	if (c->lowat == (int)n + 1) {
		if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
		    info.tcpi_state != TCP_ESTABLISHED)
			conn_break(c, 0);
		else
			pause_reading(c);
		return;
	}
	if (c->partial.ns == 0)
		c->partial = loop_now(c->worker->loop);
	wait_for_more(c, n);
	watch(c);
}

/* Takes octets that were peeked at out of the kernel. */
static void
consume(struct conn *c, size_t n)
{
	if (recv(c->fd, NULL, n, MSG_TRUNC | MSG_DONTWAIT) != (ssize_t)n)
		conn_break(c, -EIO);
	c->active = loop_now(c->worker->loop);
	c->partial.ns = 0;
	if (c->lowat > 1)
		wait_for_more(c, 0);
}

static void
fill_packet(struct conn *c, struct buffer *b, struct str bytes, bool too_big)
{
	b->packet.bytes = bytes;
	b->packet.from = c->hop;
	b->packet.arrived = loop_now(c->worker->loop);
	b->packet.too_big = too_big;
}

/*
 * A whole message of size octets to whoever owns its call. It is consumed before
 * it is handled: should it kill us, the next process does not meet it again.
 * False: nobody could take it now.
 */
static bool
deliver(struct conn *c, struct buffer *b, struct str bytes, size_t size)
{
	struct worker	*w = c->worker;
	unsigned	 owner = worker_for(w, bytes);
	struct buffer	*spare;

	fill_packet(c, b, bytes, false);
	if (owner == w->index) {
		consume(c, size);
		c->heard = true;
		upper->packet(w, &b->packet);
		return true;
	}
	spare = pool_take(w->pool);
	if (spare == NULL || !worker_hand_over(w, owner, b)) {
		if (spare != NULL)
			pool_give(w->pool, spare);
		pause_reading(c);
		return false;
	}
	tcp_buffer_swap(w, spare);
	consume(c, size);
	c->heard = true;
	return true;
}

/*
 * The stream cannot be cut any further: its head, if there is one, gets an
 * answer, then the connection closes.
 */
static void
unframed(struct conn *c, struct buffer *b, struct str head, int error)
{
	stats->tcp_framing_errors++;
	if (head.len == 0) {
		conn_break(c, error);
		return;
	}
	if (error == -EMSGSIZE)
		stats->too_big++;
	c->state = CONN_LINGER;
	c->since = loop_now(c->worker->loop);
	want(c);
	wheel_stop(c->worker->wheel, &c->timer);
	watch(c);
	fill_packet(c, b, head, error == -EMSGSIZE);
	upper->packet(c->worker, &b->packet);
}

/* The first thing in the n octets at s. How many were used; 0: stop. */
static size_t
read_one(struct conn *c, struct buffer *b, const char *s, size_t n)
{
	enum sip_frame_kind	 kind;
	struct str		 msg = STR_NONE;
	ssize_t			 size;

	size = sip_frame(str_make(s, n), settings_now()->message_max, &kind,
	    &msg);
	if (size < 0) {
		unframed(c, b, msg, (int)size);
		return 0;
	}
	if (size == 0) {
		unfinished(c, n);
		return 0;
	}
	if (kind == SIP_FRAME_MESSAGE)
		return deliver(c, b, msg, (size_t)size) ? (size_t)size : 0;
	stats->keepalives++;
	consume(c, (size_t)size);
	if (kind == SIP_FRAME_PING && c->state == CONN_OPEN)
		(void)conn_send(c, STR("\r\n"), c->worker->index, 0);
	return (size_t)size;
}

/* True when there is more that has to be looked at again. */
static bool
read_some(struct conn *c)
{
	struct buffer	*b = tcp_buffer(c->worker);
	size_t		 used = 0, one;
	ssize_t		 n;

	n = recv(c->fd, b->bytes, sizeof(b->bytes), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			conn_break(c, n == 0 ? 0 : -errno);
		return false;
	}
	while (used < (size_t)n) {
		one = read_one(c, b, b->bytes + used, (size_t)n - used);
		if (one == 0 || c->state != CONN_OPEN)
			return false;
		used += one;
		if (tcp_buffer(c->worker) != b)	/* given away */
			return used < (size_t)n;
	}
	return false;
}

static void
on_io(void *arg, unsigned events)
{
	struct conn	*c = arg;

	if (c->state == CONN_CONNECTING) {
		connected(c);
		return;
	}
	worker_drain(c->worker);
	if (c->state != CONN_BROKEN && (events & LOOP_WRITE))
		write_queue(c);
	if (events & (LOOP_READ | LOOP_ERROR))
		for (int i = 0; i < ROUNDS && c->state == CONN_OPEN; i++)
			if (!read_some(c))
				break;
	worker_wake(c->worker);
}
