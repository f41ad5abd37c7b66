/*
 * overview - one look at the whole house, and what is wrong with it: each warning
 * with the command to run next. status and check print it.
 */
#include "sipctl/overview.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/mono.h"
#include "sipctl/edition.h"

#define LOOK_MS	1500

const int overview_order[DAEMONS] = { 1, 4, 2, 3, 0 };

/* regd knows; sipd's replica while regd is away. */
int64_t
house_contacts(const struct house_view *h)
{
	int64_t	n = house_figure(h, "regd", "contacts");

	return n != 0 ? n : house_figure(h, "sipd", "contacts");
}

static void
warn(struct overview *o, const char *command, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
warn(struct overview *o, const char *command, const char *fmt, ...)
{
	char	text[1024];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(o->warnings, json_pack("{s:o,s:s}", "text",
	    json_text(str_of(text)), "command", command));
}

static void
judge_daemon(struct overview *o, const struct daemon_view *d, bool all_down)
{
	char	command[128];

	if (strcmp(d->state, "ok") != 0)
		o->ok = false;
	if (!daemon_ready(d) && !all_down) {
		snprintf(command, sizeof(command),
		    strcmp(d->state, "unknown") == 0 ? "sudo sipctl status" :
		    "sipctl log --last 5m --daemon %s", d->name);
		warn(o, command, "%s is %s: %s", d->name, d->state, d->reason);
	}
	if (d->answered && o->has_generation &&
	    d->generation != o->in_force.number) {
		o->ok = false;
		snprintf(command, sizeof(command), "sipctl config apply --retry %s", d->name);
		warn(o, command, "%s runs generation %llu, not %llu",
		    d->name, (unsigned long long)d->generation,
		    (unsigned long long)o->in_force.number);
	}
	json_array_extend(o->warnings, d->warnings);
}

static void
judge_configuration(struct overview *o, struct ctl *c)
{
	struct complaints	none = { 0 };
	struct edition		now, etc;
	struct generation	g;
	char			text[64];
	int			e = edition_in_force(&now, c, &g);

	o->has_generation = e == 0;
	o->in_force = g;
	edition_read(&etc, c, NULL, &none);
	if (etc.conf == NULL)
		warn(o, "sipctl config check", "%s cannot be read as a whole",
		    c->dirs.etc);
	else if (e == 0 && !edition_equal(&now, &etc))
		warn(o, "sipctl config diff", "edited, not applied: %s is not what "
		    "is in force", c->dirs.etc);
	if (e == 0 && g.confirm) {
		duration_text((double)(g.confirm_until_ms - boot_ms()) / 1000, text,
		    sizeof(text));
		warn(o, "sipctl config confirm", "generation %llu goes back in %s "
		    "unless it is confirmed", (unsigned long long)g.number, text);
	}
	edition_fini(&now);
	edition_fini(&etc);
	complaints_fini(&none);
}

void
overview_look(struct overview *o, struct ctl *c)
{
	bool	all_down = true;
	int	i;

	memset(o, 0, sizeof(*o));
	o->warnings = json_array();
	o->ok = true;
	house_look(c, &o->house, LOOK_MS);
	judge_configuration(o, c);
	for (i = 0; i < DAEMONS; i++)
		if (strcmp(o->house.daemons[i].state, "down") != 0)
			all_down = false;
	if (all_down)
		warn(o, "sipctl up --detach --wait", "no daemon runs");
	else if (pid_of(c, "keeper") == 0 && !run_by_systemd(c))
		warn(o, "sipctl up --detach", "the keeper does not run: nobody would "
		    "restart a daemon");
	for (i = 0; i < DAEMONS; i++)
		judge_daemon(o, &o->house.daemons[overview_order[i]], all_down);
}

void
overview_fini(struct overview *o)
{
	json_decref(o->warnings);
	house_fini(&o->house);
}
