/*
 * settings - from the nodes of a configuration to typed, checked settings, after
 * the rows of settings.def.
 *
 * Everything wrong is listed, not only the first. What two settings must agree
 * about is setting_checks.c's business, writing them out setting_print.c's.
 */
#include "common/settings.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/conf.h"
#include "common/setting_types.h"
#include "common/uri.h"
#include "common/user_settings.h"

enum { LIVE, RESTART };

const struct setting_info settings_table[] = {
#define SETTING(daemon, field, name, type, def, min, max, choices, apply, since, help) \
	{ #daemon, name, #type, def, min, max, choices, apply == RESTART, since, help, BLOCK_NONE },
#define LISTEN_SETTING(field, name, type, def, min, max, choices, since, help) \
	{ "sipd", name, #type, def, min, max, choices, false, since, help, BLOCK_LISTEN },
#define USER_SETTING(field, name, type, min, max, choices, since, help) \
	{ "regd", name, #type, "", min, max, choices, false, since, help, BLOCK_DOMAIN },
#define GATEWAY_SETTING(field, name, type, def, min, max, choices, since, help) \
	{ "gwregd", name, #type, def, min, max, choices, false, since, help, BLOCK_GATEWAY },
#include "common/settings.def"
	{ NULL }
};

const struct setting_field setting_fields[] = {
#define SETTING(daemon, field, name, type, def, min, max, choices, apply, since, help) \
	{ &setting_type_##type, offsetof(struct settings, field) },
#define LISTEN_SETTING(field, name, type, def, min, max, choices, since, help) \
	{ &setting_type_##type, offsetof(struct listen, field) },
#define USER_SETTING(field, name, type, min, max, choices, since, help) \
	{ &setting_type_##type, offsetof(struct user_settings, field) },
#define GATEWAY_SETTING(field, name, type, def, min, max, choices, since, help) \
	{ &setting_type_##type, offsetof(struct gateway_settings, field) },
#include "common/settings.def"
};

#define NSETTINGS	(sizeof(setting_fields) / sizeof(setting_fields[0]))

const struct setting_info *
setting_find(struct str name, enum setting_block block)
{
	const struct setting_info *i;

	for (i = settings_table; i->name != NULL; i++)
		if (i->block == block && str_eq(str_of(i->name), name))
			return i;
	return NULL;
}

const struct setting_info *
setting_nearest(struct str name, enum setting_block block)
{
	const struct setting_info *i, *nearest = NULL;
	size_t			   d, best;

	best = name.len < 4 ? 2 : name.len < 10 ? 3 : 4;
	for (i = settings_table; i->name != NULL; i++) {
		if (i->block != block)
			continue;
		d = edit_distance(name, str_of(i->name));
		if (d < best) {
			best = d;
			nearest = i;
		}
	}
	return nearest;
}

const char *
setting_prefix(const struct setting_info *i)
{
	static const char *const names[] = {
		[BLOCK_NONE] = "", [BLOCK_GATEWAY] = "gateway NAME ",
		[BLOCK_LISTEN] = "listen SOCKET ",
		[BLOCK_DOMAIN] = "domain NAME ",
	};

	return names[i->block];
}

/* ---- building ---- */

static void *
field_at(void *base, size_t row)
{
	return (char *)base + setting_fields[row].offset;
}

/* One block's settings: the whole file's, a gateway's, a socket's. */
struct scope {
	void			*base;
	enum setting_block	 block;
	const struct conf_node	*seen[NSETTINGS];
	struct complaints	*out;
};

/* Another place where a setting of this name could stand. */
static const struct setting_info *
elsewhere(struct str name, enum setting_block here)
{
	const struct setting_info *i;

	for (i = settings_table; i->name != NULL; i++)
		if (i->block != here && str_eq(str_of(i->name), name))
			return i;
	return NULL;
}

static void
unknown(struct scope *s, const struct conf_node *n)
{
	static const char *const blocks[] = {
		[BLOCK_GATEWAY] = "a gateway", [BLOCK_LISTEN] = "a socket's block",
		[BLOCK_DOMAIN] = "a domain's block",
	};
	const struct setting_info *near = setting_nearest(str_of(n->name), s->block);
	const struct setting_info *other = elsewhere(str_of(n->name), s->block);

	if (n->block && s->block == BLOCK_NONE)
		complain(s->out, false, n->file, n->line, n->column,
		    "unknown block \"%s\"%s", n->name,
		    edit_distance(str_of(n->name), STR("gateway")) < 3 ?
		    "; did you mean \"gateway\"?" : "");
	else if (near != NULL)
		complain(s->out, false, n->file, n->line, n->column,
		    "unknown setting \"%s\"; did you mean \"%s\"?", n->name,
		    near->name);
	else if (other != NULL && s->block != BLOCK_NONE)
		complain(s->out, false, n->file, n->line, n->column,
		    "\"%s\" does not belong into %s", n->name, blocks[s->block]);
	else if (other != NULL)
		complain(s->out, false, n->file, n->line, n->column,
		    "\"%s\" belongs into a block \"%s{ }\"", n->name,
		    setting_prefix(other));
	else
		complain(s->out, false, n->file, n->line, n->column,
		    "unknown setting \"%s\"", n->name);
}

static void
set(struct scope *s, const struct conf_node *n)
{
	const struct setting_info *i = setting_find(str_of(n->name), s->block);
	const struct setting_type *type;
	size_t			   row;

	if (i == NULL) {
		unknown(s, n);
		return;
	}
	if (n->block && strcmp(i->type, "listen") != 0 &&
	    strcmp(i->name, "domain") != 0) {
		complain(s->out, false, n->file, n->line, n->column,
		    "%s has a value, not a block", n->name);
		return;
	}
	row = (size_t)(i - settings_table);
	type = setting_fields[row].type;
	if (s->seen[row] != NULL && !type->many)
		complain(s->out, true, n->file, n->line, n->column,
		    "%s is set again and this one counts; see %s:%u", n->name,
		    s->seen[row]->file, s->seen[row]->line);
	s->seen[row] = n;
	if (n->values_begin == n->values_end) {		/* "[]" is a value */
		complain(s->out, false, n->file, n->line, n->column,
		    "%s wants a value%s", n->name,
		    strncmp(i->type, "net", 3) == 0 ?
		    "; what begins with # stands in quotes" : "");
		return;
	}
	type->read(i, n, field_at(s->base, row), s->out);
}

/* What the file does not say. */
static void
set_defaults(struct scope *s)
{
	const struct setting_info *i;
	struct complaints	   none = { 0 };
	struct conf		  *c;
	char			   line[512];
	struct text		   t;
	size_t			   row;

	for (row = 0; row < NSETTINGS; row++) {
		i = &settings_table[row];
		if (i->block != s->block)
			continue;
		if (setting_fields[row].type == &setting_type_text &&
		    *(set_text *)field_at(s->base, row) == NULL)
			*(set_text *)field_at(s->base, row) = xstrdup("");
		if (s->seen[row] != NULL || i->def[0] == '\0')
			continue;
		text_init(&t, line, sizeof(line));
		text_printf(&t, "%s %s", i->name, i->def);
		c = conf_parse("default", text_str(&t), &none);
		if (c != NULL)
			setting_fields[row].type->read(i, &c->nodes[0],
			    field_at(s->base, row), &none);
		conf_free(c);
		complaints_fini(&none);		/* settings_test: there are none */
	}
}

void
user_settings_read(struct user_settings *u, const struct conf_node *nodes, size_t n,
    struct complaints *out)
{
	struct scope	*scope = xcalloc(1, sizeof(*scope));

	scope->base = u;
	scope->block = BLOCK_DOMAIN;
	scope->out = out;
	for (size_t i = 0; i < n; i++)
		set(scope, &nodes[i]);
	for (size_t row = 0; row < NSETTINGS; row++)
		if (scope->seen[row] != NULL)
			u->given |= 1u << user_setting_of(&settings_table[row]);
	free(scope);
}

/* The settings of a block, into base. */
static void
set_block(void *base, enum setting_block block, const struct conf_node *n,
    struct complaints *out)
{
	struct scope	*scope = xcalloc(1, sizeof(*scope));

	scope->base = base;
	scope->block = block;
	scope->out = out;
	for (size_t i = 0; i < n->nnodes; i++)
		set(scope, &n->nodes[i]);
	set_defaults(scope);
	free(scope);
}

/* The rules of the socket that was read just now. */
static void
set_listen_block(struct settings *s, size_t before, const struct conf_node *n,
    struct complaints *out)
{
	if (s->listen.n == before)
		return;		/* it was complained about */
	if (s->listen.n != before + 1) {
		complain(out, false, n->file, n->line, n->column,
		    "one socket has a block, not a list of them");
		return;
	}
	s->listen.v[before].block = true;
	set_block(&s->listen.v[before], BLOCK_LISTEN, n, out);
}

/* Only what is given; the rest is the server's. */
static void
set_domain(struct settings *s, const struct conf_node *n, struct complaints *out)
{
	struct domain_settings	*d;

	if (n->nvalues != 1) {
		complain(out, false, n->file, n->line, n->column,
		    "one domain has a block, not a list of them");
		return;
	}
	if (settings_domain(s, str_of(n->values[0].text)) != NULL) {
		complain(out, false, n->file, n->line, n->column,
		    "%s has a block already", n->values[0].text);
		return;
	}
	s->blocks = xrealloc(s->blocks, s->nblocks + 1, sizeof(*s->blocks));
	d = &s->blocks[s->nblocks++];
	memset(d, 0, sizeof(*d));
	d->name = xstrdup(n->values[0].text);
	user_settings_read(&d->own, n->nodes, n->nnodes, out);
}

/* Is this domain listed already, so that its block only adds to it? */
static bool
domain_listed(const struct settings *s, const struct conf_node *n)
{
	for (size_t i = 0; n->nvalues == 1 && i < s->domains.n; i++)
		if (str_caseeq(str_of(s->domains.v[i]), str_of(n->values[0].text)))
			return true;
	return false;
}

/* The block's label, after checking it; NULL after complaining. */
static const char *
gateway_label(const struct settings *s, const struct conf_node *n,
    struct complaints *out)
{
	const char	*name;
	size_t		 i;

	if (!n->block || n->nvalues != 1 ||
	    !gateway_name_ok(n->values[0].text)) {
		complain(out, false, n->file, n->line, n->column,
		    "write \"gateway NAME {\" with a name of letters, digits, "
		    "\"-\", \"_\" and \".\"");
		return NULL;
	}
	name = n->values[0].text;
	for (i = 0; i < s->ngateways; i++)
		if (str_caseeq(str_of(s->gateways[i].name), str_of(name))) {
			complain(out, false, n->file, n->values[0].line,
			    n->values[0].column,
			    "there is a gateway \"%s\" already", name);
			return NULL;
		}
	return name;
}

static void
set_gateway(struct settings *s, const struct conf_node *n, struct complaints *out)
{
	struct gateway_settings *g;
	const char		*name = gateway_label(s, n, out);

	if (name == NULL)
		return;
	s->gateways = xrealloc(s->gateways, s->ngateways + 1, sizeof(*s->gateways));
	g = &s->gateways[s->ngateways++];
	memset(g, 0, sizeof(*g));
	g->name = xstrdup(name);
	set_block(g, BLOCK_GATEWAY, n, out);
}

struct settings *
settings_build(const struct conf *c, struct complaints *out)
{
	struct settings	*s = xcalloc(1, sizeof(*s));
	struct scope	*scope = xcalloc(1, sizeof(*scope));
	size_t		 i, before, errors = out->errors;

	scope->base = s;
	scope->out = out;
	for (i = 0; i < c->nnodes; i++) {
		if (strcmp(c->nodes[i].name, "gateway") == 0) {
			set_gateway(s, &c->nodes[i], out);
			continue;
		}
		if (c->nodes[i].block && strcmp(c->nodes[i].name, "domain") == 0) {
			set_domain(s, &c->nodes[i], out);
			if (domain_listed(s, &c->nodes[i]))
				continue;
		}
		before = s->listen.n;
		set(scope, &c->nodes[i]);
		if (c->nodes[i].block && strcmp(c->nodes[i].name, "listen") == 0)
			set_listen_block(s, before, &c->nodes[i], out);
	}
	set_defaults(scope);
	free(scope);
	s->routes = xstrdup(c->routes != NULL ? c->routes : "");
	settings_resolve_nets(s, out);
	settings_check(s, c, out);
	conf_sources(c, out);
	if (out->errors > errors) {
		settings_free(s);
		return NULL;
	}
	return s;
}

static void
fini_fields(void *base, enum setting_block block)
{
	size_t	row;

	for (row = 0; row < NSETTINGS; row++)
		if (settings_table[row].block == block)
			setting_fields[row].type->fini(field_at(base, row));
}

void
settings_free(struct settings *s)
{
	size_t	i;

	if (s == NULL)
		return;
	for (i = 0; i < s->ngateways; i++) {
		fini_fields(&s->gateways[i], BLOCK_GATEWAY);
		free(s->gateways[i].name);
	}
	free(s->gateways);
	for (i = 0; i < s->nblocks; i++) {
		user_settings_fini(&s->blocks[i].own);
		free(s->blocks[i].name);
	}
	free(s->blocks);
	fini_fields(s, BLOCK_NONE);
	free(s->routes);
	free(s);
}

void
settings_drop_routes(const struct settings *s)
{
	struct settings	*own = (struct settings *)s;

	if (str_of(own->routes).len == 0)
		return;
	free(own->routes);
	own->routes = xstrdup("");
}

static unsigned
place_in_order(const struct set_words *order, unsigned which)
{
	for (unsigned i = 0; i < order->n; i++)
		if (order->v[i] == which)
			return i;
	return (unsigned)order->n + which;
}

bool
settings_asks_before(const struct settings *s, unsigned a, unsigned b)
{
	return place_in_order(&s->routing_order, a) <
	    place_in_order(&s->routing_order, b);
}

bool
settings_may_claim(const struct settings *s, struct str account, struct str from)
{
	struct str	user, domain, claimed;

	if (str_eq(account, from))
		return true;
	if (s->user_matching != MATCH_NAME)
		return false;
	aor_split(account, &user, &domain);
	aor_split(from, &claimed, &domain);
	return user.len > 0 && str_eq(user, claimed);
}

void
setting_range(const struct setting_info *i, struct text *t)
{
	const struct setting_type *type = setting_fields[i - settings_table].type;

	if (i->choices != NULL) {
		text_add(t, str_of(i->choices));
	} else if (type == &setting_type_ms) {
		duration_print(i->min, t);
		text_add(t, STR(" to "));
		duration_print(i->max, t);
	} else if (type == &setting_type_u32 || type == &setting_type_size) {
		text_printf(t, "%lld to %lld", (long long)i->min,
		    (long long)i->max);
	}
}
