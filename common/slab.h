#ifndef COMMON_SLAB_H
#define COMMON_SLAB_H

#include <stddef.h>

/*
 * Objects of one size that come and go by the thousand: transactions, what is
 * kept of a call. They lie in chunks that are mapped with their pages, as the
 * first touch of a page, left to malloc(), costs more than a transaction does.
 * The one given back last is taken first; of chunks without objects one is kept, and
 * one for each sixteen that there are. Belongs to one thread.
 */
struct slab;

/* size: at most a few KB. */
struct slab *slab_new(size_t size);
/* With all objects that were not given back. NULL is fine. */
void	slab_free(struct slab *s);

/* Zeroed. Dies when there is no memory, as xcalloc() does. */
void	*slab_take(struct slab *s);
void	slab_give(struct slab *s, void *object);	/* NULL is fine */
/* Objects taken and not given back. */
size_t	slab_count(const struct slab *s);

#endif
