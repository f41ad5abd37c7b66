/*
 * targets - the target set of a request (RFC 3261 section 16.5): the contacts of
 * an AOR, a URI, a number at a gateway; one leg for each.
 *
 * decision.c calls it once the request may go on; targets_turn.c lets them ring.
 */
#include "sipd/targets.h"

#include "common/daemon.h"
#include "common/route.h"
#include "common/stats.h"
#include "sipd/best.h"
#include "sipd/closed.h"
#include "sipd/contacts.h"
#include "sipd/core.h"
#include "sipd/flows.h"
#include "sipd/gateways.h"
#include "sipd/nat.h"
#include "sipd/nexthop.h"
#include "sipd/ping.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/select.h"
#include "sipd/stages.h"
#include "sipd/trunk.h"
#include "sipd/worker.h"

#define WAIT_MS		20	/* between two looks at a replica that is not in yet */
#define WAITS_MAX	150	/* 3 s */

static bool
is_target(const struct proxy *p, const struct way *way, struct str uri,
    struct str route, const struct gateway *at)
{
	const struct leg	*g;

	for (unsigned i = 0; i < p->nlegs; i++) {
		g = p->legs[i];
		if ((g->trunk != NULL ? g->trunk->gateway : NULL) == at &&
		    str_eq(str_of(g->uri), uri) && str_eq(str_of(g->route), route) &&
		    (way_is_name(way) || hop_same_peer(&g->hop, &way->hop)))
			return true;
	}
	return false;
}

struct leg *
targets_leg(struct proxy *p, const struct way *way, struct str uri, struct str route,
    const struct gateway *at, uint32_t order)
{
	struct leg	*g;

	if (is_target(p, way, uri, route, at))
		return NULL;
	if ((g = leg_new(p, way, uri, route)) == NULL)
		stats->targets_left_out++;
	else
		g->order = order;
	return g;
}

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
 * RFC 5626 section 5.3: where the connection is gone the phone is waited for until
 * it comes again; and who is dead (row 155) would only be waited for in vain. Behind
 * a Path it was a proxy's, who may be asked once more.
 */
static bool
is_usable(const struct contact *c, struct mono now)
{
	return contact_alive(c, now) &&
	    (c->npaths > 0 || (!flows_is_lost(&c->flow) && !ping_is_dead(&c->flow)));
}

/*
 * The way to a contact: the connection or, from behind a NAT, the address that its
 * REGISTER came from (true); else where it says that it listens.
 */
static bool
contact_way(const struct contact *c, const struct uri *u, struct way *out)
{
	const struct party	self = { &c->flow, u->host, STR_NONE };
	bool			known;

	*out = way_of_hop(&c->flow);
	known = way_of_uri(out, u) == 0;
	if (c->flow.transport == TRANSPORT_NONE)
		return false;
	/* What a phone calls itself is not always a name for others. */
	if (known && !way_is_name(out) && !hop_is_stream(&c->flow) &&
	    nat_sign(settings_now(), &self) == NAT_NONE) {
		/* Of our addresses the one that the phone spoke to. */
		if (out->hop.transport == c->flow.transport &&
		    out->hop.remote.sa.sa_family == c->flow.remote.sa.sa_family)
			out->hop.local = c->flow.local;
		return false;
	}
	*out = way_of_hop(&c->flow);
	return true;
}

/* q of routed's target before that of the contact. */
static uint32_t
order_of(uint16_t target_q, uint16_t contact_q, bool failover)
{
	return (target_q * 1001u + contact_q) << 10 | TARGETS_SUB_MASK |
	    (failover ? 0 : TARGETS_FIRST);
}

/* Where the contacts of an AOR stand among the targets. */
struct order {
	uint16_t	q;		/* of the AOR: theirs come below it */
	bool		failover;
	uint32_t	fixed;		/* the order of all of them; 0: by q */
};

static struct leg *
add_contact(struct proxy *p, const struct contact *c, uint32_t order)
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
		return NULL;
	by_flow = contact_way(c, &u, &way);
	if (c->npaths > 0 && (nameaddr_parse(&first, c->paths[0]) < 0 ||
	    way_of_uri(&way, &first.uri) < 0))
		return NULL;
	g = targets_leg(p, &way, c->uri, text_str(&route), NULL, order);
	if (g != NULL)
		g->by_flow = by_flow && c->npaths == 0;
	return g;
}

/* Registered over several flows (RFC 5626): the same device. */
static bool
same_device(const struct contact *a, const struct contact *b)
{
	return a->reg_id != 0 && b->reg_id != 0 && str_eq(a->instance, b->instance);
}

/* Is another flow of that device the one to begin with: the latest refreshed? */
static bool
is_spare(const struct contacts *all, uint32_t at, struct mono now)
{
	const struct contact	*c = &all->v[at], *o;

	for (uint32_t i = 0; c->reg_id != 0 && i < all->n; i++) {
		o = &all->v[i];
		if (i == at || !is_usable(o, now) || !same_device(c, o))
			continue;
		if (mono_before(c->expires, o->expires) ||
		    (!mono_before(o->expires, c->expires) && i < at))
			return true;
	}
	return false;
}

/* The other flows wait until the one before has failed. */
static void
add_spares(struct proxy *p, struct leg *g, const struct contacts *all,
    const struct contact *first, struct mono now)
{
	for (uint32_t i = 0; g != NULL && first->reg_id != 0 && i < all->n; i++) {
		const struct contact	*c = &all->v[i];
		struct leg		*spare;

		if (c == first || !is_usable(c, now) || !same_device(c, first) ||
		    (spare = add_contact(p, c, g->order)) == NULL)
			continue;
		spare->done = true;	/* until it is needed */
		g->spare = spare;
		g = spare;
	}
}

static void
put_last(struct proxy *p, const struct contact *c)
{
	stats->contacts_put_last++;
	record_note(p->w, RECORD_DECISION, 0, "NAT", STR("its port was closed: "), c->uri);
}

static uint64_t
closed_key(const struct contact *c)
{
	return c->flow.transport == TRANSPORT_UDP && c->npaths == 0 ?
	    hop_hash(&c->flow) : 0;
}

/* Those whose port was closed, or the others. False: there is none of them. */
static bool
add_contacts(struct proxy *p, const struct contacts *all, const struct order *o,
    bool closed)
{
	struct mono	 now = loop_now(p->w->loop);
	bool		 any = false;
	struct leg	*g;

	for (uint32_t i = 0; i < all->n; i++) {
		const struct contact	*c = &all->v[i];
		uint64_t		 key = closed_key(c);

		if (!is_usable(c, now) || is_spare(all, i, now) ||
		    (c->fixed && !select_fits(c->params, p->method, p->offered)))
			continue;
		if (closed_has(key, now) != closed) {
			if (!closed)
				put_last(p, c);
			continue;
		}
		any = true;
		g = add_contact(p, c, o->fixed != 0 ? o->fixed :
		    order_of(o->q, c->q, o->failover));
		if (g != NULL)
			g->contact = key;
		add_spares(p, g, all, c, now);
	}
	return any;
}

/* True when there is any contact, be it one that cannot be reached at present. */
static bool
add_aor(struct proxy *p, struct str name, const struct order *o)
{
	const struct aor	*a = replica_find(name);
	struct contacts		 all;

	contacts_read(a, &all);
	if (!add_contacts(p, &all, o, false))
		(void)add_contacts(p, &all, o, true);
	return a != NULL;
}

static void
add_uri(struct proxy *p, struct str uri, struct str next_hop, uint32_t order)
{
	struct way	 way;
	struct uri	 u;
	struct leg	*g;

	if (uri_parse(&u, next_hop.len > 0 ? next_hop : uri) < 0 ||
	    way_of_uri(&way, &u) < 0)
		best_keep(p, 503, STR_NONE);
	else if ((g = targets_leg(p, &way, uri, STR_NONE, NULL, order)) != NULL)
		g->peer = true;
}

/* Over a flow that a Path of ours names, and no other way. */
static void
add_flow(struct proxy *p, const struct choice *c)
{
	struct way	 way;
	struct hop	 h;
	struct leg	*g;

	if (hop_parse(&h, str_of(c->value), str_of(c->next_hop)) < 0)
		return;
	way = way_of_hop(&h);
	g = targets_leg(p, &way, proxy_request(p)->uri, STR_NONE, NULL,
	    order_of(c->q, 1000, false));
	if (g != NULL)
		g->by_flow = true;
}

bool
targets_add(struct proxy *p, const struct rec_target *t, uint32_t order)
{
	unsigned	before = p->nlegs;

	if (t->kind == TARGET_AOR)
		add_aor(p, t->value, &(struct order){ .fixed = order });
	else if (t->kind == TARGET_URI)
		add_uri(p, t->value, t->next_hop, order);
	else if (t->kind == TARGET_GATEWAY)
		(void)targets_gateway(p, t, order);
	return p->nlegs > before;
}

/* ---- the set of a decision ------------------------------------------------------- */

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
	if (p->waited == WAITS_MAX)
		return false;
	p->waited++;
	proxy_trying(p);
	wheel_timer_init(&p->wait, on_wait, p);
	wheel_start(p->w->wheel, &p->wait, WAIT_MS);
	return true;
}

/*
 * The next Route is the target, the Request-URI stays (RFC 3261 section 16.6). It
 * leads outside or nowhere: into a gateway goes what routed sends there (S16).
 */
static void
add_next_route(struct proxy *p, const struct choice *c)
{
	const struct sip_msg	*m = proxy_request(p);
	struct str		 next_hop = str_of(c->next_hop);
	struct nameaddr		 next;

	if (c->kind != TARGET_URI ||
	    nameaddr_nth(m, HDR_ROUTE, p->pop_routes, &next) <= 0)
		best_keep(p, 403, STR_NONE);
	else
		add_uri(p, m->uri, next_hop.len > 0 ? next_hop : next.uri.text,
		    order_of(c->q, 1000, c->failover));
}

void
targets_start(struct proxy *p)
{
	const struct decision	*d = p->decision;
	const struct choice	*c;
	bool			 known = replica_synced(), gateways = true;

	for (unsigned i = 0; i < d->n; i++) {
		c = &d->choices[i];
		if (c->stage != 0)
			continue;
		if (p->led)
			add_next_route(p, c);
		else if (c->kind == CHOICE_FLOW)
			add_flow(p, c);
		else if (c->kind == TARGET_AOR)
			known |= add_aor(p, str_of(c->value),
			    &(struct order){ .q = c->q, .failover = c->failover });
		else if (c->kind == TARGET_URI)
			add_uri(p, str_of(c->value), str_of(c->next_hop),
			    order_of(c->q, 1000, c->failover));
		else
			gateways &= targets_gateway(p, &(struct rec_target){
			    .value = str_of(c->value),
			    .failover_codes = str_of(c->failover_codes),
			    .caller_id = str_of(c->caller_id) },
			    order_of(c->q, 1000, c->failover));
	}
	if (p->nlegs == 0 && (!known || !gateways) && !p->led && wait_for_replica(p))
		return;
	if (p->nlegs == 0 && !gateways)
		targets_no_gateway(p, 503, "Gateways Not Known Yet");
	if (p->nlegs == 0 && p->best_code == 0 && known && !p->led &&
	    stages_unregistered(p) && p->nlegs == 0)
		return;
	if (p->nlegs == 0) {
		proxy_refuse(p, p->best_code != 0 ? p->best_code :
		    known ? 480 : 503);
		return;
	}
	stages_begin(p);
	targets_begin(p);
}
