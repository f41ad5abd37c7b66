/* handlers - ROUTE from sipd, ALIAS_PUT from sipctl. */
#include "routed/routed.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"
#include "common/uri.h"

/* ---- ROUTE ---- */

static void
count(const struct route_decision *d, bool waited)
{
	stats->routes++;
	if (d->m.if_confirmed != 0)
		stats->routes_refused++;
	if (waited)
		stats->routes_waited++;
	if (d->by_enum == ENUM_FOUND)
		stats->enum_found++;
	else if (d->by_enum == ENUM_NONE)
		stats->enum_none++;
}

void
routed_route(struct routed *r, struct bus_ticket t, const struct msg_route *q,
    struct lookup *lookup)
{
	struct route_decision		*d = &r->decision;
	const struct route_world	 w = {
		.settings = r->self->settings, .domains = r->domains,
		.accounts = r->accounts, .aliases = r->aliases,
		.gateways = r->gateways, .names = r->names,
		.now_ms = wall_ms(),
	};

	d->lookup = lookup;
	route_decide(&w, q, d);
	if (d->waits) {
		if (d->lookup != NULL && !lookup_pending(d->lookup)) {
			lookup_free(d->lookup);		/* for the accounts, then */
			d->lookup = NULL;
		}
		held_add(r, t, q, d->lookup);
		return;
	}
	if (!q->test)
		count(d, lookup != NULL);
	log_all("ROUTER", t.call, "%s: %s", log_str(q->uri),
	    d->m.if_confirmed != 0 ? log_str(d->m.reason) : "routed");
	bus_answer(t, MSG_ROUTED, &d->m);
	lookup_free(d->lookup);
}

static void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	routed_route(arg, t, &m->route, NULL);
}

/* ---- ALIAS_PUT ---- */

struct put {
	struct routed		*routed;
	struct bus_ticket	 ticket;
	bool			 removed;
	char			 by[64];
};

/*
 * "@old.example", or an address as aor_parse() takes it, to its canonical form.
 * False when it is neither.
 */
static bool
alias_name(const struct routed *r, struct str in, char buf[AOR_MAX],
    struct str *out)
{
	char		text[AOR_MAX + 8];
	struct uri	u;
	struct text	t;

	if (in.len > 0 && in.s[0] == '@') {
		if (!str_copy(buf, AOR_MAX, in))
			return false;
		str_lower(buf, in.len);
		*out = str_make(buf, in.len);
		in = str_make(buf + 1, in.len - 1);
	} else if (aor_parse(in, domains_main(r->domains), buf, out) == 0)
		in = *out;
	else
		return false;
	text_init(&t, text, sizeof(text));
	text_add(&t, STR("sip:"));
	text_add(&t, in);
	return !t.full && uri_parse(&u, text_str(&t)) == 0 && u.port == 0 &&
	    u.params.len == 0 && u.headers.len == 0 &&
	    (out->s[0] == '@') == (u.user.len == 0);
}

static void
put_done(void *arg, int error, struct str name)
{
	struct put	*p = arg;

	if (error < 0)
		bus_refuse(p->ticket, -error, "the alias could not be stored: %s",
		    strerror(-error));
	else {
		log_major("ROUTER", "alias %s: %s by %s", log_str(name),
		    p->removed ? "removed" : "set", p->by);
		publish_forget(p->routed, name.s[0] == '@' ?
		    str_make(name.s + 1, name.len - 1) : name);
		bus_done(p->ticket);
	}
	free(p);
}

/* False after refusing. */
static bool
put_allowed(struct routed *r, struct bus_ticket t, struct str name,
    struct str target)
{
	struct str	user, domain;

	if (target.len == 0) {
		if (aliases_find(r->aliases, name) != NULL)
			return true;
		bus_refuse(t, ENOENT, "there is no alias %s", log_str(name));
		return false;
	}
	if (str_eq(name, target)) {
		bus_refuse(t, EINVAL, "%s would mean itself", log_str(name));
		return false;
	}
	if (name.s[0] == '@')
		return true;
	if (accounts_find(r->accounts, name) != NULL) {
		bus_refuse(t, EEXIST, "%s is an account", log_str(name));
		return false;
	}
	aor_split(name, &user, &domain);
	if (domains_find(r->domains, domain).len == 0) {
		bus_refuse(t, EINVAL, "%s: domain not served", log_str(name));
		return false;
	}
	return true;
}

static void
on_alias_put(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_alias_put	*q = &m->alias_put;
	struct routed			*r = arg;
	char				 name_buf[AOR_MAX], target_buf[AOR_MAX];
	struct str			 name, target = STR_NONE;
	struct put			*p;
	int				 error;

	if (!alias_name(r, q->alias, name_buf, &name)) {
		bus_refuse(t, EINVAL, "bad alias %s; it looks like "
		    "sales@example.com or @old.example", log_str(q->alias));
		return;
	}
	if (q->target.len > 0 && (!alias_name(r, q->target, target_buf, &target) ||
	    (name.s[0] == '@') != (target.s[0] == '@'))) {
		bus_refuse(t, EINVAL, "bad target %s; %s", log_str(q->target),
		    name.s[0] == '@' ? "a domain's alias means another @domain" :
		    "it looks like anna@example.com");
		return;
	}
	if (!put_allowed(r, t, name, target))
		return;
	p = xcalloc(1, sizeof(*p));
	p->routed = r;
	p->ticket = t;
	p->removed = target.len == 0;
	strlcpy(p->by, log_str(q->by), sizeof(p->by));
	error = aliases_change(r->aliases, name, target, put_done, p);
	if (error < 0) {
		bus_refuse(t, -error, error == -EAGAIN ?
		    "too many changes at once, try again" :
		    "there are %d aliases, more are not kept", ALIASES_MAX);
		free(p);
	}
}

const struct bus_handler routed_handlers[] = {
	{ MSG_ROUTE, on_route, true },	/* changes nothing: monitors may test */
	{ MSG_ALIAS_PUT, on_alias_put },
	{ 0 }
};
