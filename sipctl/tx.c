/*
 * tx - the transactions under way: those of requests that came in (SIPS) and those of
 * requests that went out (SIPC); sipd knows them.
 */
#include <stdlib.h>

#include "common/setting_types.h"
#include "common/uri.h"
#include "sipctl/ask.h"
#include "sipctl/trace.h"

#define SHOWN	256	/* sipd tells of no more at a time */

static const struct column columns[] = {
	{ "id", "ID", COLUMN_TEXT },
	{ "age_s", "AGE", COLUMN_TENTHS },
	{ "method", "METHOD", COLUMN_TEXT },
	{ "call_id", "CALL-ID", COLUMN_TEXT },
	{ "from", "FROM", COLUMN_TEXT },
	{ "target", "TARGET", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "next_timer", "NEXT TIMER", COLUMN_TEXT },
	{ "transport", "BY", COLUMN_TEXT },
	{ "code", "CODE", COLUMN_NUMBER },
	{ "peer", "PEER", COLUMN_TEXT, true },
	{ NULL }
};

/* The oldest first: they are what one looks for. */
static int
oldest_first(const void *pa, const void *pb)
{
	json_int_t	a = json_integer_value(json_object_get(*(json_t *const *)pa, "age_ms"));
	json_int_t	b = json_integer_value(json_object_get(*(json_t *const *)pb, "age_ms"));

	return a < b ? 1 : a > b ? -1 : 0;
}

/* Those of one side, or of both for side NULL; sorted. */
static json_t *
rows_of(const json_t *rows, const char *side)
{
	size_t	  n = 0, i;
	json_t	**v = xcalloc(json_array_size(rows) + 1, sizeof(v[0])), *row;
	json_t	 *out = json_array();

	json_array_foreach((json_t *)rows, i, row)
		if (side == NULL || strcmp(json_string_value(json_object_get(row, "side")) ?: "",
		    side) == 0)
			v[n++] = row;
	qsort(v, n, sizeof(v[0]), oldest_first);
	for (i = 0; i < n; i++)
		json_array_append(out, v[i]);
	free(v);
	return out;
}

/* Is it what --method and --state ask for? */
static bool
is_wanted(const struct line *l, const json_t *row)
{
	static const char *const filters[] = { "method", "state" };

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		const char	*want = line_option(l, filters[i]);
		const char	*is = json_string_value(json_object_get(row, filters[i]));

		if (want != NULL && (is == NULL || strcasecmp(want, is) != 0))
			return false;
	}
	return true;
}

/* What sipd does not keep of them, from the flight recorder. */
static void
add_parties(const struct trace_calls *t, json_t *row)
{
	const char		*id = json_string_value(json_object_get(row, "trace"));
	uint64_t		 begin = id != NULL ? strtoull(id, NULL, 16) : 0;
	const struct trace_call	*k = NULL;

	for (size_t i = 0; i < t->n && k == NULL; i++)
		if (t->v[i]->call >> 32 == begin)
			k = t->v[i];
	if (k == NULL)
		return;
	if (!json_is_string(json_object_get(row, "method")) && k->method != NULL &&
	    strcmp(k->method, "INVITE") != 0)
		json_object_set_new(row, "method", json_text(str_of(k->method)));
	if (json_is_string(json_object_get(row, "call_id")))
		return;
	json_object_set_new(row, "call_id", json_text(str_of(k->call_id)));
	json_object_set_new(row, "from", json_text(str_of(k->from)));
	json_object_set_new(row, "target", json_text(str_of(k->to)));
}

static void
complete(const struct ctl *c, json_t *rows)
{
	struct trace_calls	t = { NULL };
	bool			lacks = false;
	json_t			*row;
	size_t			 i;

	json_array_foreach(rows, i, row)
		lacks |= !json_is_string(json_object_get(row, "call_id"));
	if (lacks && trace_calls(c, &t) == CTL_DONE)
		json_array_foreach(rows, i, row)
			add_parties(&t, row);
	trace_calls_fini(&t);
}

/* "anna@example.com" of a URI, "B 3.2 s" of a timer. */
static void
for_people(json_t *row)
{
	static const char *const uris[] = { "from", "target" };
	const char	*timer = json_string_value(json_object_get(row, "timer"));
	char		 buf[AOR_MAX];
	struct uri	 u;

	json_object_set_new(row, "age_s", json_real(
	    (double)json_integer_value(json_object_get(row, "age_ms")) / 1000));
	for (size_t i = 0; i < 2; i++) {
		const char	*uri = json_string_value(json_object_get(row, uris[i]));

		if (uri != NULL && uri_parse(&u, str_of(uri)) == 0)
			json_object_set_new(row, uris[i], json_text(uri_aor(&u, buf)));
	}
	if (timer != NULL)
		json_object_set_new(row, "next_timer", json_sprintf("%s %.1f s", timer,
		    (double)json_integer_value(json_object_get(row, "timer_ms")) / 1000));
	else
		json_object_set_new(row, "next_timer", json_null());
}

static void
print_side(struct ctl *c, const json_t *all, const char *side, const char *head)
{
	json_t	*rows = rows_of(all, side);

	printf("%s: %zu\n", head, json_array_size(rows));
	out_rows(&c->out, rows, columns);
	json_decref(rows);
}

static void
print(struct ctl *c, const struct line *l, json_t *all)
{
	const char	*side = line_option(l, "side");
	json_t		*sorted, *row;
	size_t		 i;

	if (!out_for_people(&c->out)) {
		sorted = rows_of(all, NULL);
		out_rows(&c->out, sorted, columns);
		json_decref(sorted);
		return;
	}
	json_array_foreach(all, i, row)
		for_people(row);
	if (side == NULL || strcmp(side, "server") == 0)
		print_side(c, all, "server", "SIPS  requests that came in");
	if (side == NULL)
		printf("\n");
	if (side == NULL || strcmp(side, "client") == 0)
		print_side(c, all, "client", "SIPC  requests that went out");
}

COMMAND(cmd_tx)
{
	const char	*side = line_option(l, "side"), *call_id = line_option(l, "call-id");
	const char	*older = line_option(l, "older");
	char		 age[24];
	const char	*args[] = { side != NULL ? side : "", call_id != NULL ? call_id : "", age,
			    NULL };
	json_t		*rows;
	int64_t		 ms = 0;
	bool		 more;
	int		 code;

	if (side != NULL && strcmp(side, "server") != 0 && strcmp(side, "client") != 0)
		return no(CTL_USAGE, "--side is server or client, not \"%s\"", side);
	if (older != NULL && (duration_parse(str_of(older), &ms) < 0 || ms < 0))
		return no(CTL_USAGE, "--older wants a time like 5s, not \"%s\"", older);
	snprintf(age, sizeof(age), "%lld", (long long)ms);
	if ((code = ask_show(c, "sipd", "transactions", args, &rows)) != CTL_DONE)
		return code;
	more = json_array_size(rows) >= SHOWN;
	complete(c, rows);
	for (size_t i = json_array_size(rows); i-- > 0;)
		if (!is_wanted(l, json_array_get(rows, i)))
			json_array_remove(rows, i);
	print(c, l, rows);
	if (more)
		say("there are more: %d are looked at; --side, --older and --call-id choose "
		    "among all", SHOWN);
	json_decref(rows);
	return CTL_DONE;
}
