/*
 * rights - groups of rights: what accounts may ask for; regd keeps them.
 */
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "name", "GROUP", COLUMN_TEXT },
	{ "rights", "RIGHTS", COLUMN_TEXT },
	{ "groups", "AND THOSE OF", COLUMN_TEXT },
	{ NULL }
};

COMMAND(cmd_rights_list)
{
	return ask_table(c, "regd", "rights", columns);
}

/* What the group has now, so that one of the two can be left as it is. False: none. */
static bool
present(struct ctl *c, const char *name, json_t **rows, const char **rights,
    const char **groups)
{
	json_t	*row;
	size_t	 i;

	if (ask_show(c, "regd", "rights", NULL, rows) != CTL_DONE)
		return false;
	json_array_foreach(*rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")),
		    name) == 0) {
			*rights = json_string_value(json_object_get(row, "rights"));
			*groups = json_string_value(json_object_get(row, "groups"));
			return true;
		}
	return false;
}

static int
put(struct ctl *c, const struct line *l, struct msg_rights_put *body,
    const char *did)
{
	struct question	q = { .daemon = "regd", .type = MSG_RIGHTS_PUT,
			    .body = body };
	int		code;

	body->by = str_of(c->user);
	body->name = str_of(l->args[0]);
	body->dry_run = line_flag(l, "dry-run");
	if ((code = ask_one(c, &q, 10000, false)) == CTL_DONE)
		done(c, "%s%s %s", body->dry_run ? "would have " : "", did,
		    l->args[0]);
	return code;
}

COMMAND(cmd_rights_add)
{
	struct msg_rights_put	body = { .create = true,
				    .rights = str_of(line_option(l, "rights")),
				    .groups = str_of(line_option(l, "groups")) };

	return put(c, l, &body, "added");
}

COMMAND(cmd_rights_set)
{
	struct msg_rights_put	 body = { 0 };
	const char		*rights = "", *groups = "";
	json_t			*rows = NULL;
	int			 code;

	(void)present(c, l->args[0], &rows, &rights, &groups);
	if (line_flag(l, "rights"))
		rights = line_option(l, "rights");
	if (line_flag(l, "groups"))
		groups = line_option(l, "groups");
	body.rights = str_of(rights);
	body.groups = str_of(groups);
	code = put(c, l, &body, "changed");
	json_decref(rows);
	return code;
}

COMMAND(cmd_rights_del)
{
	struct msg_rights_put	body = { .remove = true };

	return put(c, l, &body, "removed");
}
