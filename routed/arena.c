/* arena - chunks of memory, from which pieces are taken and none is given back. */
#include "routed/arena.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "common/str.h"

#define CHUNK	(64 * 1024)

struct chunk {
	SLIST_ENTRY(chunk)	 entry;
	size_t			 used, size;
	max_align_t		 room[];
};
struct arena {
	SLIST_HEAD(, chunk)	 chunks;
};

struct arena *
arena_new(void)
{
	struct arena	*a = xcalloc(1, sizeof(*a));

	SLIST_INIT(&a->chunks);
	return a;
}

void
arena_free(struct arena *a)
{
	struct chunk	*c;

	while (a != NULL && (c = SLIST_FIRST(&a->chunks)) != NULL) {
		SLIST_REMOVE_HEAD(&a->chunks, entry);
		free(c);
	}
	free(a);
}

void *
arena_take(struct arena *a, size_t size)
{
	struct chunk	*c = SLIST_FIRST(&a->chunks);
	size_t		 want = (size + sizeof(max_align_t) - 1) &
			    ~(sizeof(max_align_t) - 1);
	void		*p;

	if (c == NULL || c->size - c->used < want) {
		c = xcalloc(1, sizeof(*c) + (want > CHUNK ? want : CHUNK));
		c->size = want > CHUNK ? want : CHUNK;
		SLIST_INSERT_HEAD(&a->chunks, c, entry);
	}
	p = (char *)c->room + c->used;
	c->used += want;
	return p;
}

