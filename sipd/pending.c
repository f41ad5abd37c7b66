/*
 * pending - requests under way, by user.
 */
#include "sipd/pending.h"

#include <stdatomic.h>
#include <string.h>

#include "common/id.h"
#include "common/map.h"

static struct {
	uint8_t			key[16];
	_Atomic uint32_t	counts[PENDING_SLOTS];
} state;

void
pending_init(void)
{
	const uint64_t	random[] = { id_u64(), id_u64() };

	memcpy(state.key, random, sizeof(state.key));
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
