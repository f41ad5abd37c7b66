/*
 * trace - what the flight recorder holds: the recent calls, or one of them with
 * every message, decision and timer.
 */
#include <stdlib.h>

#include "common/id.h"
#include "sipctl/anonymize.h"
#include "sipctl/ask.h"
#include "sipctl/span.h"
#include "sipctl/trace_show.h"

#define ID_DIGITS	8	/* of the key, as hexadecimal: what lists show */

static const struct column list_columns[] = {
	{ "id", "ID", COLUMN_TEXT },
	{ "time", "TIME", COLUMN_TEXT },
	{ "method", "METHOD", COLUMN_TEXT, true },
	{ "call", "CALL", COLUMN_TEXT },
	{ "result", "RESULT", COLUMN_TEXT },
	{ "duration_s", "TOOK", COLUMN_TENTHS },
	{ "gateway", "GATEWAY", COLUMN_TEXT },
	{ "call_id", "CALL-ID", COLUMN_TEXT, true },
	{ NULL }
};
static const struct column record_columns[] = {
	{ "time", "TIME", COLUMN_TEXT },
	{ "after_ms", "AFTER", COLUMN_MS },
	{ "message", "#", COLUMN_NUMBER },
	{ "kind", "KIND", COLUMN_TEXT },
	{ "peer", "PEER", COLUMN_TEXT },
	{ "what", "WHAT", COLUMN_TEXT },
	{ NULL }
};

static const char *const kinds[RECORD_KINDS] = {
	[RECORD_START] = "start", [RECORD_IN] = "in", [RECORD_OUT] = "out",
	[RECORD_DECISION] = "decision", [RECORD_TIMER] = "timer",
	[RECORD_FAILURE] = "failure", [RECORD_RESULT] = "result",
};

static json_t *
text_or_null(const char *s)
{
	return s != NULL ? json_text(str_of(s)) : json_null();
}

/* ---- the list ---- */

/* "14:01:07", "anna@example.com -> bo@example.com", "404 Not Found". */
static void
for_people(json_t *row, const struct trace_call *k)
{
	char	when[40];

	trace_time(k->began_ms, false, when);
	json_object_set_new(row, "time", json_stringn(when, 8));
	json_object_set_new(row, "call", json_sprintf("%s -> %s", k->from != NULL ? k->from :
	    "?", k->to != NULL ? k->to : "?"));
	json_object_set_new(row, "result", k->code == 0 ? json_null() :
	    json_sprintf("%u %s", k->code, k->reason != NULL ? k->reason : ""));
}

static json_t *
list_row(const struct ctl *c, const struct trace_call *k)
{
	char	 id[ID_DIGITS + 1], when[40];
	json_t	*row;

	snprintf(id, sizeof(id), "%08x", (unsigned)(k->call >> 32));
	trace_time(k->began_ms, true, when);
	row = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:f,s:o,s:o}", "id", id, "time", when,
	    "method", text_or_null(k->method), "from", text_or_null(k->from),
	    "to", text_or_null(k->to),
	    "code", k->code != 0 ? json_integer(k->code) : json_null(),
	    "reason", text_or_null(k->reason),
	    "duration_s", (double)(k->ended_ms - k->began_ms) / 1000,
	    "gateway", text_or_null(k->gateway),
	    "call_id", text_or_null(k->call_id));
	if (out_for_people(&c->out))
		for_people(row, k);
	return row;
}

static int
list(struct ctl *c, const struct line *l, const struct span *span)
{
	struct trace_calls	 t;
	json_t			*rows = json_array();
	bool			 failed = line_flag(l, "failed"), all = line_flag(l, "all");
	int			 code = trace_calls(c, &t);

	for (size_t i = 0; i < t.n && code == CTL_DONE; i++)
		if ((all || trace_call_is_invite(t.v[i])) && (!failed || trace_call_failed(t.v[i])) &&
		    span_has(span, t.v[i]->ended_ms))
			json_array_append_new(rows, list_row(c, t.v[i]));
	if (code == CTL_DONE) {
		out_rows(&c->out, rows, list_columns);
		if (t.lost)
			say("some records are missing: the ring was written faster "
			    "than it was read");
	}
	trace_calls_fini(&t);
	json_decref(rows);
	return code;
}

/* ---- one call ---- */

static void
add_message(json_t *row, const struct record *c, bool whole)
{
	struct record_message	m;
	struct str		text;
	char			buf[PEER_TEXT_MAX];

	if (!record_read_message(c, &m, &text))
		return;
	json_object_set_new(row, "peer", json_text(trace_peer(&m, true, buf)));
	if (whole)
		json_object_set_new(row, "local", json_text(trace_peer(&m, false, buf)));
	json_object_set_new(row, "what", json_text(m.flags & RECORD_BAD ?
	    STR("not a SIP message") : record_slice(text, m.label)));
	json_object_set_new(row, "body", json_boolean(m.flags & RECORD_HAS_BODY));
	if (whole)
		json_object_set_new(row, "text", json_text(text));
}

static void
add_note(json_t *row, const struct record *c)
{
	struct str	text;
	char		tag[9];

	if (!record_read_note(c, tag, &text))
		return;
	json_object_set_new(row, "tag", json_text(str_of(tag)));
	json_object_set_new(row, "what", json_text(text));
}

/* message: its number, counted up. */
static json_t *
record_row(const struct ctl *c, const struct trace_record *r, int64_t begin_ns,
    unsigned *message)
{
	const struct record	*k = r->c;
	bool			 people = out_for_people(&c->out);
	bool			 is_message = k->kind == RECORD_IN || k->kind == RECORD_OUT;
	json_t			*row;
	char			 when[40];

	trace_time(k->wall_ms, !people, when);
	row = json_pack("{s:s,s:f,s:s,s:s}", "time", when, "after_ms",
	    (double)(k->mono_ns - begin_ns) / 1e6, "daemon", r->daemon, "kind",
	    k->kind < RECORD_KINDS && kinds[k->kind] != NULL ? kinds[k->kind] : "?");
	if (k->code != 0)
		json_object_set_new(row, "code", json_integer(k->code));
	if (is_message) {
		json_object_set_new(row, "message", json_integer(++*message));
		add_message(row, k, !people);
	} else
		add_note(row, k);
	return row;
}

static void
rows(struct ctl *c, const struct trace *t)
{
	json_t		*v = json_array();
	unsigned	 message = 0;

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(v, record_row(c, &t->v[i], t->v[0].c->mono_ns,
		    &message));
	out_rows(&c->out, v, record_columns);
	json_decref(v);
}

static void
hide(struct trace *t)
{
	struct pseudonyms	*a = pseudonyms_new();

	anonymize(t, a);
	pseudonyms_free(a);
}

static int
show(struct ctl *c, const struct line *l, uint64_t call, const char *name)
{
	struct trace	t;
	int		code = trace_load(c, call, &t);

	if (code == CTL_DONE && t.n == 0)
		code = no(CTL_NO, "the flight recorder has nothing of %s; \"sipctl "
		    "trace --all\" lists what it has", name);
	if (code == CTL_DONE && line_flag(l, "anonymize"))
		hide(&t);
	if (code == CTL_DONE && strcmp(l->command->noun, "why") == 0)
		code = trace_why(c, l, &t);
	else if (code == CTL_DONE && trace_has_form(c, l))
		code = trace_show(c, l, &t, name);
	else if (code == CTL_DONE)
		rows(c, &t);
	trace_fini(&t);
	return code;
}

/* ---- which ---- */

/* The Call-ID of a row of "sipctl calls"; NULL after saying why not. */
static char *
call_id_of(struct ctl *c, const char *number, int *code)
{
	json_t	*rows, *row;
	size_t	 i;
	char	*found = NULL;

	if ((*code = ask_show(c, "sipd", "calls", NULL, &rows)) != CTL_DONE)
		return NULL;
	json_array_foreach(rows, i, row)
		if (json_integer_value(json_object_get(row, "id")) == atoll(number) &&
		    json_string_value(json_object_get(row, "call_id")) != NULL)
			found = xstrdup(json_string_value(json_object_get(row, "call_id")));
	json_decref(rows);
	if (found == NULL)
		*code = no(CTL_NO, "\"sipctl calls\" has no call %s", number);
	return found;
}

/* The key that begins so; 0: none. */
static uint64_t
key_of(struct ctl *c, const char *digits, int *code)
{
	struct trace_calls	t;
	uint64_t		key = 0, begin = strtoull(digits, NULL, 16);

	*code = trace_calls(c, &t);
	for (size_t i = 0; i < t.n && key == 0; i++)
		if (t.v[i]->call >> 32 == begin)
			key = t.v[i]->call;
	trace_calls_fini(&t);
	return key;
}

int
trace_key(struct ctl *c, const char *name, uint64_t *key)
{
	size_t	 len = strlen(name);
	char	*call_id;
	int	 code = CTL_DONE;

	*key = 0;
	if (len < ID_DIGITS && strspn(name, "0123456789") == len) {
		if ((call_id = call_id_of(c, name, &code)) == NULL)
			return code;
		*key = id_call(str_of(call_id));
		free(call_id);
	} else if (len == ID_DIGITS && strspn(name, "0123456789abcdef") == len)
		*key = key_of(c, name, &code);
	if (*key == 0)
		*key = id_call(str_of(name));
	return code;
}

static int
show_named(struct ctl *c, const struct line *l, const char *name)
{
	uint64_t	key;
	int		code = trace_key(c, name, &key);

	return code == CTL_DONE ? show(c, l, key, name) : code;
}

COMMAND(cmd_trace)
{
	const char	*call_id = line_option(l, "call-id");
	struct span	 span;
	size_t		 named = line_option(l, "diff") != NULL;	/* its second number */

	if (!span_read(l, &span))
		return CTL_USAGE;
	if (l->nargs > named + (size_t)(call_id == NULL))
		return no(CTL_USAGE, "either an ID or --call-id, not both");
	if (call_id != NULL)
		return show(c, l, id_call(str_of(call_id)), call_id);
	if (l->nargs > named)
		return show_named(c, l, l->args[0]);
	return list(c, l, &span);
}

/* The call that was typed, or the last that failed. */
COMMAND(cmd_why)
{
	const char		*call_id = line_option(l, "call-id");
	struct trace_calls	 t;
	uint64_t		 key = 0;
	int			 code;

	if (call_id != NULL)
		return show(c, l, id_call(str_of(call_id)), call_id);
	if (l->nargs > 0)
		return show_named(c, l, l->args[0]);
	if ((code = trace_calls(c, &t)) == CTL_DONE) {
		for (size_t i = 0; i < t.n && key == 0; i++)
			if (trace_call_is_invite(t.v[i]) && trace_call_failed(t.v[i]))
				key = t.v[i]->call;
		code = key != 0 ? show(c, l, key, "the last call that failed") :
		    no(CTL_NO, "no call failed that the flight recorder still holds");
	}
	trace_calls_fini(&t);
	return code;
}
