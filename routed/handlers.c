/*
 * handlers - ROUTE from sipd, ALIAS_PUT from sipctl.
 *
 * A question about a local user that comes before the accounts are in is held, as
 * it was packed, and answered when they are: a 404 would be a lie, and its asker
 * asks again only when there is a new process of ours.
 */
#include "routed/routed.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"
#include "common/uri.h"

#define HELD_MAX	20000		/* some 500 octets each */

struct one_held {
	STAILQ_ENTRY(one_held)	entry;
	struct bus_ticket	ticket;
	struct buf		packed;
};

struct held {
	STAILQ_HEAD(, one_held)	list;
	uint32_t		n;
};

/* ---- ROUTE ---- */

static void
hold(struct routed *r, struct bus_ticket t, const struct msg_route *q)
{
	struct one_held	*h;

	if (r->held == NULL) {
		r->held = xcalloc(1, sizeof(*r->held));
		STAILQ_INIT(&r->held->list);
	}
	if (r->held->n == HELD_MAX) {
		bus_refuse(t, EAGAIN, "the accounts are not in yet");
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->ticket = t;
	msg_pack(&h->packed, MSG_ROUTE, q);
	STAILQ_INSERT_TAIL(&r->held->list, h, entry);
	r->held->n++;
}

static void
route(struct routed *r, struct bus_ticket t, const struct msg_route *q)
{
	struct route_decision		*d = &r->decision;
	const struct route_world	 w = {
		.settings = r->self->settings, .domains = r->domains,
		.accounts = r->accounts, .aliases = r->aliases,
		.gateways = r->gateways,
	};

	route_decide(&w, q, d);
	if (d->waits) {
		hold(r, t, q);
		return;
	}
	if (!q->test) {
		stats->routes++;
		if (d->m.if_confirmed != 0)
			stats->routes_refused++;
	}
	log_all("ROUTER", t.call, "%s: %s", log_str(q->uri),
	    d->m.if_confirmed != 0 ? log_str(d->m.reason) : "routed");
	bus_answer(t, MSG_ROUTED, &d->m);
}

static void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	route(arg, t, &m->route);
}

void
held_answer(struct routed *r)
{
	struct held	*all = r->held;
	struct one_held	*h;
	struct unpack	 u;
	union msg	 m;

	r->held = NULL;
	while (all != NULL && (h = STAILQ_FIRST(&all->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&all->list, entry);
		unpack_init(&u, h->packed.s, h->packed.len);
		if (msg_unpack_inner(&u, &m) == MSG_ROUTE)
			route(r, h->ticket, &m.route);
		buf_fini(&h->packed);
		free(h);
	}
	free(all);
}

uint32_t
held_count(const struct routed *r)
{
	return r->held != NULL ? r->held->n : 0;
}

void
held_free(struct routed *r)
{
	struct one_held	*h;

	while (r->held != NULL && (h = STAILQ_FIRST(&r->held->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->held->list, entry);
		buf_fini(&h->packed);
		free(h);
	}
	free(r->held);
	r->held = NULL;
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
