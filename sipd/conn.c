/*
 * conn - one connection, TCP or TLS: its life, its times, and what leaves on it.
 * What comes in is conn_read.c's business.
 */
#include "sipd/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/failures.h"
#include "sipd/flows.h"
#include "sipd/sockets.h"
#include "sipd/tally.h"
#include "sipd/tls.h"
#include "sipd/wire.h"

#define RECHECK_MS	60000	/* of a connection that has no deadline */

static void	on_io(void *arg, unsigned events);
static void	on_timer(void *arg);

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
	if (c->state == CONN_HANDSHAKE)
		return mono_add_ms(c->since, s->tls_handshake).ns;
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
void
conn_watch(struct conn *c)
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
		conn_watch(c);
		return;
	}
	if (c->state == CONN_HANDSHAKE)
		stats->tls_handshakes_slow++;
	else if (c->state != CONN_LINGER)
		stats->tcp_timeouts++;
	conn_break(c, c->state == CONN_LINGER ? 0 : -ETIMEDOUT);
}

/* ---- its life ---- */

struct conn *
conn_new(struct worker *w, const struct hop *h, int fd, enum conn_state state,
    struct tls *tls)
{
	struct conn	*c = xcalloc(1, sizeof(*c));

	c->worker = w;
	c->hop = *h;
	(void)hop_peer_key(h, &c->peer);
	c->fd = fd;
	c->listener = TALLY_OURS;
	c->slot = -1;
	c->state = state;
	c->ours = state == CONN_CONNECTING;
	c->tls = tls;
	c->since = c->active = loop_now(w->loop);
	STAILQ_INIT(&c->out);
	wheel_timer_init(&c->timer, on_timer, c);
	wheel_timer_init(&c->pause, conn_pause_over, c);
	c->io = loop_io_new(w->loop, fd, state == CONN_CONNECTING ? LOOP_WRITE :
	    LOOP_READ, on_io, c);
	conn_watch(c);
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
		if ((o->flags & WIRE_RESPONSE) != 0)
			upper->response_lost(c->worker, &c->hop, o->flags,
			    str_make(o->bytes, o->len));
		free(o);
	}
	c->queued = 0;
	/* Those that have their answer take no notice (N4: RST in mid-message). */
	for (unsigned i = 0; i < CONN_ASKED; i++)
		failures_tell(c->worker, c->asked[i].of, c->asked[i].token, error);
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
	tls_free(c->tls);
	free(c->in.s);
	close(c->fd);
	tally_remove(c->listener, &c->hop.remote);
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

void
conn_want(struct conn *c)
{
	unsigned	events = 0;

	if (c->state == CONN_BROKEN)
		return;
	if (c->state == CONN_HANDSHAKE) {
		loop_io_want(c->io, tls_wants(c->tls));
		return;
	}
	if (c->state == CONN_CONNECTING || !STAILQ_EMPTY(&c->out))
		events |= LOOP_WRITE;
	if (c->state == CONN_OPEN && !wheel_active(&c->pause))
		events |= LOOP_READ;
	if (c->tls != NULL)
		events |= tls_wants(c->tls) & LOOP_WRITE;
	loop_io_want(c->io, events);
}

/* ---- writing ---- */

/* Octets written now; -errno when it broke. */
static ssize_t
write_some(struct conn *c, const char *s, size_t len)
{
	ssize_t	n;

	if (c->tls != NULL)
		return tls_write(c->tls, s, len);
	n = send(c->fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Its messages have to wait until there is a connection. */
static bool
begins(const struct conn *c)
{
	return c->state == CONN_CONNECTING || c->state == CONN_HANDSHAKE;
}

static int
enqueue(struct conn *c, struct str rest, unsigned flags, unsigned of,
    uint64_t token)
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
	o->flags = flags;
	o->len = rest.len;
	memcpy(o->bytes, rest.s, rest.len);
	if (STAILQ_EMPTY(&c->out) && !begins(c))
		c->stalled = loop_now(c->worker->loop);
	STAILQ_INSERT_TAIL(&c->out, o, entry);
	c->queued += rest.len;
	conn_want(c);
	conn_watch(c);
	return 0;
}

/* It is remembered until the connection ends, or others came after it. */
static void
left_whole(struct conn *c, unsigned of, uint64_t token)
{
	if (token != 0)
		c->asked[c->nasked++ % CONN_ASKED] = (struct conn_asked){ token, of };
}

int
conn_send(struct conn *c, struct str bytes, unsigned flags, unsigned of,
    uint64_t token)
{
	ssize_t	n = 0;

	if (c->state == CONN_BROKEN)
		return c->error < 0 ? c->error : -EPIPE;
	if (!begins(c) && STAILQ_EMPTY(&c->out)) {
		if ((n = write_some(c, bytes.s, bytes.len)) < 0) {
			conn_break(c, (int)n);
			return (int)n;
		}
	}
	c->active = loop_now(c->worker->loop);
	if ((size_t)n == bytes.len) {
		left_whole(c, of, token);
		return 0;
	}
	return enqueue(c, str_make(bytes.s + n, bytes.len - (size_t)n),
	    n == 0 ? flags : 0, of, token);
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
		left_whole(c, o->of, o->token);
		free(o);
	}
	if (STAILQ_EMPTY(&c->out))
		c->stalled.ns = 0;
	conn_want(c);
}

/* It can be used from now on. */
static void
opened(struct conn *c)
{
	c->state = CONN_OPEN;
	c->since = c->active = loop_now(c->worker->loop);
	tcp_keep(c);
	write_queue(c);
	if (c->state != CONN_BROKEN)
		conn_watch(c);
}

static void
shake_hands(struct conn *c)
{
	char	buf[PEER_TEXT_MAX];
	int	error = tls_handshake(c->tls);

	if (error == -EAGAIN) {
		conn_want(c);
		return;
	}
	if (error == 0) {
		stats->tls_handshakes++;
		opened(c);
		return;
	}
	stats->tls_handshakes_failed++;
	log_rate(c->ours ? LOG_PROBLEMS : LOG_LOW, "SIPDATA", "no TLS with %s: %s",
	    log_str(hop_print_remote(&c->hop, buf)), tls_why(c->tls));
	conn_break(c, error);
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
	if (c->tls == NULL) {
		opened(c);
		return;
	}
	c->state = CONN_HANDSHAKE;
	c->since = loop_now(c->worker->loop);
	shake_hands(c);
	if (c->state == CONN_HANDSHAKE)
		conn_watch(c);
}

void
conn_serve(struct conn *c)
{
	if (c->state == CONN_HANDSHAKE) {
		shake_hands(c);		/* what followed it may be decrypted already */
		if (c->state == CONN_OPEN)
			tcp_ready(c);
		return;
	}
	if (c->state != CONN_OPEN || wheel_active(&c->pause))
		return;
	c->busy = conn_read(c);
	if (c->busy && c->state == CONN_OPEN && !wheel_active(&c->pause))
		tcp_ready(c);
}

static void
on_io(void *arg, unsigned events)
{
	struct conn	*c = arg;

	if (c->state == CONN_CONNECTING) {
		connected(c);
		return;
	}
	if (!begins(c) && !STAILQ_EMPTY(&c->out))
		write_queue(c);
	/* TLS may have to read before it can write, and the other way round. */
	if (c->state == CONN_HANDSHAKE || (c->state == CONN_OPEN &&
	    ((events & (LOOP_READ | LOOP_ERROR)) || c->tls != NULL)))
		tcp_ready(c);
}
