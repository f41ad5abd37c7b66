/*
 * check - the overview for monitoring: one line and the exit codes of the plugins
 * that Nagios, Icinga and their like run.
 */
#include <stdio.h>

#include "sipctl/overview.h"

enum { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };
static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* What a graph is drawn of, behind the bar. */
static const struct {
	const char	*daemon, *figure;
} performance[] = {
	{ "sipd", "calls" }, { "sipd", "contacts" }, { "sipd", "txn_server" },
	{ "sipd", "txn_client" }, { "mediad", "media_sessions" }, { "mediad", "media_ports" },
	{ "gwregd", "gw_registered" },
};

static int
judge(const struct overview *o, struct text *t)
{
	int	state = PLUGIN_OK;
	size_t	down = 0;

	for (size_t i = 0; i < DAEMONS; i++) {
		const struct daemon_view	*d = &o->house.daemons[overview_order[i]];

		if (daemon_ready(d))
			continue;
		text_printf(t, "%s%s is %s", down++ > 0 ? ", " : "", d->name, d->state);
		if (strcmp(d->state, "unknown") == 0)
			state = PLUGIN_UNKNOWN;
		else
			state = PLUGIN_CRITICAL;
	}
	if (down > 0)
		return state;
	if (json_array_size(o->warnings) > 0) {
		json_t	*first = json_array_get(o->warnings, 0);

		text_printf(t, "%s", json_string_value(json_object_get(first, "text")));
		if (json_array_size(o->warnings) > 1)
			text_printf(t, " (and %zu more)", json_array_size(o->warnings) - 1);
		return PLUGIN_WARNING;
	}
	text_printf(t, "%d daemons, generation %llu", DAEMONS,
	    (unsigned long long)o->in_force.number);
	return PLUGIN_OK;
}

COMMAND(cmd_check)
{
	struct overview	o;
	struct text	t, shown;
	char		buf[1024], line[4096];
	int		state;

	(void)l;
	overview_look(&o, c);
	text_init(&t, buf, sizeof(buf));
	state = judge(&o, &t);
	text_init(&shown, line, sizeof(line));
	out_escape(&shown, text_str(&t));
	printf("SIP %s - %s |", words[state], line);
	for (size_t i = 0; i < sizeof(performance) / sizeof(performance[0]); i++)
		printf(" %s=%lld", performance[i].figure, (long long)house_figure(&o.house,
		    performance[i].daemon, performance[i].figure));
	printf("\n");
	overview_fini(&o);
	return state;
}
