#ifndef ROUTED_TABLE_H
#define ROUTED_TABLE_H

#include <stdint.h>

#include "common/map.h"

/*
 * Objects by key, each at a number of its own as long as it lives, so that a list
 * shown part by part goes on where it was, whatever comes and goes between.
 */
struct table {
	struct map	*map;
	void		**v;		/* NULL: free */
	uint32_t	 n, size;
	uint32_t	*unused;	/* numbers below n */
	uint32_t	 nunused;
};

void	table_init(struct table *t, map_key_fn *key);
void	table_fini(struct table *t, void (*free_object)(void *));
void	*table_find(const struct table *t, struct str key);
/* The key must be new. Returns the object's number, for table_remove(). */
uint32_t table_put(struct table *t, void *object);
void	table_remove(struct table *t, struct str key, uint32_t number);
/* The object at *at or the next one there is, and *at its number; NULL: no more. */
void	*table_next(const struct table *t, uint64_t *at);

#endif
