/*
 * setting_wire - the types of settings about the wire: listeners, the files of
 * certificates, the TOS octet.
 */
#include "common/setting_types.h"

#include <errno.h>
#include <stdlib.h>

/* Complains about one value of node. */
#define complain_value(v, ...)	\
	complain(out, false, node->file, (v)->line, (v)->column, __VA_ARGS__)

static bool
room_for(const struct setting_info *i, const struct conf_node *node, size_t n,
    struct complaints *out)
{
	if (n < (size_t)i->max)
		return true;
	complain(out, false, node->file, node->line, node->column,
	    "%s has at most %lld values", i->name, (long long)i->max);
	return false;
}

/* ---- listen ---- */

/* "192.0.2.1:5060", "[::1]:5060", or without port: 5060, for TLS 5061. */
static int
listen_addr(struct str text, enum transport transport, struct addr *out)
{
	if (addr_parse_port(out, text) == 0)
		return addr_port(out) > 0 ? 0 : -EBADMSG;
	return addr_parse(out, text, transport == TRANSPORT_TLS ? 5061 : 5060);
}

static bool
listen_add(const struct setting_info *i, const struct conf_node *node,
    const struct conf_value *v, enum transport transport, struct str address,
    struct set_listens *l, struct complaints *out)
{
	struct listen	one = { .transport = transport };

	if (!room_for(i, node, l->n, out))
		return false;
	if (transport == TRANSPORT_NONE || listen_addr(address, transport, &one.addr) < 0) {
		complain_value(v, "bad address \"%s\"; write udp:192.0.2.1:5060, "
		    "tcp:0.0.0.0:5060 or tls:[::]:5061", v->text);
		return false;
	}
	l->v = xrealloc(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = one;
	return true;
}

/* "udp:ADDR:PORT", or the two words "udp ADDR:PORT". */
static bool
listen_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	const struct conf_value *v;
	enum transport		 transport;
	struct str		 rest, word;
	size_t			 n;

	for (n = 0; n < node->nvalues; n++) {
		v = &node->values[n];
		rest = str_of(v->text);
		if (str_cut(&rest, ':', &word) && rest.s == NULL &&
		    n + 1 < node->nvalues) {
			v = &node->values[++n];
			rest = str_of(v->text);
		}
		transport = transport_parse(word);
		if (!listen_add(i, node, v, transport, rest, field, out))
			return false;
	}
	return true;
}

static void
listen_print_one(const void *arg, size_t at, struct text *out)
{
	const struct listen *l = &((const struct set_listens *)arg)->v[at];
	struct peer	     p = { l->transport, l->addr };
	char		     buf[PEER_TEXT_MAX];

	text_add(out, peer_print(&p, buf));
}

static bool
any_block(const struct set_listens *l)
{
	for (size_t n = 0; n < l->n; n++)
		if (l->v[n].block)
			return true;
	return false;
}

/* A list when that is enough; else lines, of which the caller has begun the first. */
static void
listen_print(const struct setting_info *i, const void *field, struct text *out)
{
	const struct set_listens *l = field;

	if (!any_block(l)) {
		list_print(l->n, listen_print_one, field, out);
		return;
	}
	for (size_t n = 0; n < l->n; n++) {
		if (n > 0)
			text_printf(out, "\n%s ", i->name);
		listen_print_one(field, n, out);
		if (!l->v[n].block)
			continue;
		text_add(out, STR(" {\n"));
		settings_print_block(&l->v[n], BLOCK_LISTEN, true, out);
		text_ch(out, '}');
	}
}

/* A socket without a block has no text at all. */
static const char *
told_text(const struct listen *l)
{
	return l->told != NULL ? l->told : "";
}

static bool
listen_equal(const void *x, const void *y)
{
	const struct set_listens *a = x, *b = y;
	size_t			  n;

	for (n = 0; n < a->n && n < b->n; n++)
		if (a->v[n].transport != b->v[n].transport ||
		    !addr_eq(&a->v[n].addr, &b->v[n].addr) ||
		    !setting_type_nets.equal(&a->v[n].allow, &b->v[n].allow) ||
		    !setting_type_nets.equal(&a->v[n].deny, &b->v[n].deny) ||
		    a->v[n].per_address != b->v[n].per_address ||
		    a->v[n].verify_client != b->v[n].verify_client ||
		    strcmp(told_text(&a->v[n]), told_text(&b->v[n])) != 0)
			return false;
	return a->n == b->n;
}

static void
listen_fini(void *field)
{
	struct set_listens *l = field;

	for (size_t n = 0; n < l->n; n++) {
		setting_type_nets.fini(&l->v[n].allow);
		setting_type_nets.fini(&l->v[n].deny);
		free(l->v[n].told);
	}
	free(l->v);
}

bool
listen_told(const struct listen *l, struct addr *out)
{
	struct addr	a;

	if (addr_parse_port(&a, str_of(told_text(l))) < 0 &&
	    addr_parse(&a, str_of(told_text(l)), addr_port(&l->addr)) < 0)
		return false;
	if (a.sa.sa_family != l->addr.sa.sa_family || addr_is_wildcard(&a))
		return false;
	*out = a;
	return true;
}

bool
listen_admits(const struct listen *l, const struct addr *a)
{
	if (l->allow.n > 0)
		return nets_have(&l->allow, a);
	return l->deny.n == 0 || !nets_have(&l->deny, a);
}

const struct setting_type setting_type_listen = {
	"list of sockets", true, listen_read, listen_print, listen_equal, listen_fini
};

/* ---- certs ---- */

/* "CHAIN-FILE", or "CHAIN-FILE KEY-FILE": a line is one certificate. */
static bool
certs_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct set_certs	*c = field;
	const char		*chain, *key;

	if (node->nvalues == 0)		/* "[]" */
		return true;
	if (!room_for(i, node, c->n, out))
		return false;
	if (node->nvalues > 2) {
		complain_value(&node->values[2], "%s takes one file with the chain "
		    "and one with the key; another certificate stands on a line "
		    "of its own", i->name);
		return false;
	}
	chain = node->values[0].text;
	key = node->values[node->nvalues - 1].text;
	if (chain[0] == '\0' || key[0] == '\0') {
		complain_value(&node->values[0], "%s wants the names of files",
		    i->name);
		return false;
	}
	c->v = xrealloc(c->v, c->n + 1, sizeof(*c->v));
	c->v[c->n].chain = xstrdup(chain);
	c->v[c->n++].key = xstrdup(key);
	return true;
}

/* As lines: the caller has written the name before the first. */
static void
certs_print(const struct setting_info *i, const void *field, struct text *out)
{
	const struct set_certs *c = field;

	for (size_t n = 0; n < c->n; n++) {
		if (n > 0)
			text_printf(out, "\n%s ", i->name);
		conf_quote(out, str_of(c->v[n].chain));
		if (strcmp(c->v[n].chain, c->v[n].key) == 0)
			continue;
		text_ch(out, ' ');
		conf_quote(out, str_of(c->v[n].key));
	}
	if (c->n == 0)
		text_add(out, STR("[]"));
}

static bool
certs_equal(const void *x, const void *y)
{
	const struct set_certs *a = x, *b = y;
	size_t			n;

	for (n = 0; n < a->n && n < b->n; n++)
		if (strcmp(a->v[n].chain, b->v[n].chain) != 0 ||
		    strcmp(a->v[n].key, b->v[n].key) != 0)
			return false;
	return a->n == b->n;
}

static void
certs_fini(void *field)
{
	struct set_certs *c = field;

	while (c->n > 0) {
		free(c->v[--c->n].chain);
		free(c->v[c->n].key);
	}
	free(c->v);
}

const struct setting_type setting_type_certs = {
	"certificate files, a line each", true, certs_read, certs_print, certs_equal,
	certs_fini
};

/* ---- tos ---- */

/* RFC 2474, 2597, 3246, 5865: class selectors, assured and expedited forwarding. */
static const struct {
	const char	*name;
	uint8_t		 dscp;
} dscps[] = {
	{ "default", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 }, { "cs4", 32 },
	{ "cs5", 40 }, { "cs6", 48 }, { "cs7", 56 }, { "af11", 10 }, { "af12", 12 },
	{ "af13", 14 }, { "af21", 18 }, { "af22", 20 }, { "af23", 22 },
	{ "af31", 26 }, { "af32", 28 }, { "af33", 30 }, { "af41", 34 },
	{ "af42", 36 }, { "af43", 38 }, { "ef", 46 }, { "va", 44 }, { "le", 1 },
};
#define NDSCPS	(sizeof(dscps) / sizeof(dscps[0]))

static bool
tos_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct str	in;
	uint32_t	n;

	if (node->nvalues != 1) {
		complain(out, false, node->file, node->line, node->column,
		    "%s takes one value", i->name);
		return false;
	}
	in = str_of(node->values[0].text);
	for (size_t k = 0; k < NDSCPS; k++)
		if (str_caseeq(in, str_of(dscps[k].name))) {
			*(set_tos *)field = (set_tos)(dscps[k].dscp << 2);
			return true;
		}
	if (str_u32(in, &n) == 0 && n <= 255) {
		*(set_tos *)field = (set_tos)n;
		return true;
	}
	complain_value(&node->values[0], "%s is a number from 0 to 255 or the name of a "
	    "DSCP (ef, cs3, af31 ...), not \"%s\"", i->name, node->values[0].text);
	return false;
}

static void
tos_print(const struct setting_info *i, const void *field, struct text *out)
{
	set_tos	v = *(const set_tos *)field;

	for (size_t k = 0; k < NDSCPS; k++)
		if (dscps[k].dscp << 2 == v) {
			text_add(out, str_of(dscps[k].name));
			return;
		}
	text_printf(out, "%u", v);
}

static bool
tos_equal(const void *a, const void *b)
{
	return *(const set_tos *)a == *(const set_tos *)b;
}

static void
tos_fini(void *field)
{
}

const struct setting_type setting_type_tos = {
	"TOS octet", false, tos_read, tos_print, tos_equal, tos_fini
};
