#ifndef ROUTED_ARENA_H
#define ROUTED_ARENA_H

#include <stddef.h>

/* Memory that is freed whole: what a table of many small things is made of. */
struct arena;

struct arena *arena_new(void);
void	arena_free(struct arena *a);		/* NULL is fine */
void	*arena_take(struct arena *a, size_t size);	/* zeroed */

#endif
