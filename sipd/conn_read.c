/*
 * conn_read - what comes in on a connection.
 *
 * TCP: what the peer sent stays in the kernel until a whole message is there: it
 * is looked at with MSG_PEEK, framed (RFC 3261 section 18.3) and then consumed, so
 * a killed process loses no half message. While one is incomplete SO_RCVLOWAT
 * keeps the level-triggered loop quiet until there is more of it. Only when the
 * kernel has no room for the rest it is taken out of there, as everything is with
 * TLS, which cannot give back what it decrypted: it waits in memory.
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

#define SHARE		2	/* messages of a connection until it is others' turn */
#define SHARE_BUSY	8	/* the same when the others had theirs */
#define PEEK		16384	/* octets that are looked at, unless one message is longer */
#define PAUSE_MS	5	/* when the message has nowhere to go */
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
	/* What was taken is here and will not wake the loop. */
	if ((c->tls != NULL || c->held) && c->state == CONN_OPEN)
		tcp_ready(c);
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
 * TCP: n octets of an unfinished message. When the kernel woke us although there is
 * nothing new, the peer has closed (the rest will never come), or the kernel is
 * short of memory: a few octets that are left of a large segment count like all of
 * it, and close the peer's window.
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
			c->held = true;
		wait_for_more(c, 0);
		return;
	}
	wait_for_more(c, n);
	begun(c);
}

/* Takes octets that were looked at out of the kernel, or out of what was taken. */
static void
consume(struct conn *c, size_t n)
{
	if (c->tls != NULL || c->held)
		c->in.begin += n;
	else if (recv(c->fd, NULL, n, MSG_TRUNC | MSG_DONTWAIT) != (ssize_t)n)
		conn_break(c, -EIO);
	c->active = loop_now(c->worker->loop);
	c->partial.ns = 0;
	c->deep = false;
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

static void
heard(struct conn *c)
{
	c->heard = true;
	stats->tcp_received++;
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
	struct buffer	*copy;

	if (owner == w->index) {
		fill_packet(c, b, bytes, false);
		consume(c, size);
		heard(c);
		upper->packet(w, &b->packet);
		return true;
	}
	if ((copy = pool_take(w->pool)) != NULL) {
		memcpy(copy->bytes, bytes.s, bytes.len);
		fill_packet(c, copy, str_make(copy->bytes, bytes.len), false);
	}
	if (copy == NULL || !worker_hand_over(w, owner, copy)) {
		if (copy != NULL)
			pool_give(w->pool, copy);
		pause_reading(c);
		return false;
	}
	consume(c, size);
	heard(c);
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

enum { STOP = -1, UNFINISHED = 0 };

/*
 * The first thing in the n octets at s. How many were used, or UNFINISHED: more
 * of it has to come, or STOP: it is not read further now.
 */
static ssize_t
read_one(struct conn *c, struct buffer *b, const char *s, size_t n)
{
	enum sip_frame_kind	 kind;
	struct str		 msg = STR_NONE;
	ssize_t			 size;

	size = sip_frame(str_make(s, n), settings_now()->message_max, &kind,
	    &msg);
	if (size < 0) {
		unframed(c, b, msg, (int)size);
		return STOP;
	}
	if (size == 0)
		return UNFINISHED;
	if (kind == SIP_FRAME_MESSAGE)
		return deliver(c, b, msg, (size_t)size) ? size : STOP;
	stats->keepalives++;
	consume(c, (size_t)size);
	if (kind == SIP_FRAME_PING && c->state == CONN_OPEN)
		(void)conn_send(c, STR("\r\n"), 0, c->worker->index, 0);
	return size;
}

/*
 * Its share of the n octets at s: how many were used. *last: what ended it, more
 * than 0 when it was the end of the octets or of the share.
 */
static size_t
read_share(struct conn *c, const char *s, size_t n, ssize_t *last)
{
	size_t	used = 0;
	int	share = c->busy ? SHARE_BUSY : SHARE;

	*last = 1;
	for (int i = 0; i < share && used < n && *last > 0; i++) {
		*last = read_one(c, tcp_buffer(c->worker), s + used, n - used);
		if (c->state != CONN_OPEN)
			*last = STOP;
		if (*last > 0)
			used += (size_t)*last;
	}
	return used;
}

static bool
read_tcp(struct conn *c)
{
	struct buffer	*b = tcp_buffer(c->worker);
	size_t		 size = c->deep ? sizeof(b->bytes) : PEEK, used;
	ssize_t		 n, last;

	n = recv(c->fd, b->bytes, size, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			conn_break(c, n == 0 ? 0 : -errno);
		return false;
	}
	used = read_share(c, b->bytes, (size_t)n, &last);
	if (last == STOP)
		return false;
	if (last == UNFINISHED && (size_t)n == size && !c->deep) {
		c->deep = used == 0;	/* more of it is there: it was not looked at */
		return true;
	}
	if (last == UNFINISHED)
		unfinished(c, (size_t)n - used);
	return c->held || (last > 0 && used < (size_t)n);
}

/* ---- what cannot stay where it is ---- */

/* Octets; 0: the end; -EAGAIN: none now; or another -errno. */
static ssize_t
take(struct conn *c, char *to, size_t size)
{
	ssize_t	n;

	if (c->tls != NULL)
		return tls_read(c->tls, to, size);
	n = recv(c->fd, to, size, MSG_DONTWAIT);
	return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
}

/*
 * Takes what is there. The room grows with the message, up to the longest one, and
 * goes when it is empty.
 */
static void
fill(struct conn *c)
{
	struct conn_in	*in = &c->in;
	ssize_t		 n = -EAGAIN;

	do {
		if (in->end == in->size && in->size < IN_MAX) {
			in->size = in->size == 0 ? IN_FIRST : in->size * 2;
			in->s = xrealloc(in->s, in->size, 1);
		}
		if (in->end == in->size)
			break;
		n = take(c, in->s + in->end, in->size - in->end);
		if (n > 0)
			in->end += (size_t)n;
	} while (n > 0);
	in->over = n <= 0 && n != -EAGAIN;
	in->error = n < 0 && n != -EAGAIN ? (int)n : 0;
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
read_taken(struct conn *c)
{
	struct conn_in	*in = &c->in;
	bool		 full, left;
	ssize_t		 last;

	fill(c);
	full = in->end == IN_MAX;
	(void)read_share(c, in->s, in->end, &last);
	if (last == UNFINISHED)
		begun(c);
	left = last > 0 && in->begin < in->end;
	compact(in);
	c->held = c->tls == NULL && in->end > 0;
	if (c->state == CONN_OPEN && in->over && !left && !wheel_active(&c->pause))
		conn_break(c, in->error);
	if (c->state == CONN_OPEN)
		conn_want(c);
	/* What was taken, or is in OpenSSL, does not wake the loop. */
	return left || full;
}

bool
conn_read(struct conn *c)
{
	if (banned(&c->hop.remote)) {
		conn_break(c, -EACCES);
		return false;
	}
	return c->tls != NULL || c->held ? read_taken(c) : read_tcp(c);
}
