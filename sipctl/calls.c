/*
 * calls - what is being talked about: the calls sipd knows, the sessions that
 * mediad relays.
 */
#include <stdlib.h>

#include "common/mono.h"
#include "sipctl/ask.h"

#define ASK_MS	3000

static const struct column call_columns[] = {
	{ "id", "#", COLUMN_NUMBER },
	{ "state", "STATE", COLUMN_TEXT },
	{ "from", "FROM", COLUMN_TEXT },
	{ "to", "TO", COLUMN_TEXT },
	{ "time_s", "TIME", COLUMN_SECONDS },
	{ "media", "MEDIA", COLUMN_TEXT },
	{ "mos", "MOS", COLUMN_TEXT },
	{ "loss_percent", "LOSS", COLUMN_TEXT },
	{ "gateway", "GATEWAY", COLUMN_TEXT },
	{ "media_reason", "WHY", COLUMN_TEXT, true },
	{ "call_id", "CALL-ID", COLUMN_TEXT, true },
	{ NULL }
};
static const struct column media_columns[] = {
	{ "id", "ID", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "ports", "PORTS", COLUMN_TEXT },
	{ "packets", "PACKETS", COLUMN_NUMBER },
	{ "loss", "LOST", COLUMN_NUMBER },
	{ "jitter_ms", "JITTER", COLUMN_TEXT, true },
	{ "rtt_ms", "RTT", COLUMN_TEXT, true },
	{ "mos", "MOS", COLUMN_TEXT },
	{ "last_packet_ms", "LAST", COLUMN_MS },
	{ "age_s", "TIME", COLUMN_SECONDS },
	{ "call_id", "CALL-ID", COLUMN_TEXT },
	{ NULL }
};

/* How long it has lasted, "proxied opus", "0.1%": as the table has it. */
static void
for_people(json_t *row)
{
	const char	*since = json_string_value(json_object_get(row, "since"));
	const char	*codec = json_string_value(json_object_get(row, "codec"));
	const char	*loss = json_string_value(json_object_get(row, "loss_percent"));
	const char	*media = json_string_value(json_object_get(row, "media"));
	const char	*state = json_string_value(json_object_get(row, "state"));
	int64_t		 ms;

	if (since != NULL && time_parse(since, &ms))
		json_object_set_new(row, "time_s", json_integer((wall_ms() - ms) / 1000));
	if (media != NULL && state != NULL && strcmp(state, "ringing") == 0 &&
	    strcmp(media, "proxied") == 0)
		json_object_set_new(row, "media", json_string("early"));
	else if (media != NULL && codec != NULL && codec[0] != '\0')
		json_object_set_new(row, "media", json_sprintf("%s %s", media, codec));
	if (loss != NULL)
		json_object_set_new(row, "loss_percent", json_sprintf("%s%%", loss));
}

/* "4.3" as a number, for JSON. */
static void
make_number(json_t *row, const char *name)
{
	const char	*text = json_string_value(json_object_get(row, name));

	if (text != NULL)
		json_object_set_new(row, name, json_real(strtod(text, NULL)));
}

static void
figures_types(json_t *row)
{
	static const char *const names[] = { "loss_percent", "jitter_ms", "rtt_ms", "mos" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make_number(row, names[i]);
}

/* What mediad knows of the calls that it relays. Without mediad: nothing. */
static void
add_media(struct ctl *c, json_t *calls)
{
	static const char *const names[] = { "codec", "loss_percent", "jitter_ms", "rtt_ms",
	    "mos", "one_way" };
	json_t	*rows, *row, *by_id = json_object(), *media;
	size_t	 i, k;

	if (daemon_probe(c, "mediad", true) == 0 &&
	    ask_show(c, "mediad", "media", NULL, &rows) == CTL_DONE) {
		json_array_foreach(rows, i, row)
			json_object_set(by_id, json_string_value(
			    json_object_get(row, "call_id")) ?: "", row);
		json_decref(rows);
	}
	json_array_foreach(calls, i, row) {
		media = json_object_get(by_id, json_string_value(
		    json_object_get(row, "call_id")) ?: "");
		for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			json_object_set_new(row, names[k], json_incref(
			    json_object_get(media, names[k])) ?: json_null());
		if (!out_for_people(&c->out))
			figures_types(row);
	}
	json_decref(by_id);
}

/* Only calls that one side can't hear; for people each with the reason below. */
static void
keep_one_way(json_t *rows)
{
	for (size_t i = json_array_size(rows); i-- > 0; )
		if (!json_is_string(json_object_get(json_array_get(rows, i), "one_way")))
			json_array_remove(rows, i);
}

static void
say_one_way(struct ctl *c, const json_t *rows)
{
	const char	*why;
	json_t		*row;
	size_t		 i;

	json_array_foreach(rows, i, row)
		if ((why = json_string_value(json_object_get(row, "one_way"))) != NULL)
			printf("! %lld: one-way, %s. Trace: sipctl trace %lld\n",
			    (long long)json_integer_value(json_object_get(row, "id")), why,
			    (long long)json_integer_value(json_object_get(row, "id")));
}

COMMAND(cmd_calls)
{
	json_t	*rows, *row;
	size_t	 i;
	int	 code = ask_show(c, "sipd", "calls", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	if (line_flag(l, "failed")) {
		for (i = json_array_size(rows); i-- > 0; ) {
			row = json_array_get(rows, i);
			if (strcmp(json_string_value(json_object_get(row,
			    "state")) ?: "", "failed") != 0)
				json_array_remove(rows, i);
		}
	}
	add_media(c, rows);
	if (line_flag(l, "one-way"))
		keep_one_way(rows);
	if (out_for_people(&c->out))
		json_array_foreach(rows, i, row)
			for_people(row);
	out_rows(&c->out, rows, call_columns);
	if (out_for_people(&c->out))
		say_one_way(c, rows);
	json_decref(rows);
	return CTL_DONE;
}

COMMAND(cmd_calls_end)
{
	struct msg_call_end	body = { .by = str_of(c->user) };
	struct question		q = { .daemon = "sipd", .type = MSG_CALL_END, .body = &body };
	int			code;

	if (str_u64(str_of(l->args[0]), &body.number) < 0)
		return no(CTL_USAGE, "\"%s\" is no number of \"sipctl calls\"", l->args[0]);
	if ((code = ask_one(c, &q, ASK_MS, false)) == CTL_DONE)
		done(c, "call %s is ended", l->args[0]);
	return code;
}

/* Ports are numbers, where a table's list is text; times are RFC 3339. */
static void
media_types(json_t *row)
{
	json_t	*ports = json_object_get(row, "ports"), *one;
	json_t	*since = json_object_get(row, "since");
	char	 buf[32];
	size_t	 i;

	if (json_is_integer(since)) {
		time_text(json_integer_value(since), buf, sizeof(buf));
		json_object_set_new(row, "since", json_string(buf));
	}
	json_array_foreach(ports, i, one)
		if (json_is_string(one))
			json_array_set_new(ports, i,
			    json_integer(atoi(json_string_value(one))));
}

COMMAND(cmd_media)
{
	json_t	*rows, *row;
	size_t	 i;
	int	 code = ask_show(c, "mediad", "media", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	json_array_foreach(rows, i, row)
		media_types(row);
	if (!out_for_people(&c->out))
		json_array_foreach(rows, i, row)
			figures_types(row);
	out_rows(&c->out, rows, media_columns);
	json_decref(rows);
	return CTL_DONE;
}
