/*
 * contacts - the set of one AOR as one block of memory: the head, the contacts,
 * their paths, and all texts behind them.
 */
#include "sipd/contacts.h"

#include <string.h>

#define FOREVER_MS	(100ll * 365 * 86400 * 1000)

static size_t
size_of(struct str name, const struct rec_binding *v, uint32_t n)
{
	size_t	size = sizeof(struct aor) + n * sizeof(struct contact) +
		    name.len;

	for (uint32_t i = 0; i < n; i++) {
		size += v[i].uri.len + v[i].params.len + v[i].instance.len +
		    v[i].agent.len + v[i].paths.n * sizeof(struct str);
		for (uint32_t j = 0; j < v[i].paths.n; j++)
			size += v[i].paths.v[j].uri.len;
	}
	return size;
}

/* Copies s to *at, which moves on. */
static struct str
keep(char **at, struct str s)
{
	struct str	kept = { *at, s.len };

	if (s.len == 0)
		return STR_NONE;
	memcpy(*at, s.s, s.len);
	*at += s.len;
	return kept;
}

static void
fill(struct contact *c, const struct rec_binding *b, struct str *paths,
    char **texts, struct mono now)
{
	int64_t	left = b->fixed ? FOREVER_MS : b->expires_ms < INT32_MAX ? (int64_t)b->expires_ms :
		    INT32_MAX;

	c->uri = keep(texts, b->uri);
	c->params = keep(texts, b->params);
	c->instance = keep(texts, b->instance);
	c->agent = keep(texts, b->agent);
	c->paths = paths;
	c->npaths = b->paths.n;
	for (uint32_t j = 0; j < b->paths.n; j++)
		paths[j] = keep(texts, b->paths.v[j].uri);
	c->reg_id = b->reg_id;
	c->q = b->q;
	c->fixed = b->fixed;
	c->expires = mono_add_ms(now, left);
	if (b->received.len == 0 ||
	    hop_parse(&c->flow, b->received, b->listener) < 0)
		memset(&c->flow, 0, sizeof(c->flow));
}

struct aor *
contacts_new(struct str name, uint64_t version, uint64_t hash,
    const struct rec_binding *bindings, uint32_t n, struct mono now)
{
	struct aor	*a = xcalloc(1, size_of(name, bindings, n));
	struct str	*paths = (struct str *)(void *)&a->contacts[n];
	size_t		 npaths = 0;
	char		*texts;

	for (uint32_t i = 0; i < n; i++)
		npaths += bindings[i].paths.n;
	texts = (char *)(paths + npaths);
	a->version = version;
	a->hash = hash;
	a->n = n;
	a->name = keep(&texts, name);
	for (uint32_t i = 0; i < n; i++) {
		fill(&a->contacts[i], &bindings[i], paths, &texts, now);
		paths += bindings[i].paths.n;
	}
	return a;
}
