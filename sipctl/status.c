/*
 * status - is everything fine? The overview (overview.c) as a table or as JSON; each
 * warning ends with the command to run next.
 */
#include <stdio.h>
#include <unistd.h>

#include "common/mono.h"
#include "sipctl/overview.h"

/* ---- JSON ---- */

static json_t *
daemon_json(const struct daemon_view *d)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:f,s:f,s:I,s:o,s:O}",
	    "name", d->name, "state", d->state,
	    "pid", d->pid > 0 ? json_integer(d->pid) : json_null(),
	    "generation", d->answered ?
	    json_integer((json_int_t)d->generation) : json_null(),
	    "uptime_s", d->uptime_s, "cpu_s", d->cpu_s,
	    "rss_bytes", (json_int_t)d->rss_bytes,
	    "reason", json_text(str_of(d->reason)),
	    "figures", d->figures);
}

static void
print_json(const struct ctl *c, const struct overview *o)
{
	json_t	*daemons = json_array(), *figures = json_object(), *all;
	int	 i;

	for (i = 0; i < DAEMONS; i++) {
		json_array_append_new(daemons,
		    daemon_json(&o->house.daemons[overview_order[i]]));
		json_object_update_missing(figures,
		    o->house.daemons[overview_order[i]].figures);
	}
	all = json_pack("{s:b,s:o,s:s,s:o,s:O,s:I,s:I,s:o}", "ok", o->ok,
	    "generation", o->has_generation ?
	    json_integer((json_int_t)o->in_force.number) : json_null(),
	    "version", VERSION, "daemons", daemons, "warnings", o->warnings,
	    "calls", (json_int_t)house_figure(&o->house, "sipd", "calls"),
	    "contacts", (json_int_t)house_contacts(&o->house),
	    "figures", figures);
	out_json(&c->out, all);
	json_decref(all);
}

/* ---- for people ---- */

static void
work_text(const struct house_view *h, const char *name, char *buf, size_t size)
{
	/* A number, then what it counts. */
	static const struct work {
		const char *daemon;
		struct { const char *figure, *unit; } parts[3];
	} works[] = {
		{ "sipd", { { "messages_per_s", " msg/s   " }, { "txn_server", " server + " },
		    { "txn_client", " client transactions" } } },
		{ "regd", { { "aors", " addresses, " }, { "contacts", " contacts, " },
		    { "registers_per_s", " REGISTER/s" } } },
		{ "routed", { { "routes_per_s", " routings/s" } } },
		{ "mediad", { { "media_sessions", " sessions, " },
		    { "media_streams", " streams" } } },
		{ "gwregd", { { "gw_registered", " of " },
		    { "gw_registering", " gateways registered" } } },
	};
	const struct work *w = works;
	struct text	   t;
	char		   number[32];
	int64_t		   p99;

	text_init(&t, buf, size);
	while (strcmp(w->daemon, name) != 0)
		w++;
	for (int i = 0; i < 3 && w->parts[i].figure != NULL; i++) {
		count_text(house_figure(h, name, w->parts[i].figure), number,
		    sizeof(number));
		text_printf(&t, "%s%s", number, w->parts[i].unit);
	}
	if ((p99 = house_figure(h, name, "route_p99_us")) > 0)
		text_printf(&t, ", 99%% under %.*f ms", p99 < 100 ? 2 : 1,
		    (double)p99 / 1000);
}

static json_t *
daemon_row(const struct house_view *h, const struct daemon_view *d)
{
	char	work[256], state[16];
	size_t	i;

	snprintf(state, sizeof(state), "%s", d->state);
	for (i = 0; strcmp(state, "ok") != 0 && state[i] != '\0'; i++)
		if (state[i] >= 'a' && state[i] <= 'z')
			state[i] -= 'a' - 'A';
	if (!d->answered)
		return json_pack("{s:s,s:s,s:n,s:n,s:n,s:n,s:o}", "daemon", d->name,
		    "state", state, "uptime", "conf", "cpu", "memory", "work",
		    json_text(str_of(d->reason)));
	work_text(h, d->name, work, sizeof(work));
	return json_pack("{s:s,s:s,s:f,s:I,s:f,s:I,s:s}", "daemon", d->name,
	    "state", state, "uptime", d->uptime_s, "conf",
	    (json_int_t)d->generation, "cpu",
	    d->uptime_s > 0 ? d->cpu_s / d->uptime_s : 0.0, "memory",
	    (json_int_t)d->rss_bytes, "work", work);
}

static const struct column columns[] = {
	{ "daemon", "DAEMON", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "uptime", "UPTIME", COLUMN_SECONDS },
	{ "conf", "CONF", COLUMN_NUMBER },
	{ "cpu", "CPU", COLUMN_SHARE },
	{ "memory", "MEMORY", COLUMN_BYTES },
	{ "work", "WORK", COLUMN_TEXT },
	{ NULL }
};

static void
print_head(const struct ctl *c, const struct overview *o)
{
	char	host[256] = "localhost", calls[32], users[32], age[32];

	gethostname(host, sizeof(host) - 1);
	count_text(house_figure(&o->house, "sipd", "calls"), calls, sizeof(calls));
	count_text(house_figure(&o->house, "sipd", "aors"), users, sizeof(users));
	printf("%s   cordboard %s   ", host, VERSION);
	if (o->has_generation) {
		char		shown[1024];
		struct text	t;

		ago_text((double)(wall_ms() - o->in_force.when_ms) / 1000, age,
		    sizeof(age));
		text_init(&t, shown, sizeof(shown));
		text_printf(&t, "%s, %s ago", o->in_force.user, age);
		if (o->in_force.why[0] != '\0') {
			text_add(&t, STR(": \""));
			out_escape(&t, str_of(o->in_force.why));
			text_ch(&t, '"');
		}
		printf("config generation %llu (%.*s)   ",
		    (unsigned long long)o->in_force.number, STR_ARG(text_str(&t)));
	}
	printf("%s call%s, %s user%s online\n\n", calls, strcmp(calls, "1") == 0 ? "" : "s",
	    users, strcmp(users, "1") == 0 ? "" : "s");
}

/* As it has to be typed, for this house. */
static void
print_command(const struct ctl *c, const char *command)
{
	char		buf[1024];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	if (c->dir != NULL && str_prefix(str_of(command), STR("sipctl "))) {
		printf("sipctl -C %s", c->dir);
		command += strlen("sipctl");
	}
	out_escape(&t, str_of(command));
	printf("%.*s\n", STR_ARG(text_str(&t)));
}

static void
print_warnings(const struct ctl *c, const json_t *warnings)
{
	const json_t	*one;
	char		 buf[2048];
	struct text	 t;
	size_t		 i, len;
	int		 width = 0;

	if (json_array_size(warnings) > 0)
		printf("\n");
	json_array_foreach((json_t *)warnings, i, one) {
		len = json_string_length(json_object_get(one, "text"));
		if ((int)len > width)
			width = len < 70 ? (int)len : 70;
	}
	json_array_foreach((json_t *)warnings, i, one) {
		const char	*text = json_string_value(json_object_get(one, "text"));
		const char	*next = json_string_value(
				    json_object_get(one, "command"));

		text_init(&t, buf, sizeof(buf));
		out_escape(&t, str_of(text));
		printf("%s! %-*.*s%s  ", c->out.color ? "\033[33m" : "",
		    width, STR_ARG(text_str(&t)), c->out.color ? "\033[0m" : "");
		print_command(c, next != NULL ? next : "");
	}
}

static void
print_raised(const struct ctl *c, int64_t n)
{
	if (n == 0)
		return;
	printf("\nlogged in detail for a while: %lld  ", (long long)n);
	print_command(c, "sipctl log raised");
}

COMMAND(cmd_status)
{
	struct overview	o;
	json_t		*rows = json_array();
	int		 i, code;

	overview_look(&o, c);
	for (i = 0; i < DAEMONS; i++)
		json_array_append_new(rows, daemon_row(&o.house,
		    &o.house.daemons[overview_order[i]]));
	if (out_for_people(&c->out)) {
		print_head(c, &o);
		out_rows(&c->out, rows, columns);
		print_warnings(c, o.warnings);
		print_raised(c, house_figure(&o.house, "sipd", "log_raised"));
	} else if (c->out.form == OUT_JSON || c->out.form == OUT_NDJSON) {
		print_json(c, &o);
	} else {
		out_rows(&c->out, rows, columns);
	}
	code = o.ok ? CTL_DONE : CTL_NO;
	json_decref(rows);
	overview_fini(&o);
	return code;
}
