/*
 * closed - contacts whose port was closed.
 *
 * leg.c adds to it, targets.c reads it, register.c takes out who is there again. A
 * phone that was switched off, or has another port now, stays registered for up to an
 * hour; each call for its user would try it, and wait for the error.
 */
#include "sipd/closed.h"

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/until.h"

UNTIL_TABLE(contacts, 16384);

void
closed_add(uint64_t contact, const struct hop *sent_to, struct mono now)
{
	int64_t	ms = settings_now()->blacklist_interval;
	char	buf[PEER_TEXT_MAX];

	if (ms == 0)
		return;
	(void)until_put(&contacts, contact, now, ms);
	stats->contacts_closed++;
	log_rate(LOG_LOW, "NAT", "contact at %s: its port is closed, passed over for %lld s",
	    log_str(hop_print_remote(sent_to, buf)), (long long)(ms / 1000));
}

bool
closed_has(uint64_t contact, struct mono now)
{
	return until_has(&contacts, contact, now) &&
	    settings_now()->blacklist_interval > 0;
}

void
closed_no_more(const struct hop *flow)
{
	if (until_any(&contacts))
		until_end(&contacts, hop_hash(flow));
}

void
closed_clear(void)
{
	until_clear(&contacts);
}
