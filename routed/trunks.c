/*
 * trunks - calls that leave through gateways: "number@NAME.sipgw" (FEATURES.md row
 * 124), where NAME is a gateway or a group of them.
 *
 * Of a group all members are targets, in the order in which they are to be tried: those
 * that are up, then the cheapest where "least-cost" names the group, then priority,
 * then by lot as their weights say. Whether there is a channel left is seen by sipd,
 * which then takes the next one.
 */
#include "routed/route_parts.h"

#include <stdlib.h>

#include "common/caller_id.h"
#include "common/id.h"
#include "common/route.h"
#include "routed/prices.h"

#define GROUP_MAX	16	/* members that are tried */

struct member {
	const struct gateway_settings	*set;	/* NULL: of a test without settings */
	const struct gateway		*g;
	const struct entry		*tariff;
	int64_t				 price;
};

static const struct gateway_settings *
settings_of(const struct walk *w, struct str name)
{
	const struct settings	*s = w->route->w->settings;

	for (size_t i = 0; i < s->ngateways; i++)
		if (str_caseeq(str_of(s->gateways[i].name), name))
			return &s->gateways[i];
	return NULL;
}

static bool
has(const struct set_texts *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_caseeq(str_of(names->v[i]), name))
			return true;
	return false;
}

/* ---- what a gateway is told ---- */

/* Who calls: the user of From, else the number of that account. */
static struct str
shown_caller(struct walk *w, const struct gateway_settings *set,
    char buf[CALLER_ID_MAX], const struct set_line **line)
{
	const struct account	*account;
	struct str		 aor, shown;
	char			 from[AOR_MAX];
	struct uri		 u;

	*line = NULL;
	if (uri_parse(&u, w->route->q->from) < 0)
		return STR_NONE;
	shown = caller_id_of(set, u.user, buf, line);
	aor = uri_aor(&u, from);
	if (*line != NULL || aor.len == 0)
		return shown;
	account = accounts_find(w->route->w->accounts, aor);
	return account == NULL ? STR_NONE :
	    caller_id_of(set, str_of(account->number), buf, line);
}

static void
tell_caller(struct walk *w, const struct gateway_settings *set, struct rec_target *t)
{
	const struct set_line	*line;
	char			 buf[CALLER_ID_MAX];
	struct str		 shown;

	if (set->caller_ids.n == 0)
		return;
	w->route->d->m.depends |= DEPENDS_CALLER;
	shown = shown_caller(w, set, buf, &line);
	if (line == NULL) {
		STEP(w, "caller-id", false, "no line of %s fits the caller", set->name);
		return;
	}
	t->caller_id = route_keep(w->route, shown);
	STEP(w, "caller-id", true, "%s is shown %.*s, by %s:%u", set->name,
	    STR_ARG(shown), line->file, line->line);
}

static struct str
codes_of(struct walk *w, const struct gateway_settings *set)
{
	char		buf[32 * 4];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < set->failover_codes.n; i++)
		text_printf(&t, "%s%s", i > 0 ? " " : "", set->failover_codes.v[i]);
	return route_keep(w->route, t.len > 0 ? text_str(&t) : STR("none"));
}

/* place: 0 is tried at once, the others behind. False: there are too many targets. */
static bool
add_target(struct walk *w, const struct member *c, unsigned place)
{
	struct route_decision	*d = w->route->d;
	uint32_t		 before = d->m.targets.n;
	char			 value[2 * ADDRESS_MAX];
	struct rec_target	*t;
	struct text		 v;

	text_init(&v, value, sizeof(value));
	text_printf(&v, "%s@%s", w->a.local, c->g->name);
	if (!route_target(w, TARGET_GATEWAY, text_str(&v), STR_NONE))
		return false;
	if (d->m.targets.n == before)		/* another way led there before */
		return true;
	t = &d->targets[before];
	t->q = (uint16_t)(1000 - place);
	t->failover = place > 0;
	if (c->set == NULL)
		return true;
	t->weight = c->set->weight;
	t->failover_codes = codes_of(w, c->set);
	tell_caller(w, c->set, t);
	return true;
}

/* ---- one gateway ---- */

static enum step
by_one(struct walk *w, const struct gateway *g)
{
	struct member	c = { .g = g, .set = settings_of(w, str_of(g->name)) };

	STEP(w, "gateway", !g->disabled, "%s: %s", g->name, gateway_condition(g));
	if (g->disabled)
		return walk_refuse(w, 480, "Gateway Disabled");
	if (!add_target(w, &c, 0))
		return walk_refuse(w, 414, "Request-URI Too Long");
	return walk_may_leave(w, str_of(g->name));
}

/* ---- a group ---- */

static int
by_order(const void *x, const void *y)
{
	const struct member	*a = x, *b = y;
	bool			 a_up = gateway_is_up(a->g), b_up = gateway_is_up(b->g);

	if (a_up != b_up)
		return a_up ? -1 : 1;
	if (a->price != b->price)
		return a->price < b->price ? -1 : 1;
	if (a->set->priority != b->set->priority)
		return a->set->priority < b->set->priority ? -1 : 1;
	return 0;
}

/* The first of v[0..n) by lot; those of weight 0 after all others. */
static void
draw(struct member *v, unsigned n)
{
	uint64_t	sum = 0, at;
	struct member	won;
	unsigned	i;

	for (i = 0; i < n; i++)
		sum += v[i].set->weight;
	i = 0;
	if (sum == 0)			/* there are no others */
		i = (unsigned)(id_u64() % n);
	else
		for (at = id_u64() % sum; at >= v[i].set->weight; i++)
			at -= v[i].set->weight;
	won = v[i];
	v[i] = v[0];
	v[0] = won;
}

static void
lots(struct walk *w, struct member *v, unsigned n)
{
	for (unsigned i = 0, equal; i < n; i++) {
		for (equal = 1; i + equal < n && by_order(&v[i], &v[i + equal]) == 0;)
			equal++;
		if (equal > 1) {
			w->route->chance = true;
			draw(&v[i], equal);
		}
	}
}

/* Those of the group that may be used, at most GROUP_MAX; *any: it is a group. */
static unsigned
members(struct walk *w, struct str group, struct member v[GROUP_MAX], bool *any)
{
	const struct settings	*s = w->route->w->settings;
	const struct gateway	*g;
	unsigned		 n = 0;

	*any = false;
	for (size_t i = 0; i < s->ngateways; i++) {
		if (!has(&s->gateways[i].groups, group))
			continue;
		*any = true;
		g = gateways_find(w->route->w->gateways, str_of(s->gateways[i].name));
		if (g == NULL || g->disabled)
			STEP(w, "gateway", false, "%s: %s", s->gateways[i].name,
			    g == NULL ? "not known yet" : gateway_condition(g));
		else if (n == GROUP_MAX)
			STEP(w, "gateway", false, "%s: a group has at most %d that "
			    "are tried", g->name, GROUP_MAX);
		else
			v[n++] = (struct member){ .set = &s->gateways[i], .g = g };
	}
	return n;
}

static void
set_prices(struct walk *w, struct member *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		v[i].price = price_find(w->route->w->directory,
		    str_of(v[i].set->name), str_of(w->a.local), &v[i].tariff);
}

static void
explain(struct walk *w, const struct member *c, bool least_cost)
{
	char		buf[128];
	struct text	t;

	text_init(&t, buf, sizeof(buf) - 1);
	if (least_cost && c->tariff != NULL)
		text_printf(&t, ", %s by %s", c->tariff->value, c->tariff->name);
	else if (least_cost)
		text_add(&t, STR(", no price"));
	buf[t.len] = '\0';
	STEP(w, "gateway", true, "%s: %s, priority %u, weight %u%s", c->g->name,
	    gateway_condition(c->g), c->set->priority, c->set->weight, buf);
}

/* STEP_ON: there is no such group. */
static enum step
by_group(struct walk *w, struct str group)
{
	bool			 least_cost, any;
	struct member	 v[GROUP_MAX];
	unsigned		 n = members(w, group, v, &any);

	if (!any)
		return STEP_ON;
	if (n == 0) {
		STEP(w, "group", false, "%.*s: none of its gateways can be used",
		    STR_ARG(group));
		return walk_refuse(w, 480, "No Gateway");
	}
	least_cost = has(&w->route->w->settings->least_cost, group);
	STEP(w, "group", true, "%.*s, by %s", STR_ARG(group), least_cost ?
	    "price, then priority" : "priority");
	if (least_cost)
		set_prices(w, v, n);
	qsort(v, n, sizeof(v[0]), by_order);
	lots(w, v, n);
	for (unsigned i = 0; i < n; i++) {
		explain(w, &v[i], least_cost);
		if (!add_target(w, &v[i], i) && i == 0)
			return walk_refuse(w, 414, "Request-URI Too Long");
	}
	return walk_may_leave(w, group);
}

enum step
by_gateway(struct walk *w)
{
	const struct gateway	*g = gateways_find(w->route->w->gateways,
				    str_of(w->a.domain));
	enum step		 step;

	if (w->a.local[0] == '\0') {
		STEP(w, "gateway", false, "no number for it");
		return walk_refuse(w, 404, "Not Found");
	}
	if (g != NULL)
		return by_one(w, g);
	step = by_group(w, str_of(w->a.domain));
	if (step != STEP_ON)
		return step;
	STEP(w, "gateway", false, "none is called %.100s", w->a.domain);
	return walk_refuse(w, 404, "Not Found");
}
