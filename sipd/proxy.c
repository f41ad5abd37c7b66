/*
 * proxy - a request on its way through: decision, legs, the one final answer.
 *
 * core.c begins one for each request that is forwarded with a transaction.
 * routed decides where it goes, regd whether its credential is good; both are
 * asked at once. RFC 3261 sections 16.5 to 16.10.
 */
#include "sipd/proxy.h"

#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/route.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/leg.h"
#include "sipd/media.h"
#include "sipd/media_policy.h"
#include "sipd/replica.h"
#include "sipd/worker.h"

#define DEADLINE_MS	3000
#define RETRY_S		5
#define WAIT_MS		20	/* between two looks at a replica that is not in yet */
#define WAITS_MAX	(DEADLINE_MS / WAIT_MS)

static void	proxy_decide(struct proxy *p);

/* ---- life ------------------------------------------------------------------- */

void
proxy_ref(struct proxy *p)
{
	p->refs++;
}

static void
decision_free(struct decision *d)
{
	for (unsigned i = 0; d != NULL && i < d->n; i++) {
		free(d->choices[i].value);
		free(d->choices[i].next_hop);
	}
	free(d);
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
	free(p->best);
	free(p->bytes);
	p->decision = NULL;
	p->realm = p->from_aor = p->account = p->best = p->bytes = NULL;
}

void
proxy_unref(struct proxy *p)
{
	if (--p->refs > 0)
		return;
	if (p->server != NULL)
		txn_forget(p->server);
	wheel_stop(p->w->wheel, &p->wait);
	for (unsigned i = 0; i < p->nlegs; i++)
		leg_free(p->legs[i]);
	proxy_shrink(p);
	free(p);
	stats->proxied--;
}

const struct sip_msg *
proxy_request(struct proxy *p)
{
	return core_reparse(p->w, str_make(p->bytes, p->len), p->serial);
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
	proxy_unref(p);
}

static const struct txn_user user = {
	.failed = on_server_failed,
	.ended = on_server_ended,
};

/* With a server transaction; NULL when there are too many: refused. */
static struct proxy *
proxy_new(const struct inbound *in, const struct route_plan *r)
{
	const struct sip_msg	*m = in->m;
	struct proxy		*p = xcalloc(1, sizeof(*p));
	bool			 invite = m->method == METHOD_INVITE;

	p->w = in->w;
	p->refs = 1;		/* the server transaction's */
	p->call = in->call;
	p->from = in->p->from;
	p->back = in->back;
	p->method = m->method;
	p->pop_routes = r->pop;
	p->offered = media_has_sdp(m);
	p->serial = ++in->w->core->serials;
	p->len = m->text.len;
	p->bytes = xrealloc(NULL, 1, p->len);
	memcpy(p->bytes, m->text.s, p->len);
	p->server = txn_server_new(in->w->core->txns,
	    txn_server_key(m, m->method_text), invite, &in->back, &user, p);
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
 * The 100 goes out at once to those who have shown that they are where they say:
 * on a connection, by a nonce, in a dialog. Others get it when their request
 * goes on; a refusal is then the only packet for theirs (S33).
 */
static void
proxy_trying(struct proxy *p)
{
	if (p->trying || !proxy_is_invite(p))
		return;
	p->trying = true;
	answer_send(p->w, p->server, proxy_request(p), &p->back, &p->from.remote,
	    &(struct answer){ .code = 100 });
}

/* ---- the end ------------------------------------------------------------------ */

/* What ends with this final response: media, or the whole call. */
static void
release_media(struct proxy *p, uint16_t code)
{
	const struct sip_msg	*m;
	struct call		*k;
	bool			 media = p->in_dialog && p->cookie.media;

	for (unsigned i = 0; i < p->nlegs; i++)
		media |= p->legs[i]->media;
	if (proxy_is_invite(p) && !p->in_dialog && code >= 300 && media) {
		m = proxy_request(p);
		media_end(p->w, p->call, m->call_id, m->from_tag, STR_NONE);
	}
	/*
	 * S21: a BYE counts when it was answered 2xx or 481, or when nobody is
	 * there to answer it (503 is ours alone here: theirs goes up as 500); not
	 * when the other side refused it.
	 */
	if (p->method != METHOD_BYE || !p->in_dialog ||
	    (code >= 300 && code != 481 && code != 408 && code != 503))
		return;
	m = proxy_request(p);
	if (media)
		media_end(p->w, p->call, m->call_id, proxy_caller_tag(p, m), STR_NONE);
	k = call_find(p->w->core->calls, m->call_id, m->from_tag, m->to_tag, NULL);
	if (k != NULL)
		call_end(p->w->core->calls, k);
}

void
proxy_finish(struct proxy *p, uint16_t code)
{
	if (p->finished)
		return;
	p->finished = true;
	release_media(p, code);
	proxy_shrink(p);
}

/* An answer of our own, final. */
static void
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

static void
proxy_refuse(struct proxy *p, uint16_t code)
{
	proxy_answer(p, &(struct answer){ .code = code,
	    .retry_after_s = code == 503 ? RETRY_S : 0 });
}

static void
proxy_challenge(struct proxy *p, bool stale)
{
	proxy_answer(p, &(struct answer){ .code = p->challenge,
	    .realm = str_of(p->realm), .stale = stale });
}

/*
 * Section 16.7 step 6: 6xx before all others, else the lowest class; in it what
 * the caller can do something about.
 */
static int
rank(uint16_t code)
{
	switch (code) {
	case 401: case 407:
		return 10;
	case 415: case 420: case 484:
		return 11;
	default:
		break;
	}
	if (code >= 600)
		return 0;
	return code / 100 * 4 + (code == 408 || code == 503 ? 3 : 2);
}

static void
send_best(struct proxy *p)
{
	uint16_t	code = p->best_code;

	if (p->cancelled && code < 600)
		proxy_refuse(p, 487);
	else if (code == 408 && !proxy_is_invite(p)) {
		/* RFC 4320 section 4.2: it would only come too late. */
		proxy_finish(p, code);
		if (p->server != NULL)
			txn_abandon(p->server);
	} else if (p->best == NULL || code == 503)	/* step 6: 503 becomes 500 */
		proxy_refuse(p, p->best != NULL ? 500 : code != 0 ? code : 480);
	else if (p->server != NULL) {
		txn_reply(p->server, code, str_make(p->best, p->best_len));
		proxy_finish(p, code);
	}
}

/* A 2xx that waits for mediad goes up and nothing else: not done until then. */
static bool
all_done(const struct proxy *p)
{
	for (unsigned i = 0; i < p->nlegs; i++)
		if (!p->legs[i]->done || p->legs[i]->won)
			return false;
	return true;
}

static void
keep_best(struct proxy *p, uint16_t code, struct str bytes)
{
	if (p->best_code != 0 && rank(code) >= rank(p->best_code))
		return;
	p->best_code = code;
	free(p->best);
	p->best = NULL;
	if (bytes.len == 0)
		return;
	p->best = xrealloc(NULL, 1, bytes.len);
	memcpy(p->best, bytes.s, bytes.len);
	p->best_len = bytes.len;
}

void
proxy_leg_done(struct proxy *p, struct leg *g, uint16_t code, struct str bytes)
{
	const struct sip_msg	*m;

	if (p->finished)
		return;
	proxy_ref(p);		/* an answer may end the last transaction */
	keep_best(p, code, bytes);
	if (code >= 600)
		proxy_cancel_others(p, g, STR_NONE);
	if (all_done(p))
		send_best(p);
	else if (g->media && !p->in_dialog) {
		m = proxy_request(p);
		media_end(p->w, p->call, m->call_id, m->from_tag,
		    str_make(g->target, BRANCH_TARGET_LEN));
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
	proxy_ref(p);
	if (p->nlegs == 0)		/* routed has not answered yet */
		proxy_refuse(p, 487);
	proxy_cancel_others(p, NULL, STR_NONE);
	proxy_unref(p);
	return true;
}

/* ---- targets ------------------------------------------------------------------- */

/* The address that the caller names in Contact; "" if it names none. */
static struct str
caller_host(const struct sip_msg *m)
{
	struct values	it;
	struct nameaddr	na;

	values_begin(&it, m, HDR_CONTACT);
	return nameaddr_next(&it, &na) == 1 && !na.star ? na.uri.host : STR_NONE;
}

static void
leg_add(struct proxy *p, const struct hop *to, struct str uri, struct str route,
    bool by_flow)
{
	const struct sip_msg	*m;
	struct leg		*g = leg_new(p, to, uri, route);
	struct uri		 u;

	if (g == NULL)
		return;
	g->by_flow = by_flow;
	if (!proxy_is_invite(p))
		return;
	m = proxy_request(p);
	g->media = media_wanted(settings_now(), &p->from, caller_host(m), to,
	    uri_parse(&u, uri) == 0 ? u.host : STR_NONE);
}

/* Path values, the nearest first, as one Route value (RFC 3327 section 5.4). */
static struct str
path_text(const struct contact *c, struct text *t)
{
	for (uint32_t i = 0; i < c->npaths; i++) {
		if (i > 0)
			text_add(t, STR(", "));
		text_add(t, c->paths[i]);
	}
	return text_str(t);
}

/*
 * The way to a contact: the connection or, from behind a NAT, the address that its
 * REGISTER came from (true); else where it says that it listens.
 */
static bool
contact_hop(const struct contact *c, const struct uri *u, struct hop *to)
{
	struct hop	named = c->flow;
	bool		known = hop_of_uri(&named, u) == 0;

	if (c->flow.transport != TRANSPORT_NONE && (!known ||
	    hop_is_stream(&c->flow) ||
	    leg_classify(settings_now(), &c->flow, u->host) == LEG_NAT)) {
		*to = c->flow;
		return true;
	}
	*to = named;
	return !known;
}

static void
add_contact(struct proxy *p, const struct contact *c)
{
	char		 buf[2048];
	struct text	 route;
	struct hop	 to;
	struct nameaddr	 first;
	struct uri	 u;
	bool		 by_flow;

	text_init(&route, buf, sizeof(buf));
	path_text(c, &route);
	if (route.full || uri_parse(&u, c->uri) < 0)
		return;
	by_flow = contact_hop(c, &u, &to);
	if (c->npaths > 0 && (nameaddr_parse(&first, c->paths[0]) < 0 ||
	    hop_of_uri(&to, &first.uri) < 0))
		return;
	leg_add(p, &to, c->uri, text_str(&route), by_flow);
}

static void
add_aor(struct proxy *p, struct str name)
{
	const struct aor	*a = replica_find(name);
	struct mono		 now = loop_now(p->w->loop);

	for (uint32_t i = 0; a != NULL && i < a->n; i++)
		if (contact_alive(&a->contacts[i], now))
			add_contact(p, &a->contacts[i]);
}

static void
add_uri(struct proxy *p, const struct choice *c)
{
	struct hop	to;
	struct uri	u;
	struct str	where = str_of(c->next_hop[0] != '\0' ? c->next_hop : c->value);

	if (uri_parse(&u, where) == 0 && hop_of_uri(&to, &u) == 0)
		leg_add(p, &to, str_of(c->value), STR_NONE, false);
	else
		keep_best(p, 503, STR_NONE);
}

static void	start_legs(struct proxy *p);

static void
on_wait(void *arg)
{
	struct proxy	*p = arg;

	proxy_ref(p);
	if (!p->finished && p->server != NULL)
		start_legs(p);
	proxy_unref(p);
}

/*
 * Not found in a replica that has no snapshot yet (this process has just
 * begun) is "not known", never "not registered": look again in a moment.
 */
static bool
wait_for_replica(struct proxy *p)
{
	if (replica_synced() || p->waited == WAITS_MAX)
		return false;
	p->waited++;
	proxy_trying(p);
	wheel_timer_init(&p->wait, on_wait, p);
	wheel_start(p->w->wheel, &p->wait, WAIT_MS);
	return true;
}

static void
start_legs(struct proxy *p)
{
	const struct decision	*d = p->decision;

	for (unsigned i = 0; i < d->n; i++) {
		if (d->choices[i].kind == TARGET_AOR)
			add_aor(p, str_of(d->choices[i].value));
		else if (d->choices[i].kind == TARGET_URI)
			add_uri(p, &d->choices[i]);
		else		/* a gateway: no calls through those yet */
			keep_best(p, 503, STR_NONE);
	}
	if (p->nlegs == 0 && wait_for_replica(p))
		return;
	if (p->nlegs == 0) {
		proxy_refuse(p, p->best_code != 0 ? p->best_code :
		    replica_synced() ? 480 : 503);
		return;
	}
	proxy_ref(p);
	proxy_trying(p);
	for (unsigned i = 0; i < p->nlegs && !p->finished; i++)
		leg_start(p->legs[i]);
	proxy_unref(p);
}

/* ---- the decision ----------------------------------------------------------------- */

static struct decision *
copy_decision(const struct msg_routed *m)
{
	struct decision	*d = xcalloc(1, sizeof(*d));

	d->if_confirmed = m->if_confirmed;
	d->if_not = m->if_not;
	str_copy(d->reason, sizeof(d->reason), m->reason);
	for (uint32_t i = 0; i < m->targets.n && d->n < DECISION_TARGETS_MAX; i++) {
		if (m->targets.v[i].stage != 0)
			continue;
		d->choices[d->n++] = (struct choice){ m->targets.v[i].kind,
		    str_dup(m->targets.v[i].value), str_dup(m->targets.v[i].next_hop) };
	}
	return d;
}

static void
answered(struct proxy *p)
{
	if (--p->open == 0 && !p->finished && p->server != NULL)
		proxy_decide(p);
	proxy_unref(p);
}

static void
on_routed(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct proxy	*p = arg;

	if (error == 0 && type == MSG_ROUTED)
		p->decision = copy_decision(&m->routed);
	else
		p->failed = true;
	answered(p);
}

static void
on_judged(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct proxy	*p = arg;

	if (error != 0 || type != MSG_JUDGED)
		p->failed = true;
	else {
		p->verdict = m->judged.verdict;
		if (p->verdict == VERDICT_GOOD)
			p->account = str_dup(m->judged.aor);
	}
	answered(p);
}

static void
proxy_decide(struct proxy *p)
{
	const struct decision	*d = p->decision;
	uint16_t		 code;

	if (p->failed) {
		log_rate(LOG_PROBLEMS, "SIGNAL", "routed or regd gave no answer: 503");
		proxy_refuse(p, 503);
		return;
	}
	if (p->needed && p->account == NULL) {
		proxy_challenge(p, p->verdict == VERDICT_STALE);
		return;
	}
	/* S13: who is confirmed as one account may not write another's From. */
	if (p->account != NULL && p->from_local &&
	    strcmp(p->account, p->from_aor) != 0) {
		proxy_refuse(p, 403);
		return;
	}
	code = p->account != NULL ? d->if_confirmed : d->if_not;
	if (code == 401 || code == 407)
		proxy_challenge(p, p->verdict == VERDICT_STALE);
	else if (code != 0)
		proxy_answer(p, &(struct answer){ .code = code,
		    .reason = str_of(d->reason) });
	else
		start_legs(p);
}

static void
ask_routed(struct proxy *p, const struct inbound *in, const struct admission *a)
{
	char			remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];
	const struct sip_msg	*m = in->m;
	struct msg_route	q = {
		.call = in->call,
		.method = m->method_text,
		.uri = m->uri,
		.from = m->from.uri.text,
		.to = m->to.uri.text,
		.account = a->ndigests > 0 ? a->digests[0].username : STR_NONE,
		.realm = a->ndigests > 0 ? a->digests[0].realm : STR_NONE,
		.source = hop_print_remote(&in->p->from, remote),
		.listener = hop_print_local(&in->p->from, local),
		.media = m->method == METHOD_MESSAGE ? MEDIA_KIND_IM : MEDIA_KIND_UNKNOWN,
	};

	proxy_ref(p);
	p->open++;
	bus_ask(in->w->routed, MSG_ROUTE, &q, DEADLINE_MS, on_routed, p);
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
		.aor = a->from_local ? a->from_aor : STR_NONE,
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

void
proxy_begin(const struct inbound *in, const struct admission *a,
    const struct route_plan *r)
{
	struct proxy	*p = proxy_new(in, r);

	if (p == NULL)
		return;
	p->needed = a->needed;
	p->from_local = a->from_local;
	p->challenge = a->code;
	p->realm = str_dup(a->realm);
	p->from_aor = str_dup(a->from_aor);
	if (hop_is_stream(&p->from) || a->ndigests > 0)
		proxy_trying(p);
	ask_routed(p, in, a);
	if (a->ndigests > 0)
		ask_regd(p, in, a);
}

void
proxy_in_dialog(const struct inbound *in, const struct route_plan *r)
{
	struct proxy	*p;
	struct hop	 to;
	struct leg	*g;

	if ((p = proxy_new(in, r)) == NULL)
		return;
	p->in_dialog = true;
	p->from_caller = r->from_caller;
	p->cookie = r->cookie;
	proxy_trying(p);
	if (dialog_target(r, in, &to) < 0) {
		proxy_refuse(p, 503);
		return;
	}
	g = leg_new(p, &to, in->m->uri, STR_NONE);
	g->media = r->cookie.media;
	proxy_ref(p);
	leg_start(g);
	proxy_unref(p);
}
