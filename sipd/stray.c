/*
 * stray - responses that no transaction waits for (RFC 3261 section 16.11).
 */
#include "sipd/stray.h"

#include "common/log.h"
#include "common/stats.h"
#include "sipd/branch.h"
#include "sipd/forward.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

void
stray_response(struct worker *w, const struct sip_msg *m, const struct packet *p)
{
	struct branch_input	in;
	struct via		below;
	struct hop		to = { 0 };
	struct text		out;

	text_init(&out, w->out, MESSAGE_MAX);
	if (!forward_response_input(m, &in, &below) ||
	    !branch_verify(&in, m->via.branch) ||
	    !via_response_addr(&below, &to.remote)) {
		stats->stray_dropped++;
		return;
	}
	to.transport = below.transport;
	if (!forward_allowed(&p->from, &to) ||
	    forward_response(m, false, STR_NONE, &out) < 0 ||
	    wire_send(w, &to, text_str(&out), 0, 0) < 0) {
		stats->stray_dropped++;
		return;
	}
	stats->stray_responses++;
}
