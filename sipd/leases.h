#ifndef SIPD_LEASES_H
#define SIPD_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"

/*
 * Decisions of routed that are used again for requests alike, so that most calls ask
 * nobody (DESIGN.md 2). A decision says what it consulted: a request is alike when
 * that is the same. It holds until routed's feed says FORGET about a name in it, until
 * its own end, and in this configuration. Only what may go on is kept, no refusal.
 *
 * A table belongs to one worker; what was forgotten is known to all of them.
 */
struct leases;

/* limit: how many; 0: none are kept. */
struct leases *leases_new(uint32_t limit);
void	leases_free(struct leases *l);		/* NULL is fine */
/*
 * Takes down when q was asked: what is forgotten from now on does not hold in its
 * answer.
 */
uint64_t leases_moment(void);
/* Keeps the answer to q, asked at that moment, unless it is a refusal. */
void	leases_put(struct leases *l, const struct msg_route *q,
	    const struct msg_routed *m, uint64_t moment, uint64_t generation,
	    int64_t now_ms);
/*
 * The decision about a request like q, into *m, which borrows from the lease until the
 * next call here. now_ms: wall clock. False: ask.
 */
bool	leases_find(struct leases *l, const struct msg_route *q,
	    uint64_t generation, int64_t now_ms, union msg *m);

/*
 * Is the answer to q to be kept? Where there is room, and where there is none if its
 * address was asked for before, of late: who calls all numbers there are drives nobody
 * out.
 */
bool	leases_wanted(struct leases *l, const struct msg_route *q);

/* Of any thread: no decision that consulted key holds any more; "": none at all. */
void	leases_forget(struct str key);

#endif
