#ifndef REGD_SLOTS_H
#define REGD_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers objects so that a walk in parts misses nothing that was there from its
 * begin to its end: an object keeps its number, a freed number is used again. (The
 * hash map cannot be walked so: it moves everything when it grows.)
 */
struct slots {
	void	**v;
	uint32_t  n;		/* numbers ever used */
	uint32_t  size;
	uint32_t *free;		/* numbers to use again */
	uint32_t  nfree;
	uint32_t  free_size;
};

void	slots_fini(struct slots *s);		/* the objects are the caller's */
uint32_t slots_put(struct slots *s, void *object);
void	slots_drop(struct slots *s, uint32_t number);
/* The object with *cursor or the next higher number, whose number goes to *cursor. */
void	*slots_next(const struct slots *s, uint64_t *cursor);

#endif
