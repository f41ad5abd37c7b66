/*
 * outcome - what a final response means beyond its transaction.
 *
 * proxy.c calls it when one went up. Only what the other side accepted counts:
 * anybody who saw a call's tags can send a request with an old CSeq (S21).
 */
#include "sipd/outcome.h"

#include "common/mono.h"
#include "sipd/calls.h"
#include "sipd/cdr.h"
#include "sipd/core.h"
#include "sipd/media.h"
#include "sipd/proxy_parts.h"
#include "sipd/reply.h"
#include "sipd/route_set.h"
#include "sipd/trunk.h"
#include "sipd/worker.h"

static bool
has_media(const struct proxy *p)
{
	bool	media = p->in_dialog && p->cookie.media;

	for (unsigned i = 0; i < p->nlegs; i++)
		media |= p->legs[i]->media;
	return media;
}

void
outcome_unrung(struct proxy *p)
{
	const struct sip_msg	*m;
	struct call_facts	 f;
	struct call		*k;

	if (!p->shown)
		return;
	p->shown = false;
	m = proxy_request(p);
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, STR_NONE, NULL);
	if (k == NULL)
		return;
	call_read(k, &f);
	if (f.state == CALL_EARLY)
		call_end(p->w->core->calls, k);
}

/* The one that was tried last, or "". */
static struct str
gateway_of(const struct proxy *p)
{
	const struct leg	*g;

	for (unsigned i = p->nlegs; i-- > 0;) {
		g = p->legs[i];
		if (g->begun && g->trunk != NULL && g->trunk->gateway != NULL)
			return gateway_name(g->trunk->gateway);
	}
	return STR_NONE;
}

/* Of an INVITE that the call table has nothing of (any more). */
static void
record_invite(struct proxy *p, uint16_t code, const char *by)
{
	const struct sip_msg	*m = proxy_request(p);
	char			 from[AOR_MAX], to[AOR_MAX];

	cdr_write(&(struct cdr){ .call_id = m->call_id, .caller_tag = m->from_tag,
	    .from = uri_aor(&m->from.uri, from), .to = uri_aor(&m->to.uri, to),
	    .gateway = gateway_of(p),
	    .came_by = p->came_by != NULL ? gateway_name(p->came_by) : STR_NONE,
	    .route = str_make(p->route, p->route_len),
	    .cseq = m->cseq, .begun_ms = p->begun_ms,
	    .answered_ms = code < 300 ? wall_ms() : 0, .code = code,
	    .reason = reply_reason(code), .ended_by = by, .proxied = has_media(p) });
}

/* Answered, and we stay in its dialog: its record is written when it ends. */
static bool
is_followed(const struct proxy *p)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (p->legs[i]->dialog != 0)
			return true;
	return false;
}

/* No dialog came of it. */
static void
refused(struct proxy *p, uint16_t code)
{
	const struct sip_msg	*m = proxy_request(p);

	/* A challenge is met with another INVITE: that one's end counts. */
	if (code != 401 && code != 407)
		record_invite(p, code, p->cancelled ? "caller" : "");
	if (has_media(p))
		media_end(p->w, p->call, m->call_id, m->from_tag, STR_NONE);
}

void
outcome_ended(const struct call *k, const char *by)
{
	struct call_facts	f;

	call_read(k, &f);
	if (f.state != CALL_ESTABLISHED)
		return;
	cdr_write(&(struct cdr){ .call_id = f.call_id, .caller_tag = f.caller_tag,
	    .callee_tag = f.callee_tag, .from = f.from, .to = f.to, .gateway = f.gateway,
	    .came_by = f.came_by, .route = f.route,
	    .begun_ms = f.begun_ms, .answered_ms = f.since_ms, .code = 200,
	    .reason = STR("OK"), .ended_by = by, .proxied = f.media });
}

/* RFC 3261 section 12.2.2: the other side answers such a request 500, if it looks. */
static bool
is_old(const struct call *k, bool from_caller, uint32_t cseq)
{
	struct call_facts	f;

	call_read(k, &f);
	return cseq < (from_caller ? f.caller_cseq : f.callee_cseq);
}

/*
 * S21: a BYE counts when it was answered 2xx or 481, or when nobody is there to
 * answer it (503 is ours alone here: theirs goes up as 500); not when the other
 * side refused it, nor with a CSeq from before what that side has accepted.
 */
static bool
ends_call(uint16_t code)
{
	return code < 300 || code == 481 || code == 408 || code == 503;
}

static void
hung_up(struct proxy *p, uint16_t code)
{
	const struct proxy_bye	*b = &p->bye;
	bool			 from_caller = false;
	struct call		*k;

	if (!ends_call(code))
		return;
	k = call_find(p->w->core->calls, b->call_id, b->from_tag, b->to_tag,
	    &from_caller);
	if (k != NULL && is_old(k, from_caller, b->cseq))
		return;
	if (has_media(p))
		media_end(p->w, p->call, b->call_id,
		    p->from_caller ? b->from_tag : b->to_tag, STR_NONE);
	if (k != NULL) {
		outcome_ended(k, from_caller ? "caller" : "callee");
		call_end(p->w->core->calls, k);
	}
}

/* INVITE and UPDATE are what refreshes targets (RFC 3261 section 14, RFC 3311). */
static void
accepted(struct proxy *p, const struct sip_msg *m, struct call *k, bool from_caller)
{
	(void)call_cseq(k, from_caller, m->cseq);
	call_heard(k, loop_now(p->w->loop));
	if (p->method != METHOD_INVITE && p->method != METHOD_UPDATE)
		return;
	route_set_refresh(k, from_caller, m);
	call_moved(k, from_caller, &p->from);
	if (p->nlegs > 0)
		call_moved(k, !from_caller, &p->legs[0]->hop);
}

void
outcome_of(struct proxy *p, uint16_t code)
{
	const struct sip_msg	*m;
	struct call		*k;
	bool			 from_caller = false;

	if (p->ours)		/* its call ended with it */
		return;
	if (!p->in_dialog) {
		outcome_unrung(p);
		if (proxy_is_invite(p) && code >= 300)
			refused(p, code);
		else if (proxy_is_invite(p) && !is_followed(p))
			record_invite(p, code, "unseen");
		return;
	}
	if (p->method == METHOD_BYE) {
		hung_up(p, code);
		return;
	}
	if (code >= 300)
		return;
	m = proxy_request(p);
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, m->to_tag,
	    &from_caller);
	if (k != NULL)
		accepted(p, m, k, from_caller);
}

void
outcome_stray(struct worker *w, const struct sip_msg *m)
{
	struct call_facts	f;
	struct call		*k;
	bool			 from_caller;

	if (m->code < 200 || m->code == 503 || !ends_call(m->code) ||
	    !str_eq(m->cseq_method, STR("BYE")))
		return;
	k = call_find(w->core->calls, m->call_id, m->from_tag, m->to_tag, &from_caller);
	if (k == NULL || is_old(k, from_caller, m->cseq))
		return;
	call_read(k, &f);
	if (f.media)
		media_end(w, w->recording.call, f.call_id, f.caller_tag, STR_NONE);
	outcome_ended(k, from_caller ? "caller" : "callee");
	call_end(w->core->calls, k);
}
