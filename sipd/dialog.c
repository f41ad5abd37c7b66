/*
 * dialog - routing within dialogs, from the message alone.
 *
 * core.c reads the plan of every request; proxy.c carries out what has a
 * transaction, dialog_ack() the ACK that has none.
 */
#include "sipd/dialog.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/media.h"
#include "sipd/record.h"
#include "sipd/replica.h"
#include "sipd/trunks.h"
#include "sipd/worker.h"

static bool
contact_is_at(const struct contact *c, const struct hop *where)
{
	struct hop	named;
	struct uri	u;

	return c->npaths == 0 && (hop_same_peer(&c->flow, where) ||
	    (uri_parse(&u, c->uri) == 0 && hop_of_uri(&named, &u) == 0 &&
	    hop_same_peer(&named, where)));
}

/* The contact of whom it asks for that is reached there; "" if there is none. */
static struct str
contact_at(const struct inbound *in, const struct hop *where)
{
	struct mono		 now = loop_now(in->w->loop);
	const struct aor	*a;
	struct contact		 c;
	char			 buf[AOR_MAX];

	a = replica_find(core_aor(in, &in->m->ruri, buf));
	for (uint32_t at = 0; contact_next(a, &at, &c);)
		if (contact_alive(&c, now) && contact_is_at(&c, where))
			return c.uri;
	return STR_NONE;
}

/*
 * Where a request of this call goes on to: who is reached at that hop, by his
 * address here (from the caller alone: the callee knows a Contact) or by a URI
 * that leads there. "" when it leads elsewhere.
 */
static struct str
uri_in_call(const struct inbound *in, const struct hop *where, bool from_caller)
{
	const struct sip_msg	*m = in->m;
	struct hop		 named;

	if (core_is_us(in, &m->ruri))
		return from_caller ? contact_at(in, where) : STR_NONE;
	return hop_of_uri(&named, &m->ruri) == 0 && hop_same_peer(&named, where) ?
	    m->uri : STR_NONE;
}

/*
 * Row 19: a phone that heeds no Record-Route, or whose peer did not return it,
 * goes on sending to us. Who knows the Call-ID and both tags is in that call, as
 * much as who knows its cookie.
 */
static void
plan_by_call(struct route_plan *r, const struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct call_facts	 f;
	struct call		*k;
	const struct hop	*side;
	bool			 from_caller;

	k = call_find(in->w->core->calls, m->call_id, m->from_tag, m->to_tag,
	    &from_caller);
	if (k == NULL)
		return;
	call_read(k, &f);
	side = from_caller ? &f.caller : &f.callee;
	/*
	 * S22: he has seen it somewhere. A callee behind a neighbour that is not in
	 * the dialog sends from elsewhere, too: he has our Route, and never gets here.
	 */
	if (!addr_eq_host(&side->remote, &in->p->from.remote)) {
		r->stranger = true;
		return;
	}
	r->uri = uri_in_call(in, from_caller ? &f.callee : &f.caller, from_caller);
	if (r->uri.len == 0)
		return;
	r->in_dialog = true;
	r->from_caller = from_caller;
	r->cookie = (struct cookie){ .caller = f.caller, .callee = f.callee,
	    .caller_by_flow = true, .callee_by_flow = true, .media = f.media };
}

void
route_plan_read(struct route_plan *r, const struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct values		 it;
	struct nameaddr		 na;
	struct str		 text;
	int			 got;

	*r = (struct route_plan){ 0 };
	values_begin(&it, m, HDR_ROUTE);
	while ((got = nameaddr_next(&it, &na)) != 0) {
		if (got < 0 || na.star || na.uri.text.len > URI_MAX) {
			r->bad = true;
			return;
		}
		if (!core_is_us(in, &na.uri)) {
			r->has_next = true;
			r->next = na;
			return;
		}
		r->pop++;
		if (uri_param(&na.uri, "f", &text)) {
			if (flow_token_read(&r->flow, text) == 0)
				r->to_flow = true;
			else
				r->forged = true;
		}
		/* Without To-tag it is no request of a dialog, whatever its Route. */
		if (r->in_dialog || m->to_tag.len == 0 ||
		    !uri_param(&na.uri, "c", &text))
			continue;
		if (cookie_read(&r->cookie, text, m->call_id, m->from_tag,
		    m->to_tag, &r->from_caller) == 0)
			r->in_dialog = true;
		else
			r->forged = true;
	}
	if (!r->in_dialog && !r->forged && m->to_tag.len > 0)
		plan_by_call(r, in);
}

struct str
route_plan_uri(const struct route_plan *r, const struct inbound *in)
{
	return r->uri.len > 0 ? r->uri : in->m->uri;
}

bool
route_plan_by_flow(const struct route_plan *r)
{
	return !r->has_next && (r->from_caller ? r->cookie.callee_by_flow :
	    r->cookie.caller_by_flow);
}

int
dialog_target(const struct route_plan *r, const struct inbound *in, struct way *out)
{
	const struct hop	*kept;

	if (r->has_next) {
		if (way_of_uri(out, &r->next.uri) < 0)
			return -EHOSTUNREACH;
		out->insist = true;
		return 0;
	}
	kept = r->from_caller ? &r->cookie.callee : &r->cookie.caller;
	if (route_plan_by_flow(r) || way_of_uri(out, &in->m->ruri) < 0)
		*out = way_of_hop(kept);
	/* Phones write names that only they know: then it is where the dialog began. */
	out->insist = true;
	out->last = *kept;
	return 0;
}

/* ---- the ACK of a 2xx: at once, or when its name or SDP have been looked after ---- */

struct acking {
	struct worker	*w;
	struct nexthop	*next;		/* a name is looked up; else NULL */
	struct hop	 from, to;
	unsigned	 pop;
	char		*uri;
	struct trunk	*trunk;		/* a gateway is in the call; or NULL */
	bool		 rewrite;	/* its SDP passes mediad */
	bool		 from_caller;
	uint64_t	 call;
	size_t		 len;
	char		 bytes[];
};

static void
send_ack(struct worker *w, const struct sip_msg *m, const struct hop *from,
    const struct hop *to, struct str uri, unsigned pop, const struct str *body,
    const struct trunk *trunk)
{
	struct forward	f = {
		.m = m, .from = from, .to = *to, .uri = uri, .pop_routes = pop,
		.trunk = trunk, .new_body = body != NULL, .body = body != NULL ? *body : STR_NONE,
	};

	stats->stray_acks++;
	if (forward_stateless(w, &f) < 0)
		log_rate(LOG_PROBLEMS, "SIP", "ACK of %s cannot be sent on",
		    log_str(m->call_id));
}

static void
acking_free(struct acking *a)
{
	nexthop_free(a->next);
	trunk_free(a->trunk);
	free(a->uri);
	free(a);
}

static const struct sip_msg *
acking_message(const struct acking *a)
{
	return core_reparse(a->w, str_make(a->bytes, a->len), 0);
}

static void
on_ack_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct acking	*a = arg;

	if (error == 0 && type == MSG_MEDIA_REWRITTEN && m->media_rewritten.code == 200)
		send_ack(a->w, acking_message(a), &a->from, &a->to, str_of(a->uri),
		    a->pop, &m->media_rewritten.sdp, a->trunk);
	acking_free(a);		/* else the callee repeats its 2xx, and so the ACK */
}

static void
rewrite_ack(struct acking *a, const struct sip_msg *m)
{
	char	source[PEER_TEXT_MAX], toward[PEER_TEXT_MAX];

	media_rewrite(a->w, a->call, &(struct media_body){
		.call_id = m->call_id,
		.caller_tag = a->from_caller ? m->from_tag : m->to_tag,
		.from_caller = a->from_caller,
		.answer = true,
		.final = true,
		.cseq = m->cseq,
		.source = hop_print_remote(&a->from, source),
		.toward = hop_print_remote(&a->to, toward),
		.agent = core_agent(m),
		.sdp = m->body,
	}, on_ack_rewritten, a);
}

/* a->to is known. */
static void
acking_go(struct acking *a)
{
	const struct sip_msg	*m = acking_message(a);

	if (a->rewrite) {
		rewrite_ack(a, m);
		return;
	}
	send_ack(a->w, m, &a->from, &a->to, str_of(a->uri), a->pop, NULL, a->trunk);
	acking_free(a);
}

static void
on_ack_target(void *arg)
{
	struct acking	*a = arg;
	struct worker	*w = a->w;
	int		 error = nexthop_next(a->next, &a->to);

	record_as(w, a->call, false);
	if (error == 0)
		acking_go(a);
	else if (error != -EINPROGRESS)
		acking_free(a);	/* nexthop.c has said why */
	record_end(w);
}

void
dialog_ack(const struct inbound *in, const struct route_plan *r)
{
	const struct sip_msg	*m = in->m;
	struct acking		*a;
	struct trunk		*trunk;
	struct way		 way;
	bool			 rewrite = r->cookie.media && media_has_sdp(m);

	if (dialog_target(r, in, &way) < 0) {
		log_rate(LOG_PROBLEMS, "SIP", "ACK of %s has no target",
		    log_str(m->call_id));
		return;
	}
	trunk = trunks_find(in->w->core->calls, m);
	if (!rewrite && !way_is_name(&way)) {
		send_ack(in->w, m, &in->p->from, &way.hop, route_plan_uri(r, in),
		    r->pop, NULL, trunk);
		trunk_free(trunk);
		return;
	}
	a = xcalloc(1, sizeof(*a) + m->text.len);
	a->w = in->w;
	a->from = in->p->from;
	a->to = way.hop;
	a->pop = r->pop;
	a->uri = str_dup(route_plan_uri(r, in));
	a->trunk = trunk;
	a->rewrite = rewrite;
	a->from_caller = r->from_caller;
	a->call = in->call;
	a->len = m->text.len;
	memcpy(a->bytes, m->text.s, m->text.len);
	if (!way_is_name(&way)) {
		acking_go(a);
		return;
	}
	a->next = nexthop_new(in->w, &way, &a->from, on_ack_target, a);
	on_ack_target(a);	/* may be known */
}
