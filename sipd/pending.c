/*
 * pending - requests under way, by user.
 */
#include "sipd/pending.h"

#include <stdatomic.h>
#include <sys/random.h>

#include "common/map.h"

static struct {
	uint8_t			key[16];
	_Atomic uint32_t	counts[PENDING_SLOTS];
} state;

void
pending_init(void)
{
	/* Without it, two chosen users could share a place: no more than that. */
	(void)!getrandom(state.key, sizeof(state.key), 0);
}

uint32_t
pending_take(struct str account, uint32_t max)
{
	uint32_t	slot = (uint32_t)siphash64(state.key, account) % PENDING_SLOTS;

	if (atomic_fetch_add_explicit(&state.counts[slot], 1, memory_order_relaxed) >= max &&
	    max != 0) {
		atomic_fetch_sub_explicit(&state.counts[slot], 1, memory_order_relaxed);
		return 0;
	}
	return slot + 1;
}

void
pending_give(uint32_t taken)
{
	if (taken != 0)
		atomic_fetch_sub_explicit(&state.counts[taken - 1], 1, memory_order_relaxed);
}
