/*
 * amplified - the budget of answers that are much longer than their requests.
 *
 * answer.c asks. Networks share a fixed number of places, so all of them together
 * are bounded, too, and nothing is stored for a stranger.
 */
#include "sipd/amplified.h"

#include <stdint.h>

#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"

#define PLACES	1024

struct place {
	int64_t		second;
	uint32_t	answers;
};

static _Thread_local struct place	places[PLACES];

/* IPv4: /24, IPv6: /56: who is flooded shares a line. */
static struct place *
place_of(const struct addr *a)
{
	struct str	host = addr_bytes(a);

	host.len = host.len == 4 ? 3 : 7;
	return &places[hash_str(host) % PLACES];
}

bool
amplified_may(const struct hop *to, size_t asked, size_t octets, unsigned max,
    struct mono now)
{
	struct place	*p;
	char		 buf[ADDR_TEXT_MAX];
	int64_t		 second = now.ns / INT64_C(1000000000);

	if (hop_is_stream(to) || octets <= asked + asked / 2)
		return true;
	p = place_of(&to->remote);
	if (p->second != second)
		*p = (struct place){ second, 0 };
	if (p->answers < max) {
		p->answers++;
		return true;
	}
	stats->amplified_dropped++;
	log_rate(LOG_LOW, "SIP", "no answer to %s: %zu octets for %zu are too many, "
	    "and more than %u a second go to its network",
	    log_str(addr_print(&to->remote, buf)), octets, asked, max);
	return false;
}
