/*
 * leg - one target of a proxied request: request out, responses in.
 *
 * proxy.c makes legs and starts them. RFC 3261 sections 16.6 to 16.10, timer C
 * included.
 */
#include "sipd/leg.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/slab.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/media.h"
#include "sipd/media_policy.h"
#include "sipd/nexthop.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/request.h"
#include "sipd/ringing.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define T1_FACTOR	64
#define RING_MAX_MS	600000	/* or timer C, when that is longer */

static void	on_timer_c(void *arg);
static void	on_next(void *arg);
static bool	try_next(struct leg *g, uint16_t code);

struct leg *
leg_new(struct proxy *p, const struct way *way, struct str uri, struct str route)
{
	struct leg	*g;

	if (p->nlegs == LEGS_MAX)
		return NULL;
	g = slab_take(p->w->core->legs);
	g->p = p;
	g->hop = way->hop;
	if (way_is_name(way))
		g->next = nexthop_new(p->w, way, &p->from, on_next, g);
	g->uri = str_dup(uri);
	g->route = str_dup(route);
	g->record = -1;
	wheel_timer_init(&g->timer_c, on_timer_c, g);
	p->legs[p->nlegs++] = g;
	return g;
}

void
leg_free(struct leg *g)
{
	wheel_stop(g->p->w->wheel, &g->timer_c);
	txn_forget(g->txn);
	nexthop_free(g->next);
	free(g->uri);
	free(g->route);
	slab_give(g->p->w->core->legs, g);
}

static void
leg_mark(struct leg *g, enum ringing_mark mark)
{
	ringing_mark(g->p->w->core->ringing, g->p->ring, g->record, mark);
}

/* The leg is decided: its response, or a code of ours, is on the table. */
static void
leg_end(struct leg *g, uint16_t code, struct str bytes)
{
	if (g->done)
		return;
	g->done = true;
	leg_mark(g, RINGING_DONE);
	wheel_stop(g->p->w->wheel, &g->timer_c);
	if (g->rang_out && code == 487 && !g->p->cancelled)
		proxy_leg_done(g->p, g, 408, STR_NONE);
	else
		proxy_leg_done(g->p, g, code, bytes);
}

/* ---- CANCEL ------------------------------------------------------------------ */

static void
send_cancel(struct leg *g, struct str reason)
{
	struct worker	*w = g->p->w;
	const struct sip_msg *m;
	struct text	 t;
	struct str	 kept = txn_kept(g->txn);

	text_init(&t, w->core->body, MESSAGE_MAX);
	if (kept.len == 0 || request_cancel(&t, kept, reason) < 0)
		return;
	g->cancelled = true;
	leg_mark(g, RINGING_CANCELLED);
	/* The branch is the INVITE's: read it back from what we send. */
	m = core_reparse(w, text_str(&t), 0);
	txn_client_new(w->core->txns, m->via.branch, STR("CANCEL"),
	    txn_hop(g->txn), 0, text_str(&t), NULL, NULL);
	/* RFC 3261 section 9.1: a peer that never answers is given up. */
	wheel_start(w->wheel, &g->timer_c, T1_FACTOR * settings_now()->t1);
}

void
leg_cancel(struct leg *g, struct str reason)
{
	if (g->done || g->cancelled || !proxy_is_invite(g->p))
		return;
	if (g->txn == NULL) {		/* not sent yet: it never will be */
		leg_end(g, 487, STR_NONE);
		return;
	}
	g->cancel = true;
	leg_mark(g, RINGING_CANCEL);
	txn_quiet(g->txn);
	if (g->provisional)
		send_cancel(g, reason);
}

/*
 * Nothing more is expected. The transaction goes too: after a provisional
 * response it has no timer of its own and would wait for ever.
 */
static void
leg_give_up(struct leg *g)
{
	struct proxy	*p = g->p;

	proxy_ref(p);
	leg_end(g, p->cancelled ? 487 : 408, STR_NONE);
	if (g->txn != NULL)
		txn_abandon(g->txn);
	proxy_unref(p);
}

void
leg_time_out(struct leg *g)
{
	g->rang_out = true;
	leg_mark(g, RINGING_RANG_OUT);
	leg_cancel(g, STR("SIP;cause=408;text=\"Request Timeout\""));
}

static void
on_timer_c(void *arg)
{
	struct leg	*g = arg;
	struct worker	*w = g->p->w;

	if (g->done) {		/* in the last process: enough repetitions acknowledged */
		if (g->txn != NULL)
			txn_abandon(g->txn);
		return;
	}
	record_as(w, g->p->call, g->p->plain);
	record_note(w, RECORD_TIMER, 0, "TIMER", STR("timer C: given up "),
	    str_of(g->uri));
	if (g->cancelled || !g->provisional)
		leg_give_up(g);
	else
		leg_time_out(g);
	record_end(w);
}

/*
 * Each provisional response gives it timer C anew, but not for ever (S35).
 */
static int64_t
ring_wait(const struct leg *g)
{
	int64_t	wait = settings_now()->timer_c;
	int64_t	left = (wait > RING_MAX_MS ? wait : RING_MAX_MS) -
		    mono_ms_between(g->began, loop_now(g->p->w->loop));

	return left < wait ? left : wait;
}

/* ---- what the transaction tells ------------------------------------------------- */

static void
provisional(struct leg *g, const struct sip_msg *m, const struct packet *p)
{
	bool	first = !g->provisional;

	g->provisional = true;
	if (m->code > 100 && !g->cancelled && proxy_is_invite(g->p))
		wheel_start(g->p->w->wheel, &g->timer_c, ring_wait(g));
	ringing_provisional(g->p->w->core->ringing, g->p->ring, g->record,
	    mono_add_ms(loop_now(g->p->w->loop),
	    wheel_left_ms(g->p->w->wheel, &g->timer_c)));
	if (first && g->cancel && !g->cancelled) {
		send_cancel(g, STR_NONE);
		return;
	}
	/* RFC 4320 section 4.1: only INVITE has more than the 100. */
	if (m->code == 100 || g->cancelled || !proxy_is_invite(g->p))
		return;
	relay_response(g, m, &p->from);
}

static void
refused(struct leg *g, const struct sip_msg *m)
{
	struct text	t;

	text_init(&t, g->p->w->core->body, MESSAGE_MAX);
	if (forward_response(m, false, STR_NONE, &t) < 0)
		leg_end(g, 502, STR_NONE);
	else
		leg_end(g, m->code, text_str(&t));
}

static void
on_response(void *arg, struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	struct leg	*g = arg;

	if (m->code < 200)
		provisional(g, m, p);
	else if (m->code < 300) {
		/* Also a repeated one, and one that crossed our CANCEL. */
		g->done = g->won = true;
		wheel_stop(g->p->w->wheel, &g->timer_c);
		if (proxy_is_invite(g->p))
			proxy_cancel_others(g->p, g,
			    STR("SIP;cause=200;text=\"Call completed elsewhere\""));
		relay_response(g, m, &p->from);
	} else if (m->code != 503 || !try_next(g, 500))	/* 16.7 step 6 */
		refused(g, m);
}

static void
on_failed(void *arg, struct txn *t, int error)
{
	struct leg	*g = arg;
	/*
	 * RFC 3261 section 16.9: a transport error is a 503 of that server, which
	 * for the caller is a 500 (16.7 step 6): we can serve others.
	 */
	uint16_t	 code = error == -ETIMEDOUT ? 408 : 500;

	if (error == -ETIMEDOUT && !g->provisional && g->peer)
		blacklist_add(&g->hop, loop_now(g->p->w->loop));
	if (!g->provisional && try_next(g, code))
		return;
	g->p->unreached |= error != -ETIMEDOUT;
	leg_end(g, code, STR_NONE);
}

static void
on_ended(void *arg, struct txn *t)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	g->txn = NULL;
	if (g->won && !p->finished) {	/* the 2xx was held back all the time */
		g->won = false;
		proxy_leg_done(p, g, 500, STR_NONE);
	}
	proxy_unref(p);
}

static const struct txn_user user = {
	.response = on_response,
	.failed = on_failed,
	.ended = on_ended,
};

/* ---- the request ------------------------------------------------------------------ */

static void
leg_cookie(const struct leg *g, const struct sip_msg *m, struct cookie *c)
{
	const struct proxy	*p = g->p;
	struct values		 it;
	struct nameaddr		 contact;
	struct hop		 named;

	*c = (struct cookie){ .caller = p->from, .callee = g->hop,
	    .callee_by_flow = g->by_flow, .media = g->media };
	values_begin(&it, m, HDR_CONTACT);
	c->caller_by_flow = hop_is_stream(&p->from) ||
	    nameaddr_next(&it, &contact) != 1 || contact.star ||
	    hop_of_uri(&named, &contact.uri) < 0 ||
	    !addr_eq(&named.remote, &p->from.remote);
}

/*
 * Row 35: in every dialog, or in those that cannot do without us: media pass
 * through mediad, a side is reached by its flow alone, the transports differ.
 */
static bool
must_stay(const struct leg *g, const struct cookie *c)
{
	return settings_now()->force_dialog_relaying || c->media ||
	    c->caller_by_flow || c->callee_by_flow ||
	    c->caller.transport != c->callee.transport;
}

/* The request as it goes to this target; its branch is the record's, if it has one. */
static int
leg_write(struct leg *g, const struct str *sdp, struct text *out,
    char branch[BRANCH_LEN])
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m = proxy_request(p);
	struct cookie		 cookie;
	struct forward		 f = {
		.m = m, .from = &p->from, .to = g->hop, .uri = str_of(g->uri),
		.route = str_of(g->route), .pop_routes = p->pop_routes,
		.strip_credentials = p->account != NULL,
		.branch = ringing_branch_of(p->ring, g->record),
		.breadth = g->breadth,
		.new_body = sdp != NULL, .body = sdp != NULL ? *sdp : STR_NONE,
	};

	if (!p->in_dialog) {
		leg_cookie(g, m, &cookie);
		g->stays = must_stay(g, &cookie);
		f.cookie = g->stays ? &cookie : NULL;
	}
	text_init(out, p->w->out, MESSAGE_MAX);
	return forward_write(p->w, &f, out, branch);
}

static void
leg_send(struct leg *g, const struct str *sdp)
{
	struct proxy	*p = g->p;
	struct worker	*w = p->w;
	char		 branch[BRANCH_LEN];
	struct text	 out;

	if (leg_write(g, sdp, &out, branch) < 0) {
		leg_end(g, 503, STR_NONE);
		return;
	}
	proxy_ref(p);
	g->txn = txn_client_new(w->core->txns, str_make(branch, BRANCH_LEN),
	    proxy_request(p)->method_text, &g->hop, WIRE_MAY_CONNECT, text_str(&out),
	    &user, g);
	if (g->txn == NULL) {
		leg_end(g, 503, STR_NONE);
		proxy_unref(p);
		return;
	}
	g->began = loop_now(w->loop);
	ringing_sent(w->core->ringing, p->ring, g->record, branch, g->began);
	if (proxy_is_invite(p))
		wheel_start(w->wheel, &g->timer_c, settings_now()->timer_c);
}

static void
on_offer_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	record_as(p->w, p->call, p->plain);
	record_media(p->w, error, type == MSG_MEDIA_REWRITTEN ? &m->media_rewritten : NULL);
	if (g->done || p->finished || p->server == NULL)
		;		/* cancelled meanwhile */
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
		.sdp = m->body,
	}, on_offer_rewritten, g);
}

/* The address that the caller names in Contact; "" if it names none. */
static struct str
caller_host(const struct sip_msg *m)
{
	struct values	it;
	struct nameaddr	na;

	values_begin(&it, m, HDR_CONTACT);
	return nameaddr_next(&it, &na) == 1 && !na.star ? na.uri.host : STR_NONE;
}

static bool
leg_media(const struct leg *g, const struct sip_msg *m)
{
	const struct proxy	*p = g->p;
	struct uri		 u;

	if (p->in_dialog)
		return p->cookie.media;
	return proxy_is_invite(p) && media_wanted(settings_now(), &p->from,
	    caller_host(m), &g->hop,
	    uri_parse(&u, str_of(g->uri)) == 0 ? u.host : STR_NONE);
}

/* To g->hop. */
static void
leg_attempt(struct leg *g)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m = proxy_request(p);

	if (g->record < 0) {	/* else the last process has decided */
		g->media = leg_media(g, m);
		g->record = proxy_record(p, &(struct ringing_branch){
		    .to = g->hop, .uri = str_of(g->uri), .route = str_of(g->route),
		    .by_flow = g->by_flow, .media = g->media,
		    .strip = p->account != NULL });
		m = proxy_request(p);	/* it may have moved */
	}
	if (!p->in_dialog)
		record_note(p->w, RECORD_DECISION, 0, "SIGNAL", STR("target "),
		    str_of(g->uri), g->by_flow ?
		    STR(", over the flow of its registration") : STR_NONE,
		    g->media ? STR(", media through mediad") : STR_NONE);
	forward_target(&(struct forward){ .to = g->hop, .uri = str_of(g->uri) },
	    g->target);
	if (g->media && media_has_sdp(m))
		ask_mediad(g, m);
	else
		leg_send(g, NULL);
}

/* ---- targets of a name ------------------------------------------------------------ */

/* The next one, or the end; p may be gone afterwards unless it is held. */
static void
leg_next(struct leg *g)
{
	int	error = nexthop_next(g->next, &g->hop);

	if (error == 0)
		leg_attempt(g);
	else if (error == -EINPROGRESS)
		proxy_ref(g->p);	/* until on_next() */
	else
		leg_end(g, g->failed != 0 ? g->failed : nexthop_code(error), STR_NONE);
}

static void
on_next(void *arg)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	record_as(p->w, p->call, p->plain);
	if (!g->done && !p->finished && p->server != NULL)
		leg_next(g);
	record_end(p->w);
	proxy_unref(p);
}

/*
 * RFC 3263 section 4.3: another target, in a transaction of its own. False: there
 * is no name that has others, or nobody wants them any more.
 */
static bool
try_next(struct leg *g, uint16_t code)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m;

	if (g->next == NULL || g->done || g->cancel || p->finished ||
	    p->server == NULL || !nexthop_more(g->next))
		return false;
	stats->failovers++;
	g->failed = code;
	g->provisional = false;
	leg_mark(g, RINGING_DONE);
	g->record = -1;
	wheel_stop(p->w->wheel, &g->timer_c);
	if (g->media && !p->in_dialog) {
		m = proxy_request(p);
		media_end(p->w, p->call, m->call_id, m->from_tag,
		    str_make(g->target, BRANCH_TARGET_LEN));
	}
	txn_forget(g->txn);		/* it has no end for us: its reference is ours */
	g->txn = NULL;
	leg_next(g);
	proxy_unref(p);
	return true;
}

void
leg_start(struct leg *g)
{
	struct proxy	*p = g->p;

	if (g->next != NULL)
		leg_next(g);
	else if (!forward_allowed(&p->from, &g->hop)) {
		record_note(p->w, RECORD_FAILURE, 403, "SIGNAL",
		    STR("nothing may be sent to this address"));
		leg_end(g, 403, STR_NONE);
	} else if (g->peer && blacklist_has(&g->hop, loop_now(p->w->loop))) {
		record_note(p->w, RECORD_FAILURE, 503, "SIGNAL",
		    STR("it did not answer lately: black list"));
		leg_end(g, 503, STR_NONE);
	} else
		leg_attempt(g);
}

/* ---- from the last process ---------------------------------------------------------- */

struct leg *
leg_taken(struct proxy *p, int record, const struct ringing_branch *b)
{
	const struct way	 way = way_of_hop(&b->to);
	struct leg		*g = leg_new(p, &way, b->uri, b->route);

	if (g == NULL)
		return NULL;
	g->record = record;
	g->begun = true;
	g->by_flow = b->by_flow;
	g->media = b->media;
	g->provisional = b->marks & RINGING_PROVISIONAL;
	g->cancel = b->marks & RINGING_CANCEL;
	g->rang_out = b->marks & RINGING_RANG_OUT;
	g->done = b->marks & RINGING_DONE;
	g->began = b->began;
	forward_target(&(struct forward){ .to = g->hop, .uri = b->uri }, g->target);
	return g;
}

/*
 * Of one that is done, repetitions of its final response are acknowledged, as long
 * as they may come. CANCEL is sent anew: whether it arrived is not known.
 */
static void
leg_wait(struct leg *g, struct mono deadline)
{
	struct proxy	*p = g->p;
	int64_t		 left = mono_ms_between(loop_now(p->w->loop), deadline);

	if (g->done)
		left = T1_FACTOR * settings_now()->t1;
	wheel_start(p->w->wheel, &g->timer_c, left);
	if (!g->done && (g->cancel || g->rang_out)) {
		g->cancel = false;
		leg_cancel(g, STR_NONE);
	}
}

void
leg_go_on(struct leg *g, const struct ringing_branch *b)
{
	struct proxy	*p = g->p;
	char		 branch[BRANCH_LEN];
	struct text	 out;

	if (!(b->marks & RINGING_SENT) || !(g->provisional || g->done)) {
		if (!g->done)
			leg_start(g);
		return;
	}
	if (leg_write(g, NULL, &out, branch) < 0) {
		leg_end(g, 503, STR_NONE);
		return;
	}
	proxy_ref(p);
	g->txn = txn_client_taken(p->w->core->txns, str_make(branch, BRANCH_LEN),
	    &g->hop, text_str(&out), &user, g);
	if (g->txn == NULL) {
		leg_end(g, 503, STR_NONE);
		proxy_unref(p);
		return;
	}
	leg_wait(g, b->deadline);
}
