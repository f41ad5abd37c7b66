#ifndef REGD_INDEX_H
#define REGD_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Objects by key, a million of them: a number for each and eight octets of a hash
 * table. An object keeps its number, a freed one is used again, so a walk by numbers
 * misses nothing that was there from its begin to its end. The table is in shards:
 * one that grows is a short piece of work.
 */
struct index;
#define INDEX_NONE	UINT32_MAX	/* no object has this number */

/* The object's key: as long as the object is in. */
typedef struct str index_key_fn(const void *object);

struct index *index_new(index_key_fn *key);
void	index_free(struct index *ix);	/* the objects are the caller's; NULL is fine */
size_t	index_count(const struct index *ix);

void	*index_find(const struct index *ix, struct str key);
/* Its key must not be there yet. Returns its number. */
uint32_t index_put(struct index *ix, void *object);
/* Takes it out, by its number. */
void	index_remove(struct index *ix, uint32_t number);
/* NULL: the number is free. */
void	*index_at(const struct index *ix, uint32_t number);
/* The object with *cursor or the next higher number, whose number goes to *cursor. */
void	*index_next(const struct index *ix, uint64_t *cursor);

#endif
