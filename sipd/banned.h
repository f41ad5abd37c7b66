#ifndef SIPD_BANNED_H
#define SIPD_BANNED_H

#include <stdbool.h>

#include "common/addr.h"
#include "common/messages.h"

/*
 * The networks that regd has banned, read by all workers before anything else is
 * read of a packet. Worker 0 follows the feed; readers take no lock and must have
 * joined (replica_join()).
 */
void	banned_open(void);
void	banned_close(void);		/* after all workers left */

/* A BAN record, and the two ends of a snapshot. Worker 0. */
void	banned_begin(void);
void	banned_record(const struct msg_ban *m);
void	banned_complete(void);

/*
 * What each ban has kept away since this process knows it; *cursor 0 at first. False:
 * there is no more. Worker 0, as what it changes meanwhile may come twice or not.
 */
struct banned_shown {
	struct str	network;	/* as regd names it */
	uint64_t	refused;	/* datagrams, connections and reads */
};
bool	banned_next(uint64_t *cursor, struct banned_shown *out);

/* Is nothing to be heard from there? Then it is counted and logged. Any worker. */
bool	banned(const struct addr *from);

#endif
