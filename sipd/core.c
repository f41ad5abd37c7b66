/*
 * core - what happens with each message: the fork in the road above the wire.
 *
 * worker.c hands over whole messages; they go to a transaction, to the proxy, to
 * the registrar's questions, or are answered or relayed statelessly. Nothing is
 * stored for a stranger (DESIGN.md 3, S33, S34).
 */
#include "sipd/core.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/dns.h"
#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/admission.h"
#include "sipd/answer.h"
#include "sipd/branch.h"
#include "sipd/calls.h"
#include "sipd/cookie.h"
#include "sipd/dialog.h"
#include "sipd/domains.h"
#include "sipd/gate.h"
#include "sipd/gateways.h"
#include "sipd/extension.h"
#include "sipd/failures.h"
#include "sipd/merged.h"
#include "sipd/meters.h"
#include "sipd/nexthop.h"
#include "sipd/proxy.h"
#include "sipd/ping.h"
#include "sipd/record.h"
#include "sipd/register.h"
#include "sipd/replica.h"
#include "sipd/revive.h"
#include "sipd/ringing.h"
#include "sipd/stray.h"
#include "sipd/strict.h"
#include "sipd/tcp.h"
#include "sipd/reply.h"
#include "sipd/spiral.h"
#include "sipd/worker.h"

#define SIP_PORT	5060
#define SIPS_PORT	5061
#define ALLOW	"INVITE,ACK,BYE,CANCEL,OPTIONS,REGISTER,PRACK,UPDATE,INFO," \
	"REFER,SUBSCRIBE,NOTIFY,PUBLISH,MESSAGE"
#define ALLOW_HERE	"OPTIONS, REGISTER"
#define UNSUPPORTED_MAX	1024	/* octets of Unsupported in a 420 */

static struct keyring nonce_keys;

int
core_keys(const char *dir)
{
	struct keyring	k;
	int		error;

	if ((error = keys_load(&nonce_keys, dir, "nonce")) < 0)
		return error;
	if ((error = keys_load(&k, dir, "branch")) < 0)
		return error;
	branch_init(&k);
	if ((error = keys_load(&k, dir, "cookie")) < 0)
		return error;
	cookie_init(&k);
	explicit_bzero(&k, sizeof(k));
	return 0;
}

const struct keyring *
core_nonce_keys(void)
{
	return &nonce_keys;
}

int
core_worker_start(struct worker *w)
{
	struct core	*c = xcalloc(1, sizeof(*c));

	w->core = c;
	c->w = w;
	meters_start(w);
	c->txns = txns_new(w);
	c->calls = calls_of(w->index);
	c->ringing = ringing_of(w->index);
	c->msg = xcalloc(1, sizeof(*c->msg));
	c->kept = xcalloc(1, sizeof(*c->kept));
	c->body = xcalloc(1, MESSAGE_MAX);
	c->merged = merged_new();
	nexthop_start(w);
	proxies_open(c);
	ping_start(w);
	return 0;
}

void
core_worker_stop(struct worker *w)
{
	struct core	*c = w->core;

	if (c == NULL)
		return;
	ping_stop(w);
	ringing_seal(c->ringing);
	calls_seal(c->calls);
	txns_free(c->txns);
	bus_cancel(w->routed);
	bus_cancel(w->regd);
	bus_cancel(w->mediad);
	dns_free(w->dns);
	w->dns = NULL;
	free(c->msg);
	free(c->kept);
	free(c->body);
	merged_free(c->merged);
	proxies_close(c);
	meters_stop(w);
	free(c);
	w->core = NULL;
}

const struct sip_msg *
core_reparse(struct worker *w, struct str bytes, uint64_t serial)
{
	struct core	*c = w->core;

	if (serial != 0 && serial == c->kept_serial)
		return c->kept;
	if (serial != 0 && serial == c->msg_serial)
		return c->msg;
	c->kept_serial = serial;
	if (sip_parse(c->kept, bytes) < 0)
		fatal("a kept message no longer parses");
	return c->kept;
}

struct str
core_agent(const struct sip_msg *m)
{
	struct str	agent = sip_value(m, m->request ? HDR_USER_AGENT : HDR_SERVER);

	if (agent.len > AGENT_MAX)
		agent.len = AGENT_MAX;
	return agent;
}

/* ---- who we are ------------------------------------------------------------- */

static bool
is_listener(const struct addr *a, const struct addr *received_on)
{
	const struct settings	*set = settings_now();
	const struct addr	*l;
	struct addr		 told;

	for (size_t i = 0; i < set->listen.n; i++) {
		l = &set->listen.v[i].addr;
		if (listen_told(&set->listen.v[i], &told) && addr_eq(&told, a))
			return true;
		if (addr_port(l) != addr_port(a))
			continue;
		if (addr_eq_host(l, a) || (addr_is_wildcard(l) &&
		    addr_eq_host(received_on, a)))
			return true;
	}
	return false;
}

bool
core_is_us(const struct inbound *in, const struct uri *u)
{
	struct addr	a;
	uint16_t	port = u->port;

	if (u->scheme != URI_SIP && u->scheme != URI_SIPS)
		return false;
	if (port == 0)
		port = u->scheme == URI_SIPS || uri_transport(u) == TRANSPORT_TLS ?
		    SIPS_PORT : SIP_PORT;
	if (addr_parse(&a, u->host, port) == 0)
		return is_listener(&a, &in->p->from.local);
	return domain_is_local(u->host);
}

struct str
core_aor(const struct inbound *in, const struct uri *u, char buf[AOR_MAX])
{
	struct uri	meant = *u;

	if (!domain_is_local(u->host) && core_is_us(in, u))
		meant.host = domain_main();
	else
		meant.host = domain_canonical(u->host);
	return uri_aor(&meant, buf);
}

/* ---- requests ------------------------------------------------------------------ */

/*
 * RFC 3261 section 11.2 wants these, S33 wants an answer that is at most half as
 * long again as the request: what has no room is left out.
 */
static void
write_options(struct text *t, void *arg)
{
	const struct {
		struct str	name, value;
	} headers[] = {
		{ STR("Allow"), STR(ALLOW) },
		{ STR("Supported"), extensions_supported() },
		{ STR("Accept"), STR("application/sdp") },
	};
	const size_t	room = *(const size_t *)arg * 3 / 2;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (t->len + headers[i].name.len + headers[i].value.len +
		    sizeof(": \r\nContent-Length: 0\r\n\r\n") <= room)
			reply_header(t, headers[i].name, headers[i].value);
}

static void
answer_options(const struct inbound *in)
{
	size_t	len = in->m->text.len;

	answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
	    &(struct answer){ .code = 200, .more = write_options, .arg = &len });
}

/*
 * What identifies a message, or goes to other daemons as a text, has a bound:
 * hashes and questions are made of it whole, or not at all. NULL, or what is
 * too long; *code is the answer.
 */
static const char *
too_long(const struct sip_msg *m, uint16_t *code)
{
	*code = 400;
	if (m->call_id.len > ID_MAX)
		return "Call-ID Too Long";
	if (m->from_tag.len > ID_MAX || m->to_tag.len > ID_MAX)
		return "Tag Too Long";
	if (m->via.branch.len > ID_MAX || m->via.sent_by.len > ID_MAX)
		return "Via Too Long";
	if (m->method_text.len > METHOD_MAX || m->cseq_method.len > METHOD_MAX)
		return "Method Too Long";
	if (m->from.uri.text.len > URI_MAX || m->to.uri.text.len > URI_MAX)
		return "URI Too Long";
	*code = 414;
	return m->uri.len > URI_MAX ? "Request-URI Too Long" : NULL;
}

/* 420 with the tags that we do not support; what has no room is left out. */
static bool
demands_too_much(const struct inbound *in, enum header id)
{
	char		buf[UNSUPPORTED_MAX];
	struct text	tags;

	text_init(&tags, buf, sizeof(buf));
	if (!extensions_missing(in->m, id, &tags))
		return false;
	answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
	    &(struct answer){ .code = 420, .unsupported = text_str(&tags) });
	return true;
}

/* RFC 3261 section 16.3, as far as it needs no look at Route. False: answered. */
static bool
acceptable(const struct inbound *in, bool for_us)
{
	const struct sip_msg	*m = in->m;

	if (m->max_forwards == 0 && !for_us) {
		answer_plain(in, 483, STR_NONE);
		return false;
	}
	if (spiral_is_loop(m)) {
		stats->loops++;
		answer_plain(in, 482, STR_NONE);
		return false;
	}
	return gate_passes(in) &&
	    !demands_too_much(in, for_us ? HDR_REQUIRE : HDR_PROXY_REQUIRE);
}

static void
write_methods_here(struct text *t, void *arg)
{
	reply_header(t, STR("Allow"), STR(ALLOW_HERE));
}

/*
 * What can be done with the server itself (section 8.2.1). Requests that claim a
 * dialog are the proxy's: whose they are is said there.
 */
static bool
known_here(const struct inbound *in)
{
	const struct sip_msg	*m = in->m;

	if (m->method == METHOD_OPTIONS || m->method == METHOD_REGISTER ||
	    m->to_tag.len > 0)
		return true;
	answer_send(in->w, NULL, m, &in->back, &in->p->from.remote,
	    &(struct answer){ .code = m->method == METHOD_OTHER ? 501 : 405,
	    .more = write_methods_here });
	return false;
}

/* Outside of any dialog of ours. */
static void
core_new_request(struct inbound *in, const struct route_plan *r)
{
	const struct sip_msg	*m = in->m;
	struct admission	 a;
	bool			 us = !r->has_next && !r->to_flow &&
				    core_is_us(in, &m->ruri);
	bool			 here = us && (m->ruri.user.len == 0 ||
				    m->method == METHOD_REGISTER);

	if (!acceptable(in, here) || (here && !known_here(in)))
		return;
	if (here && m->method == METHOD_OPTIONS) {
		answer_options(in);
		return;
	}
	if (!here && gateways_any())
		in->gateway = gateway_calling(&in->p->from.remote, m->ruri.user);
	admission_look(&a, in, here);
	if (admission_must_challenge(&a))
		admission_challenge(&a, in);
	else if (here && m->method == METHOD_REGISTER)
		register_begin(in, &a);
	else
		proxy_begin(in, &a, r);
}

static void
core_ack(const struct inbound *in, struct txn *invite)
{
	const struct sip_msg	*m = in->m;
	struct route_plan	 r;

	/* RFC 6026 section 7.1: that of a 2xx, should it share the branch, goes on. */
	if (invite != NULL && txn_kind(invite) == TXN_INVITE_SERVER &&
	    txn_state(invite) != ST_ACCEPTED) {
		txn_request_again(invite, true);
		return;
	}
	if (totag_verify(m->call_id, m->from_tag, m->cseq, m->to_tag))
		return;		/* of an answer that nothing was stored for */
	route_plan_read(&r, in);
	if (r.in_dialog && m->max_forwards != 0)
		dialog_ack(in, &r);
}

/*
 * S22: only from where the INVITE came. Answered without a transaction, as
 * asking again does no harm.
 */
static void
core_cancel(const struct inbound *in, struct txn *invite)
{
	if (invite == NULL || !hop_same_peer(txn_hop(invite), &in->back) ||
	    !proxy_cancel(invite))
		answer_plain(in, 481, STR_NONE);
	else
		answer_plain(in, 200, STR_NONE);
}

/* What ACK and CANCEL are matched by is the INVITE's. */
static struct txn *
find_server(const struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct str		 method = m->method_text;

	if (m->method == METHOD_ACK || m->method == METHOD_CANCEL)
		method = STR("INVITE");
	return txn_find(in->w->core->txns, txn_server_key(m, method), true);
}

/* RFC 5923 section 5. */
static bool
wants_alias(const struct via *v)
{
	struct str	rest = v->params, name, value, text;

	while (param_next(&rest, &name, &value, NULL, &text) == 1)
		if (str_caseeq(name, STR("alias")))
			return true;
	return false;
}

static void
core_request(struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct txn		*t;
	struct route_plan	 r;
	const char		*bad = m->bad;
	uint16_t		 code = m->bad_code;

	stats->requests++;
	meter_message(in->w, METER_IN, in->p->from.transport, m->method, 0);
	if (bad == NULL)
		bad = too_long(m, &code);
	if (bad != NULL) {
		stats->bad_requests++;
		answer_plain(in, code, str_of(bad));
		return;
	}
	if (in->p->from.transport == TRANSPORT_TLS && wants_alias(&m->via))
		tcp_alias(in->w, &in->p->from, m->via.port != 0 ? m->via.port :
		    SIPS_PORT);
	t = find_server(in);
	if (m->method == METHOD_ACK) {
		core_ack(in, t);
		return;
	}
	if (m->method == METHOD_CANCEL) {
		core_cancel(in, t);
		return;
	}
	if (t != NULL) {
		txn_request_again(t, false);
		return;
	}
	route_plan_read(&r, in);
	if (r.bad)
		answer_plain(in, 400, STR("Bad Route"));
	else if (r.in_dialog) {
		if (acceptable(in, false))
			proxy_in_dialog(in, &r);
	} else if (r.stranger)
		answer_plain(in, 481, STR_NONE);
	else if (r.forged)
		answer_plain(in, 403, STR("Bad Route"));
	else
		core_new_request(in, &r);
}

/* ---- responses ------------------------------------------------------------------- */

static void
core_response(struct worker *w, struct sip_msg *m, const struct packet *p)
{
	struct txn	*t;
	uint16_t	 code;

	stats->responses++;
	meter_message(w, METER_IN, p->from.transport, m->method, m->code);
	if (too_long(m, &code) != NULL) {
		stats->parse_errors++;
		record_bad(w, p);
		return;
	}
	t = txn_find(w->core->txns, txn_client_key(m->via.branch, m->cseq_method), false);
	record_in(w, t != NULL ? txn_call(t) : id_call(m->call_id), m, p);
	sip_straighten(m);
	if (t == NULL && ping_response(w, m, p))
		;
	else if (t == NULL)
		stray_response(w, m, p);
	else if (addr_eq_host(&txn_hop(t)->remote, &p->from.remote))
		txn_response(t, m, p);
	else			/* S23: not from whom it was sent to */
		stats->responses_misplaced++;
}

/* ---- the wire's side --------------------------------------------------------------- */

void
core_packet(struct worker *w, const struct packet *p)
{
	struct sip_msg	*m = w->core->msg;
	struct inbound	 in = { .w = w, .m = m, .p = p };
	char		*loose;
	size_t		 len;
	int		 error;

	error = sip_parse(m, p->bytes);
	if (p->too_big && !m->request)
		error = -EMSGSIZE;
	if (error < 0 && (error != -E2BIG || m->bad == NULL || m->via.host.len == 0)) {
		stats->parse_errors++;
		record_bad(w, p);
		return;
	}
	if (!m->request)
		core_response(w, m, p);
	else {
		answer_back(m, &p->from, &in.back);
		in.call = id_call(m->call_id);
		record_in(w, in.call, m, p);
		sip_straighten(m);
		in.urgent = admission_urgent(m);
		loose = p->too_big || m->bad != NULL ? NULL : strict_undo(&in, &len);
		if (p->too_big)
			answer_plain(&in, 513, STR_NONE);
		else if (loose == NULL || sip_parse(m, str_make(loose, len)) == 0)
			core_request(&in);
		free(loose);
	}
	record_end(w);
	w->core->msg_serial = 0;	/* its octets are no longer ours */
}

void
core_ready(struct worker *w)
{
	revive_calls(w);
}

void
core_send_failed(struct worker *w, uint64_t token, int error)
{
	txns_send_failed(w->core->txns, token, error);
}

/*
 * The branch is nobody's to guess, so an error that brings it back is about what
 * we sent. Whose it is: its key names one transaction in all workers.
 */
void
core_returned(struct worker *w, struct str bytes, int error)
{
	struct str	method, branch;

	if (sip_top_branch(bytes, &method, &branch) && method.len <= METHOD_MAX &&
	    branch.len <= ID_MAX)
		failures_tell(w, worker_for(w, bytes),
		    txn_client_key(branch, method), error);
}

void
core_flow_closed(struct worker *w, const struct hop *h)
{
	/* What was being sent to it fails by its token; contacts expire. */
}

void
core_turn(struct worker *w)
{
	nexthop_turn(w);
}
