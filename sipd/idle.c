/* idle - what happens to calls of which nothing is heard any more. */
#include "sipd/idle.h"

#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/hangup.h"
#include "sipd/media.h"
#include "sipd/msg.h"
#include "sipd/outcome.h"
#include "sipd/record.h"
#include "sipd/worker.h"

#define LOOK_MS		1000
#define LOOK_CALLS	2000	/* at a time: 200 000 calls are seen in 100 s */

enum why { WHY_NONE, WHY_TOO_LONG, WHY_EXPIRED, WHY_IDLE };

static const struct {
	const char	*by;		/* of its record */
	const char	*text;
} words[] = {
	[WHY_TOO_LONG] = { "limit", "it had lasted call-max-time" },
	[WHY_EXPIRED] = { "expired", "its session timer was not refreshed" },
	[WHY_IDLE] = { "idle", "nothing was heard of it for idle-timeout" },
};

/* ---- the session timer ---- */

void
idle_answered(struct worker *w, struct call *k, const struct sip_msg *m)
{
	struct str	value = sip_value(m, HDR_SESSION_EXPIRES), number;
	struct mono	end = { 0 };
	uint32_t	s;

	/* The last 2xx counts: without the header there is no timer any more. */
	if (value.len > 0 && str_cut(&value, ';', &number) &&
	    seconds_parse(str_trim(number), &s) == 0 && s > 0)
		end = mono_add_ms(loop_now(w->loop), (int64_t)s * 1000);
	call_session(k, end);
	call_heard(k, loop_now(w->loop));
}

/* ---- looking ---- */

static enum why
why_over(const struct call *k, const struct call_facts *f, struct mono now)
{
	const struct settings	*s = settings_now();
	struct mono		 end = call_session_end(k);

	if (s->call_max_time > 0 && wall_ms() - f->since_ms >= s->call_max_time)
		return WHY_TOO_LONG;
	if (end.ns != 0 && !mono_before(now, end))
		return WHY_EXPIRED;
	if (s->idle_timeout > 0 && !f->media &&
	    mono_ms_between(call_last_heard(k), now) >= s->idle_timeout)
		return WHY_IDLE;
	return WHY_NONE;
}

static void
count(enum why why)
{
	stats->calls_too_long += why == WHY_TOO_LONG;
	stats->calls_expired += why == WHY_EXPIRED;
	stats->calls_idle += why == WHY_IDLE;
}

static void
end(struct worker *w, struct call *k, const struct call_facts *f, enum why why)
{
	record_as(w, id_call(f->call_id), false);
	record_note(w, RECORD_TIMER, 0, "SIGNAL", STR("the call is over: "),
	    str_of(words[why].text));
	log_rate(LOG_LOW, "SIGNAL", "call %s is over: %s", log_str(f->call_id),
	    words[why].text);
	if (why == WHY_TOO_LONG)
		hangup_call(w, k);
	if (f->media)
		media_end(w, w->recording.call, f->call_id, f->caller_tag, STR_NONE);
	outcome_ended(k, words[why].by);
	call_end(w->core->calls, k);
	count(why);
	record_end(w);
}

static void
look(void *arg)
{
	struct worker		*w = arg;
	struct core		*c = w->core;
	struct call_facts	 f;
	struct call		*k = NULL;
	enum why		 why;

	for (unsigned i = 0; i < LOOK_CALLS &&
	    (k = call_next(c->calls, &c->idle_at)) != NULL; i++) {
		call_read(k, &f);
		if (f.state == CALL_ESTABLISHED &&
		    (why = why_over(k, &f, loop_now(w->loop))) != WHY_NONE)
			end(w, k, &f, why);
	}
	if (k == NULL)
		c->idle_at = 0;
	wheel_start(w->wheel, &c->idle_time, LOOK_MS);
}

void
idle_start(struct worker *w)
{
	wheel_timer_init(&w->core->idle_time, look, w);
	w->core->idle_at = 0;
	wheel_start(w->wheel, &w->core->idle_time, LOOK_MS);
}

void
idle_stop(struct worker *w)
{
	wheel_stop(w->wheel, &w->core->idle_time);
}
