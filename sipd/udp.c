/*
 * udp - one worker's UDP sockets.
 *
 * Level-triggered: a vector that came back full is asked for again at once, a
 * bounded number of times. Received messages lie in buffers of the pool; only one
 * that goes to another worker leaves its place in the vector.
 */
#include "sipd/udp.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/stats.h"
#include "sipd/banned.h"
#include "sipd/failures.h"
#include "sipd/icmp.h"
#include "sipd/listeners.h"
#include "sipd/ping.h"
#include "sipd/pool.h"
#include "sipd/stun.h"

#define VECTOR_IN	32
#define VECTOR_OUT	64
#define ROUNDS		4		/* vectors a turn and socket */
#define ARENA		(4 * MESSAGE_MAX)
#define CONTROL		64		/* octets: one packet-info of either family */

struct outgoing {
	unsigned		 n;
	struct mmsghdr		 v[VECTOR_OUT];
	struct iovec		 iov[VECTOR_OUT];
	struct addr		 to[VECTOR_OUT];
	uint64_t		 token[VECTOR_OUT];
	_Alignas(16) char	 control[VECTOR_OUT][CONTROL];
	size_t			 used;
	char			 arena[ARENA];
};

struct udp_socket {
	struct udp		*udp;
	const struct listener	*listener;
	int			 fd;
	struct loop_io		*io;
	struct outgoing		*out;
};

struct incoming {
	struct buffer		*buffer[VECTOR_IN];
	struct mmsghdr		 v[VECTOR_IN];
	struct iovec		 iov[VECTOR_IN];
	struct addr		 from[VECTOR_IN];
	_Alignas(16) char	 control[VECTOR_IN][CONTROL];
};

struct udp {
	struct worker		*worker;
	struct udp_socket	*sockets[LISTENERS_MAX];
	unsigned		 n;
	struct incoming		 in;
};

/* The first n places of the vector, for the next call. */
static void
prepare(struct incoming *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		in->iov[i] = (struct iovec){ in->buffer[i]->bytes,
		    MESSAGE_MAX };
		in->v[i].msg_hdr = (struct msghdr){
			.msg_name = &in->from[i].sa,
			.msg_namelen = sizeof(in->from[i].in6),
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = in->control[i],
			.msg_controllen = CONTROL,
		};
	}
}

struct udp *
udp_new(struct worker *w)
{
	struct udp	*u = xcalloc(1, sizeof(*u));

	u->worker = w;
	for (unsigned i = 0; i < VECTOR_IN; i++)
		u->in.buffer[i] = pool_take(w->pool);
	prepare(&u->in, VECTOR_IN);
	return u;
}

static void
socket_free(struct udp_socket *s)
{
	loop_io_free(s->io);
	free(s->out);
	free(s);
}

void
udp_free(struct udp *u)
{
	if (u == NULL)
		return;
	for (unsigned i = 0; i < u->n; i++)
		socket_free(u->sockets[i]);
	free(u);
}

/* ---- receiving ---- */

/* Octets that a request or response may begin with: those of a token. */
static bool
begins_message(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || (c != '\0' &&
	    strchr("-.!%*_+`'~", c) != NULL);
}

/* Our address of this datagram, where the socket has many. */
static void
read_control(const struct msghdr *m, struct addr *local)
{
	struct msghdr	*h = (struct msghdr *)(uintptr_t)m;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			local->in.sin_addr = p.ipi_spec_dst;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			local->in6.sin6_addr = p.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&p.ipi6_addr))
				local->in6.sin6_scope_id = p.ipi6_ifindex;
		}
	}
}

/* Two zero bits and another length than a ping: RFC 8489 section 5. */
static bool
is_stun(struct str bytes)
{
	return bytes.len > 0 && ((unsigned char)bytes.s[0] & 0xfc) == 0;
}

/* A phone behind a NAT asks where it is seen from, to keep that alive (RFC 5626 4.4.2). */
static void
answer_stun(struct udp *u, const struct listener *l, const struct packet *p)
{
	char	out[STUN_ANSWER_MAX];
	size_t	n = stun_answer(p->bytes, &p->from.remote, out);

	if (n == 0 && ping_stun(u->worker, p->bytes, &p->from))
		return;
	stats->keepalives++;
	if (n > 0 && l != NULL) {	/* l: not while a socket is emptied */
		stats->stun_answered++;
		(void)udp_send(u, l, &p->from, str_make(out, n), 0);
	}
}

/* Cheap exits: keep-alives and what is no SIP at all. */
static bool
worth_reading(struct str *bytes)
{
	while (bytes->len > 0 && (bytes->s[0] == '\r' || bytes->s[0] == '\n')) {
		bytes->s++;
		bytes->len--;
	}
	if (bytes->len == 0) {
		stats->keepalives++;
		return false;
	}
	if (!begins_message((unsigned char)bytes->s[0])) {
		stats->parse_errors++;
		return false;
	}
	return true;
}

/*
 * To the worker that owns the call. The buffer leaves its place in the vector
 * only when there is another one for it.
 */
static void
give_away(struct udp *u, unsigned i, unsigned owner)
{
	struct buffer	*spare = pool_take(u->worker->pool);

	if (spare == NULL)
		stats->hand_over_full++;
	else if (worker_hand_over(u->worker, owner, u->in.buffer[i]))
		u->in.buffer[i] = spare;
	else
		pool_give(u->worker->pool, spare);
}

/* Message i of the vector. */
static void
receive_one(struct udp *u, unsigned i, const struct listener *l,
    const struct addr *local)
{
	struct incoming	*in = &u->in;
	struct packet	*p = &in->buffer[i]->packet;
	unsigned	 owner;

	in->from[i].len = in->v[i].msg_hdr.msg_namelen;
	if (banned(&in->from[i]) ||
	    (l != NULL && !listener_lets_in(l, &in->from[i])))
		return;
	p->bytes = str_make(in->buffer[i]->bytes, in->v[i].msg_len);
	p->from.transport = TRANSPORT_UDP;
	p->from.remote = in->from[i];
	p->from.local = *local;
	if (addr_is_wildcard(local))
		read_control(&in->v[i].msg_hdr, &p->from.local);
	if (is_stun(p->bytes)) {
		answer_stun(u, l, p);
		return;
	}
	if (!worth_reading(&p->bytes))
		return;
	p->arrived = loop_now(u->worker->loop);
	p->too_big = p->bytes.len > settings_now()->message_max;
	if (p->too_big)
		stats->too_big++;
	owner = worker_for(u->worker, p->bytes);
	if (owner != u->worker->index) {
		give_away(u, i, owner);
		return;
	}
	upper->packet(u->worker, p);
	pool_trim(u->worker->pool, in->buffer[i]);
}

/* One vector. True when it came back full. */
static bool
receive(struct udp *u, int fd, const struct listener *l, const struct addr *local)
{
	int	n;

	n = recvmmsg(fd, u->in.v, VECTOR_IN, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return false;
	stats->udp_receive_calls++;
	stats->udp_received += (uint64_t)n;
	for (int i = 0; i < n; i++)
		receive_one(u, (unsigned)i, l, local);
	prepare(&u->in, (unsigned)n);
	return n == VECTOR_IN;
}

static void
on_socket(void *arg, unsigned events)
{
	struct udp_socket	*s = arg;
	struct udp		*u = s->udp;
	const struct listener	*l = s->listener;

	worker_drain(u->worker);	/* first what was received before */
	if (events & LOOP_ERROR)
		(void)icmp_read(u->worker, s->fd);
	for (int i = 0; i < ROUNDS; i++)
		if (!receive(u, s->fd, l, &l->addr))
			break;
	worker_wake(u->worker);
}

void
udp_drain(struct udp *u, int fd, const struct addr *local)
{
	while (receive(u, fd, NULL, local))
		;
}

/* ---- sending ---- */

static void
write_control(struct msghdr *m, char *buf, const struct addr *local)
{
	struct cmsghdr	*c;

	m->msg_control = buf;
	m->msg_controllen = CONTROL;
	c = CMSG_FIRSTHDR(m);
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo p = { .ipi_spec_dst = local->in.sin_addr };

		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(p));
		memcpy(CMSG_DATA(c), &p, sizeof(p));
		m->msg_controllen = CMSG_SPACE(sizeof(p));
	} else {
		struct in6_pktinfo p = {
			.ipi6_addr = local->in6.sin6_addr,
			.ipi6_ifindex = local->in6.sin6_scope_id,
		};

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(p));
		memcpy(CMSG_DATA(c), &p, sizeof(p));
		m->msg_controllen = CMSG_SPACE(sizeof(p));
	}
}

/*
 * A full socket buffer is like a lossy network: retransmission mends it. Other
 * errors are about that destination, and are told - unless it was what an ICMP
 * error for an earlier one had left behind (false): then once more.
 */
static bool
refused(struct udp_socket *s, uint64_t token, int error)
{
	struct worker	*w = s->udp->worker;

	if (icmp_read(w, s->fd) > 0)
		return false;
	stats->udp_send_failed++;
	if (error != EAGAIN && error != ENOBUFS && error != ENOMEM)
		failures_add(w, token, -error);
	return true;
}

static void
flush(struct udp_socket *s)
{
	struct outgoing	*o = s->out;
	unsigned	 i = 0;
	int		 n;

	while (i < o->n) {
		n = sendmmsg(s->fd, o->v + i, o->n - i, MSG_DONTWAIT);
		stats->udp_send_calls++;
		if (n > 0) {
			stats->udp_sent += (uint64_t)n;
			i += (unsigned)n;
		} else if (errno != EINTR && refused(s, o->token[i], errno))
			i++;
	}
	o->n = 0;
	o->used = 0;
}

void
udp_flush(struct udp *u)
{
	for (unsigned i = 0; i < u->n; i++)
		if (u->sockets[i]->out->n > 0)
			flush(u->sockets[i]);
}

static struct udp_socket *
socket_of(struct udp *u, const struct listener *l)
{
	for (unsigned i = 0; i < u->n; i++)
		if (u->sockets[i]->listener == l)
			return u->sockets[i];
	return NULL;
}

int
udp_send(struct udp *u, const struct listener *l, const struct hop *to,
    struct str bytes, uint64_t token)
{
	struct udp_socket	*s = socket_of(u, l);
	struct outgoing		*o;
	struct msghdr		*m;
	unsigned		 i;

	if (s == NULL)
		return -EADDRNOTAVAIL;
	o = s->out;
	if (o->n == VECTOR_OUT || o->used + bytes.len > ARENA)
		flush(s);
	i = o->n++;
	memcpy(o->arena + o->used, bytes.s, bytes.len);
	o->iov[i] = (struct iovec){ o->arena + o->used, bytes.len };
	o->used += bytes.len;
	o->to[i] = to->remote;
	o->token[i] = token;
	m = &o->v[i].msg_hdr;
	*m = (struct msghdr){
		.msg_name = &o->to[i].sa,
		.msg_namelen = to->remote.len,
		.msg_iov = &o->iov[i],
		.msg_iovlen = 1,
	};
	if (l->wildcard && to->local.len > 0 && !addr_is_wildcard(&to->local))
		write_control(m, o->control[i], &to->local);
	return 0;
}

/* ---- which sockets ---- */

static bool
listed(const struct listeners *t, const struct listener *l)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i] == l)
			return true;
	return false;
}

static void
add(struct udp *u, struct listener *l)
{
	struct udp_socket	*s = xcalloc(1, sizeof(*s));

	s->udp = u;
	s->listener = l;
	s->fd = l->fds[u->worker->index];
	icmp_want(s->fd, l->addr.sa.sa_family);
	s->out = xcalloc(1, sizeof(*s->out));
	s->io = loop_io_new(u->worker->loop, s->fd, LOOP_READ, on_socket, s);
	u->sockets[u->n++] = s;
}

/* What came before the change is still answered. */
static void
drop(struct udp *u, unsigned i)
{
	struct udp_socket	*s = u->sockets[i];
	struct listener		*l = (struct listener *)(uintptr_t)s->listener;

	flush(s);
	socket_free(s);
	close(l->fds[u->worker->index]);
	l->fds[u->worker->index] = -1;
	u->sockets[i] = u->sockets[--u->n];
}

void
udp_follow(struct udp *u, const struct listeners *t)
{
	for (unsigned i = u->n; i-- > 0;)
		if (!listed(t, u->sockets[i]->listener))
			drop(u, i);
	for (uint32_t i = 0; i < t->n; i++) {
		struct listener *l = t->v[i];

		if (l->transport == TRANSPORT_UDP && u->n < LISTENERS_MAX &&
		    l->fds[u->worker->index] >= 0 && socket_of(u, l) == NULL)
			add(u, l);
	}
}
