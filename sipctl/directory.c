/*
 * directory - aliases, forwarders, groups and numbers, one at a time; routed keeps
 * and judges them. directory_import.c does many.
 */
#include "sipctl/directory.h"

#include <stdlib.h>

#include "sipctl/ask.h"

#define PUT_MS	30000

static const struct directory_kind kinds[] = {
	{ "alias", "aliases", "alias", "target", ENTRY_ALIAS },
	{ "forwarder", "forwarders", "forwarder", "target", ENTRY_FORWARDER },
	{ "group", "groups", "group", "members", ENTRY_GROUP },
	{ "number", "numbers", "number", "target", ENTRY_NUMBER },
	{ "price", "prices", "prefix", "price", ENTRY_PRICE },
};

const struct directory_kind *
directory_kind_of(const struct line *l)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].noun, l->command->noun) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- asking ---- */

struct put {
	uint32_t		 done;
	entries_refused_fn	*refused;
	void			*arg;
};

static void
take_put(void *arg, enum msg_type type, const union msg *m)
{
	struct put	*p = arg;

	if (type != MSG_USERS_PUT)
		return;
	p->done = m->users_put.done;
	for (uint32_t i = 0; i < m->users_put.complaints.n; i++)
		p->refused(p->arg, m->users_put.complaints.v[i].line,
		    m->users_put.complaints.v[i].text);
}

int
entries_put(struct ctl *c, enum entry_kind kind, const struct entries *e,
    enum user_mode mode, bool dry_run, uint32_t *put,
    entries_refused_fn *refused, void *arg)
{
	struct msg_directory_put	body = { .by = str_of(c->user), .kind = kind,
					    .mode = mode, .dry_run = dry_run,
					    .entries = { e->v, e->n } };
	struct put			p = { .refused = refused, .arg = arg };
	struct question			q = { .daemon = "routed",
					    .type = MSG_DIRECTORY_PUT,
					    .body = &body, .fn = take_put, .arg = &p };
	int				code = ask_one(c, &q, PUT_MS, false);

	*put = p.done;
	return code;
}

static void
say_refused(void *arg, uint32_t row, struct str why)
{
	say("%.*s", STR_ARG(why));
}

static int
put_one(struct ctl *c, const struct line *l, const char *value,
    enum user_mode mode, const char *what)
{
	const struct directory_kind	*k = directory_kind_of(l);
	struct entries			*e = xcalloc(1, sizeof(*e));
	bool				 dry = line_flag(l, "dry-run");
	uint32_t			 put;
	int				 code;

	e->v[0] = (struct rec_entry){ str_of(l->args[0]), str_of(value), 1 };
	e->n = 1;
	code = entries_put(c, k->kind, e, mode, dry, &put, say_refused, NULL);
	free(e);
	if (code != CTL_DONE)
		return code;
	if (put == 0)
		return CTL_NO;
	done(c, "%s%s %s", dry ? "would have " : "", what, l->args[0]);
	return CTL_DONE;
}

/* Further arguments are members, one a line. */
static void
value_of(const struct line *l, char *buf, size_t size)
{
	struct text	t;

	text_init(&t, buf, size);
	for (size_t i = 1; i < l->nargs; i++) {
		if (i > 1)
			text_ch(&t, '\n');
		text_add(&t, str_of(l->args[i]));
	}
}

COMMAND(cmd_directory_add)
{
	char	value[8192];

	value_of(l, value, sizeof(value));
	return put_one(c, l, value, USER_ADD, "added");
}

COMMAND(cmd_directory_set)
{
	char	value[8192];

	value_of(l, value, sizeof(value));
	return put_one(c, l, value, USER_SET, "changed");
}

COMMAND(cmd_directory_del)
{
	return put_one(c, l, "", USER_REMOVE, "removed");
}

/* ---- looking ---- */

static int
show(struct ctl *c, const struct directory_kind *k, const char *name)
{
	const struct column	 columns[] = {
		{ k->name, k->name, COLUMN_TEXT },
		{ k->value, k->value, COLUMN_TEXT },
		{ NULL }
	};
	json_t			*rows, *row, *found = json_array();
	const char		*is, *at;
	size_t			 i;
	int			 code = ask_show(c, "routed", k->table, NULL, &rows);

	if (code != CTL_DONE) {
		json_decref(found);
		return code;
	}
	json_array_foreach(rows, i, row) {
		is = json_string_value(json_object_get(row, k->name));
		at = is != NULL ? strrchr(is, '@') : NULL;
		/* "sales" finds sales@example.com. */
		if (name == NULL || (is != NULL && (strcasecmp(is, name) == 0 ||
		    (at != NULL && strchr(name, '@') == NULL && at > is &&
		    str_caseeq(str_make(is, (size_t)(at - is)), str_of(name))))))
			json_array_append(found, row);
	}
	if (name != NULL && json_array_size(found) == 0)
		code = no(CTL_NO, "there is no %s %s", k->noun, name);
	else
		out_rows(&c->out, found, columns);
	json_decref(found);
	json_decref(rows);
	return code;
}

COMMAND(cmd_directory_list)
{
	return show(c, directory_kind_of(l), NULL);
}

COMMAND(cmd_directory_show)
{
	return show(c, directory_kind_of(l), l->args[0]);
}
