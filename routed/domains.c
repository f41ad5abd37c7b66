/*
 * domains - which domains are ours.
 *
 * They are few, change with the configuration only, and are copied in lower case,
 * so that names from requests are compared once.
 */
#include "routed/domains.h"

#include <stdlib.h>

#include "common/map.h"

#define NAME_MAX_	256

struct domain {
	char		*name;
	uint64_t	 version;	/* the generation that brought it */
};

struct domains {
	struct map		*map;
	struct domain		**v;
	uint32_t		 n;
	const struct settings	*settings;
};

static struct str
domain_key(const void *object)
{
	const struct domain	*d = object;

	return str_of(d->name);
}

struct domains *
domains_new(void)
{
	struct domains	*d = xcalloc(1, sizeof(*d));

	d->map = map_new(domain_key);
	return d;
}

static void
drop(struct domains *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		map_remove(d->map, domain_key(d->v[i]));
		free(d->v[i]->name);
		free(d->v[i]);
	}
	free(d->v);
	d->v = NULL;
	d->n = 0;
}

void
domains_free(struct domains *d)
{
	if (d == NULL)
		return;
	drop(d);
	map_free(d->map);
	free(d);
}

static void
add(struct domains *d, const char *name, uint64_t version)
{
	struct domain	*o = xcalloc(1, sizeof(*o));

	o->name = xstrdup(name);
	str_lower(o->name, strlen(o->name));
	o->version = version;
	if (map_find(d->map, str_of(o->name)) != NULL) {
		free(o->name);
		free(o);
		return;
	}
	map_put(d->map, o);
	d->v[d->n++] = o;
}

void
domains_set(struct domains *d, const struct settings *s,
    domains_changed_fn *changed, void *arg)
{
	struct domains	old = *d;

	d->map = map_new(domain_key);
	d->settings = s;
	d->v = xcalloc(s->domains.n + 1, sizeof(struct domain *));
	d->n = 0;
	for (size_t i = 0; i < s->domains.n; i++)
		add(d, s->domains.v[i], s->generation);
	for (uint32_t i = 0; changed != NULL && i < old.n; i++)
		if (map_find(d->map, domain_key(old.v[i])) == NULL)
			changed(arg, domain_key(old.v[i]), s->generation, true);
	for (uint32_t i = 0; changed != NULL && i < d->n; i++)
		if (map_find(old.map, domain_key(d->v[i])) == NULL)
			changed(arg, domain_key(d->v[i]), s->generation, false);
	drop(&old);
	map_free(old.map);
}

struct str
domains_find(const struct domains *d, struct str name)
{
	const struct domain	*o;
	char			 lower[NAME_MAX_];

	if (!str_copy(lower, sizeof(lower), name))
		return STR_NONE;
	str_lower(lower, name.len);
	if (name.len > 1 && lower[name.len - 1] == '.')
		name.len--;			/* of the root: the same name */
	o = map_find(d->map, str_make(lower, name.len));
	return o != NULL ? str_of(o->name) : STR_NONE;
}

struct str
domains_main(const struct domains *d)
{
	return d->n > 0 ? str_of(d->v[0]->name) : STR_NONE;
}

bool
domains_own_address(const struct domains *d, struct str host, uint16_t port,
    const struct addr *listener)
{
	const struct listen	*l;
	struct addr		 a;

	if (addr_parse(&a, host, 0) < 0)
		return false;
	for (size_t i = 0; i < d->settings->listen.n; i++) {
		l = &d->settings->listen.v[i];
		if (port != 0 && port != addr_port(&l->addr))
			continue;
		if (addr_eq_host(&a, &l->addr))
			return true;
		if (addr_is_wildcard(&l->addr) && listener != NULL &&
		    addr_eq_host(&a, listener))
			return true;
	}
	return false;
}

uint32_t
domains_count(const struct domains *d)
{
	return d->n;
}

struct str
domains_name(const struct domains *d, uint32_t i, uint64_t *version)
{
	*version = d->v[i]->version;
	return str_of(d->v[i]->name);
}
