/*
 * core - what happens with each message: the fork in the road above the wire.
 *
 * worker.c hands over whole messages; they go to a transaction, to the proxy, to
 * the registrar's questions, or are answered or relayed statelessly. Nothing is
 * stored for a stranger (DESIGN.md 3, S33, S34).
 */
#include "sipd/core_own.h"

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
#include "sipd/failures.h"
#include "sipd/idle.h"
#include "sipd/merged.h"
#include "sipd/meters.h"
#include "sipd/nexthop.h"
#include "sipd/proxy.h"
#include "sipd/ping.h"
#include "sipd/record.h"
#include "sipd/revive.h"
#include "sipd/ringing.h"
#include "sipd/stray.h"
#include "sipd/strict.h"
#include "sipd/worker.h"

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
	idle_start(w);
	return 0;
}

void
core_worker_stop(struct worker *w)
{
	struct core	*c = w->core;

	if (c == NULL)
		return;
	ping_stop(w);
	idle_stop(w);
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

/* ---- responses ------------------------------------------------------------------- */

static void
core_response(struct worker *w, struct sip_msg *m, const struct packet *p)
{
	struct txn	*t;
	uint16_t	 code;

	stats->responses++;
	meter_message(w, METER_IN, p->from.transport, m->method, m->code);
	if (core_too_long(m, &code) != NULL) {
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
