/*
 * map - a keyed hash map of pointers, and SipHash.
 *
 * Open addressing with linear probing; a slot is a pointer and the 32-bit tag
 * of its key, so that a miss seldom touches an object. The home slot comes from
 * the tag alone: growing asks no object for its key. Removed slots are marked,
 * because moving others back would disturb a walk; the marks go when the table
 * is built anew.
 */
#include "common/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"

#define SLOTS_MIN	16
#define TAG_EMPTY	0
#define TAG_REMOVED	1
#define TAG_FIRST	2	/* smallest tag of a key */

struct slot {
	void		*object;
	uint32_t	 tag;
};

struct map {
	map_key_fn	*key;
	bool		 hashed;	/* keys are */
	struct slot	*slots;
	size_t		 mask;
	size_t		 count;
	size_t		 removed;
};

struct map *
map_new(map_key_fn *key)
{
	struct map	*m = xcalloc(1, sizeof(*m));

	m->key = key;
	m->slots = xcalloc(SLOTS_MIN, sizeof(*m->slots));
	m->mask = SLOTS_MIN - 1;
	return m;
}

struct map *
map_new_hashed(map_key_fn *key)
{
	struct map	*m = map_new(key);

	m->hashed = true;
	return m;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	free(m->slots);
	free(m);
}

static inline uint64_t
load64(const void *p)
{
	uint64_t	v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint32_t
tag_of(const struct map *m, struct str key)
{
	uint32_t	tag = (uint32_t)(m->hashed ? load64(key.s) : hash_str(key));

	return tag >= TAG_FIRST ? tag : tag + TAG_FIRST;
}

/* The slot that holds key, or NULL; *at, if not NULL: where it would go. */
static struct slot *
look(const struct map *m, struct str key, uint32_t tag, struct slot **at)
{
	struct slot	*room = NULL, *s;

	for (size_t i = tag & m->mask;; i = (i + 1) & m->mask) {
		s = &m->slots[i];
		if (s->tag == tag && str_eq(m->key(s->object), key))
			return s;
		if (s->tag == TAG_REMOVED && room == NULL)
			room = s;
		if (s->tag == TAG_EMPTY)
			break;
	}
	if (at != NULL)
		*at = room != NULL ? room : s;
	return NULL;
}

void *
map_find(const struct map *m, struct str key)
{
	struct slot	*s = look(m, key, tag_of(m, key), NULL);

	return s != NULL ? s->object : NULL;
}

/* Builds the table anew: at most half full, without marks. */
static void
rebuild(struct map *m)
{
	struct slot	*old = m->slots;
	size_t		 oldn = m->mask + 1, n = SLOTS_MIN;

	while (n < (m->count + 1) * 2)
		n *= 2;
	m->slots = xcalloc(n, sizeof(*m->slots));
	m->mask = n - 1;
	m->removed = 0;
	for (size_t i = 0; i < oldn; i++) {
		size_t j;

		if (old[i].tag < TAG_FIRST)
			continue;
		for (j = old[i].tag & m->mask; m->slots[j].tag != TAG_EMPTY;)
			j = (j + 1) & m->mask;
		m->slots[j] = old[i];
	}
	free(old);
}

void *
map_put(struct map *m, void *object)
{
	struct str	 key = m->key(object);
	uint32_t	 tag = tag_of(m, key);
	struct slot	*s, *at;
	void		*old;

	s = look(m, key, tag, &at);
	if (s != NULL) {
		old = s->object;
		s->object = object;
		return old;
	}
	/* At three quarters probes grow long; one slot must stay empty. */
	if (at->tag == TAG_EMPTY &&
	    (m->count + m->removed + 1) * 4 > (m->mask + 1) * 3) {
		rebuild(m);
		look(m, key, tag, &at);
	}
	if (at->tag == TAG_REMOVED)
		m->removed--;
	*at = (struct slot){ object, tag };
	m->count++;
	return NULL;
}

void *
map_remove(struct map *m, struct str key)
{
	struct slot	*s = look(m, key, tag_of(m, key), NULL);
	size_t		 i;
	void		*old;

	if (s == NULL)
		return NULL;
	old = s->object;
	*s = (struct slot){ NULL, TAG_REMOVED };
	m->count--;
	m->removed++;
	/* Marks before an empty slot hold nothing together. */
	i = (size_t)(s - m->slots);
	if (m->slots[(i + 1) & m->mask].tag != TAG_EMPTY)
		return old;
	for (; m->slots[i].tag == TAG_REMOVED; i = (i - 1) & m->mask) {
		m->slots[i].tag = TAG_EMPTY;
		m->removed--;
	}
	return old;
}

size_t
map_count(const struct map *m)
{
	return m->count;
}

void *
map_next(const struct map *m, size_t *cursor)
{
	while (*cursor <= m->mask) {
		const struct slot *s = &m->slots[(*cursor)++];

		if (s->tag >= TAG_FIRST)
			return s->object;
	}
	return NULL;
}

/* ---- SipHash (Aumasson and Bernstein): 2-4, and 1-3 for tables ---- */

struct sip {
	uint64_t	v0, v1, v2, v3;
};

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
store64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
rounds(struct sip *s, int n)
{
	while (n-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32) + s->v3;
		s->v2 += s->v1;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v2 = rotl(s->v2, 32);
	}
}

/* The last n < 8 octets. */
static inline uint64_t
rest64(struct str data, size_t n)
{
	const char	*end = data.s + data.len;
	uint64_t	 v = 0;

	if (n > 0 && data.len >= 8)
		return load64(end - 8) >> 8 * (8 - n);
	for (size_t i = 1; i <= n; i++)
		v = v << 8 | (uint8_t)end[-(ptrdiff_t)i];
	return v;
}

/*
 * All of data and the last word, which holds its length, c rounds each; not the
 * finish.
 */
static inline struct sip
absorb(const uint8_t key[16], struct str data, uint64_t tweak, int c)
{
	uint64_t	k0 = load64(key), k1 = load64(key + 8), word;
	size_t		i;
	struct sip	s = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ tweak,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	};

	for (i = 0; i + 8 <= data.len; i += 8) {
		word = load64(data.s + i);
		s.v3 ^= word;
		rounds(&s, c);
		s.v0 ^= word;
	}
	word = rest64(data, data.len - i) | (uint64_t)data.len << 56;
	s.v3 ^= word;
	rounds(&s, c);
	s.v0 ^= word;
	return s;
}

uint64_t
siphash64(const uint8_t key[16], struct str data)
{
	struct sip	s = absorb(key, data, 0, 2);

	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void
siphash128(const uint8_t key[16], struct str data, uint8_t out[16])
{
	struct sip	s = absorb(key, data, 0xee, 2);

	s.v2 ^= 0xee;
	rounds(&s, 4);
	store64(out, s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
	s.v1 ^= 0xdd;
	rounds(&s, 4);
	store64(out + 8, s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

static uint8_t	process_key[16];

/* Before main(): no lookup asks whether the key is there yet. */
__attribute__((constructor)) static void
process_key_make(void)
{
	if (getrandom(process_key, sizeof(process_key), 0) !=
	    (ssize_t)sizeof(process_key))
		fatal("getrandom: no key for the hash tables");
}

/* One round and three will do where the hash itself is never seen. */
uint64_t
hash_str(struct str data)
{
	struct sip	s = absorb(process_key, data, 0, 1);

	s.v2 ^= 0xff;
	rounds(&s, 3);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
