/*
 * slots - objects with numbers that do not change, for walks in parts.
 *
 * accounts.c and bindings.c number what they keep; feed snapshots and SHOW walk
 * by these numbers over many messages.
 */
#include "regd/slots.h"

#include <stdlib.h>

#include "common/str.h"

void
slots_fini(struct slots *s)
{
	free(s->v);
	free(s->free);
	*s = (struct slots){ 0 };
}

uint32_t
slots_put(struct slots *s, void *object)
{
	uint32_t number;

	if (s->nfree > 0) {
		number = s->free[--s->nfree];
	} else {
		if (s->n == s->size) {
			s->size = s->size == 0 ? 64 : s->size * 2;
			s->v = xrealloc(s->v, s->size, sizeof(*s->v));
		}
		number = s->n++;
	}
	s->v[number] = object;
	return number;
}

void
slots_drop(struct slots *s, uint32_t number)
{
	if (s->nfree == s->free_size) {
		s->free_size = s->free_size == 0 ? 64 : s->free_size * 2;
		s->free = xrealloc(s->free, s->free_size, sizeof(*s->free));
	}
	s->v[number] = NULL;
	s->free[s->nfree++] = number;
}

void *
slots_next(const struct slots *s, uint64_t *cursor)
{
	for (; *cursor < s->n; (*cursor)++)
		if (s->v[*cursor] != NULL)
			return s->v[*cursor];
	return NULL;
}
