/*
 * blacklist - who did not answer.
 *
 * leg.c and send.c add to it, nexthop.c reads it. A table of hashes with the time
 * they are good for; two that write the same place at once lose one of the two,
 * which costs one timer B.
 */
#include "sipd/blacklist.h"

#include <stdatomic.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"

#define SLOTS	1024		/* a power of two */
#define PROBES	8

static struct {
	_Atomic uint64_t	peer;
	_Atomic int64_t		until;	/* ns; 0: free */
} slots[SLOTS];
static _Atomic uint32_t	ever;	/* none so far: nothing is looked up */

static unsigned
slot_of(uint64_t peer, unsigned probe)
{
	return (unsigned)(peer + probe) & (SLOTS - 1);
}

/* That peer's own, a free one, or the one that ends first. */
static unsigned
slot_for(uint64_t peer, struct mono now)
{
	unsigned	i, s, best = slot_of(peer, 0);

	for (i = 0; i < PROBES; i++) {
		s = slot_of(peer, i);
		if (atomic_load(&slots[s].peer) == peer)
			return s;
		if (atomic_load(&slots[s].until) < atomic_load(&slots[best].until))
			best = s;
	}
	if (atomic_load(&slots[best].until) > now.ns)
		stats->blacklist_full++;
	return best;
}

void
blacklist_add(const struct hop *h, struct mono now)
{
	int64_t		ms = settings_now()->blacklist_interval;
	uint64_t	peer = hop_hash(h);
	char		buf[PEER_TEXT_MAX];
	unsigned	s;

	if (ms == 0)
		return;
	s = slot_for(peer, now);
	atomic_store(&slots[s].peer, peer);
	atomic_store(&slots[s].until, mono_add_ms(now, ms).ns);
	atomic_store(&ever, 1);
	stats->blacklisted++;
	log_rate(LOG_PROBLEMS, "SIP", "%s does not answer: no new requests for %lld s",
	    log_str(hop_print_remote(h, buf)), (long long)(ms / 1000));
}

bool
blacklist_has(const struct hop *h, struct mono now)
{
	uint64_t	peer;
	unsigned	i, s;

	if (atomic_load_explicit(&ever, memory_order_relaxed) == 0 ||
	    settings_now()->blacklist_interval == 0)
		return false;
	peer = hop_hash(h);
	for (i = 0; i < PROBES; i++) {
		s = slot_of(peer, i);
		if (atomic_load(&slots[s].peer) != peer ||
		    atomic_load(&slots[s].until) <= now.ns)
			continue;
		stats->blacklist_skipped++;
		return true;
	}
	return false;
}

void
blacklist_clear(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		atomic_store(&slots[i].until, 0);
	atomic_store(&ever, 0);
}
