/*
 * revive - ringing calls of the last process go on where they were.
 *
 * A killed sipd leaves the records of its INVITEs under way (ringing.h). They are
 * made into what they were, a proxy with its legs and transactions, so that the
 * same machines finish them: responses are aggregated, the losers cancelled, what
 * rings too long is ended, a repeated INVITE is answered, a CANCEL must come from
 * where the INVITE came, and what was acknowledged is acknowledged again.
 */
#include "sipd/revive.h"

#include <stdlib.h>

#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/best.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/gateways.h"
#include "sipd/proxy_parts.h"
#include "sipd/reply.h"
#include "sipd/ringing.h"
#include "sipd/targets.h"
#include "sipd/worker.h"

/*
 * Nothing was sent on yet: as if it had just come. routed, regd and mediad answer a
 * question again that they have answered.
 */
static void
begin_anew(struct worker *w, struct ringing *r, const struct ringing_call *call)
{
	size_t		 len = call->request.len;
	char		*bytes = xrealloc(NULL, 1, len);
	struct packet	 p = { .bytes = str_make(bytes, len), .from = call->from,
			    .arrived = loop_now(w->loop) };

	memcpy(bytes, call->request.s, len);
	ringing_end(w->core->ringing, r);	/* it gets a new one */
	core_packet(w, &p);
	free(bytes);
}

/* What the caller gets when he repeats his INVITE. */
static void
server_taken(struct proxy *p, bool accepted)
{
	const struct sip_msg	*m = proxy_request(p);
	struct text		 out;

	text_init(&out, p->w->out, MESSAGE_MAX);
	reply_begin(&out, m, 100, reply_reason(100), STR_NONE, &p->from.remote);
	reply_end(&out, STR_NONE);
	txn_server_taken(p->server, text_str(&out), accepted);
	p->trying = true;
}

static void
best_taken(struct proxy *p, const struct ringing_call *call)
{
	p->best_code = call->best;
	p->best_len = call->best_text.len;
	if (p->best_len == 0)
		return;
	p->best = xrealloc(NULL, 1, p->best_len);
	memcpy(p->best, call->best_text.s, p->best_len);
}

/* What was replaced or never left has nothing to go on with. */
static bool
is_over(const struct ringing_branch *b)
{
	return (b->marks & RINGING_DONE) != 0 && (b->marks & RINGING_SENT) == 0;
}

static struct leg *
leg_of(const struct proxy *p, int handle)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (p->legs[i]->record == handle)
			return p->legs[i];
	return NULL;
}

/* All are made before the first goes on, which may already end the call. */
static void
legs_taken(struct proxy *p)
{
	struct ringing_branch	 b;
	struct leg		*g, *first;
	int			 handle = -1, last;

	while (ringing_next(p->ring, &handle, &b)) {
		/* Which one does not matter any more, but that he has: see redirect.c. */
		if (b.confirmed && p->account == NULL)
			p->account = xstrdup("");
		if (is_over(&b) || (g = leg_taken(p, handle, &b)) == NULL)
			continue;
		if (leg_is_spare(&b) && (first = leg_of(p, b.spare_of)) != NULL)
			first->spare = g;
	}
	targets_taken(p);
	p->beginning = true;
	last = handle;		/* what they add is not the last process's */
	handle = -1;
	while (p->ring != NULL && handle < last && ringing_next(p->ring, &handle, &b))
		if ((g = leg_of(p, handle)) != NULL && g->begun)
			leg_go_on(g, &b);
	p->beginning = false;
}

/* It was shown as ringing: it still is. */
static void
shown_taken(struct proxy *p)
{
	const struct sip_msg	*m = proxy_request(p);
	struct call_facts	 f;
	struct call		*k;

	if (p->in_dialog)
		return;
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, STR_NONE, NULL);
	if (k == NULL)
		return;
	call_read(k, &f);
	if (f.state != CALL_EARLY)
		return;
	call_keep(k);
	p->shown = true;
	if ((p->came_by = gateway_named(f.came_by)) != NULL)
		p->channel = gateway_take(p->came_by, true);
}

static void
go_on(struct proxy *p, const struct ringing_call *call)
{
	bool	accepted = call->final >= 200 && call->final < 300;

	proxy_ref(p);
	server_taken(p, accepted);
	shown_taken(p);
	p->cancelled = call->cancelled;
	p->finished = accepted;
	p->final = accepted ? call->final : 0;
	best_taken(p, call);
	legs_taken(p);
	if (call->final != 0 || p->cancelled)
		proxy_cancel_others(p, NULL, STR_NONE);
	if (!p->finished && proxy_all_done(p))
		best_send(p);
	else {
		targets_next(p);
		if (!p->finished && !p->cancelled && !p->in_dialog)
			decision_again(p);
	}
	proxy_settle(p);
	proxy_unref(p);
	stats->ringing_revived++;
}

static void
revive(struct worker *w, struct ringing *r)
{
	struct ringing_call	 call;
	struct ringing_branch	 b;
	struct sip_msg		*m = w->core->msg;
	struct packet		 packet = { .arrived = loop_now(w->loop) };
	struct inbound		 in = { .w = w, .m = m, .p = &packet };
	struct route_plan	 plan = { 0 };
	struct proxy		*p;
	int			 handle = -1;

	ringing_read(r, &call);
	packet.bytes = call.request;
	packet.from = call.from;
	if (sip_parse(m, call.request) < 0 || m->method != METHOD_INVITE)
		ringing_end(w->core->ringing, r);
	else if (!ringing_next(r, &handle, &b) && call.final != 0)
		ringing_end(w->core->ringing, r);	/* refused before any was sent */
	else if (handle < 0)
		begin_anew(w, r, &call);
	else {
		answer_back(m, &packet.from, &in.back);
		in.call = id_call(m->call_id);
		if (m->to_tag.len > 0)
			route_plan_read(&plan, &in);
		plan.pop = call.pop_routes;
		if (m->to_tag.len > 0 && !plan.in_dialog)
			ringing_end(w->core->ringing, r);	/* of other keys */
		else if ((p = proxy_new(&in, &plan, r)) != NULL)
			go_on(p, &call);
	}
	w->core->msg_serial = 0;	/* as after a packet */
}

static void
on_calm(void *arg)
{
	ringing_calm();
}

void
revive_calls(struct worker *w)
{
	static struct wheel_timer	 calm;
	struct ringing			*r;

	if (w->index == 0) {
		wheel_timer_init(&calm, on_calm, NULL);
		wheel_start(w->wheel, &calm, RINGING_CALM_MS);
	}
	while ((r = ringing_found(w->core->ringing)) != NULL)
		revive(w, r);
	calls_forget_early(w->core->calls);
}
