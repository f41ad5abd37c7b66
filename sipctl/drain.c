/*
 * drain - takes no new calls, waits until those of now are over, and ends the house.
 *
 * sipd is told again and again: should it begin anew meanwhile, it knows. Who presses
 * ^C or runs out of time has calls taken again.
 */
#include <stdlib.h>

#include "common/mono.h"
#include "common/setting_types.h"
#include "sipctl/ask.h"
#include "sipctl/house.h"
#include "sipctl/pause.h"
#include "sipctl/progress.h"

#define ASK_MS		3000
#define LOOK_MS		200
#define LIMIT_MS	(INT64_C(60) * 60 * 1000)

static int
close_calls(struct ctl *c, bool closed)
{
	struct msg_calls_close	body = { .closed = closed, .by = str_of(c->user) };
	struct question		q = { .daemon = "sipd", .type = MSG_CALLS_CLOSE,
				    .body = &body };

	return ask_one(c, &q, ASK_MS, false);
}

/* -1: nobody knows just now. */
static int64_t
calls_now(struct ctl *c)
{
	struct house_view	h;
	int64_t			n = -1;

	house_look(c, &h, ASK_MS);
	for (int i = 0; i < DAEMONS; i++)
		if (strcmp(h.daemons[i].name, "sipd") == 0 && h.daemons[i].answered)
			n = house_figure(&h, "sipd", "calls");
	house_fini(&h);
	return n;
}

/* Until no call is left: CTL_DONE; CTL_NO: it took too long, or ^C. */
static int
wait_for_calls(struct ctl *c, int64_t limit_ms)
{
	struct mono	until = mono_add_ms(mono_now(), limit_ms);
	struct progress	p;
	const char	*why;
	int64_t		n, first = -1;
	int		code = CTL_DONE;

	progress_begin(&p, "draining");
	while ((n = calls_now(c)) != 0) {
		first = n > first ? n : first;
		if (n > 0)
			progress_tell(&p, c, (uint64_t)(first - n), (uint64_t)first, "");
		if (interrupted() || mono_before(until, mono_now())) {
			code = CTL_NO;
			break;
		}
		pause_ms(LOOK_MS);
		(void)close_calls(c, true);
	}
	progress_end(&p);
	if (code == CTL_DONE)
		return code;
	why = interrupted() ? "interrupted" : "the time is over";
	if (n < 0)
		say("%s: sipd does not say how many calls are left", why);
	else
		say("%s: %lld call%s left; calls are taken again", why, (long long)n,
		    n == 1 ? " is" : "s are");
	return code;
}

COMMAND(cmd_drain)
{
	const char		*limit = line_option(l, "limit");
	int64_t			 ms = LIMIT_MS;
	int			 code;

	if (limit != NULL && (duration_parse(str_of(limit), &ms) < 0 || ms < 0))
		return no(CTL_USAGE, "--limit wants a time like 10m, not \"%s\"", limit);
	if ((code = close_calls(c, !line_flag(l, "undo"))) != CTL_DONE)
		return code;
	if (line_flag(l, "undo")) {
		done(c, "calls are taken again");
		return CTL_DONE;
	}
	interrupt_catch();
	if ((code = wait_for_calls(c, ms)) != CTL_DONE) {
		(void)close_calls(c, false);
		return code;
	}
	return cmd_down(c, l);
}
