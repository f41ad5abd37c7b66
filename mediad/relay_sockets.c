/*
 * relay_sockets - tier 3 of the relay: a socket per port.
 *
 * relay.c says when to look. A packet of a call comes alone, so the first look takes
 * one of each socket by the cheapest calls there are; who has more is still ready in
 * the next look, which takes vectors.
 */
#include <errno.h>

#include "common/stats.h"
#include "mediad/relay_own.h"

#define SOCKET_VECTOR	8	/* packets a receive call; one is the rule */
#define VECTORS		32	/* from one socket before the next one's turn */
#define DRAIN_MAX	4096	/* packets that one socket can have kept */

/* ---- sending ---- */

void
flow_send(const struct flow *f, const uint8_t *p, size_t len, const struct addr *to)
{
	if (sendto(f->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL, &to->sa, to->len) >= 0)
		stats->rtp_relayed++;
	else
		stats->rtp_dropped++;
}

static void
out_add(struct relay *r, unsigned n, unsigned i, const struct addr *target)
{
	r->iov_out[n] = (struct iovec){ r->octets[i], r->in.h[i].msg_len };
	r->out[n].msg_hdr = (struct msghdr){
		.msg_name = (void *)&target->sa,
		.msg_namelen = target->len,
		.msg_iov = &r->iov_out[n],
		.msg_iovlen = 1,
	};
}

static void
out_send(struct relay *r, int fd, unsigned n)
{
	unsigned	done = 0;
	int		sent;

	while (done < n) {
		sent = sendmmsg(fd, r->out + done, n - done,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent <= 0) {	/* this one failed; the others may not */
			stats->rtp_dropped++;
			done++;
			continue;
		}
		stats->rtp_relayed += sent;
		done += sent;
	}
}

/* ---- a socket that has something ---- */

static int
flow_receive(struct relay *r, struct flow *f)
{
	return recvmmsg(f->fd, r->in.h, SOCKET_VECTOR, MSG_DONTWAIT, NULL);
}

/* The n packets of the vector; young: only those. */
static void
flow_relay(struct relay *r, struct flow *f, int n, struct mono now, bool young)
{
	const struct addr	*target;
	unsigned		 out = 0;

	for (int i = 0; i < n; i++) {
		struct mmsghdr	*h = &r->in.h[i];

		if (h->msg_hdr.msg_flags & MSG_TRUNC) {
			stats->rtp_dropped++;
			continue;
		}
		if (young && !packet_is_young(&h->msg_hdr)) {
			stats->rtp_dropped_old++;
			continue;
		}
		r->in.from[i].len = h->msg_hdr.msg_namelen;
		target = relay_judge(r, f, &r->in.from[i], r->octets[i],
		    h->msg_len, now);
		if (target != NULL)
			out_add(r, out++, i, target);
	}
	if (out > 0)
		out_send(r, f->to->fd, out);
}

/* One packet, whose age is of no interest. */
static unsigned
flow_take(struct relay *r, struct flow *f, struct mono now)
{
	struct addr		 from = { .len = sizeof(from.in6) };
	uint8_t			*p = r->octets[0];
	const struct addr	*target;
	ssize_t			 len;

	len = recvfrom(f->fd, p, PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC, &from.sa,
	    &from.len);
	if (len < 0)
		return 0;
	if (len > PACKET_MAX) {
		stats->rtp_dropped++;
		return 1;
	}
	target = relay_judge(r, f, &from, p, (size_t)len, now);
	if (target != NULL)
		flow_send(f->to, p, (size_t)len, target);
	return 1;
}

unsigned
sockets_ready(struct relay *r, struct flow *f, struct mono now, bool first)
{
	unsigned	packets = 0;
	int		n = SOCKET_VECTOR;

	if (first && !r->stalled)
		return flow_take(r, f, now);
	/* Control has room only while ages are asked for. */
	if (r->in.h[0].msg_hdr.msg_iov == NULL ||
	    r->stalled != (r->in.h[0].msg_hdr.msg_control != NULL))
		vector_reset(r, &r->in, SOCKET_VECTOR, r->stalled);
	for (unsigned i = 0; i < VECTORS && n == SOCKET_VECTOR; i++) {
		n = flow_receive(r, f);
		if (n <= 0)
			break;
		flow_relay(r, f, n, now, r->stalled);
		vector_reuse(&r->in, n);
		packets += (unsigned)n;
	}
	return packets;
}

/* ---- flows ---- */

/* What was there before the flow was. */
static void
flow_drain(struct relay *r, struct flow *f, bool adopted)
{
	struct mono	now = loop_now_fresh(r->loop);
	int		n;

	for (unsigned done = 0; done < DRAIN_MAX; done += n) {
		vector_reset(r, &r->in, SOCKET_VECTOR, adopted);
		n = flow_receive(r, f);
		if (n <= 0)
			break;
		if (adopted)
			flow_relay(r, f, n, now, true);
	}
	vector_reset(r, &r->in, SOCKET_VECTOR, false);
}

int
relay_add(struct relay *r, struct flow *f, bool adopted)
{
	struct epoll_event	e = { .events = EPOLLIN, .data.ptr = f };

	if (steered_add(r, f) && !adopted)
		return 0;
	flow_drain(r, f, adopted);
	if (f->steered != NULL)
		return 0;
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, f->fd, &e) < 0)
		return -errno;
	f->added = true;
	return 0;
}

void
relay_remove(struct relay *r, struct flow *f)
{
	steered_remove(f);
	if (!f->added)
		return;
	epoll_ctl(r->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	f->added = false;
}
