#ifndef SIPD_NEXTHOP_ORDER_H
#define SIPD_NEXTHOP_ORDER_H

#include "common/addr.h"
#include "common/dns.h"

/* In which order the targets of one name are tried. */

/*
 * RFC 2782: the indices of v, which is sorted by priority, in the order in which
 * its servers are contacted. The weights decide within one priority; random()
 * returns any 64 bits.
 */
void	order_servers(const struct dns_record *v, unsigned n, uint8_t *out,
	    uint64_t (*random)(void));

/* An address, and the one that we would send from. */
struct destination {
	struct addr	to;
	struct addr	from;		/* len 0: not usable */
};

/*
 * RFC 6724 section 6, rules 1, 5, 6 and 10: what can be used; a source of the same
 * kind; the preferred kind; else as they came.
 */
void	order_addresses(struct destination *v, unsigned n);

#endif
