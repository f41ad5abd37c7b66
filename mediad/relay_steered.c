/*
 * relay_steered - tier 2 of the relay: one socket receives for all ports of an address.
 *
 * steer.c tells the kernel which ports those are. Every packet says where it went to,
 * which finds its flow in a table by port. So a vector of packets costs one system call
 * to receive, whoever they are from and for; each leaves from the socket of the port that
 * the other phone knows. (One raw socket with headers of ours in its place sends them
 * all in one call, and saves nothing: the kernel makes a route for each packet, and
 * whoever receives it checks a checksum.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/stats.h"
#include "common/str.h"
#include "mediad/relay_own.h"
#include "mediad/steer.h"

#define VECTORS		32	/* before others get their turn */

/* One relay address. */
struct steered {
	struct steered	*next;
	const struct addr *local;
	struct steer	 steer;
	bool		 stamped;	/* the socket tells when packets came */
	struct vector	 in;
	struct flow	*flows[65536];	/* by port */
};

/* ---- receiving ---- */

/* The port of ours that the packet went to; 0: it does not say. */
static uint16_t
packet_port(const struct msghdr *h)
{
	struct sockaddr_in	to;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)h, c)) {
		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_ORIGDSTADDR))
			continue;
		memcpy(&to, CMSG_DATA(c), sizeof(to));	/* the port's place is the same */
		return ntohs(to.sin_port);
	}
	return 0;
}

/* The flow it is for, when it may be looked at; NULL: it was counted. */
static struct flow *
packet_flow(struct relay *r, struct steered *s, const struct mmsghdr *h)
{
	uint16_t	 port = packet_port(&h->msg_hdr);
	struct flow	*f = s->flows[port];

	if (f == NULL) {	/* an earlier process steered it: no more */
		steer_port(&s->steer, port, false);
		stats->rtp_dropped++;
		return NULL;
	}
	if (h->msg_hdr.msg_flags & MSG_TRUNC) {
		stats->rtp_dropped++;
		return NULL;
	}
	if (r->stalled && !packet_is_young(&h->msg_hdr)) {
		stats->rtp_dropped_old++;
		return NULL;
	}
	return f;
}

static void
packets_relay(struct relay *r, struct steered *s, int n, struct mono now)
{
	for (int i = 0; i < n; i++) {
		struct mmsghdr		*h = &s->in.h[i];
		struct flow		*f = packet_flow(r, s, h);
		const struct addr	*to;

		if (f == NULL)
			continue;
		s->in.from[i].len = h->msg_hdr.msg_namelen;
		to = relay_judge(r, f, &s->in.from[i], r->octets[i], h->msg_len, now);
		if (to != NULL)
			flow_send(f->to, r->octets[i], h->msg_len, to);
	}
}

/* Ages are asked for only while old packets are expected. */
static void
stamps_want(struct steered *s, bool on)
{
	int	value = on;

	if (s->stamped == on)
		return;
	setsockopt(s->steer.sock, SOL_SOCKET, SO_TIMESTAMPNS, &value, sizeof(value));
	s->stamped = on;
}

static unsigned
address_ready(struct relay *r, struct steered *s, struct mono now, bool *more)
{
	unsigned	packets = 0;
	int		n = VECTOR;

	stamps_want(s, r->stalled);
	for (unsigned i = 0; i < VECTORS && n == VECTOR; i++) {
		n = recvmmsg(s->steer.sock, s->in.h, VECTOR, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return packets;
		packets_relay(r, s, n, now);
		vector_reuse(&s->in, n);
		packets += (unsigned)n;
	}
	*more |= n == VECTOR;
	return packets;
}

unsigned
steered_ready(struct relay *r, struct mono now, bool *more)
{
	unsigned	packets = 0;

	for (struct steered *s = r->steered; s != NULL; s = s->next)
		packets += address_ready(r, s, now, more);
	return packets;
}

/* ---- flows ---- */

bool
steered_add(struct relay *r, struct flow *f)
{
	struct steered	*s = r->steered;

	while (s != NULL && s->local != f->local)
		s = s->next;
	if (s == NULL)
		return false;
	s->flows[f->port] = f;
	f->steered = s;
	steer_port(&s->steer, f->port, true);
	return true;
}

void
steered_remove(struct flow *f)
{
	struct steered	*s = f->steered;

	if (s == NULL)
		return;
	steer_port(&s->steer, f->port, false);
	s->flows[f->port] = NULL;
	f->steered = NULL;
}

/* ---- addresses ---- */

int
relay_steer(struct relay *r, const struct addr *local, unsigned slot)
{
	struct epoll_event	 e = { .events = EPOLLIN };
	struct steered		*s = xcalloc(1, sizeof(*s));
	bool			 adopted = false;
	int			 error;

	s->local = local;
	error = steer_open(&s->steer, local, slot, &adopted);
	if (error == 0 &&
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, s->steer.sock, &e) < 0)
		error = -errno;
	if (error < 0) {
		steer_close(&s->steer);
		free(s);
		return error;
	}
	vector_reset(r, &s->in, VECTOR, true);
	r->stalled |= adopted;
	s->stamped = !r->stalled;	/* not known: so that it is said */
	stamps_want(s, r->stalled);
	s->next = r->steered;
	r->steered = s;
	return 0;
}

void
steered_free(struct relay *r)
{
	struct steered	*s;

	while ((s = r->steered) != NULL) {
		r->steered = s->next;
		steer_close(&s->steer);
		free(s);
	}
}
