/*
 * ping_nat - how often a NAT wants to be reminded.
 *
 * ping.c enters every contact into the NAT that it is seen from. When a contact comes
 * back from another port, while it is still kept alive at the old one, the binding
 * did not live as long as the interval: that is halved for all behind this NAT, down to
 * "ping-interval-shortest", so it settles below the binding's life.
 *
 * NATs are replaced, too: after a calm time one contact is pinged half as often
 * again, and when its binding has held for long enough that it must have registered anew
 * meanwhile, all are. A trial that fails costs that one contact alone, and doubles the
 * calm time before the next. A NAT without contacts is forgotten.
 */
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/ping_own.h"

#define CALM_MS		3600000		/* before a trial, times the patience */
#define TRIAL_MS	3600000
#define PATIENCE_MAX	64

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
	int64_t	longest = interval_of(e), ms = e->nat->interval_ms;

	if (hop_is_stream(&e->flow) || ms == 0)
		return longest;
	if (e->nat->trial == e)
		ms += ms / 2;
	return ms < longest ? ms : longest;
}

/* e is new: the same contact as it was seen from another port, or NULL. */
static struct pinged *
seen_before(const struct pinged *e)
{
	for (struct pinged *o = e->nat->first; o != NULL; o = o->next)
		if (!hop_is_stream(&o->flow) && strcmp(o->uri, e->uri) == 0)
			return o;
	return NULL;
}

static void
shorten(struct pinged *e)
{
	const struct settings	*s = settings_now();
	struct nat		*n = e->nat;
	int64_t			 ms = nat_interval(e) / 2;
	char			 buf[ADDR_TEXT_MAX];

	if (ms < s->ping_interval_shortest)
		ms = s->ping_interval_shortest;
	if (ms >= nat_interval(e))
		return;
	n->interval_ms = ms;
	log_rate(LOG_LOW, "NAT", "%.*s forgets its bindings: pings every %lld ms",
	    STR_ARG(addr_print_host(&n->host, buf)), (long long)ms);
}

/* The binding of old was lost, though it was pinged; e is the same contact now. */
static void
lost(struct pinged *e, const struct pinged *old, struct mono now)
{
	struct nat	*n = e->nat;

	n->moved++;
	stats->pings_moved++;
	if (!settings_now()->ping_adapt)
		return;
	n->since = now;
	if (n->trial != old) {
		shorten(e);
		return;
	}
	n->trial = NULL;
	if (n->patience < PATIENCE_MAX)
		n->patience *= 2;
}

/* The trial has passed: what it was pinged with is for all. */
static void
lengthen(struct nat *n, struct mono now)
{
	int64_t	ms = nat_interval(n->trial);
	char	buf[ADDR_TEXT_MAX];

	n->interval_ms = ms < interval_of(n->trial) ? ms : 0;
	n->trial = NULL;
	n->since = now;
	log_rate(LOG_LOW, "NAT", "%.*s remembers its bindings longer: pings every %lld ms",
	    STR_ARG(addr_print_host(&n->host, buf)), (long long)ms);
}

void
nat_pinged(struct pinged *e, struct mono now)
{
	struct nat	*n = e->nat;
	int64_t		 ms = mono_ms_between(n->since, now);

	if (hop_is_stream(&e->flow) || n->interval_ms == 0 ||
	    !settings_now()->ping_adapt)
		return;
	if (n->trial == NULL && ms >= (int64_t)CALM_MS * n->patience) {
		n->trial = e;
		n->since = now;
	} else if (n->trial == e && ms >= TRIAL_MS) {
		lengthen(n, now);
	}
}

void
nat_join(struct pinged *e, struct mono now)
{
	struct nat	*n = map_find(nats, addr_bytes(&e->flow.remote));
	struct pinged	*old;

	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		n->host = e->flow.remote;
		n->patience = 1;
		addr_set_port(&n->host, 0);
		map_put(nats, n);
	}
	e->nat = n;
	if (!hop_is_stream(&e->flow) && (old = seen_before(e)) != NULL)
		lost(e, old, now);
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
	if (n->trial == e)
		n->trial = NULL;
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
