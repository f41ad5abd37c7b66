/*
 * hold - descriptors of a daemon, with the names it gave them.
 */
#include "sipctl/keeper/keeper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX	(127 * 1024)	/* one environment string has 128 KiB */

static uint32_t
hash_of(const char *name)
{
	uint32_t	h = 2166136261u;

	while (*name != '\0')
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h;
}

static bool
grow(struct hold *h)
{
	size_t		 size = h->size > 0 ? h->size * 2 : 64;
	struct held	*v = reallocarray(h->v, size, sizeof(*v));

	if (v == NULL)
		return false;
	h->v = v;
	h->size = size;
	return true;
}

bool
hold_add(struct hold *h, const char *name, int fd)
{
	struct held	*x;
	size_t		 len = strlen(name);

	if (len == 0 || len >= HOLD_NAME || strchr(name, ':') != NULL ||
	    h->n >= HOLD_MAX || (h->n == h->size && !grow(h))) {
		close(fd);
		return false;
	}
	x = &h->v[h->n++];
	x->fd = fd;
	x->hash = hash_of(name);
	memcpy(x->name, name, len + 1);
	return true;
}

void
hold_remove(struct hold *h, const char *name)
{
	uint32_t	hash = hash_of(name);
	size_t		kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		struct held *x = &h->v[i];

		if (x->hash == hash && strcmp(x->name, name) == 0) {
			close(x->fd);
			continue;
		}
		if (kept != i)
			h->v[kept] = *x;
		kept++;
	}
	h->n = kept;
}

void
hold_clear(struct hold *h)
{
	for (size_t i = 0; i < h->n; i++)
		close(h->v[i].fd);
	free(h->v);
	*h = (struct hold){ 0 };
}

const char *
hold_names(const struct hold *h, size_t *n)
{
	static char	buf[NAMES_MAX];
	size_t		len = 0, i;

	for (i = 0; i < h->n; i++) {
		size_t l = strlen(h->v[i].name);

		if (len + l + 2 > sizeof(buf))
			break;
		if (i > 0)
			buf[len++] = ':';
		memcpy(buf + len, h->v[i].name, l);
		len += l;
	}
	buf[len] = '\0';
	*n = i;
	return buf;
}
