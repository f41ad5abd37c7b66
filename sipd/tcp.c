/*
 * tcp - one worker's connections, and the way to those of the others.
 *
 * A connection belongs to the worker that the hash of its remote end names, so
 * no table is shared: who wants to send posts to that worker.
 */
#include "sipd/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/alias.h"
#include "sipd/conn.h"
#include "sipd/conn_ready.h"
#include "sipd/failures.h"
#include "sipd/flows.h"
#include "sipd/hostname.h"
#include "sipd/kept.h"
#include "sipd/listeners.h"
#include "sipd/pool.h"
#include "sipd/replica.h"
#include "sipd/sockets.h"
#include "sipd/tally.h"
#include "sipd/tls.h"
#include "sipd/wire.h"

LIST_HEAD(conns, conn);

struct tcp {
	struct worker	*worker;
	struct map	*peers;		/* the first conn to each remote end */
	struct conns	 all;
	struct conns	 broken;
	struct ready	*ready;
	struct buffer	*buffer;
	uint32_t	 count;
};

static struct str
conn_key(const void *object)
{
	const struct conn	*c = object;

	return str_make(c->peer.s, sizeof(c->peer.s));
}

/* The first of those to that remote end. */
static struct conn *
first_conn(const struct tcp *t, const struct hop *to)
{
	struct hop_key	k;

	return map_find(t->peers, hop_peer_key(to, &k));
}

struct tcp *
tcp_new(struct worker *w)
{
	struct tcp	*t = xcalloc(1, sizeof(*t));

	t->worker = w;
	t->peers = map_new(conn_key);
	LIST_INIT(&t->all);
	LIST_INIT(&t->broken);
	t->ready = ready_new();
	t->buffer = pool_take(w->pool);
	return t;
}

void
tcp_free(struct tcp *t)
{
	struct conn	*c;

	if (t == NULL)
		return;
	while ((c = LIST_FIRST(&t->all)) != NULL ||
	    (c = LIST_FIRST(&t->broken)) != NULL) {
		LIST_REMOVE(c, entry);
		conn_free(c);
	}
	map_free(t->peers);
	ready_free(t->ready);
	free(t);
}

uint32_t
tcp_count(const struct tcp *t)
{
	return t->count;
}

unsigned
tcp_owner(const struct hop *h)
{
	return (unsigned)(hop_hash(h) % workers_count());
}

struct buffer *
tcp_buffer(struct worker *w)
{
	return w->tcp->buffer;
}

/* ---- whose turn it is ---- */

void
tcp_ready(struct conn *c)
{
	ready_put(c->worker->tcp->ready, c);
}

void
tcp_serve(struct tcp *t)
{
	if (!ready_any(t->ready))
		return;
	worker_drain(t->worker);	/* first what was received before */
	if (ready_serve(t->ready))
		loop_turn_again(t->worker->loop);
}

/* ---- the table ---- */

static void
file_conn(struct tcp *t, struct conn *c)
{
	c->twin = map_put(t->peers, c);
	LIST_INSERT_HEAD(&t->all, c, entry);
	t->count++;
	if (c->hop.local.len > 0)
		flows_lost(&c->hop, false);
}

static void
unfile_conn(struct tcp *t, struct conn *c)
{
	struct conn	*first = map_remove(t->peers, conn_key(c));
	struct conn	**at = &first;

	while (*at != NULL && *at != c)
		at = &(*at)->twin;
	if (*at == c)
		*at = c->twin;
	if (first != NULL)
		map_put(t->peers, first);
	LIST_REMOVE(c, entry);
	t->count--;
}

/*
 * Several domains may live at one address: TLS carries for one of them only what
 * its certificate is good for (RFC 5922 section 7.3; S15).
 */
static bool
speaks_for(const struct conn *c, uint32_t domain)
{
	char	name[HOSTNAME_MAX];

	return c->tls == NULL || domain == 0 || (c->ours &&
	    c->hop.domain == domain) || (c->state == CONN_OPEN &&
	    tls_peer_is(c->tls, hostname_read(domain, name)));
}

/*
 * The very connection, else any to that remote end when our side is left open
 * or a new one would be made anyway (RFC 3261 section 18.1.1).
 */
static struct conn *
find_conn(struct tcp *t, const struct hop *to, unsigned flags)
{
	struct conn	*first = first_conn(t, to), *c;

	if (to->local.len > 0) {
		for (c = first; c != NULL; c = c->twin)
			if (c->hop.local.len > 0 && addr_eq(&c->hop.local,
			    &to->local) && c->state != CONN_LINGER)
				return c;
		if ((flags & WIRE_MAY_CONNECT) == 0)
			return NULL;
	}
	for (c = first; c != NULL; c = c->twin)
		if (c->state != CONN_LINGER && speaks_for(c, to->domain))
			return c;
	return NULL;
}

/* An answer may still leave on a connection that reads no more. */
static struct conn *
find_lingering(struct tcp *t, const struct hop *to)
{
	struct conn	*c = first_conn(t, to);

	for (; c != NULL; c = c->twin)
		if (c->state == CONN_LINGER && hop_eq(&c->hop, to))
			return c;
	return NULL;
}

/* ---- the end of a connection ---- */

void
tcp_broken(struct conn *c)
{
	struct tcp	*t = c->worker->tcp;

	ready_remove(t->ready, c);
	unfile_conn(t, c);
	LIST_INSERT_HEAD(&t->broken, c, entry);
}

static void
on_closed(struct worker *w, void *arg)
{
	struct hop	*h = arg;

	upper->flow_closed(w, h);
	free(h);
}

static void
tell_closed(struct worker *w, const struct hop *h)
{
	for (unsigned i = 0; i < workers_count(); i++) {
		struct hop *copy = xcalloc(1, sizeof(*copy));

		*copy = *h;
		if (worker_run_on(w, i, on_closed, copy) < 0)
			free(copy);
	}
}

void
tcp_turn(struct tcp *t)
{
	struct conn	*c;

	while ((c = LIST_FIRST(&t->broken)) != NULL) {
		LIST_REMOVE(c, entry);
		stats->tcp_closed++;
		conn_fail_queue(c);
		if (c->slot >= 0)
			kept_drop(c->slot);
		if (c->stands)
			alias_drop(&c->hop);
		flows_lost(&c->hop, true);
		if (c->hop.local.len > 0)
			tell_closed(t->worker, &c->hop);
		conn_free(c);
	}
}

/* ---- kept in the store ---- */

/*
 * An adopted connection stays kept until the bindings are known: only then is
 * it certain that none uses it.
 */
void
tcp_keep(struct conn *c)
{
	bool	used = flows_used(&c->hop);

	if (c->state != CONN_OPEN || c->tls != NULL)
		return;		/* TLS cannot be carried on by another process */
	if (used && c->slot < 0) {
		c->slot = kept_put(c->fd);
	} else if (!used && c->slot >= 0 && replica_synced()) {
		kept_drop(c->slot);
		c->slot = -1;
	}
}

static void
on_flow_changed(struct worker *w, void *arg)
{
	struct hop	*h = arg;
	struct conn	*c = find_conn(w->tcp, h, 0);

	if (c != NULL)
		tcp_keep(c);
	else		/* it went before its binding came */
		flows_lost(h, true);
	free(h);
}

void
tcp_flow_changed(const struct hop *h)
{
	struct worker	*w = worker_self();
	struct hop	*copy;

	if (w == NULL || !hop_is_stream(h))
		return;
	copy = xcalloc(1, sizeof(*copy));
	*copy = *h;
	/* Should the queue be full: its timer looks again within a minute. */
	if (worker_run_on(w, tcp_owner(h), on_flow_changed, copy) < 0)
		free(copy);
}

/* ---- connections that stand for their peers (RFC 5923) ---- */

struct aliasing {
	struct hop	from;
	uint16_t	port;
};

static void
put_alias(void *arg, struct str domain)
{
	const struct aliasing	*a = arg;

	alias_put(&a->from, a->port, hostname_keep(domain));
}

static void
on_alias(struct worker *w, void *arg)
{
	struct aliasing	*a = arg;
	struct conn	*c = find_conn(w->tcp, &a->from, 0);

	if (c != NULL && c->tls != NULL && !c->ours) {
		c->stands = true;
		tls_peer_each(c->tls, put_alias, a);
	}
	free(a);
}

void
tcp_alias(struct worker *w, const struct hop *from, uint16_t port)
{
	struct aliasing	*a;

	if (from->transport != TRANSPORT_TLS)
		return;		/* nobody vouches for anybody (S15) */
	a = xcalloc(1, sizeof(*a));
	*a = (struct aliasing){ *from, port };
	if (worker_run_on(w, tcp_owner(from), on_alias, a) < 0)
		free(a);
}

/* ---- new connections ---- */

void
tcp_take(struct worker *w, const struct arrival *a)
{
	struct hop	 h = a->from;
	bool		 secure = h.transport == TRANSPORT_TLS;
	struct tls	*tls = NULL;
	struct conn	*c;

	if (secure && (tls = tls_accept(a->fd, a->verify)) == NULL) {
		stats->tls_handshakes_failed++;
		log_rate(LOG_PROBLEMS, "SIPDATA", "a TLS connection was closed: "
		    "no certificate is in force");
	}
	if (socket_local(a->fd, &h.local) < 0 || (secure && tls == NULL)) {
		tls_free(tls);
		tally_remove(a->listener, &h.remote);
		if (a->slot >= 0)
			kept_drop(a->slot);
		close(a->fd);
		return;
	}
	socket_stream_ready(a->fd, h.remote.sa.sa_family, settings_now()->tos);
	c = conn_new(w, &h, a->fd, secure ? CONN_HANDSHAKE : CONN_OPEN, tls);
	c->listener = a->listener;
	c->slot = a->slot;
	c->heard = a->slot >= 0;	/* it said something to the last process */
	file_conn(w->tcp, c);
}

/* From our listener's address where there is one, else as the kernel likes. */
static int
begin_connect(const struct hop *to)
{
	const struct listener	*l = listener_for(to);
	struct addr		 any = { .len = 0 }, from = any;
	unsigned		 tos = settings_now()->tos;
	int			 fd;

	if (l != NULL && !l->wildcard)
		from = l->addr;
	else if (to->local.len > 0 && !addr_is_wildcard(&to->local))
		from = to->local;
	fd = socket_connect(&to->remote, &from, tos);
	if (fd < 0 && from.len > 0 && fd != -EMFILE)
		fd = socket_connect(&to->remote, &any, tos);
	return fd;
}

static int
open_conn(struct tcp *t, const struct hop *to, struct conn **out)
{
	struct hop	h = { to->transport, to->remote, { .len = 0 }, to->domain };
	struct tls	*tls = NULL;
	char		buf[HOSTNAME_MAX], host[ADDR_TEXT_MAX];
	struct str	name = hostname_read(to->domain, buf);
	int		fd;

	if (!tally_add(TALLY_OURS, &to->remote, settings_now()->tcp_max,
	    UINT32_MAX))
		return -EMFILE;
	if ((fd = begin_connect(to)) < 0) {
		tally_remove(TALLY_OURS, &to->remote);
		return fd;
	}
	if (to->domain == 0)
		name = addr_print_host(&to->remote, host);
	if (to->transport == TRANSPORT_TLS && (tls = tls_connect(fd, name)) == NULL) {
		tally_remove(TALLY_OURS, &to->remote);
		close(fd);
		return -EPROTONOSUPPORT;
	}
	*out = conn_new(t->worker, &h, fd, CONN_CONNECTING, tls);
	file_conn(t, *out);
	return 0;
}

/* ---- sending ---- */

static int
send_here(struct worker *w, const struct hop *to, struct str bytes,
    unsigned flags, unsigned of, uint64_t token)
{
	struct conn	*c = find_conn(w->tcp, to, flags);
	int		 error;

	if (c == NULL)
		c = find_lingering(w->tcp, to);
	if (c == NULL) {
		if ((flags & WIRE_MAY_CONNECT) == 0)
			return -ENOTCONN;
		if ((error = open_conn(w->tcp, to, &c)) < 0)
			return error;
	}
	return conn_send(c, bytes, flags, of, token);
}

/* It did not leave. */
static void
lost(struct worker *w, const struct hop *to, struct str bytes, unsigned flags,
    unsigned of, uint64_t token, int error)
{
	failures_tell(w, of, token, error);
	if ((flags & WIRE_RESPONSE) != 0)
		upper->response_lost(w, to, flags, bytes);
}

struct job {
	struct hop	to;
	unsigned	flags;
	unsigned	of;
	uint64_t	token;
	size_t		len;
	char		bytes[];
};

static void
on_job(struct worker *w, void *arg)
{
	struct job	*j = arg;
	struct str	 bytes = str_make(j->bytes, j->len);
	int		 error;

	error = send_here(w, &j->to, bytes, j->flags, j->of, j->token);
	if (error < 0)
		lost(w, &j->to, bytes, j->flags, j->of, j->token, error);
	free(j);
}

int
tcp_send(struct worker *w, const struct hop *to, struct str bytes,
    unsigned flags, uint64_t token)
{
	struct hop	 alias;
	unsigned	 owner;
	struct job	*j;
	int		 error;

	if (alias_find(to, &alias)) {
		to = &alias;
		flags = 0;
	}
	owner = tcp_owner(to);
	if (owner == w->index) {
		error = send_here(w, to, bytes, flags, w->index, token);
		if (error < 0)
			lost(w, to, bytes, flags, w->index, token, error);
		return 0;
	}
	j = xcalloc(1, sizeof(*j) + bytes.len);
	j->to = *to;
	j->flags = flags;
	j->of = w->index;
	j->token = token;
	j->len = bytes.len;
	memcpy(j->bytes, bytes.s, bytes.len);
	if ((error = worker_run_on(w, owner, on_job, j)) < 0)
		free(j);
	return error;
}
