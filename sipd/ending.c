/*
 * ending - calls that are ended from outside of their signalling.
 *
 * sipd.c passes on what mediad tells; sipctl asks on worker 0. Both are handed to the
 * worker that owns the call's Call-ID.
 */
#include "sipd/ending.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/log.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/hangup.h"
#include "sipd/media.h"
#include "sipd/outcome.h"
#include "sipd/worker.h"

struct ending {
	bool	 by_silence;
	size_t	 id_len, tag_len;
	char	 text[];		/* Call-ID, then the caller's tag */
};

static struct call *
find(struct worker *w, const struct ending *e, struct call_facts *f)
{
	struct str	 id = str_make(e->text, e->id_len);
	struct str	 tag = str_make(e->text + e->id_len, e->tag_len);
	struct call	*k;
	uint32_t	 cursor = 0;

	while ((k = call_next(w->core->calls, &cursor)) != NULL) {
		call_read(k, f);
		if (str_eq(f->call_id, id) && str_eq(f->caller_tag, tag))
			return k;
	}
	return NULL;
}

static void
end(struct worker *w, void *arg)
{
	struct ending		*e = arg;
	struct call_facts	 f;
	struct call		*k = find(w, e, &f);

	if (k != NULL) {
		if (!e->by_silence || settings_now()->media_timeout_bye)
			hangup_call(w, k);
		if (!e->by_silence && f.media)
			media_end(w, w->recording.call, f.call_id, f.caller_tag, STR_NONE);
		outcome_ended(k, e->by_silence ? "silence" : "house");
		call_end(w->core->calls, k);
	}
	free(e);
}

static int
hand_over(struct str id, struct str tag, bool by_silence)
{
	struct worker	*w = worker_get(0);
	struct ending	*e = xcalloc(1, sizeof(*e) + id.len + tag.len);
	int		 error;

	e->by_silence = by_silence;
	e->id_len = id.len;
	e->tag_len = tag.len;
	memcpy(e->text, id.s, id.len);
	memcpy(e->text + id.len, tag.s, tag.len);
	if ((error = worker_run_on(w, worker_owner(id), end, e)) < 0)
		free(e);
	return error;
}

void
ending_by_silence(struct str call_id, struct str caller_tag)
{
	(void)hand_over(call_id, caller_tag, true);
}

/* ---- sipctl calls end --------------------------------------------------------- */

/* By the number that "sipctl calls" shows: it is never given twice. */
static void
on_call_end(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_call_end	*q = &m->call_end;
	struct call_copy		 c;
	uint64_t			 cursor = 0;

	(void)arg;
	while (calls_next(&cursor, &c)) {
		if (c.facts.number != q->number)
			continue;
		if (c.facts.state != CALL_ESTABLISHED) {
			bus_refuse(t, -EINVAL, "call %llu rings still: who calls ends it",
			    (unsigned long long)q->number);
			return;
		}
		if (hand_over(c.facts.call_id, c.facts.caller_tag, false) < 0) {
			bus_refuse(t, -EBUSY, "too much to do just now");
			return;
		}
		log_major("SIGNAL", "call %llu of %s is ended by %s",
		    (unsigned long long)q->number, log_str(c.facts.from), log_str(q->by));
		bus_done(t);
		return;
	}
	bus_refuse(t, -ENOENT, "there is no call %llu", (unsigned long long)q->number);
}

/* ---- sipctl drain --------------------------------------------------------------- */

static atomic_bool	closed;

bool
ending_closed(void)
{
	return atomic_load_explicit(&closed, memory_order_relaxed);
}

static void
on_calls_close(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_calls_close	*q = &m->calls_close;

	(void)arg;
	if (atomic_exchange(&closed, q->closed) != q->closed)
		log_major("SIGNAL", q->closed ? "no new calls are taken, for %s" :
		    "calls are taken again, for %s", log_str(q->by));
	bus_done(t);
}

const struct bus_handler ending_handlers[] = {
	{ MSG_CALL_END, on_call_end, false },
	{ MSG_CALLS_CLOSE, on_calls_close, false },
	{ 0 }
};
