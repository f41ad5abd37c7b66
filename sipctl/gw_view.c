/*
 * gw_view - gateways as people see them: the registration is gwregd's to know, the calls
 * are sipd's.
 */
#include "sipctl/gw.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "sipctl/ask.h"

static const struct column columns[] = {
	{ "name", "NAME", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "registered_as", "REGISTERED AS", COLUMN_TEXT },
	{ "server", "SERVER", COLUMN_TEXT },
	{ "expires_s", "EXPIRES", COLUMN_SECONDS },
	{ "rtt_ms", "RTT", COLUMN_MS },
	{ "calls", "CALLS", COLUMN_TEXT },
	{ "ok_1h", "OK(1h)", COLUMN_SHARE },
	{ "last_error", "LAST ERROR", COLUMN_TEXT },
	{ "domain", "DOMAIN", COLUMN_TEXT, true },
	{ "probe", "PROBE", COLUMN_TEXT, true },
	{ "calls_failed", "CALLS FAILED", COLUMN_NUMBER, true },
	{ NULL }
};

/* ---- rows ---- */

static int64_t
number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void
add_counts(json_t *row, const json_t *counts)
{
	int64_t	all = number(counts, "hour_calls");

	json_object_set_new(row, "calls", json_integer(number(counts, "used")));
	json_object_set(row, "calls_answered", json_object_get(counts, "answered"));
	json_object_set(row, "calls_failed", json_object_get(counts, "failed"));
	json_object_set_new(row, "ok_1h", all == 0 ? json_null() :
	    json_real((double)(all - number(counts, "hour_failed")) / (double)all));
}

static void
add_calls(struct ctl *c, json_t *rows)
{
	json_t	*counts, *row, *one;
	size_t	 i, k;

	if (ask_show(c, "sipd", "channels", NULL, &counts) != CTL_DONE)
		return;
	json_array_foreach(rows, i, row)
		json_array_foreach(counts, k, one)
			if (json_equal(json_object_get(row, "name"),
			    json_object_get(one, "name")))
				add_counts(row, one);
	json_decref(counts);
}

int
gw_rows(struct ctl *c, const char *name, json_t **rows)
{
	const char	*is;
	size_t		 i;
	int		 code = ask_show(c, "gwregd", "gateways", NULL, rows);

	if (code != CTL_DONE)
		return code;
	for (i = json_array_size(*rows); name != NULL && i-- > 0;) {
		is = json_string_value(json_object_get(json_array_get(*rows, i), "name"));
		if (is == NULL || strcasecmp(is, name) != 0)
			json_array_remove(*rows, i);
	}
	add_calls(c, *rows);
	return CTL_DONE;
}

/* ---- for people ---- */

/* What wants somebody to act is in capitals. */
static const char *
state_words(const char *state)
{
	static const char *const	words[][2] = {
		{ "failed", "FAILED" }, { "down", "DOWN" },
		{ "unregistered", "unregistered by choice" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], state) == 0)
			return words[i][1];
	return state;
}

/* "tls:192.0.2.10:5061" is "192.0.2.10 tls"; another port stays. */
static void
print_server(const char *text, struct text *out)
{
	char		host[ADDR_TEXT_MAX];
	struct peer	p;

	if (peer_parse(&p, str_of(text)) < 0) {
		text_add(out, str_of(text));
		return;
	}
	if (addr_port(&p.addr) == (p.transport == TRANSPORT_TLS ? 5061 : 5060))
		text_add(out, addr_print_host(&p.addr, host));
	else
		text_add(out, addr_print(&p.addr, host));
	text_printf(out, " %s", transport_name(p.transport));
}

static void
for_people(json_t *row)
{
	const char	*state = json_string_value(json_object_get(row, "state"));
	const char	*server = json_string_value(json_object_get(row, "server"));
	char		 buf[128];
	struct text	 t;

	if (state != NULL)
		json_object_set_new(row, "state", json_string(state_words(state)));
	if (server != NULL) {
		text_init(&t, buf, sizeof(buf) - 1);
		print_server(server, &t);
		json_object_set_new(row, "server", json_text(text_str(&t)));
	}
	if (json_is_integer(json_object_get(row, "calls"))) {
		snprintf(buf, sizeof(buf), number(row, "channels") > 0 ? "%lld/%lld" :
		    "%lld/-", (long long)number(row, "calls"),
		    (long long)number(row, "channels"));
		json_object_set_new(row, "calls", json_string(buf));
	}
}

void
gw_print(struct ctl *c, json_t *rows)
{
	json_t	*row;
	size_t	 i;

	if (out_for_people(&c->out))
		json_array_foreach(rows, i, row)
			for_people(row);
	out_rows(&c->out, rows, columns);
}

void
gw_print_more(const json_t *row)
{
	static const struct {
		const char	*key, *words;
	} more[] = {
		{ "admin", "administrator" }, { "registration", "registration" },
		{ "probe", "probes" }, { "probe_reason", "last probe" },
		{ "last_error", "last error" },
	};
	const json_t	*ago = json_object_get(row, "probe_ago_s");
	const char	*v;
	char		 buf[512];
	struct text	 t;

	putchar('\n');
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		v = json_string_value(json_object_get(row, more[i].key));
		if (v == NULL || v[0] == '\0')
			continue;
		text_init(&t, buf, sizeof(buf));
		out_escape(&t, str_of(v));
		printf("%-14s %.*s", more[i].words, STR_ARG(text_str(&t)));
		if (strcmp(more[i].key, "probe_reason") == 0 && json_is_integer(ago))
			printf(", %lld s ago", (long long)json_integer_value(ago));
		putchar('\n');
	}
}
