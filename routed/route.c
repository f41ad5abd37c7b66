/*
 * route - the decision: where a request goes, and whether it may.
 *
 * The address is looked at in passes: ours or not; an account; an alias, which
 * begins anew with what it stands for; a number; a gateway; else outside, if it
 * may be relayed there. Every name that was consulted is a key of the decision, so
 * that it can be forgotten when that name's meaning changes.
 */
#include "routed/route.h"

#include <errno.h>
#include <stdio.h>

#include "common/route.h"
#include "common/uri.h"
#include "routed/enum.h"
#include "routed/relay.h"

#define PASSES	20	/* an alias of an alias ... */

/* One decision under way. */
struct pass {
	const struct route_world	*w;
	const struct msg_route		*q;
	struct route_decision		*d;
	struct str			 text;	/* the address now */
	struct uri			 uri;
	struct str			 domain;	/* ours, or empty */
	unsigned			 n;
	bool				 by_alias;
	bool				 again;	/* text is new: once more */
	bool				 unsure;	/* name servers fail */
};

static void
refuse(struct pass *p, uint16_t code, const char *reason)
{
	p->d->m.if_confirmed = p->d->m.if_not = code;
	p->d->m.reason = str_of(reason);
}

/* Nobody knows where this leads; where that is for want of an answer, not for ever. */
static void
refuse_unknown(struct pass *p)
{
	if (p->unsure)
		refuse(p, 503, "Service Unavailable");
	else
		refuse(p, 404, "Not Found");
}

/* Keys are compared as they are: all canonical. One over its room is left out. */
static void
key_add(struct pass *p, struct str name)
{
	struct route_decision	*d = p->d;

	for (uint32_t i = 0; i < d->m.keys.n; i++)
		if (str_eq(d->keys[i].name, name))
			return;
	if (d->m.keys.n == ROUTE_KEYS ||
	    name.len > sizeof(d->key_text) - d->key_used)
		return;
	memcpy(d->key_text + d->key_used, name.s, name.len);
	d->keys[d->m.keys.n++].name = str_make(d->key_text + d->key_used,
	    name.len);
	d->key_used += name.len;
}

static void
target_set(struct pass *p, enum target_kind kind, struct str value,
    struct str next_hop)
{
	struct route_decision	*d = p->d;

	d->target = (struct rec_target){
		.kind = kind, .value = value, .next_hop = next_hop, .q = 1000,
	};
	d->m.targets.v = &d->target;
	d->m.targets.n = 1;
	d->stage = (struct rec_stage){ .when = STAGE_NOW };
	d->m.stages.v = &d->stage;
	d->m.stages.n = 1;
}

/* Begins anew with scheme:user@host; an empty user leaves out the at sign. */
static void
rewrite(struct pass *p, struct str user, struct str host)
{
	char		*to = p->d->uri[p->n & 1];
	struct text	 t;

	text_init(&t, to, ROUTE_URI_MAX);
	text_add(&t, p->uri.scheme == URI_SIPS ? STR("sips:") : STR("sip:"));
	text_add(&t, user);
	if (user.len > 0)
		text_ch(&t, '@');
	text_add(&t, host);
	if (t.full) {
		refuse(p, 414, "Request-URI Too Long");
		return;
	}
	p->text = text_str(&t);
	p->again = true;
}

static void
account_found(struct pass *p, const struct account *a)
{
	struct text	t;

	text_init(&t, p->d->value, sizeof(p->d->value));
	text_add(&t, str_of(a->aor));
	target_set(p, TARGET_AOR, text_str(&t), STR_NONE);
	key_add(p, text_str(&t));
}

/* ---- accounts, aliases, numbers of a domain of ours ---- */

static bool
by_account(struct pass *p, struct str aor)
{
	const struct account	*a = accounts_find(p->w->accounts, aor);

	if (a == NULL) {
		trace_step(&p->d->trace, "account", false,
		    "there is no account %.*s", STR_ARG(aor));
		return false;
	}
	trace_step(&p->d->trace, "account", true, "%s", a->aor);
	account_found(p, a);
	return true;
}

static bool
by_address_alias(struct pass *p, struct str aor)
{
	const struct alias	*a = aliases_find(p->w->aliases, aor);
	struct str		 user, domain;

	if (a == NULL) {
		trace_step(&p->d->trace, "alias", false, "none for %.*s",
		    STR_ARG(aor));
		return false;
	}
	trace_step(&p->d->trace, "alias", true, "%s means %s", a->name,
	    a->target);
	p->by_alias = true;
	aor_split(str_of(a->target), &user, &domain);
	rewrite(p, user, domain);
	return true;
}

/* Of the domain, its user stays. */
static bool
by_domain_alias(struct pass *p, struct str domain)
{
	char			 name[AOR_MAX] = "@";
	const struct alias	*a;

	if (!str_copy(name + 1, sizeof(name) - 1, domain))
		return false;
	str_lower(name + 1, domain.len);
	a = aliases_find(p->w->aliases, str_make(name, domain.len + 1));
	if (a == NULL)
		return false;
	trace_step(&p->d->trace, "alias", true, "%s means %s", a->name,
	    a->target);
	p->by_alias = true;
	rewrite(p, p->uri.user, str_of(a->target + 1));
	return true;
}

/* "+44 20 7123" without what only people read; empty: not a number. */
static struct str
number_of(struct str user, char buf[32])
{
	size_t	n = 0;

	for (size_t i = 0; i < user.len; i++) {
		char	c = user.s[i];

		if (strchr("-.()", c) != NULL && c != '\0' && n > 0)
			continue;
		if ((c < '0' || c > '9') && (c != '+' || n > 0))
			return STR_NONE;
		if (n == 32)
			return STR_NONE;
		buf[n++] = c;
	}
	return n > 0 && (buf[0] != '+' || n > 1) ? str_make(buf, n) : STR_NONE;
}

/* An extension is a number of its own domain only; with a plus it is the world's. */
static bool
by_number(struct pass *p, struct str written, struct str domain)
{
	const struct account	*a;
	struct str		 number, user, own;
	char			 buf[32];

	number = number_of(written, buf);
	if (number.len == 0)
		return false;
	key_add(p, number);
	a = accounts_by_number(p->w->accounts, number);
	if (a != NULL && number.s[0] != '+') {
		aor_split(str_of(a->aor), &user, &own);
		if (!str_eq(own, domain))
			a = NULL;
	}
	if (a == NULL) {
		trace_step(&p->d->trace, "number", false,
		    "nobody here has %.*s", STR_ARG(number));
		return false;
	}
	trace_step(&p->d->trace, "number", true, "%.*s belongs to %s",
	    STR_ARG(number), a->aor);
	account_found(p, a);
	return true;
}

/* ---- what name servers know ---- */

/* NULL: nobody is asked. */
static struct lookup *
lookup(struct pass *p)
{
	if (p->d->lookup == NULL && p->w->names != NULL)
		p->d->lookup = lookup_new(p->w->names);
	return p->d->lookup;
}

/* Row 122: a number of the world that nobody here has. It gives no right to relay. */
static bool
by_enum(struct pass *p)
{
	const struct settings	*s = p->w->settings;
	char			 digits[32], buf[ENUM_URI_MAX];
	struct str		 number = number_of(p->uri.user, digits), uri;
	struct text		 t;
	int			 error;

	if (!s->enum_on || number.len == 0 || number.s[0] != '+' ||
	    lookup(p) == NULL)
		return false;
	error = enum_find(p->d->lookup, &s->enum_roots, number, buf, &uri,
	    &p->d->trace);
	p->d->waits |= error == -EINPROGRESS;
	p->d->by_enum = error == 0 ? ENUM_FOUND : ENUM_NONE;
	p->unsure = error == -ETIMEDOUT || error == -EREMOTEIO || error == -EBUSY;
	if (error < 0)
		return p->d->waits;
	text_init(&t, p->d->uri[p->n & 1], ROUTE_URI_MAX);
	text_add(&t, uri);
	p->text = text_str(&t);
	p->again = true;
	return true;
}

/* The confirmed name of a, when client-networks want it; empty: none, or not yet. */
static struct str
client_name(struct pass *p, const struct addr *a, char buf[DNS_NAME_MAX + 1])
{
	struct str	name = STR_NONE;
	int		error;

	if (!nets_want_name(&p->w->settings->client_networks) || lookup(p) == NULL)
		return name;
	error = lookup_name(p->d->lookup, a, buf, &name);
	p->d->waits |= error == -EINPROGRESS;
	if (error != -EINPROGRESS)
		trace_step(&p->d->trace, "name", error == 0, "of the address: %.*s",
		    STR_ARG(error == 0 ? name : STR("none that leads back to it")));
	return name;
}

static void
inside(struct pass *p)
{
	struct uri	u = p->uri;
	char		buf[AOR_MAX];
	struct str	aor;

	if (u.user.len == 0) {
		trace_step(&p->d->trace, "address", false, "it names no user");
		refuse(p, 404, "Not Found");
		return;
	}
	u.host = p->domain;		/* it may have been one of our addresses */
	aor = uri_aor(&u, buf);
	if (aor.len == 0) {
		refuse(p, 404, "Not Found");
		return;
	}
	key_add(p, aor);
	if (!accounts_ready(p->w->accounts))
		p->d->waits = true;
	else if (!by_account(p, aor) && !by_address_alias(p, aor) &&
	    !by_number(p, u.user, p->domain) && !by_enum(p) &&
	    !by_domain_alias(p, p->domain))
		refuse_unknown(p);
}

/* tel: has no domain; its extensions are those of the main one. */
static void
telephone(struct pass *p)
{
	if (!accounts_ready(p->w->accounts)) {
		p->d->waits = true;
		return;
	}
	if (!by_number(p, p->uri.user, domains_main(p->w->domains)) && !by_enum(p))
		refuse_unknown(p);
}

/* ---- outside ---- */

#define SIPGW	".sipgw"

/* "number@NAME.sipgw" */
static bool
by_gateway(struct pass *p)
{
	const struct gateway	*g;
	struct str		 host = p->uri.host, suffix, name;
	struct text		 t;
	size_t			 n = sizeof(SIPGW) - 1;

	if (host.len <= n)
		return false;
	suffix = str_make(host.s + host.len - n, n);
	name = str_make(host.s, host.len - n);
	if (!str_caseeq(suffix, STR(SIPGW)))
		return false;
	g = gateways_find(p->w->gateways, name);
	if (g == NULL) {
		trace_step(&p->d->trace, "gateway", false,
		    "none is called %.*s", STR_ARG(name));
		refuse(p, 404, "Not Found");
		return true;
	}
	trace_step(&p->d->trace, "gateway", true, "%s: %s", g->name,
	    gateway_state_name(g->state));
	text_init(&t, p->d->value, sizeof(p->d->value));
	text_add(&t, p->uri.user);
	text_ch(&t, '@');
	text_add(&t, str_of(g->name));
	if (t.full)
		refuse(p, 414, "Request-URI Too Long");
	else
		target_set(p, TARGET_GATEWAY, text_str(&t), STR_NONE);
	return true;
}

/* relay-via as a URI, or nothing. */
static struct str
next_hop(struct pass *p)
{
	struct str	via = str_of(p->w->settings->relay_via);
	struct text	t;

	if (via.len == 0)
		return STR_NONE;
	text_init(&t, p->d->next_hop, sizeof(p->d->next_hop));
	if (!str_caseprefix(via, STR("sip:")) &&
	    !str_caseprefix(via, STR("sips:")))
		text_add(&t, STR("sip:"));
	text_add(&t, via);
	trace_step(&p->d->trace, "relay-via", true, "%.*s",
	    STR_ARG(text_str(&t)));
	return text_str(&t);
}

/* "udp:192.0.2.1:5060" of a request; "route test" may name just the address. */
static bool
source_address(const struct pass *p, struct addr *out)
{
	struct peer	peer;

	if (peer_parse(&peer, p->q->source) < 0)
		return addr_parse(out, p->q->source, 0) == 0;
	*out = peer.addr;
	return true;
}

static void
may_leave(struct pass *p)
{
	char			source_buf[DNS_NAME_MAX + 1];
	char			target_buf[DNS_NAME_MAX + 1];
	struct addr		source, target;
	struct relay_question	r = {
		.settings = p->w->settings, .target = &p->uri,
		.by_us = p->by_alias,
	};
	struct relay_verdict	v;

	if (source_address(p, &source))
		r.source = &source;
	if (r.source != NULL &&
	    p->w->settings->relay_to_non_clients == RELAY_CLIENTS)
		r.source_name = client_name(p, r.source, source_buf);
	if (addr_parse(&target, p->uri.host, 0) == 0)
		r.target_name = client_name(p, &target, target_buf);
	relay_judge(&r, &v, &p->d->trace);
	p->d->m.if_confirmed = v.if_confirmed;
	p->d->m.if_not = v.if_not;
	p->d->m.depends |= v.depends;
	p->d->m.reason = v.reason;
}

static void
outside(struct pass *p)
{
	struct addr	a;

	if (addr_parse(&a, p->uri.host, 0) < 0 && str_chr(p->uri.host, '.') < 0) {
		trace_step(&p->d->trace, "domain", false,
		    "%.*s is not ours, and no address outside",
		    STR_ARG(p->uri.host));
		refuse(p, 404, "Not Found");
		return;
	}
	trace_step(&p->d->trace, "domain", false, "%.*s is not served here",
	    STR_ARG(p->uri.host));
	target_set(p, TARGET_URI, p->text, next_hop(p));
	may_leave(p);
}

/* ---- the passes ---- */

static struct str
our_domain(struct pass *p)
{
	struct peer	listener;
	bool		known = peer_parse(&listener, p->q->listener) == 0;
	struct str	name = domains_find(p->w->domains, p->uri.host);

	if (name.len > 0) {
		trace_step(&p->d->trace, "domain", true, "%.*s is served here",
		    STR_ARG(name));
		return name;
	}
	name = domains_main(p->w->domains);
	if (name.len == 0 || !domains_own_address(p->w->domains, p->uri.host,
	    p->uri.port, known ? &listener.addr : NULL))
		return STR_NONE;
	trace_step(&p->d->trace, "domain", true,
	    "%.*s is our own address: %.*s is meant", STR_ARG(p->uri.host),
	    STR_ARG(name));
	return name;
}

static void
host_key(struct pass *p)
{
	char	lower[AOR_MAX];

	if (!str_copy(lower, sizeof(lower), p->uri.host))
		return;
	str_lower(lower, p->uri.host.len);
	key_add(p, str_make(lower, p->uri.host.len));
}

static void
look(struct pass *p)
{
	if (uri_parse(&p->uri, p->text) < 0) {
		trace_step(&p->d->trace, "address", false, "it is malformed");
		refuse(p, 400, "Bad Request-URI");
		return;
	}
	trace_step(&p->d->trace, "address", true, "%.*s",
	    (int)(p->text.len > 200 ? 200 : p->text.len), p->text.s);
	if (p->uri.scheme == URI_OTHER) {
		refuse(p, 416, "Unsupported URI Scheme");
		return;
	}
	if (p->uri.scheme == URI_TEL) {
		telephone(p);
		return;
	}
	host_key(p);
	p->domain = our_domain(p);
	if (p->domain.len > 0)
		inside(p);
	else if (!by_domain_alias(p, p->uri.host)) {
		if (by_gateway(p)) {
			if (p->d->m.targets.n > 0)
				may_leave(p);
		} else
			outside(p);
	}
}

static void
result(struct pass *p)
{
	struct msg_routed	*m = &p->d->m;

	if (m->if_confirmed != 0)
		m->targets.n = m->stages.n = 0;
	if (m->if_confirmed != 0)
		trace_step(&p->d->trace, "result", false, "%u %.*s",
		    m->if_confirmed, STR_ARG(m->reason));
	else if (p->d->target.kind == TARGET_AOR)
		trace_step(&p->d->trace, "result", true,
		    "the devices of %.*s", STR_ARG(p->d->target.value));
	/* What was built on records of name servers is good as long as they are. */
	if (p->d->lookup != NULL &&
	    lookup_valid_ms(p->d->lookup) != INT64_MAX)
		m->valid_until = (uint64_t)(p->w->now_ms +
		    lookup_valid_ms(p->d->lookup));
	m->uri = p->text;
	m->keys.v = p->d->keys;
	m->steps.v = p->d->trace.v;
	m->steps.n = p->d->trace.n;
}

void
route_decide(const struct route_world *w, const struct msg_route *q,
    struct route_decision *d)
{
	struct pass	p = { .w = w, .q = q, .d = d, .text = q->uri };

	d->waits = false;
	d->by_enum = ENUM_UNASKED;
	d->m = (struct msg_routed){ 0 };
	d->key_used = 0;
	d->target.kind = 0;
	trace_init(&d->trace);
	do {
		p.again = false;
		if (p.n == PASSES) {
			trace_step(&d->trace, "alias", false,
			    "they go round in a circle");
			refuse(&p, 482, "Loop Detected");
			break;
		}
		look(&p);
		p.n++;
	} while (p.again);
	if (!d->waits)
		result(&p);
}
