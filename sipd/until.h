#ifndef SIPD_UNTIL_H
#define SIPD_UNTIL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"

/*
 * Keys that mean something until a time: a table of fixed size for all threads,
 * without a lock. Two that write the same place at once lose one of the two. Keys
 * are hashes that nobody can guess.
 */
struct until_slot {
	_Atomic uint64_t	key;
	_Atomic int64_t		until;	/* ns; 0: free */
};

struct until {
	struct until_slot	*slots;
	unsigned		 size;	/* a power of two */
	_Atomic uint32_t	 ever;	/* 0: none so far, nothing is looked up */
};

#define UNTIL_TABLE(name, n)						\
	static struct until_slot name##_slots[n];			\
	static struct until name = { name##_slots, n, 0 }

/* False: another one had to be forgotten. */
bool	until_put(struct until *u, uint64_t key, struct mono now, int64_t ms);
bool	until_has(const struct until *u, uint64_t key, struct mono now);
void	until_end(struct until *u, uint64_t key);
void	until_clear(struct until *u);

static inline bool
until_any(const struct until *u)
{
	return atomic_load_explicit(&u->ever, memory_order_relaxed) != 0;
}

#endif
