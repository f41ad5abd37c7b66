/*
 * request - requests of our own: CANCEL and ACK made from a request as it was
 * sent (RFC 3261 sections 9.1 and 17.1.1.3), and requests outside any dialog
 * (section 8.1.1).
 */
#include "sipd/request.h"

#include <errno.h>

#include "common/scan.h"
#include "sipd/line.h"

/*
 * The request as it was sent, parsed anew: this is off the common path. A
 * message does not fit on every thread's stack comfortably, so one is kept per
 * thread.
 */
static _Thread_local struct sip_msg	original;

static void
add_lines(struct text *t, const struct sip_msg *m, enum header id)
{
	const struct sip_line	*l;

	for (l = sip_first(m, id); l != NULL; l = sip_next(m, l))
		line_write(t, header_name(id), l->value);
}

static void
add_request_line(struct text *t, struct str method, struct str uri)
{
	text_add(t, method);
	text_ch(t, ' ');
	text_add(t, uri);
	text_add(t, STR(" SIP/2.0\r\n"));
}

static void
add_cseq(struct text *t, uint32_t number, struct str method)
{
	text_add(t, STR("CSeq: "));
	text_u64(t, number);
	text_ch(t, ' ');
	text_add(t, method);
	text_add(t, STR("\r\n"));
}

/* Both take all but the method, To and Via's other values from the request. */
static void
follow_up(struct text *t, const struct sip_msg *m, struct str method,
    struct str to)
{
	add_request_line(t, method, m->uri);
	line_write(t, STR("Via"), m->via.text);
	line_write(t, STR("Max-Forwards"), STR("70"));
	add_lines(t, m, HDR_ROUTE);
	line_write(t, STR("From"), m->from.text);
	line_write(t, STR("To"), to);
	line_write(t, STR("Call-ID"), m->call_id);
	add_cseq(t, m->cseq, method);
}

static void
finish(struct text *t, struct str body)
{
	text_add(t, STR("Content-Length: "));
	text_u64(t, body.len);
	text_add(t, STR("\r\n\r\n"));
	text_add(t, body);
}

int
request_cancel(struct text *t, struct str sent, struct str reason)
{
	const struct sip_msg	*m = &original;

	if (sip_parse(&original, sent) < 0 || !m->request || m->bad != NULL ||
	    scan_has_control(reason))
		return -EBADMSG;
	follow_up(t, m, STR("CANCEL"), m->to.text);
	if (reason.len > 0)
		line_write(t, STR("Reason"), reason);
	finish(t, STR_NONE);
	return t->full ? -EMSGSIZE : 0;
}

int
request_ack(struct text *t, struct str sent, const struct sip_msg *response)
{
	const struct sip_msg	*m = &original;

	if (sip_parse(&original, sent) < 0 || !m->request || m->bad != NULL)
		return -EBADMSG;
	follow_up(t, m, STR("ACK"), response->to.text);
	finish(t, STR_NONE);
	return t->full ? -EMSGSIZE : 0;
}

/* ---- a request outside any dialog ---------------------------------------- */

static bool
fields_good(const struct request *r)
{
	const struct str	needed[] = { r->method, r->uri, r->via, r->from,
	    r->from_tag, r->to, r->call_id };
	const struct str	others[] = { r->to_tag, r->contact, r->route,
	    r->agent, r->content_type };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].len == 0 || scan_has_control(needed[i]))
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (scan_has_control(others[i]))
			return false;
	return true;
}

static void
add_party(struct text *t, struct str name, struct str uri, struct str tag)
{
	text_add(t, name);
	text_add(t, STR(": <"));
	text_add(t, uri);
	text_ch(t, '>');
	if (tag.len > 0) {
		text_add(t, STR(";tag="));
		text_add(t, tag);
	}
	text_add(t, STR("\r\n"));
}

/* "name=value" or "name=\"value\"", nothing when it is empty. */
static int
add_param(struct text *t, struct str name, struct str value, bool quoted)
{
	if (value.len == 0)
		return 0;
	if (scan_has_control(value))
		return -EBADMSG;
	if (t->len > 0 && t->s[t->len - 1] != ' ')
		text_add(t, STR(", "));
	text_add(t, name);
	text_ch(t, '=');
	if (!quoted) {
		text_add(t, value);
		return 0;
	}
	text_ch(t, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.s[i] == '"' || value.s[i] == '\\')
			text_ch(t, '\\');
		text_ch(t, value.s[i]);
	}
	text_ch(t, '"');
	return 0;
}

/* RFC 3261 section 25.1: algorithm, qop and nc stand without quotes. */
int
request_credential(struct text *t, const struct rec_digest *d)
{
	const struct {
		struct str	name, value;
		bool		quoted;
	} params[] = {
		{ STR("username"), d->username, true },
		{ STR("realm"), d->realm, true },
		{ STR("nonce"), d->nonce, true },
		{ STR("uri"), d->uri, true },
		{ STR("response"), d->response, true },
		{ STR("algorithm"), d->algorithm, false },
		{ STR("cnonce"), d->cnonce, true },
		{ STR("qop"), d->qop, false },
		{ STR("nc"), d->nc, false },
		{ STR("opaque"), d->opaque, true },
	};

	text_add(t, STR("Digest "));
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (add_param(t, params[i].name, params[i].value,
		    params[i].quoted) < 0)
			return -EBADMSG;
	return 0;
}

static int
add_digest(struct text *t, const struct rec_digest *d, bool proxy)
{
	int	error;

	text_add(t, header_name(proxy ? HDR_PROXY_AUTHORIZATION :
	    HDR_AUTHORIZATION));
	text_add(t, STR(": "));
	error = request_credential(t, d);
	text_add(t, STR("\r\n"));
	return error;
}

int
request_write(struct text *t, const struct request *r)
{
	if (!fields_good(r))
		return -EBADMSG;
	add_request_line(t, r->method, r->uri);
	line_write(t, STR("Via"), r->via);
	line_write(t, STR("Max-Forwards"), STR("70"));
	if (r->route.len > 0)
		line_write(t, STR("Route"), r->route);
	add_party(t, STR("From"), r->from, r->from_tag);
	add_party(t, STR("To"), r->to, r->to_tag);
	line_write(t, STR("Call-ID"), r->call_id);
	add_cseq(t, r->cseq, r->method);
	if (r->contact.len > 0)
		add_party(t, STR("Contact"), r->contact, STR_NONE);
	if (str_eq(r->method, STR("REGISTER")))		/* RFC 3327 section 5.1 */
		line_write(t, STR("Supported"), STR("path"));
	if (r->expires_s >= 0) {
		text_add(t, STR("Expires: "));
		text_u64(t, (uint64_t)r->expires_s);
		text_add(t, STR("\r\n"));
	}
	if (r->digest != NULL && add_digest(t, r->digest, r->proxy) < 0)
		return -EBADMSG;
	if (r->agent.len > 0)
		line_write(t, STR("User-Agent"), r->agent);
	if (r->content_type.len > 0)
		line_write(t, STR("Content-Type"), r->content_type);
	finish(t, r->body);
	return t->full ? -EMSGSIZE : 0;
}
