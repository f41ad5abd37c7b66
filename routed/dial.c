/*
 * dial - the dial plan in a decision: which line holds, and what it says to do
 * (FEATURES.md rows 130 to 136).
 *
 * The first line that holds decides; one that only asks DNS lets the next ones
 * decide when there is no answer. Where a line forwards to several addresses they
 * are tried one after the other, the next when there is no answer, or a 5xx or 6xx.
 */
#include "routed/route_parts.h"

#include <errno.h>

#include "common/dialplan.h"
#include "common/overrides.h"
#include "common/route.h"
#include "common/uri.h"

/* ---- what is asked ---- */

/* The caller as he writes himself; empty when that is no address. */
static void
caller(const struct walk *w, struct address *a, struct dial_query *q)
{
	struct uri	u;

	if (uri_parse(&u, w->route->q->from) < 0 || address_of_uri(a, &u) < 0)
		return;
	q->from_user = str_of(a->local);
	q->from_domain = address_host(a);
	q->from_local = domains_find(w->route->w->domains, q->from_domain).len > 0;
}

static struct dial_query
query(const struct walk *w, struct address *from)
{
	struct dial_query	q = {
		.user = str_of(w->a.local),
		.domain = w->home.len > 0 ? w->home : address_host(&w->a),
		.local = w->home.len > 0,
		.now_s = w->route->w->now_ms / 1000,
	};

	caller(w, from, &q);
	return q;
}

/* A number with a plus is the world's, another only its own domain's. */
static bool
is_number_of(const struct walk *w, struct str number)
{
	const struct route_world	*world = w->route->w;
	const struct account		*a;
	struct str			 user, domain;

	if (number.len == 0)
		return false;
	if (directory_find(world->directory, number) != NULL)
		return true;
	if ((a = accounts_by_number(world->accounts, number)) == NULL)
		return false;
	aor_split(str_of(a->aor), &user, &domain);
	return number.s[0] == '+' || str_eq(domain, w->home);
}

/*
 * Row 135: who is registered here comes first, unless the order says otherwise. True
 * when this address is somebody's; without the accounts nobody knows.
 */
static bool
is_ours(struct walk *w)
{
	const struct route_world	*world = w->route->w;
	char				 digits[NUMBER_MAX], buf[AOR_MAX];
	struct str			 number, aor;

	if (w->home.len == 0)
		return false;
	if (!accounts_ready(world->accounts)) {
		w->route->d->waits = true;
		return true;
	}
	number = number_of(str_of(w->a.local), digits);
	aor = walk_aor(w, buf);
	/* That nobody has it yet is what the decision depends on. */
	route_key(w->route, number);
	route_key(w->route, aor);
	return is_number_of(w, number) || (aor.len > 0 &&
	    (accounts_find(world->accounts, aor) != NULL ||
	    directory_find(world->directory, aor) != NULL));
}

/* ---- what is done ---- */

static void
ask_for_proof(struct walk *w)
{
	w->if_not = 407;
	w->reason = STR("Proxy Authentication Required");
}

/* One address of a list, as a way of its own. True when it leads somewhere. */
static bool
reach(struct walk *from, const struct dial_rule *rule, struct str written)
{
	struct walk	w = {
		.route = from->route, .stage = from->stage,
		.depth = from->depth, .dialled = true,	/* so no plan in a plan */
		.grant = rule->relay ? GRANT_DIRECTORY : GRANT_NOT,
	};

	if (address_parse(&w.a, written, NULL) < 0) {
		STEP(&w, "forward", false, "%.*s is no address", STR_ARG(written));
		return false;
	}
	STEP(&w, "forward", true, "to %.*s", STR_ARG(written));
	route_walk(&w);
	if (w.code != 0) {
		STEP(&w, "forward", false, "%.*s is left out: %u %.*s",
		    STR_ARG(written), w.code, STR_ARG(w.reason));
		return false;
	}
	/* Who may not go one of the ways is asked for a proof before any. */
	if (w.if_not != 0 && from->if_not == 0) {
		from->if_not = w.if_not;
		from->reason = w.reason;
	}
	return true;
}

/* What was added from the first-th on is tried after what was before it. */
static void
set_behind(struct route_decision *d, uint32_t first, uint16_t q, bool failover)
{
	for (uint32_t i = first; i < d->m.targets.n; i++) {
		d->targets[i].q = q;
		d->targets[i].failover = failover;
	}
}

/* tried: other targets come before these. The number of addresses that lead on. */
static unsigned
forward(struct walk *w, unsigned rule, const struct dial_match *m, bool tried)
{
	const struct dialplan	*p = w->route->w->dialplan;
	const struct dial_rule	*r = dialplan_rule(p, rule);
	struct route_decision	*d = w->route->d;
	char			 buf[DIALPLAN_TEXT_MAX];
	unsigned		 reached = 0;
	struct text		 t;

	for (unsigned k = 0; k < r->ntargets && !d->waits; k++) {
		uint32_t	before = d->m.targets.n;

		text_init(&t, buf, sizeof(buf));
		if (dialplan_target(p, rule, k, m, &t) < 0 ||
		    !reach(w, r, text_str(&t)))
			continue;
		set_behind(d, before, (uint16_t)(999 - k), tried || reached > 0);
		reached++;
	}
	return reached;
}

/* The number as ENUM has it: a plus and digits. */
static enum step
look_up(struct walk *w, const struct dial_rule *r, const struct dial_match *m)
{
	char		number[DIALPLAN_TEXT_MAX], digits[NUMBER_MAX];
	struct str	found;
	struct text	t;

	text_init(&t, number, sizeof(number));
	text_add(&t, str_of(r->enum_prefix));
	text_add(&t, m->rest);
	found = t.full ? STR_NONE : number_of(text_str(&t), digits);
	if (found.len > 0 && found.s[0] == '+')
		return walk_enum(w, found);
	STEP(w, "enum", false, "%.*s is no number of the world",
	    STR_ARG(text_str(&t)));
	return STEP_ON;
}

/* STEP_ON: the next line is to be looked at. */
static enum step
follow(struct walk *w, unsigned rule, const struct dial_match *m)
{
	const struct dial_rule	*r = dialplan_rule(w->route->w->dialplan, rule);
	enum step		 step;

	if (r->actions & DIAL_REJECT) {
		if (!walk_is_urgent(w))
			return walk_refuse(w, 403, "Forbidden");
		STEP(w, "dial plan", false, "an emergency number is never refused");
		return STEP_ON;
	}
	if (r->actions & DIAL_AUTH)
		ask_for_proof(w);
	if ((r->actions & DIAL_ENUM) && (step = look_up(w, r, m)) != STEP_ON) {
		w->dialled = true;
		return step;
	}
	if (r->actions & DIAL_ALLOW) {
		w->dialled = true;
		return STEP_ON;
	}
	if (!(r->actions & DIAL_FORWARD))
		return STEP_ON;
	w->dialled = true;
	if (forward(w, rule, m, false) == 0 && !w->route->d->waits)
		return walk_refuse(w, 404, "Not Found");
	return STEP_DONE;
}

/* ---- the lines ---- */

static const char *
why_not(enum dial_verdict verdict)
{
	static const char *const	texts[] = {
		[DIAL_NO_FROM] = "the caller is another",
		[DIAL_NO_NUMBER] = "the number is another",
		[DIAL_NO_TIME] = "not at this time",
	};

	return texts[verdict];
}

/* Does the line hold? Says so, and what the decision depends on by that. */
static bool
holds(struct walk *w, unsigned i, const struct dial_query *q, struct dial_match *m)
{
	struct dialplan		*p = w->route->w->dialplan;
	const struct dial_rule	*r = dialplan_rule(p, i);
	enum dial_verdict	 verdict;

	verdict = dialplan_try(p, i, q, m, &w->route->until_s);
	if (dialplan_wants_caller(p, i) && verdict != DIAL_NO_TIME)
		w->route->d->m.depends |= DEPENDS_CALLER;
	if (verdict == DIAL_HOLDS)
		trace_line(&w->route->d->trace, r->file, r->line, r->text, true,
		    "this is what is done");
	else if (w->route->q->test)
		trace_line(&w->route->d->trace, r->file, r->line, r->text, false,
		    "%s", why_not(verdict));
	return verdict == DIAL_HOLDS;
}

enum step
by_dial_plan(struct walk *w)
{
	const struct route_world	*world = w->route->w;
	struct address			 from;
	struct dial_query		 q;
	struct dial_match		 m;
	enum step			 step = STEP_ON;

	if (world->settings->dial_plan != DIAL_PLAN_ON || world->dialplan == NULL ||
	    w->dialled || dialplan_count(world->dialplan) == 0)
		return STEP_ON;
	if (settings_asks_before(world->settings, ORDER_OVERRIDE, ORDER_DIAL_PLAN) &&
	    overrides_have(world->settings, address_host(&w->a)))
		return STEP_ON;
	if (settings_asks_before(world->settings, ORDER_REGISTRAR, ORDER_DIAL_PLAN) &&
	    is_ours(w))
		return w->route->d->waits ? STEP_DONE : STEP_ON;
	q = query(w, &from);
	for (unsigned i = 0; i < dialplan_count(world->dialplan) &&
	    step == STEP_ON && !w->dialled; i++)
		if (holds(w, i, &q, &m))
			step = follow(w, i, &m);
	return step;
}

/*
 * Row 131: where the call goes anyhow is tried first; the plan says what is tried when
 * that is out of order. Of what was asked for: the walk has another address by now.
 */
void
dial_fallback(struct walk *w)
{
	const struct route_world	*world = w->route->w;
	struct walk			 at = { .route = w->route };
	struct address			 from;
	struct dial_query		 q;
	struct dial_match		 m;
	struct uri			 u;
	unsigned			 i = 0;

	if (world->settings->dial_plan != DIAL_PLAN_FALLBACK ||
	    world->dialplan == NULL || uri_parse(&u, w->route->q->uri) < 0 ||
	    address_of_uri(&at.a, &u) < 0)
		return;
	by_domain(&at);
	q = query(&at, &from);
	while (i < dialplan_count(world->dialplan) && !holds(&at, i, &q, &m))
		i++;
	if (i == dialplan_count(world->dialplan) ||
	    !(dialplan_rule(world->dialplan, i)->actions & DIAL_FORWARD))
		return;
	STEP(w, "dial plan", true, "if that is out of order:");
	forward(&at, i, &m, true);
	if (at.if_not != 0 && w->if_not == 0) {
		w->if_not = at.if_not;
		w->reason = at.reason;
	}
}
