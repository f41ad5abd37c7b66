/*
 * sides - the relay's addresses, and which one faces which phone.
 *
 * session.c makes them from the setting "media", exchange.c asks for every leg.
 */
#include "mediad/sides.h"

#include <errno.h>
#include <stdlib.h>

struct sides {
	unsigned	 n;
	struct ports	*v[SIDES_MAX];
};

struct sides *
sides_new(const struct set_media *media)
{
	struct sides	*all = xcalloc(1, sizeof(*all));

	for (size_t i = 0; i < media->n && i < SIDES_MAX; i++)
		all->v[all->n++] = ports_new(&media->v[i].addr,
		    &media->v[i].told, media->v[i].port_min,
		    media->v[i].port_max);
	return all;
}

void
sides_free(struct sides *all)
{
	if (all == NULL)
		return;
	for (unsigned i = 0; i < all->n; i++)
		ports_free(all->v[i]);
	free(all);
}

void
sides_adopt(struct sides *all)
{
	ports_adopt(all->v, all->n);
}

void
sides_restored(struct sides *all)
{
	for (unsigned i = 0; i < all->n; i++)
		ports_restored(all->v[i]);
}

int
sides_prepare(struct sides *all, unsigned *which)
{
	int	first = 0, error;

	for (unsigned i = 0; i < all->n; i++) {
		error = ports_prepare(all->v[i]);
		if (error == 0 || ports_used(all->v[i]) > 0 || first < 0)
			continue;
		first = error;
		if (which != NULL)
			*which = i;
	}
	return first;
}

/* ---- choosing ---- */

/* How much a side and a phone have in common. */
static unsigned
alike(const struct addr *told, const struct addr *phone, const struct set_nets *lan)
{
	bool	here = addr_is_loopback(phone);
	bool	inside = nets_have(lan, phone);

	return (here == addr_is_loopback(told) ? 2 : 0) +
	    (inside == nets_have(lan, told) ? 1 : 0);
}

struct ports *
sides_for(const struct sides *all, int family, const struct addr *phone,
    const struct set_nets *lan)
{
	struct ports	*best = NULL;
	unsigned	 most = 0;

	if (family == 0 && phone->len != 0)
		family = phone->sa.sa_family;
	for (unsigned i = 0; i < all->n; i++) {
		const struct addr	*told = ports_told(all->v[i]);
		unsigned		 m;

		if (family != 0 && told->sa.sa_family != family)
			continue;
		m = phone->len != 0 ? alike(told, phone, lan) : 0;
		if (best == NULL || m > most) {
			best = all->v[i];
			most = m;
		}
	}
	return best;
}

struct ports *
sides_of(const struct sides *all, const struct addr *relay)
{
	struct ports	*same = NULL;

	for (unsigned i = 0; i < all->n; i++) {
		if (!addr_eq_host(ports_addr(all->v[i]), relay))
			continue;
		if (ports_in_range(all->v[i], addr_port(relay)))
			return all->v[i];
		if (same == NULL)
			same = all->v[i];
	}
	return same;
}

struct pair *
sides_pair(const struct sides *all, const struct addr *a)
{
	struct pair	*pair = NULL;

	for (unsigned i = 0; a->len != 0 && pair == NULL && i < all->n; i++)
		pair = ports_pair(all->v[i], a);
	return pair;
}

bool
sides_own(const struct sides *all, const struct addr *a)
{
	for (unsigned i = 0; i < all->n; i++)
		if (ports_own(all->v[i], a))
			return true;
	return false;
}

/* ---- figures ---- */

unsigned
sides_count(const struct sides *all)
{
	return all->n;
}

const struct ports *
sides_at(const struct sides *all, unsigned i)
{
	return i < all->n ? all->v[i] : NULL;
}

unsigned
sides_used(const struct sides *all)
{
	unsigned	sum = 0;

	for (unsigned i = 0; i < all->n; i++)
		sum += ports_used(all->v[i]);
	return sum;
}

unsigned
sides_limit(const struct sides *all)
{
	unsigned	sum = 0;

	for (unsigned i = 0; i < all->n; i++)
		sum += ports_limit(all->v[i]);
	return sum;
}
