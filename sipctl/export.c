/*
 * export - all accounts in the form that import reads.
 *
 * Without passwords, which nobody has; with all their HA1 values on demand, which
 * only who may change accounts is shown.
 */
#include "common/uri.h"
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "user", "USER", COLUMN_TEXT },
	{ "domain", "DOMAIN", COLUMN_TEXT },
	{ NULL }
};

/* "anna@example.com" as the two columns that import reads. */
static json_t *
export_row(const json_t *row)
{
	struct str	 user, domain, aor;
	json_t		*out = json_object(), *v;
	static const char *const keep[] = { "ha1_md5", "ha1_sha256",
	    "ha1_sha512_256", "ha1b_md5", "ha1b_sha256", "ha1b_sha512_256",
	    "name", "number", "settings" };
	size_t		 i;

	aor = str_of(json_string_value(json_object_get(row, "aor")));
	aor_split(aor, &user, &domain);
	json_object_set_new(out, "user", json_text(user));
	json_object_set_new(out, "domain", json_text(domain));
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if ((v = json_object_get(row, keep[i])) != NULL)
			json_object_set(out, keep[i], v);
	return out;
}

COMMAND(cmd_user_export)
{
	const char	*format = line_option(l, "format");
	json_t		*rows, *list, *row;
	size_t		 i;
	int		 code;

	if (out_for_people(&c->out))
		c->out.form = OUT_CSV;
	if (format != NULL && strcmp(format, "csv") == 0)
		c->out.form = OUT_CSV;
	else if (format != NULL && strcmp(format, "ndjson") == 0)
		c->out.form = OUT_NDJSON;
	else if (format != NULL)
		return no(CTL_USAGE, "--format is csv or ndjson");
	if ((code = ask_show(c, "regd", line_flag(l, "with-ha1") ? "credentials" :
	    "users", NULL, &rows)) != CTL_DONE)
		return code;
	list = json_array();
	json_array_foreach(rows, i, row)
		json_array_append_new(list, export_row(row));
	out_rows(&c->out, list, columns);
	json_decref(list);
	json_decref(rows);
	return CTL_DONE;
}
