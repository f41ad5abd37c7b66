#ifndef MEDIAD_LEARN_H
#define MEDIAD_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/mono.h"
#include "common/nets.h"

/*
 * From where one phone's stream really comes, and so where the other direction
 * must go (RELIABILITY.md decision 10, S37 to S39). Behind a NAT that is not what
 * the SDP says; believing the first packet would hand the call to whoever sprays
 * the port range.
 *
 * A source is ranked by what the signalling said of it. The exact address that
 * was signalled is taken at once and for good. The same host with another port,
 * and the host that the signalling itself came from, are taken as candidates,
 * which a better rank may displace until the window closes. A stranger is heard
 * only when the signalled address is one that cannot be reached from outside
 * (private, while the signalling came from elsewhere), and only once the window has
 * closed without anybody better, if it became steady within: by five packets more than
 * others. Until then it neither gets nor delivers a packet, and a better one displaces
 * it at any time. Everything else that is locked stays until new signalling comes.
 *
 * Other addresses of the signalling's NAT, of "nat-ranges", count as its host.
 */
enum learn_rank {
	LEARN_NOBODY,
	LEARN_STRANGER,
	LEARN_FRIEND,		/* the host the signalling came from */
	LEARN_HOST,		/* the signalled host, another port */
	LEARN_EXACT,
};

enum learn_state {
	LEARN_OPEN,		/* nobody has spoken */
	LEARN_CANDIDATE,
	LEARN_LOCKED,
};

#define LEARN_STEADY	5	/* packets */

struct learn {
	struct addr	signalled;	/* len 0: none that may be sent to */
	struct addr	friend;		/* host of the signalling; len 0: unknown */
	struct addr	source;		/* candidate or locked */
	struct mono	until;		/* end of the window */
	uint8_t		state;
	uint8_t		rank;		/* of source */
	uint8_t		steady;		/* net packets of the candidate */
	bool		known;		/* the candidate was locked before */
	bool		mute;		/* hold in the old style: send nothing */
};

enum learn_verdict {
	LEARN_DROP,
	LEARN_PASS,
	LEARN_MOVED,		/* pass, and what is kept has changed: save it */
};

/*
 * New signalling: the window opens for window_ms. An address that stays the same
 * keeps its source, which only a steady new one on the same host may then move
 * (a NAT that forgot); any other change begins anew.
 */
void	learn_signal(struct learn *l, const struct addr *signalled,
	    const struct addr *friend, struct mono now, int64_t window_ms);

/* The ranges that are in force, or NULL; must live until the next call. */
void	learn_ranges(const struct set_nets *nat_ranges);

/* A packet that is not from the locked source: see learn_packet(). */
enum learn_verdict learn_other(struct learn *l, const struct addr *from,
	    struct mono now);

/* May the packet pass? The usual case, inline: it is from the locked source. */
static inline enum learn_verdict
learn_packet(struct learn *l, const struct addr *from, struct mono now)
{
	if (l->state == LEARN_LOCKED && from->len == l->source.len &&
	    from->in.sin_port == l->source.in.sin_port) {
		if (from->sa.sa_family == AF_INET &&
		    from->in.sin_addr.s_addr == l->source.in.sin_addr.s_addr)
			return LEARN_PASS;
		if (from->sa.sa_family == AF_INET6 && addr_eq(from, &l->source))
			return LEARN_PASS;
	}
	return learn_other(l, from, now);
}

/* Where the other direction goes; NULL: nowhere yet. Valid until l changes. */
static inline const struct addr *
learn_target(const struct learn *l)
{
	if (l->mute)
		return NULL;
	if (l->state == LEARN_LOCKED || (l->state == LEARN_CANDIDATE &&
	    (l->known || l->rank > LEARN_STRANGER)))
		return &l->source;
	return l->signalled.len != 0 ? &l->signalled : NULL;
}

#endif
