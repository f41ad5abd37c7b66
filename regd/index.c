/*
 * index - numbered objects, found by key.
 *
 * accounts.c, bindings.c and shared.c keep theirs here; feed snapshots and SHOW walk
 * by the numbers over many messages. Open addressing with linear probing; a slot is
 * the number and 32 bits of the key's hash, so a miss seldom touches an object. The
 * home slot comes from those bits alone: growing asks no object for its key. What is
 * taken out is filled by what lies behind it, as nobody walks the table itself.
 */
#include "regd/index.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/map.h"
#include "regd/slots.h"

#define SHARD_BITS	6
#define SHARDS		(1u << SHARD_BITS)
#define SLOTS_MIN	16

struct slot {
	uint32_t	tag;
	uint32_t	number;		/* INDEX_NONE: empty */
};

struct shard {
	struct slot	*v;
	uint32_t	 mask;
	uint32_t	 n;
};

struct index {
	index_key_fn	*key;
	struct shard	 shards[SHARDS];
	size_t		 count;
	struct slots	 objects;
};

struct index *
index_new(index_key_fn *key)
{
	struct index *ix = xcalloc(1, sizeof(*ix));

	ix->key = key;
	return ix;
}

void
index_free(struct index *ix)
{
	if (ix == NULL)
		return;
	for (unsigned i = 0; i < SHARDS; i++)
		free(ix->shards[i].v);
	slots_fini(&ix->objects);
	free(ix);
}

size_t
index_count(const struct index *ix)
{
	return ix->count;
}

void *
index_at(const struct index *ix, uint32_t number)
{
	return number < ix->objects.n ? ix->objects.v[number] : NULL;
}

void *
index_next(const struct index *ix, uint64_t *cursor)
{
	return slots_next(&ix->objects, cursor);
}

/* ---- the table ---- */

static uint32_t
tag_of(struct str key)
{
	return (uint32_t)hash_str(key);
}

/* Shards by the upper bits, home slots by the lower ones. */
static struct shard *
shard_of(const struct index *ix, uint32_t tag)
{
	return (struct shard *)&ix->shards[tag >> (32 - SHARD_BITS)];
}

/* The slot of that key, or NULL. */
static struct slot *
look(const struct index *ix, struct str key, uint32_t tag)
{
	const struct shard *s = shard_of(ix, tag);
	struct slot *at;

	if (s->n == 0)
		return NULL;
	for (uint32_t i = tag & s->mask;; i = (i + 1) & s->mask) {
		at = &s->v[i];
		if (at->number == INDEX_NONE)
			return NULL;
		if (at->tag == tag &&
		    str_eq(ix->key(ix->objects.v[at->number]), key))
			return at;
	}
}

static void
insert(struct shard *s, struct slot slot)
{
	uint32_t i = slot.tag & s->mask;

	while (s->v[i].number != INDEX_NONE)
		i = (i + 1) & s->mask;
	s->v[i] = slot;
}

/* Room for one more: at most three quarters are ever filled. */
static void
reserve(struct shard *s)
{
	struct slot *old = s->v;
	uint32_t size = old == NULL ? 0 : s->mask + 1;

	if ((s->n + 1) * 4 <= size * 3)
		return;
	s->mask = size == 0 ? SLOTS_MIN - 1 : size * 2 - 1;
	s->v = xcalloc((size_t)s->mask + 1, sizeof(*s->v));
	for (uint32_t i = 0; i <= s->mask; i++)
		s->v[i].number = INDEX_NONE;
	for (uint32_t i = 0; i < size; i++)
		if (old[i].number != INDEX_NONE)
			insert(s, old[i]);
	free(old);
}

void *
index_find(const struct index *ix, struct str key)
{
	struct slot *s = look(ix, key, tag_of(key));

	return s != NULL ? ix->objects.v[s->number] : NULL;
}

uint32_t
index_put(struct index *ix, void *object)
{
	uint32_t tag = tag_of(ix->key(object)), number;
	struct shard *s = shard_of(ix, tag);

	number = slots_put(&ix->objects, object);
	reserve(s);
	insert(s, (struct slot){ tag, number });
	s->n++;
	ix->count++;
	return number;
}

/* Is home cyclically in (hole, at]? Then what lies at at may not go to hole. */
static bool
stays(uint32_t home, uint32_t hole, uint32_t at)
{
	return hole <= at ? hole < home && home <= at :
	    hole < home || home <= at;
}

void
index_remove(struct index *ix, uint32_t number)
{
	void *object = index_at(ix, number);
	struct str key = ix->key(object);
	struct shard *s = shard_of(ix, tag_of(key));
	struct slot *at = look(ix, key, tag_of(key));
	uint32_t hole, i;

	assert(at != NULL && at->number == number);
	hole = (uint32_t)(at - s->v);
	for (i = (hole + 1) & s->mask; s->v[i].number != INDEX_NONE;
	    i = (i + 1) & s->mask) {
		if (stays(s->v[i].tag & s->mask, hole, i))
			continue;
		s->v[hole] = s->v[i];
		hole = i;
	}
	s->v[hole].number = INDEX_NONE;
	s->n--;
	ix->count--;
	slots_drop(&ix->objects, number);
}
