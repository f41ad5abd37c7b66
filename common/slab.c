/*
 * slab - objects of one size in chunks that are mapped as a whole.
 *
 * A chunk is aligned to its size: an object's address, rounded down, is its
 * chunk. Under the address sanitizer each object is one of malloc()'s, so that
 * what is used after its end is seen.
 */
#include "common/slab.h"

#include <sys/mman.h>
#include <sys/queue.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"

#define CHUNK	((size_t)64 * 1024)
#define REGION	(16 * CHUNK)	/* address space taken at a time */
#define SPARE_SHARE	16	/* of so many chunks one may be empty */
#define ALIGN	16

#ifdef __SANITIZE_ADDRESS__
#define BY_MALLOC	1
#else
#define BY_MALLOC	0
#endif

struct spare {
	struct spare	*next;
};

struct chunk {
	TAILQ_ENTRY(chunk)	 entry;	/* while it has room */
	struct spare		*spare;	/* given back */
	uint32_t		 used;
	uint32_t		 fresh;	/* never taken: from this one on */
	_Alignas(ALIGN) char	 objects[];
};

TAILQ_HEAD(chunks, chunk);

struct slab {
	size_t		size;
	uint32_t	per_chunk;
	size_t		count;
	uint32_t	nchunks;
	uint32_t	nempty;
	struct chunks	empty;
	struct chunks	with_room;
	struct chunks	full;
	char		*fresh, *end;	/* of the region: not yet chunks */
};

struct slab *
slab_new(size_t size)
{
	struct slab	*s = xcalloc(1, sizeof(*s));

	s->size = (size + ALIGN - 1) / ALIGN * ALIGN;
	s->per_chunk = (uint32_t)((CHUNK - sizeof(struct chunk)) / s->size);
	assert(s->per_chunk > 0);
	TAILQ_INIT(&s->empty);
	TAILQ_INIT(&s->with_room);
	TAILQ_INIT(&s->full);
	return s;
}

static void
chunks_unmap(struct chunks *list)
{
	struct chunk	*c;

	while ((c = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, c, entry);
		munmap(c, CHUNK);
	}
}

void
slab_free(struct slab *s)
{
	if (s == NULL)
		return;
	chunks_unmap(&s->empty);
	chunks_unmap(&s->with_room);
	chunks_unmap(&s->full);
	if (s->fresh != s->end)
		munmap(s->fresh, (size_t)(s->end - s->fresh));
	free(s);
}

/* One chunk more address space holds an aligned region; the rest goes back. */
static void
region_map(struct slab *s)
{
	char	*p, *at;

	p = mmap(NULL, REGION + CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		fatal("out of memory: %s", strerror(errno));
	at = (char *)(((uintptr_t)p + CHUNK - 1) & ~(uintptr_t)(CHUNK - 1));
	if (at > p)
		munmap(p, (size_t)(at - p));
	if (at < p + CHUNK)
		munmap(at + REGION, (size_t)(p + CHUNK - at));
	s->fresh = at;
	s->end = at + REGION;
}

static struct chunk *
chunk_map(struct slab *s)
{
	char	*at;

	if (s->fresh == s->end)
		region_map(s);
	at = s->fresh;
	s->fresh += CHUNK;
	s->nchunks++;
	/* A kernel before 5.14 cannot: then page by page, as it is touched. */
	(void)madvise(at, CHUNK, MADV_POPULATE_WRITE);
	return (struct chunk *)(void *)at;
}

/* An empty one before a new one. */
static struct chunk *
chunk_take(struct slab *s)
{
	struct chunk	*c = TAILQ_FIRST(&s->empty);

	if (c != NULL) {
		TAILQ_REMOVE(&s->empty, c, entry);
		s->nempty--;
	} else
		c = chunk_map(s);
	TAILQ_INSERT_HEAD(&s->with_room, c, entry);
	return c;
}

/*
 * It is empty now. Under a steady load chunks empty as fast as others are needed:
 * some are kept.
 */
static void
chunk_give(struct slab *s, struct chunk *c)
{
	TAILQ_REMOVE(&s->with_room, c, entry);
	TAILQ_INSERT_HEAD(&s->empty, c, entry);
	s->nempty++;
	while (s->nempty > 1 + s->nchunks / SPARE_SHARE) {
		c = TAILQ_FIRST(&s->empty);
		TAILQ_REMOVE(&s->empty, c, entry);
		s->nempty--;
		s->nchunks--;
		munmap(c, CHUNK);
	}
}

static struct chunk *
chunk_of(const void *object)
{
	return (struct chunk *)((uintptr_t)object & ~(uintptr_t)(CHUNK - 1));
}

void *
slab_take(struct slab *s)
{
	struct chunk	*c = TAILQ_FIRST(&s->with_room);
	void		*object;

	s->count++;
	if (BY_MALLOC)
		return xcalloc(1, s->size);
	if (c == NULL)
		c = chunk_take(s);
	object = c->spare;
	if (object != NULL) {
		c->spare = c->spare->next;
		memset(object, 0, s->size);
	} else
		object = c->objects + s->size * c->fresh++;
	if (++c->used == s->per_chunk) {
		TAILQ_REMOVE(&s->with_room, c, entry);
		TAILQ_INSERT_HEAD(&s->full, c, entry);
	}
	return object;
}

void
slab_give(struct slab *s, void *object)
{
	struct chunk	*c;
	struct spare	*spare = object;

	if (object == NULL)
		return;
	s->count--;
	if (BY_MALLOC) {
		free(object);
		return;
	}
	c = chunk_of(object);
	spare->next = c->spare;
	c->spare = spare;
	if (c->used-- == s->per_chunk) {
		TAILQ_REMOVE(&s->full, c, entry);
		TAILQ_INSERT_HEAD(&s->with_room, c, entry);
	}
	if (c->used == 0)
		chunk_give(s, c);
}

size_t
slab_count(const struct slab *s)
{
	return s->count;
}
