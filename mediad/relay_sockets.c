/*
 * relay_sockets - tier 3 of the relay: a socket per port.
 *
 * session.c adds and removes flows; what a flow's packets may do is asked of
 * learn.c. The relay's sockets are in an epoll set of its own, which the loop sees
 * as one descriptor: so that they can all be left alone until the next tick, and
 * so that a stream costs the loop nothing.
 *
 * Per packet: two system calls, one lookup in nothing, no allocation, no log line.
 */
#include "mediad/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/stats.h"
#include "common/str.h"
#include "mediad/rtcp.h"

#define VECTOR		16	/* packets a receive call */
#define PACKET_MAX	9216	/* octets: a jumbo frame; longer is dropped */
#define VECTORS		16	/* from one socket before the next one's turn */
#define EVENTS		256	/* sockets a look */
#define LOOKS		8	/* before others get their turn */
#define DRAIN_MAX	4096	/* packets that one socket can have kept */
#define RATE_MS		100	/* over which the rate is taken */

struct relay {
	struct loop		*loop;
	int			 epoll;
	struct loop_io		*io;
	struct loop_tick	*tick;
	bool			 ticking;
	bool			 stalled;	/* the next look finds old packets */
	struct mono		 beat;		/* the last one; ns 0: none yet */
	struct mono		 rate_from;
	uint32_t		 rate_packets;
	relay_moved_fn		*moved;
	relay_own_fn		*own;
	void			*arg;
	struct epoll_event	 events[EVENTS];
	struct mmsghdr		 in[VECTOR], out[VECTOR];
	struct iovec		 iov_in[VECTOR], iov_out[VECTOR];
	struct addr		 from[VECTOR];
	union {
		struct cmsghdr	 align;
		char		 octets[CMSG_SPACE(sizeof(struct timespec))];
	}			 control[VECTOR];
	uint8_t			 octets[VECTOR][PACKET_MAX];
};

/* ---- one packet ---- */

/*
 * RTP, DTLS, STUN and whatever else shares an RTP port pass; what claims to be
 * RTCP on the RTCP port must begin like it (RFC 3550 A.2, S39).
 */
static bool
packet_is_sound(const struct flow *f, const uint8_t *p, size_t len)
{
	if (!f->rtcp || len == 0 || p[0] >> 6 != 2)
		return true;
	return len >= 8 && p[1] >= 192 && p[1] <= 223;
}

/* Reports, on their own port or beside RTP (RFC 5761 section 4). */
static bool
packet_is_rtcp(const struct flow *f, const uint8_t *p, size_t len)
{
	return f->is_rtp && len >= 8 && p[0] >> 6 == 2 && p[1] >= 192 && p[1] <= 223;
}

/* May it leave, and to whom? NULL: no, and it was counted. */
static const struct addr *
packet_judge(struct relay *r, struct flow *f, const struct addr *from,
    const uint8_t *p, size_t len, struct mono now)
{
	const struct addr	*target;
	enum learn_verdict	 v = learn_packet(&f->learn, from, now);

	if (v == LEARN_MOVED) {
		if (r->own(r->arg, from)) {
			f->learn.state = LEARN_OPEN;
			v = LEARN_DROP;
		} else {
			r->moved(r->arg, f);
		}
	}
	if (v == LEARN_DROP) {
		f->refused++;
		f->refused_from = *from;
		stats->rtp_dropped_source++;
		return NULL;
	}
	if (!packet_is_sound(f, p, len)) {
		stats->rtp_dropped++;
		return NULL;
	}
	flow_count(f->count, p, len, f->is_rtp && !f->rtcp, f->clock, now.ns);
	if (f->report != NULL && !f->secure && packet_is_rtcp(f, p, len))
		rtcp_note(f->report, f->to != NULL ? f->to->report : NULL, p, len,
		    now.ns);
	target = f->to != NULL ? learn_target(&f->to->learn) : NULL;
	if (target == NULL)
		stats->rtp_no_peer++;
	return target;
}

/* ---- receiving ---- */

static void
vector_reset(struct relay *r, bool control)
{
	for (unsigned i = 0; i < VECTOR; i++) {
		r->iov_in[i] = (struct iovec){ r->octets[i], PACKET_MAX };
		r->in[i].msg_hdr = (struct msghdr){
			.msg_name = &r->from[i].sa,
			.msg_namelen = sizeof(r->from[i].in6),
			.msg_iov = &r->iov_in[i],
			.msg_iovlen = 1,
			.msg_control = control ? &r->control[i] : NULL,
			.msg_controllen = control ? sizeof(r->control[i]) : 0,
		};
	}
}

/* What the kernel wrote in the first n. */
static void
vector_reuse(struct relay *r, int n)
{
	for (int i = 0; i < n; i++) {
		struct msghdr	*h = &r->in[i].msg_hdr;

		h->msg_namelen = sizeof(r->from[i].in6);
		h->msg_flags = 0;
		if (h->msg_control != NULL)
			h->msg_controllen = sizeof(r->control[i]);
	}
}

static int
flow_receive(struct relay *r, struct flow *f)
{
	return recvmmsg(f->fd, r->in, VECTOR, MSG_DONTWAIT, NULL);
}

/* ---- sending ---- */

static void
out_add(struct relay *r, unsigned n, unsigned i, const struct addr *target)
{
	r->iov_out[n] = (struct iovec){ r->octets[i], r->in[i].msg_len };
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

	if (n == 1) {
		if (sendto(fd, r->iov_out[0].iov_base, r->iov_out[0].iov_len,
		    MSG_DONTWAIT | MSG_NOSIGNAL, r->out[0].msg_hdr.msg_name,
		    r->out[0].msg_hdr.msg_namelen) >= 0)
			stats->rtp_relayed++;
		else
			stats->rtp_dropped++;
		return;
	}
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

/* By the kernel's stamp; the vector has room for it then. */
static bool
packet_is_young(struct relay *r, int i)
{
	struct msghdr	*h = &r->in[i].msg_hdr;
	struct timespec	 at, now;
	int64_t		 ms;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		clock_gettime(CLOCK_REALTIME, &now);
		ms = (now.tv_sec - at.tv_sec) * 1000 +
		    (now.tv_nsec - at.tv_nsec) / 1000000;
		return ms >= 0 && ms < RELAY_STALE_MS;
	}
	return false;
}

/* The n packets of the vector; keep may refuse one. */
static void
flow_relay(struct relay *r, struct flow *f, int n, struct mono now,
    bool (*keep)(struct relay *, int))
{
	const struct addr	*target;
	unsigned		 out = 0;

	for (int i = 0; i < n; i++) {
		if (r->in[i].msg_hdr.msg_flags & MSG_TRUNC) {
			stats->rtp_dropped++;
			continue;
		}
		if (keep != NULL && !keep(r, i)) {
			stats->rtp_dropped_old++;
			continue;
		}
		r->from[i].len = r->in[i].msg_hdr.msg_namelen;
		target = packet_judge(r, f, &r->from[i], r->octets[i],
		    r->in[i].msg_len, now);
		if (target != NULL)
			out_add(r, out++, i, target);
	}
	if (out > 0)
		out_send(r, f->to->fd, out);
}

/*
 * Returns the number of packets. Sockets report an edge: that costs the kernel one
 * look less per packet, but what is left has to be asked for.
 */
static unsigned
flow_ready(struct relay *r, struct flow *f, struct mono now)
{
	struct epoll_event	e = { .events = EPOLLIN | EPOLLET, .data.ptr = f };
	unsigned		packets = 0;
	int			n = VECTOR;

	for (unsigned i = 0; i < VECTORS; i++) {
		n = flow_receive(r, f);
		if (n <= 0)
			break;
		flow_relay(r, f, n, now, r->stalled ? packet_is_young : NULL);
		vector_reuse(r, n);
		packets += n;
		if (n < VECTOR)
			return packets;
	}
	if (n > 0 || errno != EAGAIN)
		epoll_ctl(r->epoll, EPOLL_CTL_MOD, f->fd, &e);
	return packets;
}

/* ---- the loop ---- */

static bool
beat_is_late(const struct relay *r, struct mono now)
{
	return r->beat.ns != 0 && mono_ms_between(r->beat, now) > RELAY_STALE_MS;
}

void
relay_beat(struct relay *r, struct mono now)
{
	r->stalled |= beat_is_late(r, now);
	r->beat = now;
}

static unsigned
relay_look(struct relay *r)
{
	struct mono	now = loop_now(r->loop);
	unsigned	packets = 0, look;
	int		n = 0, i;

	r->stalled |= beat_is_late(r, now);
	if (r->stalled)
		vector_reset(r, true);
	for (look = 0; look < LOOKS; look++) {
		n = epoll_wait(r->epoll, r->events, EVENTS, 0);
		for (i = 0; i < n; i++)
			packets += flow_ready(r, r->events[i].data.ptr, now);
		if (n < EVENTS)
			break;
	}
	if (r->stalled && n < EVENTS) {
		r->stalled = false;
		vector_reset(r, false);
	}
	return packets;
}

/* Ticks above the rate, wakes below two thirds of it. */
static void
relay_pace(struct relay *r, unsigned packets)
{
	struct mono	now = loop_now(r->loop);
	int64_t		ms = mono_ms_between(r->rate_from, now);
	uint64_t	rate;

	r->rate_packets += packets;
	if (ms < RATE_MS)
		return;
	rate = (uint64_t)r->rate_packets * 1000 / ms;
	r->rate_from = now;
	r->rate_packets = 0;
	if (!r->ticking && rate > RELAY_TICK_RATE) {
		r->ticking = true;
		loop_io_want(r->io, 0);
	} else if (r->ticking && rate < RELAY_TICK_RATE * 2 / 3) {
		r->ticking = false;
		loop_io_want(r->io, LOOP_READ);
	}
}

static void
relay_readable(void *arg, unsigned events)
{
	struct relay	*r = arg;

	(void)events;
	relay_pace(r, relay_look(r));
	if (r->ticking)
		loop_tick_start(r->tick, RELAY_TICK_US);
}

static void
relay_ticked(void *arg)
{
	relay_readable(arg, 0);
}

struct relay *
relay_new(struct loop *l, relay_moved_fn *moved, relay_own_fn *own, void *arg)
{
	struct relay	*r;
	int		 fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->loop = l;
	r->epoll = fd;
	r->moved = moved;
	r->own = own;
	r->arg = arg;
	r->rate_from = loop_now(l);
	r->io = loop_io_new(l, fd, LOOP_READ, relay_readable, r);
	r->tick = loop_tick_new(l, relay_ticked, r);
	vector_reset(r, false);
	return r;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	loop_tick_free(r->tick);
	loop_io_free(r->io);
	close(r->epoll);
	free(r);
}

/* ---- flows ---- */

/* What was there before the flow was. */
static void
flow_drain(struct relay *r, struct flow *f, bool adopted)
{
	struct mono	now = loop_now_fresh(r->loop);
	int		n;

	for (unsigned done = 0; done < DRAIN_MAX; done += n) {
		vector_reset(r, adopted);
		n = flow_receive(r, f);
		if (n <= 0)
			break;
		if (adopted)
			flow_relay(r, f, n, now, packet_is_young);
	}
	vector_reset(r, false);
}

int
relay_add(struct relay *r, struct flow *f, bool adopted)
{
	struct epoll_event	e = { .events = EPOLLIN | EPOLLET, .data.ptr = f };

	flow_drain(r, f, adopted);
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, f->fd, &e) < 0)
		return -errno;
	f->added = true;
	return 0;
}

void
relay_remove(struct relay *r, struct flow *f)
{
	if (!f->added)
		return;
	epoll_ctl(r->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	f->added = false;
}
