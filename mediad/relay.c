/*
 * relay - what both tiers of the relay have in common: when they look, and what one
 * packet may do.
 *
 * session.c adds and removes flows; what a flow's packets may do is asked of
 * learn.c. The relay's sockets are in an epoll set of its own, which the loop sees
 * as one descriptor: so that they can all be left alone until the next tick, and
 * so that a stream costs the loop nothing.
 *
 * Per packet: one lookup in nothing shared, no allocation, no log line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/stats.h"
#include "common/str.h"
#include "mediad/relay_own.h"
#include "mediad/rtcp.h"

#define LOOKS		8	/* before others get their turn */
#define RATE_MS		100	/* over which the rate is taken */
#define AGAIN_US	1	/* until the next look when some was left */

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

const struct addr *
relay_judge(struct relay *r, struct flow *f, const struct addr *from,
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

bool
packet_is_young(const struct msghdr *h)
{
	struct timespec	 at, now;
	int64_t		 ms;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)h, c)) {
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

/* ---- many ---- */

void
vector_reset(struct relay *r, struct vector *v, unsigned n, bool control)
{
	for (unsigned i = 0; i < n; i++) {
		v->iov[i] = (struct iovec){ r->octets[i], PACKET_MAX };
		v->h[i].msg_hdr = (struct msghdr){
			.msg_name = &v->from[i].sa,
			.msg_namelen = sizeof(v->from[i].in6),
			.msg_iov = &v->iov[i],
			.msg_iovlen = 1,
			.msg_control = control ? &v->control[i] : NULL,
			.msg_controllen = control ? sizeof(v->control[i]) : 0,
		};
	}
}

void
vector_reuse(struct vector *v, int n)
{
	for (int i = 0; i < n; i++) {
		struct msghdr	*h = &v->h[i].msg_hdr;

		h->msg_namelen = sizeof(v->from[i].in6);
		h->msg_flags = 0;
		if (h->msg_control != NULL)
			h->msg_controllen = sizeof(v->control[i]);
	}
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

/* One look at the sockets of ports. Returns how many had something. */
static unsigned
sockets_look(struct relay *r, struct mono now, bool first, unsigned *packets)
{
	int		n = epoll_wait(r->epoll, r->events, EVENTS, 0);
	unsigned	ready = 0;

	for (int i = 0; i < n; i++) {
		struct flow	*f = r->events[i].data.ptr;

		if (f == NULL)		/* steered_ready() was there already */
			continue;
		*packets += sockets_ready(r, f, now, first);
		ready++;
	}
	return ready;
}

static unsigned
relay_look(struct relay *r, bool *more)
{
	struct mono	now = loop_now(r->loop);
	unsigned	packets, look = 0;

	r->stalled |= beat_is_late(r, now);
	packets = steered_ready(r, now, more);
	while (look < LOOKS && sockets_look(r, now, look == 0, &packets) > 0)
		look++;
	*more |= look == LOOKS;
	if (!*more)
		r->stalled = false;
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
	bool		 more = false;

	(void)events;
	relay_pace(r, relay_look(r, &more));
	if (r->ticking)
		loop_tick_start(r->tick, more ? AGAIN_US : RELAY_TICK_US);
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
	return r;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	steered_free(r);
	loop_tick_free(r->tick);
	loop_io_free(r->io);
	close(r->epoll);
	free(r);
}
