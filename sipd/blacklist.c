/*
 * blacklist - who did not answer.
 *
 * leg.c and send.c add to it, nexthop.c reads it.
 */
#include "sipd/blacklist.h"

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/until.h"

UNTIL_TABLE(peers, 1024);

void
blacklist_add(const struct hop *h, struct mono now)
{
	int64_t	ms = settings_now()->blacklist_interval;
	char	buf[PEER_TEXT_MAX];

	if (ms == 0)
		return;
	if (!until_put(&peers, hop_hash(h), now, ms))
		stats->blacklist_full++;
	stats->blacklisted++;
	log_rate(LOG_PROBLEMS, "SIP", "%s does not answer: no new requests for %lld s",
	    log_str(hop_print_remote(h, buf)), (long long)(ms / 1000));
}

bool
blacklist_has(const struct hop *h, struct mono now)
{
	if (!until_any(&peers) || settings_now()->blacklist_interval == 0 ||
	    !until_has(&peers, hop_hash(h), now))
		return false;
	stats->blacklist_skipped++;
	return true;
}

void
blacklist_clear(void)
{
	until_clear(&peers);
}
