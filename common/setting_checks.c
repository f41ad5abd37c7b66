/*
 * setting_checks - what settings must agree about with each other: sockets that
 * exclude each other, name servers, orders of durations; gateway_checks.c.
 *
 * Called by settings_build() after everything was read, even after errors, so
 * that all of them are seen at once; then a value may be missing.
 */
#include "common/dialplan.h"
#include "common/log_levels.h"
#include "common/overrides.h"
#include "common/method_rule.h"
#include "common/setting_types.h"

static const struct conf_node *
node_in(const struct conf_node *nodes, size_t n, const char *name)
{
	while (n-- > 0)
		if (strcmp(nodes[n].name, name) == 0)
			return &nodes[n];
	return NULL;
}

const struct conf_node *
conf_node_find(const struct conf *c, const char *name)
{
	return node_in(c->nodes, c->nnodes, name);
}

const struct conf_node *
conf_gateway_find(const struct conf *c, const char *gateway, const char *name)
{
	size_t	i;

	for (i = 0; i < c->nnodes; i++)
		if (c->nodes[i].block && c->nodes[i].nvalues == 1 &&
		    strcmp(c->nodes[i].name, "gateway") == 0 &&
		    strcmp(c->nodes[i].values[0].text, gateway) == 0)
			return name == NULL ? &c->nodes[i] :
			    node_in(c->nodes[i].nodes, c->nodes[i].nnodes, name);
	return NULL;
}

/* ---- domains ---- */

static bool
is_domain(struct str s)
{
	struct str	label;
	size_t		i;

	if (s.len == 0 || s.len > 253)
		return false;
	while (str_cut(&s, '.', &label)) {
		if (label.len == 0 || label.len > 63 || label.s[0] == '-' ||
		    label.s[label.len - 1] == '-')
			return false;
		for (i = 0; i < label.len; i++)
			if (!((label.s[i] >= 'a' && label.s[i] <= 'z') ||
			    (label.s[i] >= 'A' && label.s[i] <= 'Z') ||
			    (label.s[i] >= '0' && label.s[i] <= '9') ||
			    label.s[i] == '-' || label.s[i] == '_'))
				return false;
	}
	return true;
}

/* The k-th value of all lines with this name; *node receives the line. */
static const struct conf_value *
value_at(const struct conf *c, const char *name, size_t k,
    const struct conf_node **node)
{
	size_t	i;

	for (i = 0; i < c->nnodes; i++) {
		if (strcmp(c->nodes[i].name, name) != 0)
			continue;
		*node = &c->nodes[i];
		if (k < c->nodes[i].nvalues)
			return &c->nodes[i].values[k];
		k -= c->nodes[i].nvalues;
	}
	return NULL;
}

static void
check_domains(const struct settings *s, const struct conf *c,
    struct complaints *out)
{
	const struct conf_node	*node;
	const struct conf_value	*v;
	struct addr		 literal;
	size_t			 i, k;

	if (s->domains.n == 0 && value_at(c, "domain", 0, &node) == NULL)
		complain(out, false, "sip.conf", 0, 0,
		    "no domain is served; add a line like \"domain example.com\"");
	for (i = 0; i < s->domains.n; i++) {
		v = value_at(c, "domain", i, &node);
		if (v == NULL)
			break;
		str_lower(s->domains.v[i], strlen(s->domains.v[i]));
		/* With a block behind a list v may be another's: a place alone. */
		if (addr_parse(&literal, str_of(s->domains.v[i]), 0) < 0 &&
		    !is_domain(str_of(s->domains.v[i])))
			complain(out, false, node->file, v->line, v->column,
			    "\"%s\" is not the name of a domain",
			    s->domains.v[i]);
		for (k = 0; k < i; k++)
			if (strcmp(s->domains.v[i], s->domains.v[k]) == 0)
				complain(out, true, node->file, v->line, v->column,
				    "domain \"%s\" stands here twice",
				    s->domains.v[i]);
	}
}

/* ---- sockets (FEATURES.md row 3) ---- */

static bool
same_protocol(enum transport a, enum transport b)
{
	return (a == TRANSPORT_UDP) == (b == TRANSPORT_UDP);
}

/* An all-addresses socket excludes any other of its family on that port. */
static bool
sockets_collide(const struct listen *a, const struct listen *b)
{
	if (!same_protocol(a->transport, b->transport) ||
	    addr_port(&a->addr) != addr_port(&b->addr))
		return false;
	if (addr_is_wildcard(&a->addr) || addr_is_wildcard(&b->addr))
		return a->addr.sa.sa_family == b->addr.sa.sa_family;
	return addr_eq_host(&a->addr, &b->addr);
}

/* a cannot be had beside b, which comes later as the k-th socket. */
static void
complain_collision(const struct listen *a, const struct listen *b, size_t k,
    const struct conf *c, struct complaints *out)
{
	const struct conf_node	*node = conf_node_find(c, "listen");
	const struct conf_value *v = value_at(c, "listen", k, &node);
	char			 x[ADDR_TEXT_MAX], y[ADDR_TEXT_MAX];
	const char		*file = node != NULL ? node->file : "sip.conf";
	uint32_t		 line = 0, column = 0;

	if (v == NULL && node != NULL && node->nvalues > 0)
		v = &node->values[0];
	if (v != NULL) {
		line = v->line;
		column = v->column;
	}
	if (addr_eq(&a->addr, &b->addr))
		complain(out, false, file, line, column, "two sockets listen on "
		    "%s:%.*s", transport_name(b->transport),
		    STR_ARG(addr_print(&b->addr, x)));
	else
		complain(out, false, file, line, column, "%.*s and %.*s cannot both "
		    "listen: one of them is all addresses",
		    STR_ARG(addr_print(&a->addr, x)),
		    STR_ARG(addr_print(&b->addr, y)));
}

/* The place of the k-th socket of "listen". */
static void
complain_listen(const struct conf *c, size_t k, struct complaints *out,
    const char *text)
{
	const struct conf_node	*node = conf_node_find(c, "listen");
	const struct conf_value *v = value_at(c, "listen", k, &node);

	complain(out, false, node != NULL ? node->file : "sip.conf",
	    v != NULL ? v->line : 0, v != NULL ? v->column : 0, "%s", text);
}

static void
check_listens(const struct settings *s, const struct conf *c,
    struct complaints *out)
{
	const struct conf_node *node = conf_node_find(c, "listen");
	struct addr		told;
	size_t			i, k;

	if (s->listen.n == 0 && (node == NULL || node->nvalues == 0))
		complain(out, false, "sip.conf", 0, 0, "there is no socket to listen "
		    "on; add a line like \"listen udp:0.0.0.0:5060\"");
	for (i = 0; i < s->listen.n; i++)
		if (s->listen.v[i].allow.n > 0 && s->listen.v[i].deny.n > 0)
			complain_listen(c, i, out, "a socket has \"allow\" or "
			    "\"deny\", not both");
	for (i = 0; i < s->listen.n; i++)
		if (s->listen.v[i].told != NULL && s->listen.v[i].told[0] != '\0' &&
		    !listen_told(&s->listen.v[i], &told))
			complain_listen(c, i, out, "\"told\" is an address of the "
			    "socket's family, with a port or without: 203.0.113.1");
	for (i = 0; i < s->listen.n; i++)
		if (s->listen.v[i].transport == TRANSPORT_TLS &&
		    s->tls_certs.n == 0 && conf_node_find(c, "tls-certificate") == NULL) {
			complain_listen(c, i, out, "TLS needs a certificate; add a line "
			    "\"tls-certificate CHAIN-FILE KEY-FILE\"");
			break;
		}
	for (i = 0; i < s->listen.n; i++)
		for (k = 0; k < i; k++)
			if (sockets_collide(&s->listen.v[k], &s->listen.v[i]))
				complain_collision(&s->listen.v[k],
				    &s->listen.v[i], i, c, out);
}

#define MIN_SE_MS	90000

/* Does a socket that we listen on lie in this range? */
static void
check_media_range(const struct settings *s, const struct media_range *m,
    const struct conf *c, struct complaints *out)
{
	const struct listen *l;
	char		     buf[ADDR_TEXT_MAX];
	size_t		     i;
	uint16_t	     port;

	for (i = 0; i < s->listen.n; i++) {
		l = &s->listen.v[i];
		port = addr_port(&l->addr);
		if (l->transport == TRANSPORT_UDP && port >= m->port_min &&
		    port <= m->port_max &&
		    l->addr.sa.sa_family == m->addr.sa.sa_family &&
		    (addr_is_wildcard(&l->addr) ||
		    addr_eq_host(&l->addr, &m->addr)))
			complain_at(out, false, conf_node_find(c,
			    conf_node_find(c, "media") != NULL ? "media" : "listen"),
			    "the media ports %u-%u include %.*s, where we listen",
			    m->port_min, m->port_max,
			    STR_ARG(addr_print(&l->addr, buf)));
	}
}

static void
check_media(const struct settings *s, const struct conf *c, struct complaints *out)
{
	uint32_t	ports = 0;
	size_t		i;

	for (i = 0; i < s->media.n; i++) {
		check_media_range(s, &s->media.v[i], c, out);
		ports += s->media.v[i].port_max - s->media.v[i].port_min + 1;
	}
	if (s->media_longest > 0 && s->media_longest < MIN_SE_MS)
		complain_at(out, false, conf_node_find(c, "media-session-timer"),
		    "a phone may refresh its session as rarely as every 90s (RFC 4028); "
		    "write 90s or more, or 0");
	if (ports > 0 && s->media_sessions_max > ports / 4 &&
	    conf_node_find(c, "media-sessions-limit") != NULL)
		complain_at(out, true, conf_node_find(c, "media-sessions-limit"),
		    "the media ports suffice for %u sessions of one stream only",
		    ports / 4);
}

/* ---- name servers ---- */

/* An address, with a port or without: c-ares would leave out what is neither. */
static bool
is_name_server(struct str s)
{
	struct addr	a;

	return (addr_parse(&a, s, 53) == 0 || (addr_parse_port(&a, s) == 0 &&
	    addr_port(&a) != 0)) && !addr_is_wildcard(&a);
}

static void
check_name_servers(const struct settings *s, const struct conf *c,
    struct complaints *out)
{
	const struct conf_node	*node;
	const struct conf_value	*v;

	for (size_t i = 0; i < s->dns_servers.n; i++)
		if ((v = value_at(c, "dns-servers", i, &node)) != NULL &&
		    !is_name_server(str_of(v->text)))
			complain(out, false, node->file, v->line, v->column,
			    "\"%s\" is not the address of a name server; an example "
			    "is 192.0.2.53 or [2001:db8::53]:5353", v->text);
}

/* ---- durations ---- */

/* low must not be above high. */
static void
check_order(const struct conf *c, const char *low, int64_t low_ms,
    const char *high, int64_t high_ms, struct complaints *out)
{
	const struct conf_node *node = conf_node_find(c, low);
	char			a[32], b[32];
	struct text		x, y;

	if (low_ms <= high_ms)
		return;
	if (node == NULL)
		node = conf_node_find(c, high);
	text_init(&x, a, sizeof(a));
	text_init(&y, b, sizeof(b));
	duration_print(low_ms, &x);
	duration_print(high_ms, &y);
	complain_at(out, false, node, "%s (%.*s) is longer than %s (%.*s)", low,
	    STR_ARG(text_str(&x)), high, STR_ARG(text_str(&y)));
}

/* ---- methods ---- */

/* ACK and CANCEL cannot be challenged: RFC 3261 section 22.1. */
static void
check_methods(const struct settings *s, const struct conf *c,
    struct complaints *out)
{
	const struct conf_node	*node;
	const struct conf_value	*v;

	for (size_t i = 0; i < s->authenticate_methods.n; i++) {
		if ((v = value_at(c, "authenticate-methods", i, &node)) == NULL)
			break;
		if (!method_rule_ok(str_of(v->text)))
			complain(out, false, node->file, v->line, v->column,
			    "\"%s\" is not like INVITE, MESSAGE:local or *:other",
			    v->text);
		else if (v->text[0] != '*' &&
		    (method_rule_fits(str_of(v->text), STR("ACK"), true) ||
		    method_rule_fits(str_of(v->text), STR("CANCEL"), true)))
			complain(out, false, node->file, v->line, v->column, "ACK and CANCEL never need a credential");
	}
}

bool
settings_check(const struct settings *s, const struct conf *c,
    struct complaints *out)
{
	size_t	errors = out->errors;

	check_domains(s, c, out);
	check_listens(s, c, out);
	check_media(s, c, out);
	check_name_servers(s, c, out);
	check_methods(s, c, out);
	overrides_check(s, out);
	log_levels_check(s, out);
	dialplan_free(dialplan_build(s, out));
	if (out->errors == 0) {		/* else values may be missing */
		check_order(c, "min-expires", s->min_expires, "default-expires",
		    s->default_expires, out);
		check_order(c, "default-expires", s->default_expires, "max-expires",
		    s->max_expires, out);
		check_order(c, "timer-t1", s->t1, "timer-t2", s->t2, out);
		check_order(c, "tcp-head-timeout", s->tcp_head,
		    "tcp-message-timeout", s->tcp_message, out);
	}
	gateways_check(s, c, out);
	return out->errors == errors;
}
