#ifndef SIPD_POOL_H
#define SIPD_POOL_H

#include <stdint.h>

#include "sipd/worker.h"

/*
 * The buffers one worker receives messages in: a fixed number of MESSAGE_MAX
 * octets each, of which only what was used is in memory. A buffer that was handed
 * to another worker comes back to its home by a queue.
 */
struct buffer {
	struct buffer	*next;
	unsigned	 home;		/* index of the worker whose pool it is */
	struct packet	 packet;
	char		 bytes[MESSAGE_MAX];
};

struct pool;

struct pool *pool_new(unsigned home, uint32_t buffers);
void	pool_free(struct pool *p);	/* NULL is fine */
/* NULL when all are in use. */
struct buffer *pool_take(struct pool *p);
/* Gives the pages back when the last message was a large one. */
void	pool_give(struct pool *p, struct buffer *b);
/* The same for one that stays in use. */
void	pool_trim(struct pool *p, struct buffer *b);

#endif
