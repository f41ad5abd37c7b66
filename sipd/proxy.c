/*
 * proxy - a request on its way through: its life, from the server transaction to
 * the one final answer.
 *
 * core.c begins one for each request that is forwarded with a transaction.
 * decision.c finds out where it goes, targets.c makes the legs, leg.c sends them,
 * best.c chooses among what comes back. RFC 3261 sections 16.5 to 16.10.
 */
#include "sipd/proxy.h"

#include <stdlib.h>

#include "common/slab.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/best.h"
#include "sipd/calls.h"
#include "sipd/came_by.h"
#include "sipd/core.h"
#include "sipd/media.h"
#include "sipd/outcome.h"
#include "sipd/pending.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/remotes.h"
#include "sipd/ringing.h"
#include "sipd/stages.h"
#include "sipd/targets.h"
#include "sipd/trunks.h"
#include "sipd/worker.h"

#define RETRY_S		5

/* ---- life ------------------------------------------------------------------- */

void
proxies_open(struct core *c)
{
	c->proxies = slab_new(sizeof(struct proxy));
	c->legs = slab_new(sizeof(struct leg));
}

void
proxies_close(struct core *c)
{
	slab_free(c->proxies);
	slab_free(c->legs);
}

void
proxy_ref(struct proxy *p)
{
	p->refs++;
}

/*
 * What is not needed once the answer is out: an answered INVITE stays for half
 * a minute, to pass on repetitions of its 2xx.
 */
static void
proxy_shrink(struct proxy *p)
{
	decision_free(p->decision);
	free(p->realm);
	free(p->from_aor);
	free(p->account);
	free(p->dial_classes);
	free(p->from_is);
	free(p->best);
	free(p->challenges);
	free(p->bytes);
	p->decision = NULL;
	p->realm = p->from_aor = p->account = p->from_is = p->dial_classes = NULL;
	p->best = p->bytes = NULL;
	p->challenges = NULL;
}

void
proxy_unref(struct proxy *p)
{
	if (--p->refs > 0)
		return;
	pending_give(p->pending);
	came_by_give(p);
	if (p->server != NULL)
		txn_forget(p->server);
	wheel_stop(p->w->wheel, &p->wait);
	wheel_stop(p->w->wheel, &p->stage_time);
	for (unsigned i = 0; i < p->nlegs; i++)
		leg_free(p->legs[i]);
	proxy_shrink(p);
	ringing_end(p->w->core->ringing, p->ring);
	slab_give(p->w->core->proxies, p);
	stats->proxied--;
}

const struct sip_msg *
proxy_request(struct proxy *p)
{
	return core_reparse(p->w, p->ring != NULL ? ringing_request(p->ring) :
	    str_make(p->bytes, p->len), p->serial);
}

struct str
proxy_caller_tag(const struct proxy *p, const struct sip_msg *m)
{
	return p->in_dialog && !p->from_caller ? m->to_tag : m->from_tag;
}

static void
on_server_failed(void *arg, struct txn *t, int error)
{
	/* No ACK for our final response: nothing is left to do. */
}

static void
on_server_ended(void *arg, struct txn *t)
{
	struct proxy	*p = arg;

	p->server = NULL;
	if (!p->finished)
		outcome_unrung(p);
	proxy_settle(p);
	proxy_unref(p);
}

static void
send_trying(struct proxy *p)
{
	answer_send(p->w, p->server, proxy_request(p), &p->back, &p->from.remote,
	    &(struct answer){ .code = 100 });
}

static void
on_server_trying(void *arg, struct txn *t)
{
	struct proxy	*p = arg;

	if (p->trying && !p->finished)
		send_trying(p);
}

static const struct txn_user user = {
	.failed = on_server_failed,
	.trying = on_server_trying,
	.ended = on_server_ended,
};

static struct str
kept(const struct proxy *p, const struct sip_msg *m, struct str slice)
{
	return slice.s == NULL ? STR_NONE :
	    str_make(p->bytes + (slice.s - m->text.s), slice.len);
}

/*
 * In its record, which a restart goes on from, or, where there is none, here.
 */
static void
keep_request(struct proxy *p, const struct sip_msg *m, bool record)
{
	p->serial = ++p->w->core->serials;
	if (m == p->w->core->msg)
		p->w->core->msg_serial = p->serial;
	if (record && p->ring == NULL)
		p->ring = ringing_begin(p->w->core->ringing, m->text, &p->from,
		    p->pop_routes);
	if (p->ring != NULL)
		return;
	p->len = m->text.len;
	p->bytes = xrealloc(NULL, 1, p->len);
	memcpy(p->bytes, m->text.s, p->len);
	p->bye = (struct proxy_bye){ kept(p, m, m->call_id), kept(p, m, m->from_tag),
	    kept(p, m, m->to_tag), m->cseq };
}

struct proxy *
proxy_new(const struct inbound *in, const struct route_plan *r,
    struct ringing *ring)
{
	const struct sip_msg	*m = in->m;
	struct proxy		*p = slab_take(in->w->core->proxies);
	bool			 invite = m->method == METHOD_INVITE;

	p->w = in->w;
	p->pass_on = -1;
	p->refs = 1;		/* the server transaction's */
	p->call = in->call;
	p->plain = in->w->recording.plain;
	p->from = in->p->from;
	p->back = in->back;
	p->method = m->method;
	p->begun_ms = wall_ms();
	p->urgent = in->urgent;
	p->ours = in->ours;
	/* 0 is a time, too: at once, but not before it was sent. */
	if (invite && m->expires_s >= 0)
		p->asked_ms = m->expires_s > 0 ? m->expires_s * 1000 : 1;
	p->pop_routes = r->pop;
	p->in_dialog = r->in_dialog;
	p->from_caller = r->from_caller;
	p->cookie = r->cookie;
	p->offered = media_has_sdp(m);
	p->ring = ring;
	keep_request(p, m, invite);
	p->server = txn_server_new(in->w->core->txns,
	    txn_server_key(m, m->method_text),
	    (invite ? TXN_INVITE : 0) | (in->urgent ? TXN_URGENT : 0) |
	    (in->ours ? TXN_OURS | TXN_URGENT : 0), &in->back, &user, p);
	stats->proxied++;
	if (p->server == NULL) {
		proxy_unref(p);
		answer_send(in->w, NULL, m, &in->back, &in->p->from.remote,
		    &(struct answer){ .code = 503, .retry_after_s = RETRY_S });
		return NULL;
	}
	return p;
}

/*
 * A 100 is due to those who have shown that they are where they say: on a
 * connection, by a nonce, in a dialog. Others get it when their request goes on; a
 * refusal is then the only packet for theirs (S33). Most calls ring before it is
 * sent, and then it never is (RFC 3261 section 17.2.1).
 */
void
proxy_trying(struct proxy *p)
{
	int64_t	delay = settings_now()->trying_delay;

	if (p->trying || !proxy_is_invite(p) || p->server == NULL)
		return;
	p->trying = true;
	if (delay == 0)
		send_trying(p);
	else
		txn_trying_in(p->server, delay);
}

/* ---- the end ------------------------------------------------------------------ */

static bool
all_decided(const struct proxy *p)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (!p->legs[i]->done)
			return false;
	return true;
}

void
proxy_finish(struct proxy *p, uint16_t code)
{
	if (p->finished)
		return;
	p->finished = true;
	came_by_give(p);
	pending_give(p->pending);
	p->pending = 0;
	wheel_stop(p->w->wheel, &p->stage_time);
	if (!p->in_dialog)
		record_result(p->w, code, method_name(p->method));
	outcome_of(p, code);
	proxy_shrink(p);
	ringing_final(p->w->core->ringing, p->ring, code);
	p->final = code;
	proxy_settle(p);
}

/*
 * The record outlives the final response: until no leg can ring any more and, for
 * a refusal, until the caller has it for sure. One that no leg was sent for is
 * given again when the request comes again.
 */
void
proxy_settle(struct proxy *p)
{
	if (p->ring == NULL || !p->finished || !all_decided(p) ||
	    (p->final >= 300 && p->server != NULL && p->nlegs > 0))
		return;
	ringing_end(p->w->core->ringing, p->ring);
	p->ring = NULL;
}

/* What was parsed from a record that moved is not there any more. */
static void
record_moved(struct proxy *p, const struct ringing *before)
{
	if (p->ring != before)
		p->serial = ++p->w->core->serials;
}

int
proxy_record(struct proxy *p, const struct ringing_branch *b)
{
	const struct ringing	*before = p->ring;
	int			 handle;

	if (before == NULL)
		return -1;
	handle = ringing_add(p->w->core->ringing, &p->ring, b);
	record_moved(p, before);
	return handle;
}

void
proxy_record_best(struct proxy *p, struct str text)
{
	const struct ringing	*before = p->ring;

	if (before == NULL)
		return;
	ringing_best(p->w->core->ringing, &p->ring, p->best_code, text);
	record_moved(p, before);
}

/* An answer of our own, final. */
void
proxy_answer(struct proxy *p, const struct answer *a)
{
	if (p->finished || p->server == NULL)
		return;
	if (!p->trying && proxy_is_invite(p))
		txn_never_repeat(p->server);
	proxy_ref(p);		/* the transaction may end with it */
	answer_send(p->w, p->server, proxy_request(p), &p->back, &p->from.remote, a);
	proxy_finish(p, a->code);
	proxy_unref(p);
}

void
proxy_why(struct proxy *p, uint16_t code, const char *why)
{
	p->why_code = code;
	p->why = why;
}

void
proxy_refuse(struct proxy *p, uint16_t code)
{
	proxy_answer(p, &(struct answer){ .code = code,
	    .reason = code == p->why_code ? str_of(p->why) : STR_NONE,
	    .retry_after_s = code == 503 ? RETRY_S : 0 });
}

/* No answer: who guesses passwords waits in vain (S03). */
void
proxy_mute(struct proxy *p)
{
	proxy_ref(p);
	txn_abandon(p->server);
	proxy_finish(p, p->challenge);
	proxy_unref(p);
}

void
proxy_challenge(struct proxy *p, bool stale)
{
	proxy_answer(p, &(struct answer){ .code = p->challenge,
	    .realm = str_of(p->realm), .stale = stale });
}

/* A 2xx that waits for mediad goes up and nothing else: not done until then. */
bool
proxy_all_done(const struct proxy *p)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (!p->legs[i]->done || p->legs[i]->won)
			return false;
	return true;
}

void
proxy_leg_done(struct proxy *p, struct leg *g, uint16_t code, struct str bytes)
{
	const struct sip_msg	*m;

	if (p->finished) {
		proxy_settle(p);
		return;
	}
	proxy_ref(p);		/* an answer may end the last transaction */
	p->breadth += g->breadth;
	g->breadth = 0;
	if (!targets_spare(p, g, code, bytes.len == 0))
		best_keep(p, code, bytes);
	p->pass_on = targets_pass_on(g, code, bytes.len == 0);
	if (code >= 600)
		targets_decline(p, g);
	targets_prune(p);
	if (proxy_all_done(p)) {
		if (!stages_failed(p))
			best_send(p);
	} else {
		if (g->media && !p->in_dialog) {
			m = proxy_request(p);
			media_end(p->w, p->call, m->call_id, m->from_tag,
			    str_make(g->target, BRANCH_TARGET_LEN));
		}
		targets_next(p);
	}
	proxy_unref(p);
}

void
proxy_cancel_others(struct proxy *p, struct leg *winner, struct str reason)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (p->legs[i] != winner)
			leg_cancel(p->legs[i], reason);
}

bool
proxy_cancel(struct txn *invite)
{
	struct proxy	*p = txn_arg(invite, &user);

	if (p == NULL)
		return false;
	if (p->cancelled || p->finished)
		return true;
	p->cancelled = true;
	ringing_cancelled(p->w->core->ringing, p->ring);
	proxy_ref(p);
	if (p->nlegs == 0)		/* routed has not answered yet */
		proxy_refuse(p, 487);
	proxy_cancel_others(p, NULL, STR_NONE);
	proxy_unref(p);
	return true;
}

/* ---- the beginning ---------------------------------------------------------------- */

void
proxy_begin(const struct inbound *in, const struct admission *a,
    const struct route_plan *r)
{
	struct proxy	*p = proxy_new(in, r, NULL);

	if (p == NULL)
		return;
	if (hop_is_stream(&p->from) || a->ndigests > 0)
		proxy_trying(p);
	p->to_flow = r->to_flow;
	if (in->gateway != NULL && !came_by_take(p, in->gateway))
		return;
	decision_ask(p, in, a, r->to_flow ? &r->flow : NULL);
}

/* Accepted or not, the other side has seen it: a BYE of ours comes after it. */
static void
note_cseq(const struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct call		*k;
	bool			 from_caller;

	k = call_find(in->w->core->calls, m->call_id, m->from_tag, m->to_tag, &from_caller);
	if (k != NULL)
		remotes_sent(k, from_caller, m->cseq);
}

void
proxy_in_dialog(const struct inbound *in, const struct route_plan *r)
{
	struct proxy	*p;
	struct way	 way;
	struct leg	*g;

	if ((p = proxy_new(in, r, NULL)) == NULL)
		return;
	proxy_trying(p);
	if (dialog_target(r, in, &way) < 0) {
		proxy_refuse(p, 503);
		return;
	}
	g = leg_new(p, &way, route_plan_uri(r, in), STR_NONE);
	/* A call of the table was not told by which flow: it may be reached anew. */
	g->by_flow = r->uri.len == 0 && route_plan_by_flow(r);
	g->trunk = trunks_find(in->w->core->calls, in->m);
	if (!in->ours)
		note_cseq(in);
	targets_begin(p);
}
