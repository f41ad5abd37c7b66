/*
 * rules - what happens to calls for an account, a domain, or everybody: a text of
 * signal rules for each, which routed keeps.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sipctl/ask.h"
#include "sipctl/directory.h"

#define RULES_TEXT_MAX	8000

static const struct column columns[] = {
	{ "scope", "SCOPE", COLUMN_TEXT },
	{ NULL }
};

COMMAND(cmd_rules_list)
{
	return ask_table(c, "routed", "rules", columns);
}

/* "*", "@domain", or an account's address. */
static bool
scope_arg(struct ctl *c, const char *typed, char buf[256])
{
	if (strcmp(typed, "*") == 0 || typed[0] == '@')
		return str_copy(buf, 256, str_of(typed));
	return aor_arg(c, typed, buf);
}

COMMAND(cmd_rules_show)
{
	char		 scope[256];
	const char	*text = NULL;
	json_t		*rows, *row;
	size_t		 i;
	int		 code;

	if (!scope_arg(c, l->args[0], scope))
		return CTL_USAGE;
	if ((code = ask_show(c, "routed", "rules", NULL, &rows)) != CTL_DONE)
		return code;
	json_array_foreach(rows, i, row)
		if (strcasecmp(json_string_value(json_object_get(row, "scope")),
		    scope) == 0) {
			text = json_string_value(json_object_get(row, "text"));
			if (!out_for_people(&c->out))
				out_json(&c->out, row);
		}
	if (text == NULL)
		code = no(CTL_NO, "%s has no rules", scope);
	else if (out_for_people(&c->out))
		printf("%s%s", text, text[0] != '\0' &&
		    text[strlen(text) - 1] != '\n' ? "\n" : "");
	json_decref(rows);
	return code;
}

static void
say_refused(void *arg, uint32_t row, struct str why)
{
	say("%s%s%.*s", arg != NULL ? (const char *)arg : "", arg != NULL ? ": " : "",
	    STR_ARG(why));
}

static int
put(struct ctl *c, const char *scope, const char *text, enum user_mode mode,
    bool dry, const char *file)
{
	struct entries	*e = xcalloc(1, sizeof(*e));
	uint32_t	 n = 0;
	int		 code;

	e->v[0] = (struct rec_entry){ str_of(scope), str_of(text), 1 };
	e->n = 1;
	code = entries_put(c, ENTRY_RULES, e, mode, dry, &n, say_refused,
	    (void *)file);
	free(e);
	return code == CTL_DONE && n == 0 ? CTL_NO : code;
}

COMMAND(cmd_rules_set)
{
	char	 scope[256], *text;
	size_t	 len;
	int	 e, code;

	if (!scope_arg(c, l->args[0], scope))
		return CTL_USAGE;
	e = strcmp(l->args[1], "-") == 0 ?
	    read_all(STDIN_FILENO, RULES_TEXT_MAX, &text, &len) :
	    file_read(l->args[1], RULES_TEXT_MAX, &text, &len);
	if (e < 0)
		return no(CTL_NO, "cannot read %s: %s", l->args[1], strerror(-e));
	code = put(c, scope, text, USER_ADD_OR_SET, line_flag(l, "dry-run"),
	    l->args[1]);
	free(text);
	if (code == CTL_DONE)
		done(c, "rules of %s are %s", scope, line_flag(l, "dry-run") ?
		    "in order; nothing was changed" : "set");
	return code;
}

COMMAND(cmd_rules_del)
{
	char	scope[256];
	int	code;

	if (!scope_arg(c, l->args[0], scope))
		return CTL_USAGE;
	code = put(c, scope, "", USER_REMOVE, line_flag(l, "dry-run"), NULL);
	if (code == CTL_DONE)
		done(c, "removed the rules of %s", scope);
	return code;
}
