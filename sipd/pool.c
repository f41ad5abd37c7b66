/*
 * pool - the buffers one worker receives messages in.
 */
#include "sipd/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"

/* What a buffer may keep in memory when it lies idle. */
#define KEEP	8192

struct pool {
	struct buffer	*free;
	char		*memory;
	unsigned	 home;
	size_t		 size;
	size_t		 stride;
	size_t		 page;
	uint32_t	 left;
	uint32_t	 fresh;		/* so many were never taken */
};

struct pool *
pool_new(unsigned home, uint32_t buffers)
{
	struct pool	*p;
	/*
	 * An odd number of cache lines apart: with buffers a power of two
	 * apart the begins of all messages would share a few cache sets.
	 */
	size_t		 stride = ((sizeof(struct buffer) + 63) / 64 | 1) * 64;
	char		*m;

	m = mmap(NULL, stride * buffers, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m == MAP_FAILED)
		fatal("receive buffers: %s", strerror(errno));
	p = xcalloc(1, sizeof(*p));
	p->memory = m;
	p->size = stride * buffers;
	p->page = (size_t)sysconf(_SC_PAGESIZE);
	p->stride = stride;
	p->left = p->fresh = buffers;
	p->home = home;
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	munmap(p->memory, p->size);
	free(p);
}

struct buffer *
pool_take(struct pool *p)
{
	struct buffer	*b = p->free;

	if (b != NULL) {
		p->free = b->next;
	} else if (p->fresh > 0) {
		b = (struct buffer *)(void *)(p->memory +
		    --p->fresh * p->stride);
		b->home = p->home;
	} else {
		return NULL;
	}
	p->left--;
	return b;
}

void
pool_trim(struct pool *p, struct buffer *b)
{
	uintptr_t	from, to;

	if (b->packet.bytes.len <= KEEP)
		return;
	from = ((uintptr_t)b->bytes + p->page - 1) & ~(p->page - 1);
	to = ((uintptr_t)b->bytes + sizeof(b->bytes)) & ~(p->page - 1);
	(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void
pool_give(struct pool *p, struct buffer *b)
{
	pool_trim(p, b);
	b->next = p->free;
	p->free = b;
	p->left++;
}
