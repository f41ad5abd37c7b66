/*
 * watch - a view again and again, until somebody has seen enough: --watch.
 */
#include <stdio.h>
#include <string.h>

#include "common/mono.h"
#include "common/setting_types.h"
#include "sipctl/ask.h"
#include "sipctl/pause.h"
#include "sipctl/setup.h"

#define EVERY_MS	2000
#define EVERY_MIN_MS	200
#define EVERY_MAX_MS	86400000

/* What shows and does nothing else; top and log -f go on by themselves. */
static const struct {
	const char	*noun, *verb;
} views[] = {
	{ "status", NULL }, { "check", NULL }, { "stats", NULL }, { "slow", NULL },
	{ "tx", NULL }, { "capacity", NULL }, { "nat", NULL }, { "media", NULL },
	{ "calls", "list" }, { "reg", "list" }, { "reg", "show" }, { "reg", "failures" },
	{ "user", "list" }, { "user", "show" }, { "gw", "list" }, { "gw", "show" },
	{ "ban", "list" }, { "log", "raised" }, { "config", "history" },
	{ "trace", NULL },
};

static bool
is_view(const struct command *k)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (strcmp(k->noun, views[i].noun) == 0 && (views[i].verb == NULL ?
		    k->verb == NULL : strcmp(k->verb, views[i].verb) == 0))
			return true;
	return false;
}

static void
begin_screen(const struct ctl *c, int64_t every_ms)
{
	char	now[40];

	if (!c->out.tty)
		return;
	time_text(wall_ms(), now, sizeof(now));
	printf("\033[H\033[2J%s, every %g s, ^C ends\n\n", now, (double)every_ms / 1000);
}

int
watch(struct ctl *c, const struct line *l)
{
	const char	*typed = line_option(l, "watch");
	int64_t		 every_ms = EVERY_MS;
	int		 code = CTL_DONE;

	if (typed[0] != '\0' && (duration_parse(str_of(typed), &every_ms) < 0 ||
	    every_ms < EVERY_MIN_MS || every_ms > EVERY_MAX_MS))
		return no(CTL_USAGE, "--watch wants a time from 200ms to 1d, not \"%s\"",
		    typed);
	if (!is_view(l->command))
		return no(CTL_USAGE, "--watch is for what only shows, not for \"%s%s%s\"",
		    l->command->noun, l->command->verb != NULL ? " " : "",
		    l->command->verb != NULL ? l->command->verb : "");
	interrupt_catch();
	while (!interrupted()) {
		begin_screen(c, every_ms);
		code = l->command->run(c, l);
		ask_free(c->ask);
		c->ask = NULL;
		if (fflush(stdout) != 0)
			break;			/* main() says so */
		if (!interrupted())
			pause_ms(every_ms);
	}
	return code;
}
