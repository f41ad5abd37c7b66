/*
 * leg_media - do media of a leg go through mediad? If so, its offer does before the
 * request leaves; else it may still have too many codecs (row 163).
 */
#include "sipd/leg_parts.h"

#include "common/connection.h"
#include "common/daemon.h"
#include "sipd/core.h"
#include "sipd/media.h"
#include "sipd/media_policy.h"
#include "sipd/record.h"
#include "sipd/worker.h"

static void
on_offer_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	record_as(p->w, p->call, p->plain);
	record_media(p->w, error, type == MSG_MEDIA_REWRITTEN ? &m->media_rewritten : NULL);
	if (g->done || p->finished || p->server == NULL)
		;		/* cancelled meanwhile */
	else if (!g->media && (error < 0 || type != MSG_MEDIA_REWRITTEN))
		leg_send(g, NULL);	/* too many codecs harm less than no call */
	else if (error < 0 || type != MSG_MEDIA_REWRITTEN)
		leg_end(g, 503, STR_NONE);
	else if (m->media_rewritten.code != 200)
		leg_end(g, m->media_rewritten.code, STR_NONE);
	else
		leg_send(g, &m->media_rewritten.sdp);
	record_end(p->w);
	proxy_unref(p);
}

static void
ask_mediad(struct leg *g, const struct sip_msg *m)
{
	struct proxy	*p = g->p;
	char		 source[PEER_TEXT_MAX], toward[PEER_TEXT_MAX];

	proxy_ref(p);
	media_rewrite(p->w, p->call, &(struct media_body){
		.call_id = m->call_id,
		.caller_tag = proxy_caller_tag(p, m),
		.leg = p->in_dialog ? STR_NONE : str_make(g->target, BRANCH_TARGET_LEN),
		.from_caller = !p->in_dialog || p->from_caller,
		.cseq = m->cseq,
		.source = hop_print_remote(&p->from, source),
		.toward = hop_print_remote(&g->hop, toward),
		.agent = core_agent(m),
		.codecs_only = !g->media,
		.user = str_of(p->account != NULL ? p->account :
		    p->from_aor != NULL ? p->from_aor : ""),
		.sdp = m->body,
	}, on_offer_rewritten, g);
}

/* The address that the caller names in Contact; "" if it names none. */
static struct str
caller_host(const struct sip_msg *m)
{
	struct nameaddr	na;

	return nameaddr_nth(m, HDR_CONTACT, 0, &na) == 1 && !na.star ? na.uri.host : STR_NONE;
}

bool
leg_media(struct leg *g, const struct sip_msg *m)
{
	const struct proxy	*p = g->p;
	struct uri		 u;
	struct party		 caller = { &p->from, caller_host(m), m->via.host };
	struct party		 callee = { &g->hop, STR_NONE, STR_NONE };
	enum media_why		 why;
	bool			 wanted;

	if (media_has_sdp(m) && !connection_first(&caller.media, m->body))
		caller.media.len = 0;
	if (p->in_dialog)
		return p->cookie.media;
	if (!proxy_is_invite(p))
		return false;
	if (uri_parse(&u, str_of(g->uri)) == 0)
		callee.contact = u.host;
	wanted = media_wanted(settings_now(), &caller, &callee, &why);
	g->media_why = why;
	return wanted;
}

/* Row 163, where media go directly: what is offered is limited all the same. */
static bool
limits_codecs(const struct proxy *p)
{
	return settings_now()->media_codecs.n > 0 &&
	    (p->method == METHOD_INVITE || p->method == METHOD_UPDATE);
}

void
leg_go(struct leg *g)
{
	const struct sip_msg	*m = proxy_request(g->p);

	if (media_has_sdp(m) && (g->media || limits_codecs(g->p)))
		ask_mediad(g, m);
	else
		leg_send(g, NULL);
}
