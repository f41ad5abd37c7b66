/*
 * until - keys with the time that they are good for.
 *
 * blacklist.c and closed.c each have a table. What is lost when two write the same
 * place, or when there are more than have room, costs one attempt in vain.
 */
#include "sipd/until.h"

#include <stddef.h>

#define PROBES	8

static struct until_slot *
slot_at(const struct until *u, uint64_t key, unsigned probe)
{
	return &u->slots[(unsigned)(key + probe) & (u->size - 1)];
}

/* That key's own, a free one, or the one that ends first. */
static struct until_slot *
slot_for(const struct until *u, uint64_t key)
{
	struct until_slot	*s, *best = slot_at(u, key, 0);

	for (unsigned i = 0; i < PROBES; i++) {
		s = slot_at(u, key, i);
		if (atomic_load(&s->key) == key)
			return s;
		if (atomic_load(&s->until) < atomic_load(&best->until))
			best = s;
	}
	return best;
}

bool
until_put(struct until *u, uint64_t key, struct mono now, int64_t ms)
{
	struct until_slot	*s = slot_for(u, key);
	bool			 room = atomic_load(&s->key) == key ||
				    atomic_load(&s->until) <= now.ns;

	atomic_store(&s->key, key);
	atomic_store(&s->until, mono_add_ms(now, ms).ns);
	atomic_store(&u->ever, 1);
	return room;
}

static struct until_slot *
find(const struct until *u, uint64_t key)
{
	struct until_slot	*s;

	for (unsigned i = 0; i < PROBES; i++) {
		s = slot_at(u, key, i);
		if (atomic_load_explicit(&s->key, memory_order_relaxed) == key)
			return s;
	}
	return NULL;
}

bool
until_has(const struct until *u, uint64_t key, struct mono now)
{
	const struct until_slot	*s = until_any(u) ? find(u, key) : NULL;

	return s != NULL && atomic_load(&s->until) > now.ns;
}

void
until_end(struct until *u, uint64_t key)
{
	struct until_slot	*s = until_any(u) ? find(u, key) : NULL;

	if (s != NULL)
		atomic_store(&s->until, 0);
}

void
until_clear(struct until *u)
{
	for (unsigned i = 0; i < u->size; i++)
		atomic_store(&u->slots[i].until, 0);
	atomic_store(&u->ever, 0);
}
