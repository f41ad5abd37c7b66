#ifndef SIPD_CLOSED_H
#define SIPD_CLOSED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"
#include "sipd/hop.h"

/*
 * Contacts behind which nobody listens: the host answered a request with ICMP "port
 * unreachable". For "blacklist-interval", or until the phone registers again, calls
 * pass them over as long as the user has another contact. For all workers.
 */

/* What names a contact here: hop_hash() of the flow it registered from. */
void	closed_add(uint64_t contact, const struct hop *sent_to, struct mono now);
bool	closed_has(uint64_t contact, struct mono now);
/* Something came from there. */
void	closed_no_more(const struct hop *flow);
void	closed_clear(void);

#endif
