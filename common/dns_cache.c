/*
 * dns_cache - what is known of names, and for how long.
 *
 * dns.c fills it and reads it. The least used entries go when there are too many
 * or too much is in them; those that somebody waits for stay.
 */
#include "common/dns_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "common/map.h"
#include "common/stats.h"

struct dns_cache {
	struct map	*map;
	TAILQ_HEAD(, dns_entry) used;
	size_t		 n, bytes;
};

static struct str
entry_key(const void *object)
{
	const struct dns_entry	*e = object;

	return str_make(e->key, e->key_len);
}

struct dns_cache *
dns_cache_new(void)
{
	struct dns_cache	*c = xcalloc(1, sizeof(*c));

	c->map = map_new(entry_key);
	TAILQ_INIT(&c->used);
	return c;
}

static void
entry_free(struct dns_cache *c, struct dns_entry *e)
{
	map_remove(c->map, entry_key(e));
	TAILQ_REMOVE(&c->used, e, entry);
	c->n--;
	c->bytes -= sizeof(*e) + e->key_len + e->bytes;
	stats->dns_entries--;
	free(e->set);
	free(e);
}

void
dns_cache_free(struct dns_cache *c)
{
	struct dns_entry	*e;

	if (c == NULL)
		return;
	while ((e = TAILQ_FIRST(&c->used)) != NULL)
		entry_free(c, e);
	map_free(c->map);
	free(c);
}

static bool
in_use(const struct dns_entry *e)
{
	return e->asking || e->pinned || !LIST_EMPTY(&e->waiting);
}

/* Room for one more. The front of the list is what nobody asked for longest. */
static bool
make_room(struct dns_cache *c)
{
	struct dns_entry	*e, *next;

	for (e = TAILQ_FIRST(&c->used); e != NULL &&
	    (c->n >= DNS_ENTRIES_MAX || c->bytes >= DNS_BYTES_MAX); e = next) {
		next = TAILQ_NEXT(e, entry);
		if (in_use(e))
			continue;
		stats->dns_evicted++;
		entry_free(c, e);
	}
	return c->n < DNS_ENTRIES_MAX && c->bytes < DNS_BYTES_MAX;
}

struct dns_entry *
dns_cache_entry(struct dns_cache *c, enum dns_type type, struct str name)
{
	char			 key[DNS_NAME_MAX + 1];
	struct dns_entry	*e;

	key[0] = (char)type;
	memcpy(key + 1, name.s, name.len);
	e = map_find(c->map, str_make(key, name.len + 1));
	if (e != NULL) {
		TAILQ_REMOVE(&c->used, e, entry);
		TAILQ_INSERT_TAIL(&c->used, e, entry);
		return e;
	}
	if (!make_room(c))
		return NULL;
	e = xcalloc(1, sizeof(*e) + name.len + 2);
	LIST_INIT(&e->waiting);
	e->type = type;
	e->key_len = (uint16_t)(name.len + 1);
	memcpy(e->key, key, e->key_len);
	map_put(c->map, e);
	TAILQ_INSERT_TAIL(&c->used, e, entry);
	c->n++;
	c->bytes += sizeof(*e) + e->key_len;
	stats->dns_entries++;
	return e;
}

/* Copies s behind the records and moves *to on. */
static struct str
keep(char **to, struct str s)
{
	char	*at = *to;

	if (s.len > 0)
		memcpy(at, s.s, s.len);
	*to += s.len;
	return str_make(at, s.len);
}

/* Records and texts in one piece of memory, of bytes octets. */
static struct dns_set *
set_make(const struct dns_record *v, unsigned n, struct str alias, size_t *bytes)
{
	size_t		 size = sizeof(struct dns_set) + n * sizeof(*v);
	struct dns_set	*set;
	char		*to;

	*bytes = size + alias.len;
	for (unsigned i = 0; i < n; i++)
		*bytes += v[i].name.len + v[i].flags.len + v[i].service.len +
		    v[i].regexp.len;
	set = xcalloc(1, *bytes);
	to = (char *)set + size;
	set->n = n;
	set->alias = keep(&to, alias);
	for (unsigned i = 0; i < n; i++) {
		set->v[i] = v[i];
		set->v[i].name = keep(&to, v[i].name);
		set->v[i].flags = keep(&to, v[i].flags);
		set->v[i].service = keep(&to, v[i].service);
		set->v[i].regexp = keep(&to, v[i].regexp);
	}
	return set;
}

struct dns_set *
dns_set_copy(const struct dns_set *from)
{
	size_t		 bytes;
	struct dns_set	*set = set_make(from->v, from->n, from->alias, &bytes);

	set->none = from->none;
	set->expires = from->expires;
	return set;
}

void
dns_cache_put(struct dns_cache *c, struct dns_entry *e, const struct dns_answer *a,
    struct mono now)
{
	c->bytes -= e->bytes;
	free(e->set);
	e->set = set_make(a->v, a->n, a->alias, &e->bytes);
	c->bytes += e->bytes;
	e->expires = mono_add_ms(now, a->ttl * INT64_C(1000));
	e->set->none = a->none;
	e->set->expires = e->expires;
	e->hold = (struct mono){ 0 };
	e->error = 0;
}

const struct dns_set *
dns_cache_stale(const struct dns_entry *e, struct mono now)
{
	return e->set != NULL &&
	    mono_before(now, mono_add_ms(e->expires, DNS_STALE_MS)) ? e->set : NULL;
}

int
dns_cache_look(const struct dns_entry *e, struct mono now, const struct dns_set **out)
{
	if (e->set != NULL && mono_before(now, e->expires)) {
		stats->dns_hits++;
		*out = e->set;
		return 0;
	}
	if (!mono_before(now, e->hold))
		return -EINPROGRESS;
	if ((*out = dns_cache_stale(e, now)) == NULL)
		return e->error;
	stats->dns_stale++;
	return 0;
}

struct dns_entry *
dns_cache_next(struct dns_cache *c, struct dns_entry *e)
{
	return e == NULL ? TAILQ_FIRST(&c->used) : TAILQ_NEXT(e, entry);
}
