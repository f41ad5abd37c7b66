#ifndef SIPD_BLACKLIST_H
#define SIPD_BLACKLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"
#include "sipd/hop.h"

/*
 * Peers that did not answer (row 33): they get no new requests for
 * "blacklist-interval". One list for all workers, without a lock; it holds some
 * hundred peers and forgets the oldest when there are more.
 */

/* Nothing when the interval is 0. */
void	blacklist_add(const struct hop *h, struct mono now);
bool	blacklist_has(const struct hop *h, struct mono now);
void	blacklist_clear(void);

#endif
