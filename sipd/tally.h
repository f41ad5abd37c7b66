#ifndef SIPD_TALLY_H
#define SIPD_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

/*
 * How many connections there are: in all, and from each address (IPv6: from each
 * /64) to each listener. Any thread.
 */
#define TALLY_OURS	UINT16_MAX	/* no listener: we opened it */

/* One more. False, and not counted, when a limit would be passed. */
bool	tally_add(unsigned listener, const struct addr *a, uint32_t max,
	    uint32_t max_per_address);
void	tally_remove(unsigned listener, const struct addr *a);
uint32_t tally_total(void);
uint32_t tally_of(unsigned listener, const struct addr *a);

#endif
