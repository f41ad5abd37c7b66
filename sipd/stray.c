/*
 * stray - responses that no transaction waits for (RFC 3261 section 16.11).
 *
 * They go where the Via below ours says; a name there is looked up by RFC 3263
 * section 5, and its first target is taken: who does not get it asks again.
 */
#include "sipd/stray.h"

#include <errno.h>
#include <stdlib.h>

#include "common/stats.h"
#include "sipd/branch.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/nexthop.h"
#include "sipd/record.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

/* A response that waits for the name in its Via. */
struct straying {
	struct worker	*w;
	struct nexthop	*next;
	uint64_t	 call;
	size_t		 len;
	char		 bytes[];
};

static void
pass_on(struct worker *w, const struct sip_msg *m, const struct hop *to)
{
	struct text	out;

	text_init(&out, w->out, MESSAGE_MAX);
	if (forward_response(m, false, STR_NONE, &out) < 0 ||
	    wire_send(w, to, text_str(&out), WIRE_RESPONSE, 0) < 0)
		stats->stray_dropped++;
	else
		stats->stray_responses++;
}

static void
on_target(void *arg)
{
	struct straying	*s = arg;
	struct worker	*w = s->w;
	struct hop	 to;
	int		 error = nexthop_next(s->next, &to);

	if (error == -EINPROGRESS)
		return;
	record_as(w, s->call, false);
	if (error == 0)
		pass_on(w, core_reparse(w, str_make(s->bytes, s->len), 0), &to);
	else
		stats->stray_dropped++;
	record_end(w);
	nexthop_free(s->next);
	free(s);
}

static void
look_up(struct worker *w, const struct sip_msg *m, const struct packet *p,
    const struct way *way)
{
	struct straying	*s = xcalloc(1, sizeof(*s) + m->text.len);

	s->w = w;
	s->call = w->recording.call;
	s->len = m->text.len;
	memcpy(s->bytes, m->text.s, m->text.len);
	s->next = nexthop_new(w, way, &p->from, on_target, s);
	on_target(s);		/* may be known */
}

void
stray_response(struct worker *w, const struct sip_msg *m, const struct packet *p)
{
	struct branch_input	in;
	struct via		below;
	struct way		way;
	struct hop		to = { 0 };

	if (!forward_response_input(m, &in, &below) ||
	    !branch_verify(&in, m->via.branch)) {
		stats->stray_dropped++;
		return;
	}
	to.transport = below.transport;
	if (via_response_addr(&below, &to.remote)) {
		/* The connection of its request, should it still be there. */
		if (hop_is_stream(&to) && below.rport != 0)
			addr_set_port(&to.remote, below.rport);
		if (forward_allowed(&p->from, &to))
			pass_on(w, m, &to);
		else
			stats->stray_dropped++;
	} else if (way_of_via(&way, &below) == 0)
		look_up(w, m, p, &way);
	else
		stats->stray_dropped++;
}
