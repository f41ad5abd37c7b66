/*
 * conn_read - what comes in on a connection.
 *
 * TCP: what the peer sent stays in the kernel until a whole message is there: it
 * is looked at with MSG_PEEK, framed (RFC 3261 section 18.3) and then consumed, so
 * a killed process loses no half message. While one is incomplete SO_RCVLOWAT
 * keeps the level-triggered loop quiet until there is more of it. TLS cannot give
 * anything back: what was decrypted waits in memory.
 */
#include "sipd/conn.h"

#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon.h"
#include "common/stats.h"
#include "sipd/banned.h"
#include "sipd/msg.h"
#include "sipd/pool.h"
#include "sipd/tls.h"

#define ROUNDS		8	/* messages a turn and connection */
#define PAUSE_MS	20	/* when the message has nowhere to go */
#define IN_FIRST	4096	/* octets of decrypted text at first */
#define IN_MAX		(2 * MESSAGE_MAX)

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
	conn_want(c);
}

void
conn_pause_over(void *arg)
{
	struct conn	*c = arg;

	conn_want(c);
	/* What was decrypted is here and will not wake the loop. */
	if (c->tls != NULL && c->state == CONN_OPEN)
		conn_read(c);
}

/* A message has begun and is not here. */
static void
begun(struct conn *c)
{
	if (c->partial.ns == 0)
		c->partial = loop_now(c->worker->loop);
	conn_watch(c);
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

	if (c->tls != NULL) {
		begun(c);
		return;
	}
	if (c->lowat == (int)n + 1) {
		if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
		    info.tcpi_state != TCP_ESTABLISHED)
			conn_break(c, 0);
		else
			pause_reading(c);
		return;
	}
	wait_for_more(c, n);
	begun(c);
}

/* Takes octets that were looked at out of the kernel, or out of what we decrypted. */
static void
consume(struct conn *c, size_t n)
{
	if (c->tls != NULL)
		c->in.begin += n;
	else if (recv(c->fd, NULL, n, MSG_TRUNC | MSG_DONTWAIT) != (ssize_t)n)
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
	if (c->tls != NULL) {		/* it has to travel in the buffer */
		memcpy(b->bytes, bytes.s, bytes.len);
		b->packet.bytes.s = b->bytes;
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
 * answer, and so do requests that came before; then the connection closes.
 */
static void
unframed(struct conn *c, struct buffer *b, struct str head, int error)
{
	stats->tcp_framing_errors++;
	if (head.len == 0 && !c->heard) {
		conn_break(c, error);
		return;
	}
	if (error == -EMSGSIZE)
		stats->too_big++;
	c->state = CONN_LINGER;
	c->since = loop_now(c->worker->loop);
	conn_want(c);
	wheel_stop(c->worker->wheel, &c->timer);
	conn_watch(c);
	if (head.len == 0)
		return;
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
		(void)conn_send(c, STR("\r\n"), 0, c->worker->index, 0);
	return (size_t)size;
}

/* True when there is more that has to be looked at again. */
static bool
read_tcp(struct conn *c)
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

/* ---- TLS ---- */

/*
 * Decrypts what is there. False: nothing came. The room grows with the message,
 * up to the longest one, and goes when it is empty.
 */
static bool
decrypt(struct conn *c)
{
	struct conn_in	*in = &c->in;
	size_t		 before = in->end;
	ssize_t		 n = 0;

	do {
		if (in->end == in->size && in->size < IN_MAX) {
			in->size = in->size == 0 ? IN_FIRST : in->size * 2;
			in->s = xrealloc(in->s, in->size, 1);
		}
		if (in->end == in->size)
			break;
		n = tls_read(c->tls, in->s + in->end, in->size - in->end);
		if (n > 0)
			in->end += (size_t)n;
	} while (n > 0);
	in->over = n <= 0 && n != -EAGAIN;
	in->error = n < 0 && n != -EAGAIN ? (int)n : 0;
	return in->end > before || in->over;
}

/* What was used makes room at the front. */
static void
compact(struct conn_in *in)
{
	if (in->begin == in->end) {
		free(in->s);
		*in = (struct conn_in){ .over = in->over, .error = in->error };
	} else if (in->begin > 0) {
		memmove(in->s, in->s + in->begin, in->end - in->begin);
		in->end -= in->begin;
		in->begin = 0;
	}
}

static bool
read_tls(struct conn *c)
{
	struct conn_in	*in = &c->in;
	bool		 more = decrypt(c);

	while (c->state == CONN_OPEN && in->begin < in->end)
		if (read_one(c, tcp_buffer(c->worker), in->s + in->begin,
		    in->end - in->begin) == 0)
			break;
	compact(in);
	if (c->state == CONN_OPEN && in->over && !wheel_active(&c->pause))
		conn_break(c, in->error);
	return more && !wheel_active(&c->pause);
}

void
conn_read(struct conn *c)
{
	bool	more = true;

	if (banned(&c->hop.remote)) {
		conn_break(c, -EACCES);
		return;
	}
	for (int i = 0; more && i < ROUNDS && c->state == CONN_OPEN; i++)
		more = c->tls != NULL ? read_tls(c) : read_tcp(c);
	/* Octets that OpenSSL holds do not wake the loop: it is somebody else's turn. */
	if (more && c->tls != NULL && c->state == CONN_OPEN)
		pause_reading(c);
	else if (c->tls != NULL && c->state == CONN_OPEN)
		conn_want(c);
}
