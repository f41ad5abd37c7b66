/*
 * reg - who is registered, from where.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/mono.h"
#include "common/uri.h"
#include "sipctl/ask.h"
#include "sipctl/span.h"

static const struct column list_columns[] = {
	{ "aor", "USER", COLUMN_TEXT },
	{ "contact", "CONTACT", COLUMN_TEXT },
	{ "received", "SEEN FROM", COLUMN_TEXT },
	{ "expires_s", "EXPIRES", COLUMN_SECONDS },
	{ "rtt_ms", "RTT", COLUMN_MS },
	{ "agent", "AGENT", COLUMN_TEXT },
	{ "call_id", "CALL-ID", COLUMN_TEXT, true },
	{ NULL }
};
/* The same without whose they are. */
static const struct column *const show_columns = list_columns + 1;

static const struct column nat_columns[] = {
	{ "address", "SEEN FROM", COLUMN_TEXT },
	{ "contacts", "CONTACTS", COLUMN_NUMBER },
	{ "interval_ms", "PING EVERY", COLUMN_MS },
	{ "moved", "FORGOT", COLUMN_NUMBER },
	{ NULL }
};

static const struct column failure_columns[] = {
	{ "source", "SOURCE", COLUMN_TEXT },
	{ "tried", "TRIED", COLUMN_TEXT },
	{ "reason", "REASON", COLUMN_TEXT },
	{ "tries", "TRIES", COLUMN_COUNT },
	{ "last_s", "LAST", COLUMN_AGO },
	{ "note", "NOTE", COLUMN_TEXT },
	{ NULL }
};

/* "tcp:192.0.2.1:1027" of a row. */
static const char *
flow_of(const json_t *row, char buf[256])
{
	const char	*by = json_string_value(json_object_get(row, "transport"));
	const char	*from = json_string_value(json_object_get(row, "received"));

	snprintf(buf, 256, "%s:%s", by != NULL ? by : "", from != NULL ? from : "");
	return buf;
}

/* A table of sipd's as an object by its "flow"; NULL when sipd does not answer. */
static json_t *
by_flow(struct ctl *c, const char *table)
{
	json_t		*rows, *all, *row;
	const char	*flow;
	size_t		 i;

	if (ask_show(c, "sipd", table, NULL, &rows) != CTL_DONE)
		return NULL;
	all = json_object();
	json_array_foreach(rows, i, row) {
		flow = json_string_value(json_object_get(row, "flow"));
		if (flow != NULL)
			json_object_set(all, flow, row);
	}
	json_decref(rows);
	return all;
}

/*
 * regd knows the bindings, sipd which of their connections are gone, and what pings
 * say. Without sipd nobody can be reached, and nothing is said of it here.
 */
static void
add_states(struct ctl *c, json_t *bindings)
{
	json_t	*lost, *pings, *row, *ping;
	char	 buf[256];
	size_t	 i;

	if (daemon_probe(c, "sipd", true) < 0)
		return;
	lost = by_flow(c, "lost flows");
	pings = by_flow(c, "pings");
	json_array_foreach(bindings, i, row) {
		ping = json_object_get(pings, flow_of(row, buf));
		json_object_set_new(row, "state", json_string("ok"));
		if (ping != NULL) {
			json_object_set(row, "state", json_object_get(ping, "state"));
			json_object_set(row, "rtt_ms", json_object_get(ping, "rtt_ms"));
		}
		if (json_object_get(lost, buf) != NULL)
			json_object_set_new(row, "state", json_string("lost"));
	}
	json_decref(lost);
	json_decref(pings);
}

/* Does its Contact name another host than it is seen from? */
static bool
is_behind_nat(const json_t *row)
{
	const char	*contact = json_string_value(json_object_get(row, "contact"));
	const char	*seen = json_string_value(json_object_get(row, "received"));
	struct addr	 written, from;
	struct uri	 u;

	return contact != NULL && seen != NULL && uri_parse(&u, str_of(contact)) == 0 &&
	    addr_parse(&written, u.host, 0) == 0 &&
	    addr_parse_port(&from, str_of(seen)) == 0 && !addr_eq_host(&written, &from);
}

/* "203.0.113.7:49822 tls NAT lost": what the table says under SEEN FROM. */
static void
for_people(json_t *bindings)
{
	const char	*seen, *state;
	json_t		*row;
	size_t		 i;

	json_array_foreach(bindings, i, row) {
		seen = json_string_value(json_object_get(row, "received"));
		state = json_string_value(json_object_get(row, "state"));
		if (seen == NULL || seen[0] == '\0')
			continue;
		json_object_set_new(row, "received", json_sprintf("%s %s%s%s%s", seen,
		    json_string_value(json_object_get(row, "transport")) ?: "",
		    is_behind_nat(row) ? " NAT" : "",
		    state == NULL || strcmp(state, "ok") == 0 ? "" : " ",
		    state == NULL || strcmp(state, "ok") == 0 ? "" : state));
	}
}

COMMAND(cmd_reg_list)
{
	json_t	*rows;
	int	 code = ask_show(c, "regd", "bindings", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	add_states(c, rows);
	if (out_for_people(&c->out))
		for_people(rows);
	out_rows(&c->out, rows, list_columns);
	json_decref(rows);
	return CTL_DONE;
}

/* "anna@example.com   2 contacts, number 201, last login 00:12 ago" */
static void
print_head(struct ctl *c, const char *aor, size_t n)
{
	const char	*args[] = { aor, NULL }, *number;
	char		 ago[64];
	json_t		*users, *login;

	printf("%s   %zu contact%s", aor, n, n == 1 ? "" : "s");
	if (ask_show(c, "regd", "users", args, &users) == CTL_DONE) {
		number = json_string_value(json_object_get(json_array_get(users, 0),
		    "number"));
		login = json_object_get(json_array_get(users, 0), "last_login_s");
		if (number != NULL && number[0] != '\0')
			printf(", number %s", number);
		duration_text(json_number_value(login), ago, sizeof(ago));
		if (json_is_integer(login))
			printf(", last login %s ago", ago);
		json_decref(users);
	}
	printf("\n\n");
}

COMMAND(cmd_reg_show)
{
	char		 aor[256];
	const char	*args[] = { aor, NULL };
	json_t		*rows;
	size_t		 n;
	int		 code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	if ((code = ask_show(c, "regd", "bindings", args, &rows)) != CTL_DONE)
		return code;
	add_states(c, rows);
	n = json_array_size(rows);
	if (out_for_people(&c->out) && n > 0) {
		print_head(c, aor, n);
		for_people(rows);
	}
	out_rows(&c->out, rows, show_columns);
	json_decref(rows);
	return n > 0 ? CTL_DONE : no(CTL_NO, "%s is not registered", aor);
}

/* Rows whose last try was not then leave. */
static void
only_then(json_t *rows, const struct span *span)
{
	int64_t	now_ms = wall_ms();
	size_t	i;

	for (i = json_array_size(rows); i-- > 0;)
		if (!span_has(span, now_ms - 1000 * json_integer_value(json_object_get(
		    json_array_get(rows, i), "last_s"))))
			json_array_remove(rows, i);
}

COMMAND(cmd_reg_failures)
{
	struct span	 span;
	json_t		*rows;
	int		 code;

	if (!span_read(l, &span))
		return CTL_USAGE;
	if ((code = ask_show(c, "regd", "failures", NULL, &rows)) != CTL_DONE)
		return code;
	only_then(rows, &span);
	out_rows(&c->out, rows, failure_columns);
	json_decref(rows);
	return CTL_DONE;
}

/* "0.5" as thousandths. */
static bool
q_parse(const char *typed, uint16_t *out)
{
	char	*end;
	double	 q = strtod(typed, &end);

	if (end == typed || *end != '\0' || !(q >= 0 && q <= 1))
		return false;
	*out = (uint16_t)(q * 1000 + 0.5);
	return true;
}

COMMAND(cmd_reg_add)
{
	const char		*q_typed = line_option(l, "q");
	struct rec_contact	 contact = { .q = 1000, .uri = str_of(l->args[1]),
				    .params = str_of(line_option(l, "params")),
				    .expires_s = -1 };
	struct msg_reg_add	 body = { .by = str_of(c->user),
				    .dry_run = line_flag(l, "dry-run"),
				    .contacts = { &contact, 1 } };
	struct question		 q = { .daemon = "regd", .type = MSG_REG_ADD,
				    .body = &body };
	char			 aor[256];
	int			 code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	if (q_typed != NULL && !q_parse(q_typed, &contact.q))
		return no(CTL_USAGE, "--q is between 0 and 1");
	body.aor = str_of(aor);
	if ((code = ask_one(c, &q, 10000, false)) == CTL_DONE)
		done(c, "%s %s for %s", body.dry_run ? "would have set" : "set",
		    l->args[1], aor);
	return code;
}

COMMAND(cmd_nat)
{
	return ask_table(c, "sipd", "nats", nat_columns);
}

COMMAND(cmd_reg_del)
{
	struct msg_reg_del	body = { .by = str_of(c->user),
				    .dry_run = line_flag(l, "dry-run") };
	struct question		q = { .daemon = "regd", .type = MSG_REG_DEL,
				    .body = &body };
	char			aor[256];
	int			code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	body.aor = str_of(aor);
	body.contact = str_of(l->nargs > 1 ? l->args[1] : "");
	if ((code = ask_one(c, &q, 10000, false)) == CTL_DONE)
		done(c, "%s %s of %s", body.dry_run ? "would have removed" :
		    "removed", l->nargs > 1 ? l->args[1] :
		    "all contacts", aor);
	return code;
}
