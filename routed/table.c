/* table - objects by key and by number: what domains, accounts and aliases share. */
#include "routed/table.h"

#include <stdlib.h>

#include "common/str.h"

void
table_init(struct table *t, map_key_fn *key)
{
	*t = (struct table){ .map = map_new(key) };
}

void
table_fini(struct table *t, void (*free_object)(void *))
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i] != NULL)
			free_object(t->v[i]);
	map_free(t->map);
	free(t->v);
	free(t->unused);
	*t = (struct table){ 0 };
}

void *
table_find(const struct table *t, struct str key)
{
	return map_find(t->map, key);
}

uint32_t
table_put(struct table *t, void *object)
{
	uint32_t	number;

	map_put(t->map, object);
	if (t->nunused > 0) {
		number = t->unused[--t->nunused];
		t->v[number] = object;
		return number;
	}
	if (t->n == t->size) {
		t->size = t->size > 0 ? 2 * t->size : 64;
		t->v = xrealloc(t->v, t->size, sizeof(*t->v));
		t->unused = xrealloc(t->unused, t->size, sizeof(*t->unused));
	}
	t->v[t->n] = object;
	return t->n++;
}

void
table_remove(struct table *t, struct str key, uint32_t number)
{
	map_remove(t->map, key);
	t->v[number] = NULL;
	t->unused[t->nunused++] = number;
}

void *
table_next(const struct table *t, uint64_t *at)
{
	for (; *at < t->n; ++*at)
		if (t->v[*at] != NULL)
			return t->v[*at];
	return NULL;
}
