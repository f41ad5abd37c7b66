/*
 * cert - the certificates that are in force.
 */
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "domain", "DOMAIN", COLUMN_TEXT },
	{ "names", "NAMES", COLUMN_TEXT },
	{ "issuer", "ISSUER", COLUMN_TEXT },
	{ "not_after", "ENDS", COLUMN_TEXT },
	{ "days_left", "DAYS", COLUMN_NUMBER },
	{ "file", "FILE", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ NULL }
};

COMMAND(cmd_cert_show)
{
	json_t	*rows;
	int	 code = ask_show(c, "sipd", "certificates", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}
