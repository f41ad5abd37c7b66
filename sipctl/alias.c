/*
 * alias - addresses that mean another one; routed keeps them.
 */
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "alias", "ALIAS", COLUMN_TEXT },
	{ "target", "TARGET", COLUMN_TEXT },
	{ NULL }
};

COMMAND(cmd_alias_list)
{
	json_t	*rows;
	int	 code = ask_show(c, "routed", "aliases", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}

static int
put(struct ctl *c, const char *alias, const char *target)
{
	struct msg_alias_put	body = { .by = str_of(c->user),
				    .alias = str_of(alias),
				    .target = str_of(target) };
	struct question		q = { .daemon = "routed", .type = MSG_ALIAS_PUT,
				    .body = &body };

	return ask_one(c, &q, 10000, false);
}

/* An address, or "@domain" for a whole domain: routed judges those. */
static bool
alias_arg(struct ctl *c, const char *arg, char out[256])
{
	if (arg[0] == '@' && strlcpy(out, arg, 256) < 256)
		return true;
	return aor_arg(c, arg, out);
}

COMMAND(cmd_alias_add)
{
	char	alias[256], target[256];
	int	code;

	if (!alias_arg(c, l->args[0], alias) ||
	    !alias_arg(c, l->args[1], target))
		return CTL_USAGE;
	if ((code = put(c, alias, target)) == CTL_DONE)
		done(c, "%s is %s", alias, target);
	return code;
}

COMMAND(cmd_alias_del)
{
	char	alias[256];
	int	code;

	if (!alias_arg(c, l->args[0], alias))
		return CTL_USAGE;
	if ((code = put(c, alias, "")) == CTL_DONE)
		done(c, "removed %s", alias);
	return code;
}
