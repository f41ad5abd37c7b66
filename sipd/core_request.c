/*
 * core_request - a request: to its transaction, to the proxy, to the registrar's
 * questions, or answered at once.
 */
#include "sipd/core_own.h"

#include "common/daemon.h"
#include "common/stats.h"
#include "sipd/admission.h"
#include "sipd/answer.h"
#include "sipd/branch.h"
#include "sipd/dialog.h"
#include "sipd/ending.h"
#include "sipd/extension.h"
#include "sipd/gate.h"
#include "sipd/gateways.h"
#include "sipd/meters.h"
#include "sipd/proxy.h"
#include "sipd/register.h"
#include "sipd/reply.h"
#include "sipd/spiral.h"
#include "sipd/tcp.h"
#include "sipd/worker.h"

#define ALLOW	"INVITE,ACK,BYE,CANCEL,OPTIONS,REGISTER,PRACK,UPDATE,INFO," \
	"REFER,SUBSCRIBE,NOTIFY,PUBLISH,MESSAGE"
#define ALLOW_HERE	"OPTIONS, REGISTER"
#define CLOSED_RETRY_S	60
#define UNSUPPORTED_MAX	1024	/* octets of Unsupported in a 420 */

const char *
core_too_long(const struct sip_msg *m, uint16_t *code)
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

/* ---- what is answered here ---- */

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

/* ---- where it goes ---- */

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
	if (m->method == METHOD_INVITE && !in->urgent && ending_closed()) {
		stats->calls_refused_closed++;
		answer_send(in->w, NULL, m, &in->back, &in->p->from.remote,
		    &(struct answer){ .code = 503, .retry_after_s = CLOSED_RETRY_S });
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

/* To its transaction, or where it begins one. */
static void
match_request(struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	struct txn		*t = find_server(in);
	struct route_plan	 r;

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

void
core_request(struct inbound *in)
{
	const struct sip_msg	*m = in->m;
	const char		*bad = m->bad;
	uint16_t		 code = m->bad_code;

	stats->requests++;
	meter_message(in->w, METER_IN, in->p->from.transport, m->method, 0);
	if (bad == NULL)
		bad = core_too_long(m, &code);
	if (bad != NULL) {
		stats->bad_requests++;
		answer_plain(in, code, str_of(bad));
		return;
	}
	if (in->p->from.transport == TRANSPORT_TLS && wants_alias(&m->via))
		tcp_alias(in->w, &in->p->from, m->via.port != 0 ? m->via.port :
		    SIPS_PORT);
	match_request(in);
}
