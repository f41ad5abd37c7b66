/* show - the tables that sipctl asks sipd for. */
#include "sipd/show.h"

#include <time.h>

#include "sipd/calls.h"

static void
show_time(struct show *s, const char *name, int64_t ms)
{
	char		buf[32];
	time_t		t = (time_t)(ms / 1000);
	struct tm	tm;

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	show_text(s, name, str_of(buf));
}

static uint64_t
show_calls(void *arg, struct show *s, uint64_t cursor)
{
	struct call_copy	 c;
	const struct call_facts	*f = &c.facts;

	while (calls_next(&cursor, &c)) {
		show_row(s);
		show_number(s, "id", (int64_t)f->number);
		show_text(s, "call_id", f->call_id);
		show_text(s, "state", f->state == CALL_EARLY ? STR("ringing") :
		    STR("talking"));
		show_text(s, "from", f->from);
		show_text(s, "to", f->to);
		show_time(s, "since", f->since_ms);
		show_text(s, "media", f->media ? STR("proxied") : STR("direct"));
		if (f->gateway.len > 0)
			show_text(s, "gateway", f->gateway);
		else
			show_null(s, "gateway");
		if (show_full(s))
			return cursor;
	}
	return 0;
}

const struct show_table sipd_tables[] = {
	{ "calls", show_calls },
	{ 0 }
};
