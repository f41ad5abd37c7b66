/*
 * config_apply - apply, confirm, rollback, history: which configuration is in
 * force, and since when.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mono.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"

#define HISTORY_MAX	50

static int
apply_etc(struct ctl *c, const struct line *l, bool anyway)
{
	struct complaints out = { 0 };
	struct edition	  next;
	struct apply	  a;
	int		  code = CTL_NO;
	bool		  good;

	if (!apply_options_read(l, &a))
		return CTL_USAGE;
	a.anyway = anyway;
	good = edition_read(&next, c, NULL, &out);
	complaints_say(c, &out, "Nothing was changed.");
	if (good)
		code = apply_edition(c, &next, &a);
	complaints_fini(&out);
	edition_fini(&next);
	return code;
}

COMMAND(cmd_config_apply)
{
	const char	*daemon = line_option(l, "retry");

	return daemon != NULL ? apply_retry(c, daemon) : apply_etc(c, l, false);
}

/*
 * The daemons read the files that settings name again (certificates, passwords),
 * even when no text has changed.
 */
COMMAND(cmd_reload)
{
	return apply_etc(c, l, true);
}

/* Everybody who runs generation g forgets its deadline. */
static void
tell_confirmed(struct ctl *c, uint64_t number)
{
	struct msg_commit	body[DAEMONS];
	struct question		q[DAEMONS];
	int			i;

	for (i = 0; i < DAEMONS; i++) {
		body[i] = (struct msg_commit){ .generation = number };
		q[i] = (struct question){ .daemon = daemon_names[i],
		    .type = MSG_COMMIT, .body = &body[i] };
	}
	ask_all(c, q, DAEMONS, 3000, false);
	for (i = 0; i < DAEMONS; i++)
		if (q[i].error < 0 && q[i].error != -ECONNREFUSED)
			say("%s does not know yet; it looks at the deadline",
			    daemon_names[i]);
}

COMMAND(cmd_config_confirm)
{
	struct generation	g;
	int			e = generation_in_force(&c->dirs, &g);

	if (e == 0 && !g.confirm)
		return no(CTL_NO, "nothing waits for a confirmation: generation %llu "
		    "is in force", (unsigned long long)g.number);
	if (e == 0)
		e = generation_confirm(&c->dirs, g.number);
	if (e < 0)
		return no(e == -EACCES || e == -EPERM ? CTL_DENIED : CTL_NO,
		    "cannot confirm: %s", strerror(-e));
	tell_confirmed(c, g.number);
	done(c, "generation %llu stays", (unsigned long long)g.number);
	return CTL_DONE;
}

COMMAND(cmd_config_rollback)
{
	struct edition		old;
	struct generation	g;
	struct apply		a;
	char			why[64];
	uint64_t		number;
	int			e, code;

	if (!apply_options_read(l, &a))
		return CTL_USAGE;
	if (generation_in_force(&c->dirs, &g) < 0)
		return no(CTL_NO, "nothing is in force yet");
	number = g.based_on;
	if (l->nargs > 0 && str_u64(str_of(l->args[0]), &number) < 0)
		return no(CTL_USAGE, "\"%s\" is not the number of a generation",
		    l->args[0]);
	if (number == 0)
		return no(CTL_NO, "there is nothing before generation %llu",
		    (unsigned long long)g.number);
	if ((e = edition_of(&old, c, number)) < 0)
		return no(e == -EACCES ? CTL_DENIED : CTL_NO, "generation %llu: %s; "
		    "next: sipctl config history", (unsigned long long)number,
		    e == -ENOENT ? "there is none" : strerror(-e));
	snprintf(why, sizeof(why), "rollback to %llu", (unsigned long long)number);
	if (a.why[0] == '\0')
		a.why = why;
	code = apply_edition(c, &old, &a);
	edition_fini(&old);
	if (code == CTL_DONE && !a.dry_run)
		say("%s still has the other text; see: sipctl config diff",
		    c->dirs.etc);
	return code;
}

/* ---- history ---- */

static const struct column columns[] = {
	{ "generation", "#", COLUMN_NUMBER },
	{ "when", "WHEN", COLUMN_WHEN },
	{ "user", "USER", COLUMN_TEXT },
	{ "why", "WHY", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ NULL }
};

static void
state_text(const struct generation *g, uint64_t in_force, char *buf, size_t size)
{
	int64_t	left = (g->confirm_until_ms - boot_ms()) / 1000;

	if (g->number == in_force && g->confirm)
		snprintf(buf, size, "in force, waiting for confirm, %lld s",
		    (long long)left);
	else if (g->number == in_force)
		snprintf(buf, size, "in force");
	else
		snprintf(buf, size, "%s", g->confirm ? "not confirmed" : "");
}

COMMAND(cmd_config_history)
{
	struct generation	*list = xcalloc(HISTORY_MAX, sizeof(*list)), g = { 0 };
	json_t			*rows = json_array();
	char			 when[40], state[64];
	int			 i, n, e = generation_in_force(&c->dirs, &g);

	if (e == -EACCES) {
		free(list);
		json_decref(rows);
		return no(CTL_DENIED, "%s/generations: permission denied",
		    c->dirs.state);
	}
	n = generation_list(&c->dirs, list, HISTORY_MAX);
	for (i = 0; i < n; i++) {
		time_text(list[i].when_ms, when, sizeof(when));
		state_text(&list[i], g.number, state, sizeof(state));
		json_array_append_new(rows, json_pack("{s:I,s:s,s:o,s:o,s:I,s:s}",
		    "generation", (json_int_t)list[i].number, "when", when,
		    "user", json_text(str_of(list[i].user)),
		    "why", json_text(str_of(list[i].why)),
		    "based_on", (json_int_t)list[i].based_on, "state", state));
	}
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	free(list);
	return CTL_DONE;
}
