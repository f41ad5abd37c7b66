/*
 * handover - a bounded queue from one worker to another.
 *
 * Each side keeps its own position and a copy of the other's on its own cache
 * line, and reads the other's line only when the copy says full or empty.
 */
#include "sipd/handover.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/log.h"

#define LINE	64

struct handover {
	_Alignas(LINE) _Atomic uint32_t	put;	/* the producer's */
	uint32_t			taken_seen;
	_Alignas(LINE) _Atomic uint32_t	taken;	/* the consumer's */
	uint32_t			put_seen;
	_Alignas(LINE) uint32_t		size;	/* a power of two */
	struct handover_item		items[];
};

struct handover *
handover_new(uint32_t items)
{
	struct handover	*h;
	uint32_t	 size = 1;
	size_t		 octets;

	while (size < items)
		size <<= 1;
	octets = sizeof(*h) + size * sizeof(h->items[0]);
	octets = (octets + LINE - 1) / LINE * LINE;
	if ((h = aligned_alloc(LINE, octets)) == NULL)
		fatal("out of memory");
	atomic_init(&h->put, 0);
	atomic_init(&h->taken, 0);
	h->taken_seen = h->put_seen = 0;
	h->size = size;
	return h;
}

void
handover_free(struct handover *h)
{
	free(h);
}

bool
handover_put(struct handover *h, struct handover_item item, uint32_t spare)
{
	uint32_t	put = atomic_load_explicit(&h->put,
			    memory_order_relaxed);

	if (put - h->taken_seen + spare >= h->size) {
		h->taken_seen = atomic_load_explicit(&h->taken,
		    memory_order_acquire);
		if (put - h->taken_seen + spare >= h->size)
			return false;
	}
	h->items[put & (h->size - 1)] = item;
	atomic_store_explicit(&h->put, put + 1, memory_order_release);
	return true;
}

bool
handover_take(struct handover *h, struct handover_item *out)
{
	uint32_t	taken = atomic_load_explicit(&h->taken,
			    memory_order_relaxed);

	if (taken == h->put_seen) {
		h->put_seen = atomic_load_explicit(&h->put,
		    memory_order_acquire);
		if (taken == h->put_seen)
			return false;
	}
	*out = h->items[taken & (h->size - 1)];
	atomic_store_explicit(&h->taken, taken + 1, memory_order_release);
	return true;
}

uint32_t
handover_count(const struct handover *h)
{
	return atomic_load_explicit(&h->put, memory_order_acquire) -
	    atomic_load_explicit(&h->taken, memory_order_relaxed);
}
