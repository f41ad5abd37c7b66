/*
 * outcome - what a final response means beyond its transaction.
 *
 * proxy.c calls it when one went up. Only what the other side accepted counts:
 * anybody who saw a call's tags can send a request with an old CSeq (S21).
 */
#include "sipd/outcome.h"

#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/media.h"
#include "sipd/proxy_parts.h"
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

/* No dialog came of it. */
static void
refused(struct proxy *p)
{
	const struct sip_msg	*m;

	if (!has_media(p))
		return;
	m = proxy_request(p);
	media_end(p->w, p->call, m->call_id, m->from_tag, STR_NONE);
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
static void
hung_up(struct proxy *p, const struct sip_msg *m, struct call *k, bool from_caller,
    uint16_t code)
{
	if ((code >= 300 && code != 481 && code != 408 && code != 503) ||
	    (k != NULL && is_old(k, from_caller, m->cseq)))
		return;
	if (has_media(p))
		media_end(p->w, p->call, m->call_id, proxy_caller_tag(p, m), STR_NONE);
	if (k != NULL)
		call_end(p->w->core->calls, k);
}

/* INVITE and UPDATE are what refreshes targets (RFC 3261 section 14, RFC 3311). */
static void
accepted(struct proxy *p, const struct sip_msg *m, struct call *k, bool from_caller)
{
	(void)call_cseq(k, from_caller, m->cseq);
	if (p->method != METHOD_INVITE && p->method != METHOD_UPDATE)
		return;
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

	if (!p->in_dialog) {
		outcome_unrung(p);
		if (proxy_is_invite(p) && code >= 300)
			refused(p);
		return;
	}
	if (p->method != METHOD_BYE && code >= 300)
		return;
	m = proxy_request(p);
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, m->to_tag,
	    &from_caller);
	if (p->method == METHOD_BYE)
		hung_up(p, m, k, from_caller, code);
	else if (k != NULL)
		accepted(p, m, k, from_caller);
}
