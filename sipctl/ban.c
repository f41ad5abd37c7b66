/*
 * ban - the networks that sipd does not listen to; regd keeps them.
 */
#include "common/setting_types.h"
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "network", "NETWORK", COLUMN_TEXT },
	{ "since_s", "SINCE", COLUMN_SECONDS },
	{ "left_s", "LEFT", COLUMN_SECONDS },
	{ "refused", "REFUSED", COLUMN_NUMBER },
	{ "by", "BY", COLUMN_TEXT },
	{ "reason", "REASON", COLUMN_TEXT },
	{ NULL }
};

/* regd has the list, sipd counts what it keeps away; without sipd nothing comes in. */
static void
add_refused(struct ctl *c, json_t *bans)
{
	json_t	*rows, *row, *refused = json_object();
	size_t	 i;

	json_array_foreach(bans, i, row)
		json_object_set_new(row, "refused", json_null());
	if (daemon_probe(c, "sipd", true) == 0 &&
	    ask_show(c, "sipd", "banned", NULL, &rows) == CTL_DONE) {
		json_array_foreach(rows, i, row)
			json_object_set(refused, json_string_value(
			    json_object_get(row, "network")),
			    json_object_get(row, "refused"));
		json_decref(rows);
	}
	json_array_foreach(bans, i, row) {
		json_t *n = json_object_get(refused, json_string_value(
		    json_object_get(row, "network")));

		if (n != NULL)
			json_object_set(row, "refused", n);
	}
	json_decref(refused);
}

COMMAND(cmd_ban_list)
{
	json_t	*rows;
	int	 code = ask_show(c, "regd", "bans", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	add_refused(c, rows);
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}

static int
put(struct ctl *c, struct msg_ban_put *body)
{
	struct question	q = { .daemon = "regd", .type = MSG_BAN_PUT, .body = body };

	body->by = str_of(c->user);
	return ask_one(c, &q, 10000, false);
}

COMMAND(cmd_ban_add)
{
	struct msg_ban_put	 body = { .network = str_of(l->args[0]),
				    .reason = str_of(line_option(l, "reason")),
				    .dry_run = line_flag(l, "dry-run") };
	const char		*lasts = line_option(l, "for");
	int64_t			 ms = 0;
	int			 code;

	if (lasts != NULL && (duration_parse(str_of(lasts), &ms) < 0 || ms <= 0))
		return no(CTL_USAGE, "\"%s\" is no duration like 30m or 7d", lasts);
	body.for_ms = (uint64_t)ms;
	if ((code = put(c, &body)) == CTL_DONE)
		done(c, "%s%s%s%s", body.dry_run ? "would have banned " : "banned ",
		    l->args[0], lasts != NULL ? " for " : "",
		    lasts != NULL ? lasts : "");
	return code;
}

COMMAND(cmd_ban_del)
{
	struct msg_ban_put	body = { .network = str_of(l->args[0]),
				    .remove = true,
				    .dry_run = line_flag(l, "dry-run") };
	int			code;

	if ((code = put(c, &body)) == CTL_DONE)
		done(c, "%s %s banned", l->args[0], body.dry_run ?
		    "would no longer be" : "is no longer");
	return code;
}
