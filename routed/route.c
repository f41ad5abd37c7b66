/*
 * route - the decision: where a request goes, and whether it may (FEATURES.md (a.2)
 * B).
 *
 * The address is asked the questions of the table below, in their order; the first
 * that knows it answers: it has targets, is refused, or is another address by now,
 * and then all are asked again. Every name that was consulted is a key of the
 * decision, so that it can be forgotten when that name's meaning changes.
 *
 *   local.c    what is ours: accounts, the directory, numbers
 *   rewrite.c  routes.conf, which records.c knows
 *   dial.c     the dial plan
 *   outside.c  gateways, other hosts; relay.c says who may
 *   trunks.c   which gateway of a group, and who it is told calls
 *   staged.c   signal rules: who rings as well, and who later
 */
#include "routed/route_parts.h"

#include <errno.h>
#include <stdio.h>

#include "common/overrides.h"
#include "common/route.h"
#include "common/uri.h"
#include "routed/enum.h"

/* ---- what a decision is made of ---- */

struct str
route_keep(struct route *r, struct str s)
{
	struct text	*t = &r->d->text;
	size_t		 begin = t->len;

	if (t->full || s.len >= t->size - t->len)
		return STR_NONE;
	text_add(t, s);
	return str_make(t->s + begin, s.len);
}

/* Keys are compared as they are: all canonical. */
void
route_key(struct route *r, struct str name)
{
	struct route_decision	*d = r->d;
	struct str		 kept;

	for (uint32_t i = 0; i < d->m.keys.n; i++)
		if (str_eq(d->keys[i].name, name))
			return;
	if (name.len == 0)
		return;
	kept = d->m.keys.n < ROUTE_KEYS ? route_keep(r, name) : STR_NONE;
	if (kept.len > 0)
		d->keys[d->m.keys.n++].name = kept;
	else
		r->keys_lost = true;
}

bool
route_target(const struct walk *w, enum target_kind kind, struct str value,
    struct str next_hop)
{
	struct route_decision	*d = w->route->d;
	struct rec_target	*t;

	for (uint32_t i = 0; i < d->m.targets.n; i++) {
		t = &d->targets[i];
		if (t->stage == w->stage && t->kind == kind &&
		    str_eq(t->value, value) && str_eq(t->next_hop, next_hop))
			return true;
	}
	if (d->m.targets.n == ROUTE_TARGETS) {
		STEP(w, "targets", false, "there are %d already, this is left out",
		    ROUTE_TARGETS);
		return false;
	}
	value = route_keep(w->route, value);
	next_hop = route_keep(w->route, next_hop);
	if (value.len == 0)
		return false;
	d->targets[d->m.targets.n++] = (struct rec_target){
		.stage = w->stage, .kind = kind, .value = value,
		.next_hop = next_hop, .q = 1000,
	};
	return true;
}

enum step
walk_refuse(struct walk *w, uint16_t code, const char *reason)
{
	w->code = code;
	w->reason = str_of(reason);
	return STEP_DONE;
}

enum step
walk_again(struct walk *w, const struct address *to)
{
	w->a = *to;
	w->asked = STR_NONE;
	return STEP_AGAIN;
}

const char *
walk_print(const struct walk *w, char buf[2 * ADDRESS_MAX])
{
	struct text	t;

	text_init(&t, buf, 2 * ADDRESS_MAX);
	address_print(&w->a, &t);
	if (w->a.domain[0] == '\0' && w->home.len > 0) {
		text_ch(&t, '@');
		text_add(&t, w->home);
	}
	return buf;
}

/* ---- questions that are answered here ---- */

/* Row 109: until there are applications. */
static enum step
by_application(struct walk *w)
{
	const char	*name = w->a.app[0] != '\0' ? w->a.app : w->a.local;

	if (w->a.app[0] == '\0' && w->a.local[0] != '#')
		return STEP_ON;
	STEP(w, "application", false, "%.200s: there are no applications here", name);
	return walk_refuse(w, 404, "No Application Here");
}

static bool
is_own_address(const struct walk *w)
{
	const struct domains	*d = w->route->w->domains;
	struct peer		 listener;
	bool			 known = peer_parse(&listener,
				    w->route->q->listener) == 0;

	return domains_main(d).len > 0 && domains_own_address(d,
	    address_host(&w->a), w->a.port, known ? &listener.addr : NULL);
}

/* Row 135: a domain of ours whose servers are others, when those are asked first. */
static bool
leads_elsewhere(const struct walk *w)
{
	const struct settings	*s = w->route->w->settings;

	if (!settings_asks_before(s, ORDER_OVERRIDE, ORDER_REGISTRAR) ||
	    !overrides_have(s, w->home))
		return false;
	STEP(w, "domain", false, "%.*s leads elsewhere by dns-override",
	    STR_ARG(w->home));
	return true;
}

/* Rows 111, 123: what of the domain is ours. The main domain becomes empty. */
enum step
by_domain(struct walk *w)
{
	const struct domains	*d = w->route->w->domains;
	struct str		 main = domains_main(d);

	w->home = STR_NONE;
	if (w->a.domain[0] != '\0')
		route_key(w->route, str_of(w->a.domain));
	if (w->a.domain[0] == '\0')
		w->home = main;
	else if (address_bracket(&w->a)) {
		w->home = domains_find(d, address_host(&w->a));	/* row 85 */
		if (w->home.len == 0 && !is_own_address(w))
			return STEP_ON;
		if (w->home.len > 0)
			STEP(w, "domain", true, "%.*s is served here",
			    STR_ARG(w->home));
		else
			STEP(w, "domain", true, "%.100s is our own address: %.*s "
			    "is meant", w->a.domain, STR_ARG(main));
		if (w->home.len == 0)
			w->home = main;
	} else {
		w->home = domains_find(d, str_of(w->a.domain));
		if (w->home.len > 0 && leads_elsewhere(w))
			w->home = STR_NONE;
		if (w->home.len > 0)
			STEP(w, "domain", true, "%.*s is served here",
			    STR_ARG(w->home));
	}
	if (w->home.len == 0)
		return STEP_ON;
	w->a.port = 0;
	w->a.params[0] = '\0';
	if (str_eq(w->home, main))
		w->a.domain[0] = '\0';
	return STEP_ON;
}

/*
 * Rows 110, 111, 126: in our own domain the local part may name another host. The
 * caller chose that one, so no record has led there.
 */
static enum step
by_path(struct walk *w)
{
	struct address	to = w->a;
	char		buf[2 * ADDRESS_MAX];

	if (w->home.len == 0 || !address_unwrap(&to))
		return STEP_ON;
	if (w->grant == GRANT_RECORD)
		w->grant = GRANT_NOT;
	walk_again(w, &to);
	STEP(w, "path", true, "it goes on as %.300s", walk_print(w, buf));
	return STEP_AGAIN;
}

/* ---- what name servers know ---- */

struct lookup *
route_lookup(struct route *r)
{
	if (r->d->lookup == NULL && r->w->names != NULL)
		r->d->lookup = lookup_new(r->w->names);
	return r->d->lookup;
}

/* It gives no right to relay: a stranger wrote that zone. */
enum step
walk_enum(struct walk *w, struct str number)
{
	const struct settings	*s = w->route->w->settings;
	struct route_decision	*d = w->route->d;
	char			 buf[ENUM_URI_MAX];
	struct str		 text;
	struct uri		 u;
	int			 error;

	if (route_lookup(w->route) == NULL)
		return STEP_ON;
	error = enum_find(d->lookup, &s->enum_roots, number, buf, &text, &d->trace);
	d->waits |= error == -EINPROGRESS;
	d->by_enum = error == 0 ? ENUM_FOUND : ENUM_NONE;
	w->unsure |= error == -ETIMEDOUT || error == -EREMOTEIO || error == -EBUSY;
	if (error < 0)
		return d->waits ? STEP_DONE : STEP_ON;
	if (uri_parse(&u, text) < 0 || address_of_uri(&w->a, &u) < 0)
		return STEP_ON;
	w->asked = route_keep(w->route, text);
	if (w->grant == GRANT_RECORD)
		w->grant = GRANT_NOT;
	return STEP_AGAIN;
}

/* Row 122: a number of the world that nobody here has. */
static enum step
by_enum(struct walk *w)
{
	char		digits[NUMBER_MAX];
	struct str	number = number_of(str_of(w->a.local), digits);

	if (!w->route->w->settings->enum_on || number.len == 0 ||
	    number.s[0] != '+' || strcmp(w->a.domain, "telnum") != 0)
		return STEP_ON;
	return walk_enum(w, number);
}

/* ---- the walk ---- */

static enum step	(*const questions[])(struct walk *) = {
	by_application,		/* row 109 */
	by_literal_record,	/* 140a */
	by_domain,		/* 111, 123 */
	by_path,		/* 110, 126 */
	by_dial_plan,		/* 130-136 */
	by_number,		/* 120, 121: local numbers before all records */
	by_enum,		/* 122 */
	by_record,		/* 112-119 */
	by_first_call,		/* 123, 124 */
	by_name,		/* 81, 121 */
	by_final_call,		/* 125, 128, 129 */
};

static enum step
ask(struct walk *w)
{
	enum step	step = STEP_ON;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) &&
	    step == STEP_ON && !w->route->d->waits; i++)
		step = questions[i](w);
	return step;
}

void
route_walk(struct walk *w)
{
	for (unsigned n = 0; !w->route->d->waits; n++) {
		if (n == WALK_REWRITES || w->route->passes++ == ROUTE_PASSES) {
			STEP(w, "loop", false, "after %u rewrites: it goes round in "
			    "a circle", n);
			walk_refuse(w, 482, "Loop Detected");
			return;
		}
		if (ask(w) != STEP_AGAIN)
			return;
	}
}

bool
route_also(const struct walk *from, const char *written, struct str domain,
    uint8_t stage)
{
	struct walk	w = { .route = from->route, .stage = stage,
			    .depth = (uint8_t)(from->depth + 1),
			    .first_target = from->route->d->m.targets.n,
			    .grant = GRANT_DIRECTORY };

	if (w.depth > WALK_DEPTH) {
		STEP(&w, "loop", false, "%.200s: groups and rules lead to each other",
		    written);
		return false;
	}
	if (address_parse(&w.a, str_of(written), NULL) < 0)
		return false;
	if (w.a.domain[0] == '\0' && w.a.app[0] == '\0' && w.a.local[0] != '#')
		str_copy(w.a.domain, sizeof(w.a.domain), domain);
	STEP(&w, "also", true, "%.200s", written);
	route_walk(&w);
	/* What wants a proof on one of the ways wants it of the caller. */
	w.route->claimed |= w.code == 0 && w.if_not != 0;
	if (w.code != 0)
		STEP(&w, "also", false, "%.200s is left out: %u %.*s", written,
		    w.code, STR_ARG(w.reason));
	return w.code == 0;
}

/* ---- the question ---- */

static bool
begin(struct walk *w)
{
	struct str	text = w->route->q->uri;
	struct uri	u;
	int		error;

	if (uri_parse(&u, text) < 0) {
		STEP(w, "address", false, "it is malformed");
		walk_refuse(w, 400, "Bad Request-URI");
		return false;
	}
	STEP(w, "address", true, "%.*s", (int)(text.len > 200 ? 200 : text.len),
	    text.s);
	if (u.scheme == URI_OTHER) {
		walk_refuse(w, 416, "Unsupported URI Scheme");
		return false;
	}
	error = address_of_uri(&w->a, &u);
	if (error < 0) {
		STEP(w, "address", false, error == -ENAMETOOLONG ?
		    "it is too long" : "it has characters that nobody's name has");
		walk_refuse(w, error == -ENAMETOOLONG ? 414 : 404,
		    error == -ENAMETOOLONG ? "Request-URI Too Long" : "Not Found");
		return false;
	}
	w->asked = text;
	return true;
}

/* The Request-URI of the only way there is; else the one that came. */
static struct str
final_uri(const struct route *r)
{
	const struct route_decision	*d = r->d;

	if (d->m.targets.n == 1 && d->targets[0].kind == TARGET_URI)
		return d->targets[0].value;
	return r->q->uri;
}

static bool
anybody_now(const struct route_decision *d)
{
	for (uint32_t i = 0; i < d->m.targets.n; i++)
		if (d->targets[i].stage == 0)
			return true;
	return false;
}

static void
result(struct route *r, const struct walk *w)
{
	struct route_decision	*d = r->d;
	struct msg_routed	*m = &d->m;

	if (!anybody_now(d)) {
		m->if_confirmed = m->if_not = w->code != 0 ? w->code : 480;
		m->reason = w->code != 0 ? w->reason : STR("Nobody To Call");
		m->targets.n = m->stages.n = 0;
		STEP(w, "result", false, "%u %.*s", m->if_confirmed,
		    STR_ARG(m->reason));
	} else {
		m->if_not = w->if_not;
		m->reason = w->reason;
		if (r->claimed && m->if_not == 0) {
			m->if_not = 407;
			m->reason = STR("Proxy Authentication Required");
		}
		for (uint32_t i = 0; i < m->targets.n; i++)
			if (d->targets[i].kind == TARGET_AOR)
				STEP(w, "result", true, "the devices of %.*s",
				    STR_ARG(d->targets[i].value));
	}
	/* What was built on records of name servers is good as long as they are. */
	if (d->lookup != NULL && lookup_valid_ms(d->lookup) != INT64_MAX)
		m->valid_until = (uint64_t)(r->w->now_ms +
		    lookup_valid_ms(d->lookup));
	if (r->until_s != INT64_MAX && (m->valid_until == 0 ||
	    (uint64_t)r->until_s * 1000 < m->valid_until))
		m->valid_until = (uint64_t)r->until_s * 1000;
	/* It could not be forgotten, or the next call is to have another lot. */
	if (r->keys_lost || r->chance)
		m->valid_until = 1;
	m->uri = final_uri(r);
	m->keys.v = d->keys;
	m->stages.v = d->stages;
	m->targets.v = d->targets;
	m->steps.v = d->trace.v;
	m->steps.n = d->trace.n;
}

void
route_decide(const struct route_world *w, const struct msg_route *q,
    struct route_decision *d)
{
	struct route	r = { .w = w, .q = q, .d = d, .until_s = INT64_MAX };
	struct walk	first = { .route = &r };

	d->waits = false;
	d->by_enum = ENUM_UNASKED;
	d->m = (struct msg_routed){ 0 };
	d->stages[d->m.stages.n++] = (struct rec_stage){ .when = STAGE_NOW };
	text_init(&d->text, d->buf, sizeof(d->buf));
	trace_init(&d->trace);
	if (begin(&first) && by_server_rules(&first) != STEP_DONE)
		route_walk(&first);
	if (!d->waits && first.code == 0)
		dial_fallback(&first);
	if (!d->waits)
		result(&r, &first);
}
