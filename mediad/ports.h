#ifndef MEDIAD_PORTS_H
#define MEDIAD_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

/*
 * The pool of relay ports of one address: UDP sockets in pairs, RTP on the even port and RTCP on
 * the odd one after it (RFC 3550 section 11). They are bound in blocks of 64
 * pairs when they are needed, stored once in the descriptor store under the name
 * "r" (getsockname tells which is which) and used again and again; none is ever
 * closed while the process lives. A port that somebody else has is skipped.
 *
 * Pairs that are given back queue up behind the others, so a port rests as long as
 * possible before another call has it. Receive timestamps are on from the start:
 * what waited while the process was dead tells its age.
 */
#define PORTS_BLOCK	64	/* pairs */

struct ports;
struct end;

struct pair {
	struct pair	*next;		/* in the pool */
	struct ports	*home;
	struct end	*end;		/* who relays there; session.h's */
	int		 fd[2];		/* RTP, RTCP; -1: not bound */
	uint16_t	 port;		/* even */
	bool		 used;
	bool		 adopted;	/* held from an earlier process, not drained */
	uint8_t		 dscp;		/* as set on both sockets */
};

/*
 * addr: local address, any port; told: what phones send to, the same unless a NAT
 * router stands before us. Range: even to odd. Binds nothing yet.
 */
struct ports *ports_new(const struct addr *addr, const struct addr *told,
	    uint16_t min, uint16_t max);
void	ports_free(struct ports *p);	/* closes the descriptors of this process */

/*
 * Takes over what the descriptor store has for these n pools; what belongs to none
 * is closed. Returns the number of sockets. Then ports_take_exact() for what
 * sessions have, then ports_restored(): the others are free.
 */
unsigned ports_adopt(struct ports *const v[], unsigned n);
void	ports_restored(struct ports *p);
/*
 * Binds the next block if none is free: a range that can't be used shows at
 * start. 0; -EADDRINUSE: all taken; -errno of the first bind otherwise.
 */
int	ports_prepare(struct ports *p);
/* NULL: the range, or the process's descriptors, are used up. */
struct pair *ports_take(struct ports *p);
/* This one; bound anew when it has to be. NULL: it can't be. */
struct pair *ports_take_exact(struct ports *p, uint16_t port);
void	ports_give(struct ports *p, struct pair *pair);

/* A socket of ours: never to be relayed to (S44). */
bool	ports_own(const struct ports *p, const struct addr *a);
const struct addr *ports_addr(const struct ports *p);	/* port 0 */
const struct addr *ports_told(const struct ports *p);	/* port 0 */
/* The pair that a names, by the address phones are told or our own; NULL: none. */
struct pair *ports_pair(const struct ports *p, const struct addr *a);
bool	ports_in_range(const struct ports *p, uint16_t port);
unsigned ports_used(const struct ports *p);	/* pairs */
unsigned ports_bound(const struct ports *p);	/* pairs */
unsigned ports_limit(const struct ports *p);	/* pairs in the range */

#endif
