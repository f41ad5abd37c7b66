/*
 * stats - the counters and gauges of all daemons, with what each means.
 */
#include "common/stats.h"
#include "sipctl/overview.h"

static const struct column columns[] = {
	{ "daemon", "DAEMON", COLUMN_TEXT },
	{ "name", "NAME", COLUMN_TEXT },
	{ "value", "VALUE", COLUMN_NUMBER },
	{ "help", "MEANING", COLUMN_TEXT },
	{ NULL }
};

static const struct stats_info *
info_of(const char *name)
{
	for (const struct stats_info *i = stats_table; i->name != NULL; i++)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

/* A daemon names what is not zero. */
static void
add_figures(json_t *rows, const struct daemon_view *d)
{
	const char	*name;
	json_t		*value;

	json_object_foreach(d->figures, name, value) {
		const struct stats_info	*i = info_of(name);

		json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:O,s:s}", "daemon",
		    d->name, "name", name, "kind", i == NULL || i->gauge ? "gauge" :
		    "counter", "value", value, "help", i != NULL ? i->help : ""));
	}
}

COMMAND(cmd_stats)
{
	struct overview	o;
	json_t		*rows = json_array();
	int		 code = CTL_UNREACHABLE;

	(void)l;
	overview_look(&o, c);
	for (size_t i = 0; i < DAEMONS; i++) {
		const struct daemon_view	*d = &o.house.daemons[overview_order[i]];

		if (!d->answered)
			continue;
		code = CTL_DONE;
		add_figures(rows, d);
	}
	if (code == CTL_DONE)
		out_rows(&c->out, rows, columns);
	else
		say("no daemon runs; \"sipctl up --detach --wait\" starts them");
	json_decref(rows);
	overview_fini(&o);
	return code;
}
