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
#include "sipd/replica.h"
#include "sipd/worker.h"

#define SIP_PORT	5060
#define SIPS_PORT	5061

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
	char			 buf[AOR_MAX];

	a = replica_find(core_aor(in, &in->m->ruri, buf));
	for (uint32_t i = 0; a != NULL && i < a->n; i++)
		if (contact_alive(&a->contacts[i], now) &&
		    contact_is_at(&a->contacts[i], where))
			return a->contacts[i].uri;
	return STR_NONE;
}

/*
 * Row 19: a caller that heeds neither Record-Route nor Contact goes on sending to
 * the address that it called. Who knows the Call-ID and both tags is in that call,
 * as much as who knows its cookie.
 */
static void
plan_by_call(struct route_plan *r, const struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct call_facts	 f;
	struct call		*k;
	bool			 from_caller;

	k = call_find(in->w->core->calls, m->call_id, m->from_tag, m->to_tag,
	    &from_caller);
	if (k == NULL || !from_caller)
		return;
	call_read(k, &f);
	r->uri = contact_at(in, &f.callee);
	if (r->uri.len == 0)
		return;
	r->in_dialog = r->from_caller = true;
	r->cookie = (struct cookie){ .caller = f.caller, .callee = f.callee,
	    .callee_by_flow = true, .media = f.media };
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
		if (got < 0) {
			r->bad = true;
			return;
		}
		if (!core_is_us(in, &na.uri)) {
			r->has_next = true;
			r->next = na;
			return;
		}
		r->pop++;
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
	if (!r->in_dialog && !r->forged && m->to_tag.len > 0 &&
	    core_is_us(in, &m->ruri))
		plan_by_call(r, in);
}

struct str
route_plan_uri(const struct route_plan *r, const struct inbound *in)
{
	return r->uri.len > 0 ? r->uri : in->m->uri;
}

int
hop_of_uri(struct hop *out, const struct uri *u)
{
	enum transport	t = uri_transport(u);
	uint16_t	port = u->port;

	/* RFC 5630 section 3.1.1: SIPS is TLS, whatever transport= says. */
	if (u->scheme == URI_SIPS)
		t = TRANSPORT_TLS;
	*out = (struct hop){ .transport = t == TRANSPORT_NONE ? TRANSPORT_UDP : t };
	if (port == 0)
		port = t == TRANSPORT_TLS ? SIPS_PORT : SIP_PORT;
	if ((u->scheme != URI_SIP && u->scheme != URI_SIPS) ||
	    addr_parse(&out->remote, u->host, port) < 0)
		return -EHOSTUNREACH;
	return 0;
}

int
dialog_target(const struct route_plan *r, const struct inbound *in, struct hop *out)
{
	const struct hop	*kept;
	bool			 by_flow;

	if (r->has_next)
		return hop_of_uri(out, &r->next.uri);
	kept = r->from_caller ? &r->cookie.callee : &r->cookie.caller;
	by_flow = r->from_caller ? r->cookie.callee_by_flow : r->cookie.caller_by_flow;
	if (by_flow || hop_of_uri(out, &in->m->ruri) < 0)
		*out = *kept;
	return 0;
}

/* ---- the ACK of a 2xx, when its SDP must be rewritten first -------------------- */

struct acking {
	struct worker	*w;
	struct hop	 from, to;
	unsigned	 pop;
	char		*uri;
	size_t		 len;
	char		 bytes[];
};

static void
send_ack(struct worker *w, const struct sip_msg *m, const struct hop *from,
    const struct hop *to, struct str uri, unsigned pop, const struct str *body)
{
	struct forward	f = {
		.m = m, .from = from, .to = *to, .uri = uri, .pop_routes = pop,
		.new_body = body != NULL, .body = body != NULL ? *body : STR_NONE,
	};

	stats->stray_acks++;
	if (forward_stateless(w, &f) < 0)
		log_rate(LOG_PROBLEMS, "SIP", "ACK of %s cannot be sent on",
		    log_str(m->call_id));
}

static void
on_ack_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct acking	*a = arg;

	if (error == 0 && type == MSG_MEDIA_REWRITTEN && m->media_rewritten.code == 200)
		send_ack(a->w, core_reparse(a->w, str_make(a->bytes, a->len), 0),
		    &a->from, &a->to, str_of(a->uri), a->pop, &m->media_rewritten.sdp);
	free(a->uri);		/* else the callee repeats its 2xx, and so the ACK */
	free(a);
}

static void
rewrite_ack(const struct inbound *in, const struct route_plan *r, const struct hop *to)
{
	const struct sip_msg	*m = in->m;
	struct acking		*a = xcalloc(1, sizeof(*a) + m->text.len);
	char			 source[PEER_TEXT_MAX], toward[PEER_TEXT_MAX];

	a->w = in->w;
	a->from = in->p->from;
	a->to = *to;
	a->pop = r->pop;
	a->uri = str_dup(route_plan_uri(r, in));
	a->len = m->text.len;
	memcpy(a->bytes, m->text.s, m->text.len);
	media_rewrite(in->w, in->call, &(struct media_body){
		.call_id = m->call_id,
		.caller_tag = r->from_caller ? m->from_tag : m->to_tag,
		.from_caller = r->from_caller,
		.answer = true,
		.final = true,
		.cseq = m->cseq,
		.source = hop_print_remote(&in->p->from, source),
		.toward = hop_print_remote(to, toward),
		.agent = core_agent(m),
		.sdp = m->body,
	}, on_ack_rewritten, a);
}

void
dialog_ack(const struct inbound *in, const struct route_plan *r)
{
	struct hop	to;

	if (dialog_target(r, in, &to) < 0) {
		log_rate(LOG_PROBLEMS, "SIP", "ACK of %s has no target",
		    log_str(in->m->call_id));
		return;
	}
	if (r->cookie.media && media_has_sdp(in->m))
		rewrite_ack(in, r, &to);
	else
		send_ack(in->w, in->m, &in->p->from, &to, route_plan_uri(r, in),
		    r->pop, NULL);
}
