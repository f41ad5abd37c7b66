/*
 * ng_listen - the sockets on which ng messages come in and replies leave.
 *
 * mediad.c opens them while still privileged; ng.c answers. On a connection one
 * message is answered at a time: while a reply waits for the peer to read, nothing
 * more is read of it.
 */
#include "mediad/ng_listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"
#include "mediad/bencode.h"

#define STORE_NAME	"n"
#define DATAGRAMS	32	/* of one socket in a turn */
#define BACKLOG		64

struct listener {
	SLIST_ENTRY(listener)	link;
	struct ng_listen	*all;
	struct peer		 local;
	int			 fd;
	struct loop_io		*io;
};

struct connection {
	LIST_ENTRY(connection)	link;
	struct ng_listen	*all;
	struct addr		 peer;
	int			 fd;
	struct loop_io		*io;
	char			*out;		/* of a reply, what has not left; or NULL */
	size_t			 out_len, out_sent;
	size_t			 in_len;
	char			 in[NG_MESSAGE_MAX];
};

struct ng_listen {
	struct loop		*loop;
	struct ng		*ng;
	unsigned		 nconnections;
	SLIST_HEAD(, listener)	 listeners;
	LIST_HEAD(, connection)	 connections;
	char			 datagram[NG_MESSAGE_MAX];
};

/* ---- UDP ---- */

static void
on_datagrams(void *arg, unsigned events)
{
	struct listener	*l = arg;
	struct addr	 from;
	struct str	 reply;
	ssize_t		 n;

	(void)events;
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		from.len = sizeof(from.in6);
		n = recvfrom(l->fd, l->all->datagram, sizeof(l->all->datagram), 0,
		    &from.sa, &from.len);
		if (n == -1)
			return;
		reply = ng_answer(l->all->ng, &from,
		    str_make(l->all->datagram, (size_t)n), loop_now(l->all->loop));
		/* One that is lost is asked for again. */
		if (reply.len > 0)
			(void)sendto(l->fd, reply.s, reply.len, 0, &from.sa,
			    from.len);
	}
}

/* ---- TCP ---- */

static void
connection_free(struct connection *c)
{
	LIST_REMOVE(c, link);
	c->all->nconnections--;
	loop_io_free(c->io);
	close(c->fd);
	free(c->out);
	free(c);
}

/* Sends what is left of the reply. False: the connection is gone. */
static bool
connection_flush(struct connection *c)
{
	ssize_t	n;

	while (c->out_sent < c->out_len) {
		n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN)
			return true;
		if (n == -1)
			return false;
		c->out_sent += (size_t)n;
	}
	free(c->out);
	c->out = NULL;
	return true;
}

/* Octets of the first whole message; 0: not there yet; -errno: never will be. */
static ssize_t
message_length(const struct connection *c)
{
	struct str	in = str_make(c->in, c->in_len);
	ptrdiff_t	blank = str_chr(in, ' ');
	struct str	rest;
	struct bencode	v;
	int		error;

	if (blank < 0)
		return in.len < sizeof(c->in) ? 0 : -E2BIG;
	rest = str_make(in.s + blank + 1, in.len - (size_t)blank - 1);
	error = bencode_read(&v, &rest);
	if (error == -EAGAIN)
		return in.len < sizeof(c->in) ? 0 : -E2BIG;
	return error < 0 ? error : (ssize_t)(in.len - rest.len);
}

/* Answers what is whole, one by one. False: the connection is to be closed. */
static bool
connection_answer(struct connection *c)
{
	struct str	reply;
	ssize_t		n;

	while (c->out == NULL && (n = message_length(c)) != 0) {
		if (n < 0) {
			stats->ng_bad++;
			return false;	/* where the next one begins is not known */
		}
		reply = ng_answer(c->all->ng, &c->peer, str_make(c->in, (size_t)n),
		    loop_now(c->all->loop));
		if (reply.len == 0)
			return false;
		c->in_len -= (size_t)n;
		memmove(c->in, c->in + n, c->in_len);
		c->out = str_dup(reply);
		c->out_len = reply.len;
		c->out_sent = 0;
		if (!connection_flush(c))
			return false;
	}
	return true;
}

static bool
connection_read(struct connection *c)
{
	ssize_t	n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	c->in_len += (size_t)n;
	return n > 0;
}

static void
on_connection(void *arg, unsigned events)
{
	struct connection	*c = arg;
	bool			 alive = true;

	(void)events;
	if (c->out != NULL)
		alive = connection_flush(c);
	else
		alive = connection_read(c);
	if (!alive || !connection_answer(c)) {
		connection_free(c);
		return;
	}
	loop_io_want(c->io, c->out != NULL ? LOOP_WRITE : LOOP_READ);
}

static void
on_accept(void *arg, unsigned events)
{
	struct listener		*l = arg;
	struct connection	*c;
	struct addr		 peer = { .len = sizeof(peer.in6) };
	int			 fd;

	(void)events;
	fd = accept4(l->fd, &peer.sa, &peer.len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1)
		return;
	if (l->all->nconnections >= NG_CONNECTIONS_MAX) {
		stats->ng_refused++;
		log_rate(LOG_PROBLEMS, "MEDIA", "ng: over %d connections: "
		    "another one is refused", NG_CONNECTIONS_MAX);
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->all = l->all;
	c->peer = peer;
	c->fd = fd;
	c->io = loop_io_new(l->all->loop, fd, LOOP_READ, on_connection, c);
	LIST_INSERT_HEAD(&l->all->connections, c, link);
	l->all->nconnections++;
}

/* ---- sockets ---- */

static int
socket_type(enum transport t)
{
	return t == TRANSPORT_TCP ? SOCK_STREAM : SOCK_DGRAM;
}

/* What is bound already: from the store. */
static bool
socket_is(int fd, const struct peer *want)
{
	struct addr	a = { .len = sizeof(a.in6) };
	int		type = 0;
	socklen_t	len = sizeof(type);

	return getsockname(fd, &a.sa, &a.len) == 0 && addr_eq(&a, &want->addr) &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == socket_type(want->transport);
}

static int
socket_open(const struct peer *p)
{
	int	on = 1, error;
	int	fd = socket(p->addr.sa.sa_family,
	    socket_type(p->transport) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -errno;
	if (p->transport == TRANSPORT_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &p->addr.sa, p->addr.len) == 0 &&
	    (p->transport == TRANSPORT_UDP || listen(fd, BACKLOG) == 0))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static void
listener_add(struct ng_listen *all, const struct peer *local, int fd)
{
	struct listener	*l = xcalloc(1, sizeof(*l));

	l->all = all;
	l->local = *local;
	l->fd = fd;
	l->io = loop_io_new(all->loop, fd, LOOP_READ,
	    local->transport == TRANSPORT_TCP ? on_accept : on_datagrams, l);
	SLIST_INSERT_HEAD(&all->listeners, l, link);
}

static bool
entry_parse(struct peer *out, const char *text)
{
	return peer_parse(out, str_of(text)) == 0 && addr_port(&out->addr) != 0 &&
	    (out->transport == TRANSPORT_UDP || out->transport == TRANSPORT_TCP) &&
	    !addr_is_wildcard(&out->addr);
}

/* Those of the store that the settings still name. */
static void
adopt(struct ng_listen *all, const struct set_texts *sockets)
{
	int	fd;

	while ((fd = fdstore_take(STORE_NAME)) >= 0) {
		bool	used = false;

		for (size_t i = 0; i < sockets->n && !used; i++) {
			struct peer	p;

			used = entry_parse(&p, sockets->v[i]) && socket_is(fd, &p);
			if (used)
				listener_add(all, &p, fd);
		}
		if (!used)
			close(fd);
	}
	/* Stored again by those that stay: the name is one for all. */
	fdstore_remove(STORE_NAME);
}

static bool
have(const struct ng_listen *all, const struct peer *p)
{
	struct listener	*l;

	SLIST_FOREACH(l, &all->listeners, link)
		if (peer_eq(&l->local, p))
			return true;
	return false;
}

/* ---- all of them ---- */

bool
ng_listen_check(const struct set_texts *sockets, struct complaints *out)
{
	bool	good = true;

	for (size_t i = 0; i < sockets->n; i++) {
		struct peer	p;

		if (!entry_parse(&p, sockets->v[i])) {
			complain(out, false, "", 0, 0, "ng-listen %s: not "
			    "udp:ADDR:PORT or tcp:ADDR:PORT with an address of "
			    "this machine", sockets->v[i]);
			good = false;
		} else if (!addr_is_loopback(&p.addr)) {
			complain(out, true, "", 0, 0, "ng-listen %s: whoever "
			    "reaches it may open and end media sessions; the "
			    "protocol has no authentication", sockets->v[i]);
		}
	}
	return good;
}

struct ng_listen *
ng_listen_open(struct loop *loop, struct ng *n, const struct set_texts *sockets)
{
	struct ng_listen	*all = xcalloc(1, sizeof(*all));
	struct listener		*l;

	all->loop = loop;
	all->ng = n;
	adopt(all, sockets);
	for (size_t i = 0; i < sockets->n; i++) {
		struct peer	p;
		int		fd;

		if (!entry_parse(&p, sockets->v[i]) || have(all, &p))
			continue;
		fd = socket_open(&p);
		if (fd < 0) {
			log_at(LOG_FAILURE, "MEDIA", 0, "ng-listen %s: %s",
			    sockets->v[i], strerror(-fd));
			ng_listen_close(all);
			errno = -fd;
			return NULL;
		}
		listener_add(all, &p, fd);
	}
	SLIST_FOREACH(l, &all->listeners, link)
		(void)fdstore_put(STORE_NAME, &l->fd, 1);
	return all;
}

void
ng_listen_close(struct ng_listen *all)
{
	struct listener	*l;

	if (all == NULL)
		return;
	while (!LIST_EMPTY(&all->connections))
		connection_free(LIST_FIRST(&all->connections));
	while ((l = SLIST_FIRST(&all->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&all->listeners, link);
		loop_io_free(l->io);
		close(l->fd);
		free(l);
	}
	free(all);
}
