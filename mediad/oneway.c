/*
 * oneway - calls in which one side hears nothing, and why (row 161, pain 9).
 *
 * timeout.c looks at every session once a second. A direction is missed when the other
 * one is alive, both were agreed on, and nothing came for "media-one-way-timeout".
 */
#include "common/id.h"
#include "common/log.h"
#include "common/notes.h"
#include "common/stats.h"
#include "mediad/session_own.h"

static bool
speaks(const struct end *e, struct mono now, int64_t limit_ms)
{
	struct mono	last = { e->flow[0].count->last_ns };

	return last.ns != 0 && mono_ms_between(last, now) < limit_ms;
}

/* Since when nothing has come from it, or since it could. */
static int64_t
silence_ms(const struct session *s, const struct end *e, struct mono now)
{
	struct mono	last = { e->flow[0].count->last_ns };

	if (last.ns < s->signalled.ns)
		last = s->signalled;
	return mono_ms_between(last, now);
}

static void
say_refused(const struct flow *f, struct text *why)
{
	char	from[ADDR_TEXT_MAX], said[ADDR_TEXT_MAX];

	text_printf(why, "; %llu packets from %.*s were refused, its SDP named %.*s",
	    (unsigned long long)f->refused,
	    STR_ARG(addr_print(&f->refused_from, from)),
	    STR_ARG(f->learn.signalled.len != 0 ?
	    addr_print(&f->learn.signalled, said) : STR("no usable address")));
}

/* from is silent though to speaks. */
static bool
is_silent(const struct session *s, const struct end *from, const struct end *to,
    struct mono now, int64_t limit_ms, struct text *why)
{
	const struct flow	*f = &from->flow[0];
	const struct addr	*target = learn_target(&f->learn);
	int64_t			 ms = silence_ms(s, from, now);
	char			 at[ADDR_TEXT_MAX];

	if (!speaks(to, now, limit_ms) || speaks(from, now, limit_ms) || ms < limit_ms)
		return false;
	text_printf(why, "nothing from the %s", leg_party(from->leg));
	if (target != NULL)
		text_printf(why, " at %.*s", STR_ARG(addr_print(target, at)));
	text_printf(why, " for %lld s", (long long)ms / 1000);
	if (f->refused > 0)
		say_refused(f, why);
	else if (target == NULL)
		text_add(why, STR("; nothing can be sent to it either: its SDP named "
		    "no usable address"));
	return true;
}

/* from speaks, but nobody knows where to would hear it. */
static bool
is_deaf(const struct session *s, const struct end *from, const struct end *to,
    struct mono now, int64_t limit_ms, struct text *why)
{
	if (!speaks(from, now, limit_ms) || speaks(to, now, limit_ms) ||
	    learn_target(&to->flow[0].learn) != NULL ||
	    mono_ms_between(s->signalled, now) < limit_ms)
		return false;
	text_printf(why, "the %s hears nothing: its SDP named no usable address, and "
	    "nothing came from it", leg_party(to->leg));
	return true;
}

static bool
both_agreed(const struct end *a, const struct end *b)
{
	return a != NULL && b != NULL && a->is_rtp && a->loop == NULL &&
	    b->loop == NULL && a->direction == SDP_SENDRECV &&
	    b->direction == SDP_SENDRECV && !a->flow[0].learn.mute &&
	    !b->flow[0].learn.mute;
}

bool
session_one_way(const struct sessions *ss, const struct session *s, struct mono now,
    struct text *why)
{
	const struct leg	*a = s->caller, *b = s->selected;
	int64_t			 limit = ss->limits.one_way;

	if (limit == 0 || s->state != SESSION_ANSWERED)
		return false;
	for (unsigned i = 0; a != NULL && i < a->nends; i++) {
		const struct end	*x = a->ends[i], *y = end_find(b, i);

		if (both_agreed(x, y) &&
		    (is_deaf(s, x, y, now, limit, why) ||
		    is_deaf(s, y, x, now, limit, why) ||
		    is_silent(s, x, y, now, limit, why) ||
		    is_silent(s, y, x, now, limit, why)))
			return true;
	}
	return false;
}

void
session_look_one_way(struct sessions *ss, struct session *s, struct mono now)
{
	char		buf[256];
	struct text	why;
	uint64_t	call;
	bool		is;

	text_init(&why, buf, sizeof(buf));
	is = session_one_way(ss, s, now, &why);
	if (is == s->one_way)
		return;
	s->one_way = is;
	stats->media_one_way += is ? 1 : -1;
	call = id_call(session_call_id(s));
	note(0, call, now, "MEDIA", is ? STR("sound in one direction only: ") :
	    STR("sound in both directions again"), text_str(&why));
	if (!is) {
		log_low("MEDIA", call, "sound in both directions again call=%s",
		    log_str(session_call_id(s)));
		return;
	}
	stats->media_one_way_begun++;
	log_rate(LOG_PROBLEMS, "MEDIA", "call %s: sound in one direction only: %.*s",
	    log_str(session_call_id(s)), STR_ARG(text_str(&why)));
}
