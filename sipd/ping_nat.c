/*
 * ping_nat - how often a NAT wants to be reminded.
 *
 * ping.c enters every contact into the NAT that it is seen from. When a contact comes
 * back from another port, while it is still kept alive at the old one, the binding
 * did not live as long as the interval: that is halved for all behind this NAT, down to
 * "ping-interval-shortest", so it settles below the binding's life. A NAT without
 * contacts is forgotten.
 */
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/ping_own.h"

static struct map	*nats;

static struct str
nat_key(const void *object)
{
	return addr_bytes(&((const struct nat *)object)->host);
}

void
nats_open(void)
{
	nats = map_new(nat_key);
}

void
nats_close(void)
{
	map_free(nats);
	nats = NULL;
}

static int64_t
interval_of(const struct pinged *e)
{
	const struct settings	*s = settings_now();

	return hop_is_stream(&e->flow) ? s->ping_interval_tcp : s->ping_interval;
}

int64_t
nat_interval(const struct pinged *e)
{
	int64_t	ms = interval_of(e);

	return !hop_is_stream(&e->flow) && e->nat->interval_ms != 0 &&
	    e->nat->interval_ms < ms ? e->nat->interval_ms : ms;
}

/* e is new: the same contact, seen from another port than before? */
static bool
has_moved(const struct pinged *e)
{
	for (const struct pinged *o = e->nat->first; o != NULL; o = o->next)
		if (!hop_is_stream(&o->flow) && strcmp(o->uri, e->uri) == 0)
			return true;
	return false;
}

static void
shorten(struct pinged *e)
{
	const struct settings	*s = settings_now();
	struct nat		*n = e->nat;
	int64_t			 ms = nat_interval(e) / 2;
	char			 buf[ADDR_TEXT_MAX];

	n->moved++;
	stats->pings_moved++;
	if (!s->ping_adapt)
		return;
	if (ms < s->ping_interval_shortest)
		ms = s->ping_interval_shortest;
	if (ms >= nat_interval(e))
		return;
	n->interval_ms = ms;
	log_rate(LOG_LOW, "NAT", "%.*s forgets its bindings: pings every %lld ms",
	    STR_ARG(addr_print_host(&n->host, buf)), (long long)ms);
}

void
nat_join(struct pinged *e)
{
	struct nat	*n = map_find(nats, addr_bytes(&e->flow.remote));

	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		n->host = e->flow.remote;
		addr_set_port(&n->host, 0);
		map_put(nats, n);
	}
	e->nat = n;
	if (!hop_is_stream(&e->flow) && has_moved(e))
		shorten(e);
	e->next = n->first;
	n->first = e;
	n->contacts++;
}

void
nat_leave(struct pinged *e)
{
	struct nat	*n = e->nat;
	struct pinged	**at = &n->first;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (--n->contacts > 0)
		return;
	map_remove(nats, nat_key(n));
	free(n);
}

const struct nat *
nats_next(size_t *cursor)
{
	return map_next(nats, cursor);
}
