#ifndef COMMON_MAP_H
#define COMMON_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * A keyed hash map from strings or numbers to pointers: open addressing, a
 * 32-bit tag beside each pointer, SipHash with a random key per process, so
 * that chosen identifiers cannot degrade it. Keys live in the objects: the map
 * asks for them with key(). Owned by one thread.
 */
struct map;
typedef struct str map_key_fn(const void *object);

struct map *map_new(map_key_fn *key);
/* The same for keys of 8 octets that are keyed hashes already: taken as they are. */
struct map *map_new_hashed(map_key_fn *key);
void	map_free(struct map *m);		/* the objects are the caller's */
void	*map_find(const struct map *m, struct str key);
/* Returns the object that was replaced, or NULL. */
void	*map_put(struct map *m, void *object);
void	*map_remove(struct map *m, struct str key);
size_t	map_count(const struct map *m);
/*
 * Walks all objects: start with *cursor = 0; NULL at the end. Removing what was
 * just returned is fine; putting is not.
 */
void	*map_next(const struct map *m, size_t *cursor);

/* SipHash-1-3 with the process's random key, for tables of our own. */
uint64_t hash_str(struct str s);
/* SipHash-2-4, 64 and 128 bit, with a key that is kept. */
uint64_t siphash64(const uint8_t key[16], struct str data);
void	siphash128(const uint8_t key[16], struct str data, uint8_t out[16]);

#endif
