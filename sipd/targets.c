/*
 * targets - the target set of a request (RFC 3261 section 16.5): the contacts of
 * an AOR, a URI; and one leg for each.
 *
 * decision.c calls it once the request may go on.
 */
#include "sipd/targets.h"

#include "common/daemon.h"
#include "common/route.h"
#include "sipd/best.h"
#include "sipd/media_policy.h"
#include "sipd/nexthop.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/replica.h"
#include "sipd/worker.h"

#define WAIT_MS		20	/* between two looks at a replica that is not in yet */
#define WAITS_MAX	150	/* 3 s */

/* Path values, the nearest first, as one Route value (RFC 3327 section 5.4). */
static struct str
path_text(const struct contact *c, struct text *t)
{
	for (uint32_t i = 0; i < c->npaths; i++) {
		if (i > 0)
			text_add(t, STR(", "));
		text_add(t, c->paths[i]);
	}
	return text_str(t);
}

/*
 * The way to a contact: the connection or, from behind a NAT, the address that its
 * REGISTER came from (true); else where it says that it listens.
 */
static bool
contact_way(const struct contact *c, const struct uri *u, struct way *out)
{
	bool	known;

	*out = way_of_hop(&c->flow);
	known = way_of_uri(out, u) == 0;
	if (c->flow.transport == TRANSPORT_NONE)
		return false;
	/* What a phone calls itself is not always a name for others. */
	if (known && !way_is_name(out) && !hop_is_stream(&c->flow) &&
	    leg_classify(settings_now(), &c->flow, u->host) != LEG_NAT)
		return false;
	*out = way_of_hop(&c->flow);
	return true;
}

static void
add_contact(struct proxy *p, const struct contact *c)
{
	char		 buf[2048];
	struct text	 route;
	struct way	 way;
	struct nameaddr	 first;
	struct uri	 u;
	struct leg	*g;
	bool		 by_flow;

	text_init(&route, buf, sizeof(buf));
	path_text(c, &route);
	if (route.full || uri_parse(&u, c->uri) < 0)
		return;
	by_flow = contact_way(c, &u, &way);
	if (c->npaths > 0 && (nameaddr_parse(&first, c->paths[0]) < 0 ||
	    way_of_uri(&way, &first.uri) < 0))
		return;
	if ((g = leg_new(p, &way, c->uri, text_str(&route))) != NULL)
		g->by_flow = by_flow;
}

static void
add_aor(struct proxy *p, struct str name)
{
	const struct aor	*a = replica_find(name);
	struct mono		 now = loop_now(p->w->loop);

	for (uint32_t i = 0; a != NULL && i < a->n; i++)
		if (contact_alive(&a->contacts[i], now))
			add_contact(p, &a->contacts[i]);
}

static void
add_uri(struct proxy *p, const struct choice *c)
{
	struct way	 way;
	struct uri	 u;
	struct str	 where = str_of(c->next_hop[0] != '\0' ? c->next_hop : c->value);
	struct leg	*g;

	if (uri_parse(&u, where) < 0 || way_of_uri(&way, &u) < 0)
		best_keep(p, 503, STR_NONE);
	else if ((g = leg_new(p, &way, str_of(c->value), STR_NONE)) != NULL)
		g->peer = true;
}

static void
on_wait(void *arg)
{
	struct proxy	*p = arg;

	record_as(p->w, p->call, p->plain);
	proxy_ref(p);
	if (!p->finished && p->server != NULL)
		targets_start(p);
	record_end(p->w);
	proxy_unref(p);
}

/*
 * Not found in a replica that has no snapshot yet (this process has just
 * begun) is "not known", never "not registered": look again in a moment.
 */
static bool
wait_for_replica(struct proxy *p)
{
	if (replica_synced() || p->waited == WAITS_MAX)
		return false;
	p->waited++;
	proxy_trying(p);
	wheel_timer_init(&p->wait, on_wait, p);
	wheel_start(p->w->wheel, &p->wait, WAIT_MS);
	return true;
}

void
targets_start(struct proxy *p)
{
	const struct decision	*d = p->decision;

	for (unsigned i = 0; i < d->n; i++) {
		if (d->choices[i].kind == TARGET_AOR)
			add_aor(p, str_of(d->choices[i].value));
		else if (d->choices[i].kind == TARGET_URI)
			add_uri(p, &d->choices[i]);
		else		/* a gateway: no calls through those yet */
			best_keep(p, 503, STR_NONE);
	}
	if (p->nlegs == 0 && wait_for_replica(p))
		return;
	if (p->nlegs == 0) {
		proxy_refuse(p, p->best_code != 0 ? p->best_code :
		    replica_synced() ? 480 : 503);
		return;
	}
	proxy_ref(p);
	proxy_trying(p);
	for (unsigned i = 0; i < p->nlegs && !p->finished; i++)
		leg_start(p->legs[i]);
	proxy_unref(p);
}
