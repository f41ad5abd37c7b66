#ifndef MEDIAD_RELAY_H
#define MEDIAD_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/loop.h"
#include "mediad/learn.h"
#include "mediad/record.h"

/*
 * The relay: packets in on one port leave from another. Two tiers carry them:
 *
 *   relay_sockets.c  a socket per port; needs no privilege (tier 3)
 *   relay_steered.c  one socket receives for all ports of an address: the kernel is
 *                    told to steer packets there (tier 2)
 *
 * Every port has a socket of its own in both, which holds the port and sends from it.
 *
 * A relay belongs to one loop, and everything it owns to that loop's thread: its
 * flows, their sockets while they are here, its buffers. Several relays share
 * nothing; the two flows of a stream must be in the same one.
 *
 * While little comes, a packet is relayed the moment it arrives. Above
 * RELAY_TICK_RATE packets a second sockets are looked at once a millisecond: one
 * wake-up then serves many packets.
 */
#define RELAY_TICK_RATE	2000	/* packets a second */
#define RELAY_TICK_US	1000
#define RELAY_STALE_MS	200	/* waited longer than this while we could not look */

struct relay;

/* One relay port: it faces one phone, for RTP or for RTCP. */
struct flow {
	int		 fd;		/* the port's own socket */
	uint16_t	 port;
	const struct addr *local;	/* address of ours; NULL: never steered */
	struct steered	*steered;	/* while it is; relay_steered.c's */
	bool		 rtcp;		/* by its port */
	bool		 is_rtp;	/* RTP/AVP and kin: sequence numbers count */
	bool		 secure;	/* SRTP: RTCP is not read */
	bool		 added;
	struct flow	*to;		/* what comes in here leaves there; or NULL */
	struct learn	 learn;		/* of the phone it faces */
	struct flow_count *count;	/* in the record */
	struct report	*report;	/* in that of RTP */
	uint32_t	 clock;		/* of RTP's time stamps, Hz; 0: unknown */
	uint64_t	 refused;	/* packets of wrong sources, by this process */
	struct addr	 refused_from;	/* the last of those */
	void		*owner;		/* struct end, session.h */
};

/* What is known of the source of f has changed (rare): to be saved. */
typedef void relay_moved_fn(void *arg, struct flow *f);
/* A packet of this source is never relayed: our own ports. */
typedef bool relay_own_fn(void *arg, const struct addr *from);

/* NULL and errno on failure. */
struct relay *relay_new(struct loop *l, relay_moved_fn *moved,
	    relay_own_fn *own, void *arg);
void	relay_free(struct relay *r);	/* flows must be removed before */

/*
 * Flows at this address of ours are steered from now on; slot names it, see steer.h.
 * local must outlive the relay. 0 or -errno: then they have their sockets.
 */
int	relay_steer(struct relay *r, const struct addr *local, unsigned slot);

/*
 * What lies in the socket is from an earlier call and is thrown away; or, when it
 * was adopted from an earlier process, relayed if it is young enough. f stays the
 * caller's and must not move. 0 or -errno.
 */
int	relay_add(struct relay *r, struct flow *f, bool adopted);
void	relay_remove(struct relay *r, struct flow *f);

/*
 * Every 100 ms: when it comes too late the process was stopped or starved, and what
 * waited meanwhile is relayed only if it is young enough.
 */
void	relay_beat(struct relay *r, struct mono now);

/* Of a source as the sequence numbers tell (RFC 3550 A.3); never negative. */
uint64_t flow_lost(const struct flow_count *c);
/*
 * Counts one packet; data is its payload, is_rtp when it has sequence numbers. clock:
 * of its time stamps in Hz, 0: its jitter can't be told.
 */
void	flow_count(struct flow_count *c, const uint8_t *data, size_t len,
	    bool is_rtp, uint32_t clock, int64_t now_ns);

#endif
