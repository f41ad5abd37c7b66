/*
 * decision - where a request goes and whether it may: routed and regd are asked at
 * once, and what they say together is carried out.
 *
 * proxy.c begins it for a request outside dialogs; targets.c makes the legs of a
 * request that may go on. RFC 3261 sections 16.5 and 22.3.
 */
#include "sipd/decision.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/route.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/came_by.h"
#include "sipd/core.h"
#include "sipd/leases.h"
#include "sipd/pending.h"
#include "sipd/proxy_parts.h"
#include "sipd/question.h"
#include "sipd/record.h"
#include "sipd/stages.h"
#include "sipd/targets.h"
#include "sipd/worker.h"

#define DEADLINE_MS	3000

static void	on_access(void *arg, int error, enum msg_type type,
		    const union msg *m);

/* With room for so many. */
static struct decision *
decision_new(uint32_t targets, uint32_t stages)
{
	struct decision	*d = xcalloc(1, sizeof(*d));

	if (targets > DECISION_TARGETS_MAX)
		targets = DECISION_TARGETS_MAX;
	if (stages > DECISION_STAGES_MAX)
		stages = DECISION_STAGES_MAX;
	if (targets > 0)
		d->choices = xcalloc(targets, sizeof(*d->choices));
	if (stages > 0)
		d->stages = xcalloc(stages, sizeof(*d->stages));
	return d;
}

static struct decision *
copy_decision(const struct msg_routed *m)
{
	struct decision	*d = decision_new(m->targets.n, m->stages.n);

	d->if_confirmed = m->if_confirmed;
	d->if_not = m->if_not;
	str_copy(d->reason, sizeof(d->reason), m->reason);
	for (uint32_t i = 0; i < m->stages.n && i < DECISION_STAGES_MAX; i++)
		d->stages[d->nstages++] = (struct stage){
			.when = m->stages.v[i].when,
			.replaces = m->stages.v[i].replaces,
			.code = m->stages.v[i].code,
			.after_ms = m->stages.v[i].after_ms,
		};
	for (uint32_t i = 0; i < m->targets.n && d->n < DECISION_TARGETS_MAX; i++)
		if (m->targets.v[i].stage == 0 ||
		    m->targets.v[i].stage < d->nstages)
			d->choices[d->n++] = (struct choice){ m->targets.v[i].kind,
			    m->targets.v[i].stage, m->targets.v[i].q,
			    m->targets.v[i].failover,
			    str_dup(m->targets.v[i].value),
			    str_dup(m->targets.v[i].next_hop),
			    str_dup_or_null(m->targets.v[i].failover_codes),
			    str_dup_or_null(m->targets.v[i].caller_id) };
	return d;
}

void
decision_free(struct decision *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < d->n; i++) {
		free(d->choices[i].value);
		free(d->choices[i].next_hop);
		free(d->choices[i].failover_codes);
		free(d->choices[i].caller_id);
	}
	free(d->choices);
	free(d->stages);
	free(d);
}

/* ---- what they say, together ---------------------------------------------------- */

/*
 * A Route leads anywhere, past what routed knows of the Request-URI: a target in
 * "client-networks", which everybody may call, is no way on for everybody (S16).
 */
static bool
may_be_led(const struct proxy *p)
{
	const struct settings	*set = settings_now();

	return p->account != NULL ||
	    set->relay_to_non_clients == RELAY_ANYBODY ||
	    (set->relay_to_non_clients == RELAY_CLIENTS &&
	    nets_have(&set->client_networks, &p->from.remote));
}

/* Does any of it go through a gateway? Later it is the callee's will. */
static bool
leads_out(const struct decision *d)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->choices[i].stage == 0 && d->choices[i].kind == TARGET_GATEWAY)
			return true;
	return false;
}

/* S13: who is confirmed as one account may not write another's From. */
static bool
may_claim(const struct proxy *p)
{
	const struct settings	*set = settings_now();
	struct str		 account = str_of(p->account);

	return settings_may_claim(set, account, str_of(p->from_aor)) ||
	    (p->from_is != NULL && str_eq(account, str_of(p->from_is)));
}

/* S35: not too many of one user at a time. */
static bool
may_begin(struct proxy *p)
{
	if (p->account == NULL || p->urgent || p->pending != 0)
		return true;
	p->pending = pending_take(str_of(p->account), settings_now()->user_requests_max);
	if (p->pending != 0)
		return true;
	stats->user_requests_refused++;
	log_rate(LOG_PROBLEMS, "SIP", "%s has too many requests under way "
	    "(requests-per-user-limit): 503", log_str(str_of(p->account)));
	proxy_refuse(p, 503);
	return false;
}

static void
decision_apply(struct proxy *p)
{
	const struct decision	*d = p->decision;
	uint16_t		 code;

	if (p->failed) {
		log_rate(LOG_PROBLEMS, "SIGNAL", "routed or regd gave no answer: 503");
		proxy_refuse(p, 503);
		return;
	}
	/* Rows 47 and 108: who it is is known, and that he may not. */
	if (p->verdict == VERDICT_FORBIDDEN || (p->no_pstn && !p->urgent &&
	    leads_out(d))) {
		if (p->verdict != VERDICT_FORBIDDEN)
			proxy_why(p, 403, "No Calls Through Gateways For You");
		proxy_refuse(p, 403);
		return;
	}
	if (p->needed && p->account == NULL) {
		proxy_challenge(p, p->verdict == VERDICT_STALE);
		return;
	}
	if (p->account != NULL && p->from_local && !may_claim(p)) {
		proxy_refuse(p, 403);
		return;
	}
	code = p->account != NULL ? d->if_confirmed : d->if_not;
	if (p->urgent && (code == 401 || code == 407))
		code = 0;
	if (code == 0 && p->led && !may_be_led(p))
		code = 407;
	if (code == 401 || code == 407)
		proxy_challenge(p, p->verdict == VERDICT_STALE);
	else if (code != 0)
		proxy_answer(p, &(struct answer){ .code = code,
		    .reason = str_of(d->reason) });
	else if (may_begin(p))
		targets_start(p);
}

/* Is that another name of his (rows 44, 81)? True: routed is asked. */
static bool
ask_access(struct proxy *p)
{
	char		uri[AOR_MAX + 8];
	struct text	t;

	if (p->account == NULL || !p->from_local || p->from_is != NULL ||
	    may_claim(p))
		return false;
	text_init(&t, uri, sizeof(uri));
	text_printf(&t, "sip:%s", p->from_aor);
	if (t.full)
		return false;
	proxy_ref(p);
	p->open++;
	bus_ask(p->w->routed, MSG_ACCESS, &(struct msg_access){ .call = p->call,
	    .uri = text_str(&t) }, DEADLINE_MS, on_access, p);
	return true;
}

/* One question less; after the last it is carried out. */
static void
settle(struct proxy *p)
{
	if (--p->open == 0 && !p->finished && p->server != NULL) {
		if (p->verdict == VERDICT_MUTE)
			proxy_mute(p);
		else if (p->failed || !ask_access(p))
			decision_apply(p);
	}
	proxy_unref(p);
}

static void
answered(struct proxy *p)
{
	struct worker	*w = p->w;

	settle(p);
	record_end(w);
}

/* A question to routed, kept for its lease. */
struct asked {
	struct proxy	*p;
	uint64_t	 moment;
	uint64_t	 generation;
	struct buf	 question;	/* packed; empty: there will be no lease */
};

static void
lease(const struct asked *k, const struct msg_routed *m)
{
	struct unpack	u;
	union msg	q;

	if (k->question.len == 0)
		return;
	unpack_init(&u, k->question.s, k->question.len);
	if (msg_unpack_inner(&u, &q) == MSG_ROUTE)
		leases_put(k->p->w->leases, &q.route, m, k->moment, k->generation,
		    wall_ms());
}

/*
 * "alias; routes.conf:31": what of the routing held. The address as it came is always
 * the first step, and what came of it the last.
 */
static void
note_route(struct proxy *p, const struct msg_routed *m)
{
	struct text	t;

	text_init(&t, p->route, sizeof(p->route));
	for (uint32_t i = 0; i < m->steps.n && !t.full; i++) {
		const struct rec_step	*s = &m->steps.v[i];

		if (!s->matched || str_eq(s->text, STR("address")) ||
		    str_eq(s->text, STR("result")))
			continue;
		if (t.len > 0)
			text_add(&t, STR("; "));
		if (s->file.len > 0) {
			text_add(&t, s->file);
			text_ch(&t, ':');
			text_u64(&t, s->line);
		} else
			text_add(&t, s->text);
	}
	p->route_len = (uint8_t)t.len;
}

static void
take_decision(struct proxy *p, const struct msg_routed *m)
{
	p->decision = copy_decision(m);
	if (proxy_is_invite(p))
		note_route(p, m);
}

static void
on_access(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct proxy	*p = arg;

	record_as(p->w, p->call, p->plain);
	p->from_is = error == 0 && type == MSG_ACCESS_IS ?
	    str_dup(m->access_is.aor) : xstrdup("");
	answered(p);
}

static void
on_routed(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct asked	*k = arg;
	struct proxy	*p = k->p;

	record_as(p->w, p->call, p->plain);
	record_routed(p->w, error, type == MSG_ROUTED ? &m->routed : NULL);
	if (error == 0 && type == MSG_ROUTED) {
		take_decision(p, &m->routed);
		lease(k, &m->routed);
	} else
		p->failed = true;
	buf_fini(&k->question);
	free(k);
	answered(p);
}

static void
on_judged(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct proxy	*p = arg;

	record_as(p->w, p->call, p->plain);
	record_judged(p->w, error, type == MSG_JUDGED ? &m->judged : NULL);
	if (error != 0 || type != MSG_JUDGED)
		p->failed = true;
	else {
		p->verdict = m->judged.verdict;
		p->no_pstn = m->judged.no_pstn;
		p->dial_classes = str_dup_or_null(m->judged.dial_classes);
		if (p->verdict == VERDICT_GOOD)
			p->account = str_dup(m->judged.aor);
		came_by_account(p);
	}
	answered(p);
}

/* ---- the questions ---------------------------------------------------------------- */

/* By a decision that was kept, or by asking. */
static void
decide(struct proxy *p, struct msg_route *q)
{
	bool		 leases = settings_now()->leases;
	uint64_t	 generation = settings_now()->generation;
	struct asked	*k;
	union msg	 m;

	if (leases && leases_find(p->w->leases, q, generation, wall_ms(), &m)) {
		record_routed(p->w, 0, &m.routed);
		take_decision(p, &m.routed);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->p = p;
	k->moment = leases_moment();
	k->generation = generation;
	if (leases && leases_wanted(p->w->leases, q))
		msg_pack(&k->question, MSG_ROUTE, q);
	proxy_ref(p);
	p->open++;
	bus_ask(p->w->routed, MSG_ROUTE, q, DEADLINE_MS, on_routed, k);
}

static void
ask_routed(struct proxy *p, const struct inbound *in, const struct admission *a)
{
	char			remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];
	struct msg_route	q = question_of(p, in->m, remote, local);

	if (a->ndigests > 0) {
		q.account = a->digests[0].username;
		q.realm = a->digests[0].realm;
	}
	decide(p, &q);
}

static void
on_again(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct proxy	*p = arg;
	struct worker	*w = p->w;

	record_as(w, p->call, p->plain);
	if (error == 0 && type == MSG_ROUTED && !p->finished &&
	    p->decision == NULL && m->routed.if_confirmed == 0) {
		take_decision(p, &m->routed);
		stages_taken(p);
	}
	proxy_unref(p);
	record_end(w);
}

void
decision_again(struct proxy *p)
{
	char			remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];
	struct msg_route	q = question_of(p, proxy_request(p), remote, local);

	if (p->led)
		return;
	proxy_ref(p);
	bus_ask(p->w->routed, MSG_ROUTE, &q, DEADLINE_MS, on_again, p);
}

static void
ask_regd(struct proxy *p, const struct inbound *in, const struct admission *a)
{
	char			remote[PEER_TEXT_MAX];
	const struct sip_msg	*m = in->m;
	struct msg_credential	q = {
		.call = in->call,
		.method = m->method_text,
		.uri = m->uri,
		.branch = m->via.branch,
		.call_id = m->call_id,
		.cseq = m->cseq,
		.source = hop_print_remote(&in->p->from, remote),
		.digests = { a->digests, a->ndigests },
	};

	proxy_ref(p);
	p->open++;
	bus_ask(in->w->regd, MSG_CREDENTIAL, &q, DEADLINE_MS, on_judged, p);
}

/* RFC 5626 section 5.3: the token is the permission. */
static struct decision *
to_flow(const struct hop *flow)
{
	struct decision	*d = decision_new(1, 0);
	char		 remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];

	stats->path_requests++;
	d->choices[d->n++] = (struct choice){ .kind = CHOICE_FLOW, .q = 1000,
	    .value = str_dup(hop_print_remote(flow, remote)),
	    .next_hop = str_dup(hop_print_local(flow, local)) };
	return d;
}

void
decision_ask(struct proxy *p, const struct inbound *in, const struct admission *a,
    const struct hop *flow)
{
	p->needed = a->needed;
	p->from_local = a->from_local;
	p->challenge = a->code;
	p->realm = str_dup(a->realm);
	p->from_aor = str_dup(a->from_aor);
	proxy_ref(p);
	p->open++;		/* until all that is to be asked is */
	if (flow != NULL)
		p->decision = to_flow(flow);
	else
		ask_routed(p, in, a);
	if (a->ndigests > 0)
		ask_regd(p, in, a);
	settle(p);
}
