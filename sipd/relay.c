/*
 * relay - responses on their way up (RFC 3261 section 16.7, steps 3 to 9).
 *
 * leg.c hands over what is to be sent up at once: provisional responses and
 * 2xx. SDP of a proxied call passes through mediad first; a 2xx that mediad
 * does not answer for is held back, its repetition asks again.
 */
#include "sipd/leg.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/idle.h"
#include "sipd/media.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/ringing.h"
#include "sipd/route_set.h"
#include "sipd/trunks.h"
#include "sipd/worker.h"

/*
 * Of one leg, at mediad at the same time. More of its 1xx are not needed, more
 * of its 2xx will come again.
 */
#define ASKING_MAX	4
#define ASKING_FINAL_MAX 8

/* A response that waits for mediad. */
struct waiting {
	struct leg	*leg;
	size_t		 len;
	char		 bytes[];
};

/* Who calls whom as it was asked here; a gateway's response says it as it is there. */
static void
parties_of(const struct leg *g, const struct sip_msg *m, struct nameaddr *from,
    struct nameaddr *to)
{
	*from = m->from;
	*to = m->to;
	if (g->trunk != NULL) {
		(void)nameaddr_parse(from, str_of(g->trunk->here_from));
		(void)nameaddr_parse(to, str_of(g->trunk->here_to));
	}
}

/*
 * The call table: an INVITE outside a dialog begins a call when it rings, which is
 * early until the first 2xx; each further 2xx is another one.
 * Returns the call that m, a 2xx, has begun; else NULL.
 */
static struct call *
record_call(struct leg *g, const struct sip_msg *m)
{
	const uint64_t		 dialog = hash_str(m->to_tag) | 1;
	bool			 answered = m->code >= 200;
	struct proxy		*p = g->p;
	char			 from[AOR_MAX], to[AOR_MAX];
	struct nameaddr		 caller, callee;
	struct call_facts	 f = {
		.call_id = m->call_id,
		.caller_tag = m->from_tag,
		.callee_tag = answered ? m->to_tag : STR_NONE,
		.gateway = g->trunk != NULL && g->trunk->gateway != NULL ?
		    gateway_name(g->trunk->gateway) : STR_NONE,
		.came_by = p->came_by != NULL ? gateway_name(p->came_by) : STR_NONE,
		.route = str_make(p->route, p->route_len),
		.since_ms = wall_ms(),
		.begun_ms = p->begun_ms,
		.media = g->media,
		.media_why = g->media_why,
		.caller = p->from,
		.callee = g->hop,
		.caller_cseq = g->trunk != NULL ? g->trunk->here_cseq : m->cseq,
	};
	struct call		*k;
	int			 error;

	parties_of(g, m, &caller, &callee);
	f.from = uri_aor(&caller.uri, from);
	f.to = uri_aor(&callee.uri, to);
	/* The 2xx came again: its call may be over by now. */
	if (answered && g->dialog == dialog)
		return NULL;
	if (answered)
		g->dialog = dialog;
	p->shown = !answered;
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, f.callee_tag, NULL);
	if (k == NULL)
		error = call_begin(p->w->core->calls, &f, &k);
	else
		error = answered ? call_answered(k, &f) : 0;
	if (error == 0 && (g->trunk != NULL || p->came_by != NULL))
		trunks_put(k, g->trunk);
	if (error == 0 && answered)
		idle_answered(p->w, k, m);
	if (error == 0)
		return answered ? k : NULL;
	log_rate(LOG_PROBLEMS, "SIP", "call %s is not in the call table: %s",
	    log_str(m->call_id), strerror(-error));
	return NULL;
}

/* RFC 4028, and RFC 3261 section 12.2.1.2: the 2xx has a Contact of who wrote it. */
static void
refreshed(struct leg *g, const struct sip_msg *m)
{
	struct proxy	*p = g->p;
	struct call	*k;

	if (m->method != METHOD_INVITE && m->method != METHOD_UPDATE)
		return;
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, m->to_tag, NULL);
	if (k == NULL)
		return;
	idle_answered(p->w, k, m);
	route_set_refresh(k, !p->from_caller, m);
}

static void
send_up(struct leg *g, const struct sip_msg *m, const struct str *sdp)
{
	struct proxy	*p = g->p;
	uint16_t	 code = m->code;
	struct call	*begun = NULL;
	struct text	 out;

	if (p->server == NULL)
		return;
	if (m->code < 200 && p->finished)
		return;
	text_init(&out, p->w->out, MESSAGE_MAX);
	if (forward_response(m, sdp, g->trunk, &out) < 0) {
		log_rate(LOG_PROBLEMS, "SIP", "response to %s grew too big",
		    log_str(m->call_id));
		return;
	}
	/* Without Record-Route its BYE would never come by. */
	if (proxy_is_invite(p) && !p->in_dialog &&
	    (m->code < 200 ? !p->shown : g->stays))
		begun = record_call(g, m);
	if (p->in_dialog && m->code / 100 == 2)
		refreshed(g, m);
	if (m->code >= 200)
		leg_answered(g);
	if (begun != NULL)
		route_set_learn(g, begun, m);	/* m is gone after it */
	txn_reply(p->server, code, text_str(&out));
	if (code < 200)
		return;
	ringing_mark(p->w->core->ringing, p->ring, g->record, RINGING_DONE);
	proxy_finish(p, code);
}

static void
on_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct waiting		*r = arg;
	struct leg		*g = r->leg;
	struct proxy		*p = g->p;
	const struct sip_msg	*response = core_reparse(p->w, str_make(r->bytes, r->len), 0);

	g->asking--;
	record_as(p->w, p->call, false);
	record_media(p->w, error, type == MSG_MEDIA_REWRITTEN ? &m->media_rewritten : NULL);
	if (p->server == NULL)
		;		/* the caller has gone */
	else if (error == 0 && type == MSG_MEDIA_REWRITTEN && m->media_rewritten.code == 200)
		send_up(g, response, &m->media_rewritten.sdp);
	else
		log_rate(LOG_PROBLEMS, "MEDIA", "call %s: no media proxy for a %u, held back",
		    log_str(response->call_id), response->code);
	record_end(p->w);
	free(r);
	proxy_unref(p);
}

static void
ask_mediad(struct leg *g, const struct sip_msg *m, const struct hop *from)
{
	struct proxy		*p = g->p;
	struct waiting		*r = xcalloc(1, sizeof(*r) + m->text.len);
	char			 source[PEER_TEXT_MAX], toward[PEER_TEXT_MAX];

	g->asking++;
	r->leg = g;
	r->len = m->text.len;
	memcpy(r->bytes, m->text.s, m->text.len);
	proxy_ref(p);
	media_rewrite(p->w, p->call, &(struct media_body){
		.call_id = m->call_id,
		/* From and To are those of the request, in both directions. */
		.caller_tag = proxy_caller_tag(p, m),
		.leg = p->in_dialog ? STR_NONE : str_make(g->target, BRANCH_TARGET_LEN),
		.from_caller = p->in_dialog && !p->from_caller,
		.answer = p->offered,
		.final = m->code >= 200,
		.cseq = m->cseq,
		.source = hop_print_remote(from, source),
		.toward = hop_print_remote(&p->back, toward),
		.agent = core_agent(m),
		.sdp = m->body,
	}, on_rewritten, r);
}

/* A session refresh without a body (RFC 4028): media are not told of it otherwise. */
static bool
is_refresh(const struct leg *g, const struct sip_msg *m)
{
	const struct proxy	*p = g->p;

	return g->media && p->in_dialog && !p->offered && m->code / 100 == 2 &&
	    (p->method == METHOD_UPDATE || p->method == METHOD_INVITE);
}

void
relay_response(struct leg *g, const struct sip_msg *m, const struct hop *from)
{
	if (g->p->server == NULL)
		return;
	if (!g->media || !media_has_sdp(m)) {
		if (is_refresh(g, m))
			media_refresh(g->p->w, g->p->call, m->call_id,
			    proxy_caller_tag(g->p, m));
		send_up(g, m, NULL);
	} else if (g->asking < (m->code < 200 ? ASKING_MAX : ASKING_FINAL_MAX)) {
		ask_mediad(g, m, from);
	}
}
