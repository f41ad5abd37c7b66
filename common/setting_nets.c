/*
 * setting_nets - the types of settings with networks: lists, and lists with a name.
 *
 * A list may refer to one that stands later, so that references are looked up when
 * everything was read.
 */
#include "common/setting_types.h"

#include <errno.h>
#include <stdlib.h>

/* ---- nets ---- */

/* The values from the first-th on, as entries. */
static bool
add_entries(const struct setting_info *i, const struct conf_node *node, size_t first,
    size_t max, struct set_nets *nets, struct complaints *out)
{
	const struct conf_value	*v;
	const char		*why;

	for (size_t n = first; n < node->nvalues; n++) {
		v = &node->values[n];
		if (nets->n >= max) {
			complain(out, false, node->file, v->line, v->column,
			    "%s has at most %zu values", i->name, max);
			return false;
		}
		if (nets_add(nets, str_of(v->text), &why) < 0) {
			complain(out, false, node->file, v->line, v->column,
			    "bad network \"%s\"; %s", v->text, why);
			return false;
		}
		nets->v[nets->n - 1].file = node->file;
		nets->v[nets->n - 1].line = v->line;
		nets->v[nets->n - 1].column = v->column;
	}
	return true;
}

static bool
nets_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	return add_entries(i, node, 0, (size_t)i->max, field, out);
}

static void
print_entry(const void *arg, size_t at, struct text *out)
{
	const char	*text = ((const struct set_nets *)arg)->v[at].text;
	const struct net_entry *e = &((const struct set_nets *)arg)->v[at];

	if (e->kind == NET_SPAN && strpbrk(text, " \t") == NULL)
		text_add(out, str_of(text));
	else
		conf_quote(out, str_of(text));
}

static void
nets_print(const struct setting_info *i, const void *field, struct text *out)
{
	list_print(((const struct set_nets *)field)->n, print_entry, field, out);
}

static bool
equal(const void *a, const void *b)
{
	return nets_equal(a, b);
}

static void
fini(void *field)
{
	nets_fini(field);
}

const struct setting_type setting_type_nets = {
	"list of networks", true, nets_read, nets_print, equal, fini
};

/* ---- lists with a name ---- */

static struct netlist *
netlist_find(const struct set_netlists *all, struct str name)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_caseeq(str_of(all->v[i]->name), name))
			return all->v[i];
	return NULL;
}

static bool
netlists_read(const struct setting_info *i, const struct conf_node *node,
    void *field, struct complaints *out)
{
	struct set_netlists	*all = field;
	struct netlist		*one;
	const struct conf_value	*name;

	if (node->nvalues == 0)		/* "[]" */
		return true;
	name = &node->values[0];
	if (!nets_is_name(str_of(name->text))) {
		complain(out, false, node->file, name->line, name->column,
		    "bad name \"%s\" of a list; it has letters, digits, \".\", \"_\" "
		    "and \"-\"", name->text);
		return false;
	}
	one = netlist_find(all, str_of(name->text));
	if (one == NULL && all->n >= (size_t)i->max) {
		complain(out, false, node->file, name->line, name->column,
		    "there are at most %lld lists", (long long)i->max);
		return false;
	}
	if (one == NULL) {
		one = xcalloc(1, sizeof(*one));
		one->name = xstrdup(name->text);
		all->v = xrealloc(all->v, all->n + 1, sizeof(*all->v));
		all->v[all->n++] = one;
	}
	return add_entries(i, node, 1, NETS_ENTRIES_MAX, &one->nets, out);
}

/* As lines: the caller has written the name of the setting before the first. */
static void
netlists_print(const struct setting_info *i, const void *field, struct text *out)
{
	const struct set_netlists	*all = field;

	for (size_t n = 0; n < all->n; n++) {
		if (n > 0)
			text_printf(out, "\n%s ", i->name);
		text_printf(out, "%s ", all->v[n]->name);
		nets_print(i, &all->v[n]->nets, out);
	}
	if (all->n == 0)
		text_add(out, STR("[]"));
}

static bool
netlists_equal(const void *x, const void *y)
{
	const struct set_netlists	*a = x, *b = y;

	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_caseeq(str_of(a->v[i]->name), str_of(b->v[i]->name)) ||
		    !nets_equal(&a->v[i]->nets, &b->v[i]->nets))
			return false;
	return true;
}

static void
netlists_fini(void *field)
{
	struct set_netlists	*all = field;

	for (size_t i = 0; i < all->n; i++) {
		nets_fini(&all->v[i]->nets);
		free(all->v[i]->name);
		free(all->v[i]);
	}
	free(all->v);
}

const struct setting_type setting_type_netlists = {
	"lists of networks with a name, a line each", true, netlists_read,
	netlists_print, netlists_equal, netlists_fini
};

/* ---- references ---- */

static struct set_nets *
find(void *arg, struct str name)
{
	struct netlist	*l = netlist_find(arg, name);

	return l != NULL ? &l->nets : NULL;
}

static void
complain_reference(const struct settings *s, const struct net_entry *e, int error,
    struct complaints *out)
{
	const char	*near = NULL;
	size_t		 best = 4, d;

	if (error == -ELOOP) {
		complain(out, false, e->file, e->line, e->column,
		    "\"%s\" leads back to itself", e->text);
		return;
	}
	for (size_t i = 0; i < s->network_lists.n; i++) {
		d = edit_distance(e->what, str_of(s->network_lists.v[i]->name));
		if (d < best) {
			best = d;
			near = s->network_lists.v[i]->name;
		}
	}
	complain(out, false, e->file, e->line, e->column,
	    "there is no network-list \"%.*s\"%s%s%s", STR_ARG(e->what),
	    near != NULL ? "; did you mean \"#" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* named: somebody looks up the names of addresses for this list. */
static void
resolve(struct settings *s, struct set_nets *n, bool named, struct complaints *out)
{
	const struct net_entry	*bad;
	int			 error;

	error = nets_resolve(n, find, &s->network_lists, &bad);
	if (error < 0)
		complain_reference(s, bad, error, out);
	else if (!named && nets_want_name(n))
		complain(out, false, n->v[0].file, n->v[0].line, n->v[0].column,
		    "the names of addresses are known to client-networks only: here "
		    "every packet is judged at once, by its address");
	for (size_t i = 0; i < n->n; i++)
		n->v[i].file = NULL;
}

void
settings_resolve_nets(struct settings *s, struct complaints *out)
{
	for (size_t i = 0; i < s->network_lists.n; i++)
		resolve(s, &s->network_lists.v[i]->nets, true, out);
	for (size_t i = 0; settings_table[i].name != NULL; i++) {
		struct set_nets	*n = (void *)((char *)s + setting_fields[i].offset);

		if (settings_table[i].block == BLOCK_NONE &&
		    setting_fields[i].type == &setting_type_nets)
			resolve(s, n, n == &s->client_networks, out);
	}
	for (size_t i = 0; i < s->nblocks; i++)
		resolve(s, &s->blocks[i].own.networks, false, out);
	for (size_t i = 0; i < s->ngateways; i++)
		resolve(s, &s->gateways[i].networks, false, out);
	for (size_t i = 0; i < s->listen.n; i++) {
		resolve(s, &s->listen.v[i].allow, false, out);
		resolve(s, &s->listen.v[i].deny, false, out);
	}
}
