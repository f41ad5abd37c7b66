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
	return ask_table(c, "sipd", "certificates", columns);
}
