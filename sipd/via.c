/*
 * via - one value of Via: RFC 3261 sections 18.2, 20.42 and 25.1, RFC 3581.
 */
#include "sipd/via.h"

#include <errno.h>
#include <netinet/in.h>

#include "common/scan.h"

/* "SIP / 2.0 / UDP", blanks as they like. */
static int
protocol_parse(struct via *v, struct str *in)
{
	struct str	name, version;

	if (scan_token(in, &name) < 0 || !str_caseeq(name, STR("SIP")) ||
	    !scan_sep(in, '/') || scan_token(in, &version) < 0 ||
	    !str_eq(version, STR("2.0")) || !scan_sep(in, '/') ||
	    scan_token(in, &v->transport_text) < 0)
		return -EBADMSG;
	v->transport = transport_parse(v->transport_text);
	return 0;
}

static int
sent_by_parse(struct via *v, struct str *in)
{
	const char	*start = in->s;
	uint32_t	 port;

	if (scan_host(in, &v->host) < 0)
		return -EBADMSG;
	v->sent_by = v->host;
	if (!scan_sep(in, ':'))
		return 0;
	if (scan_u32(in, &port) < 0 || port == 0 || port > UINT16_MAX)
		return -EBADMSG;
	v->port = (uint16_t)port;
	v->sent_by.len = (size_t)(in->s - start);
	return 0;
}

static struct str
without_brackets(struct str host)
{
	if (host.len >= 2 && host.s[0] == '[' && host.s[host.len - 1] == ']')
		return str_make(host.s + 1, host.len - 2);
	return host;
}

static int
rport_set(struct via *v, struct str value, bool given)
{
	uint32_t	port;

	v->has_rport = true;
	if (!given)
		return 0;
	if (str_u32(value, &port) < 0 || port == 0 || port > UINT16_MAX)
		return -EBADMSG;
	v->rport = (uint16_t)port;
	return 0;
}

/* Of parameters given twice the first counts. */
static int
param_set(struct via *v, struct str name, struct str value, bool given,
    struct str text)
{
	switch (name.len) {
	case 5:
		if (v->rport_text.s == NULL && str_caseeq(name, STR("rport"))) {
			v->rport_text = text;
			return rport_set(v, value, given);
		}
		if (v->maddr.s == NULL && str_caseeq(name, STR("maddr")))
			v->maddr = value;
		break;
	case 6:
		if (v->branch.s == NULL && str_caseeq(name, STR("branch"))) {
			v->branch = value;
			v->magic = value.len > 7 &&
			    str_caseprefix(value, STR("z9hG4bK"));
		}
		break;
	case 8:
		if (v->received_text.s == NULL &&
		    str_caseeq(name, STR("received"))) {
			v->received = without_brackets(value);
			v->received_text = text;
		}
		break;
	}
	return 0;
}

static int
param_parse(struct via *v, struct str *in)
{
	const char	*start = in->s;
	struct str	 name, value = STR_NONE, text;
	bool		 given;

	if (scan_token(in, &name) < 0)
		return -EBADMSG;
	text = str_make(start, name.len);
	given = scan_sep(in, '=');
	if (given) {
		if (in->len > 0 && in->s[0] == '"') {
			if (scan_quoted(in, &value) < 0)
				return -EBADMSG;
		} else {
			value = scan_plain(in);
			if (value.len == 0)
				return -EBADMSG;
		}
		text.len = (size_t)(in->s - start);
	}
	return param_set(v, name, value, given, text);
}

int
via_parse(struct via *out, struct str *rest)
{
	struct via	v = { 0 };
	struct str	in = *rest;
	const char	*start, *end;

	scan_blanks(&in);
	start = in.s;
	if (protocol_parse(&v, &in) < 0)
		return -EBADMSG;
	if (in.len == 0 || !scan_is(in.s[0], CHAR_BLANK))
		return -EBADMSG;
	scan_blanks(&in);
	if (sent_by_parse(&v, &in) < 0)
		return -EBADMSG;
	end = in.s;
	if (scan_sep(&in, ';')) {
		v.params.s = in.s;
		do {
			if (param_parse(&v, &in) < 0)
				return -EBADMSG;
			end = in.s;
		} while (scan_sep(&in, ';'));
		v.params.len = (size_t)(end - v.params.s);
	}
	v.text = str_make(start, (size_t)(end - start));
	scan_blanks(&in);
	if (in.len > 0 && !scan_ch(&in, ','))
		return -EBADMSG;
	*out = v;
	*rest = in;
	return 0;
}

void
via_write(struct text *t, enum transport transport, const struct addr *sent_by,
    struct str branch)
{
	static const char *const names[] = {
		[TRANSPORT_UDP] = "UDP", [TRANSPORT_TCP] = "TCP", [TRANSPORT_TLS] = "TLS",
	};
	char	host[ADDR_TEXT_MAX];

	text_add(t, STR("SIP/2.0/"));
	text_add(t, str_of(names[transport]));
	text_ch(t, ' ');
	text_add(t, addr_print(sent_by, host));
	text_add(t, STR(";branch="));
	text_add(t, branch);
}

bool
via_response_addr(const struct via *v, struct addr *out)
{
	struct str	host = v->received.len > 0 ? v->received : v->host;
	uint16_t	port = v->port;
	struct addr	a;

	if (v->maddr.len > 0)
		host = v->maddr;
	else if (v->rport != 0 && v->transport == TRANSPORT_UDP)
		port = v->rport;
	if (port == 0)
		port = v->transport == TRANSPORT_TLS ? 5061 : 5060;
	if (addr_parse(&a, host, port) < 0)
		return false;
	*out = a;
	return true;
}

static void
patch(struct via_patch *p, struct text *t, size_t start, struct str old)
{
	p->old = old;
	p->with = str_make(t->s + start, t->len - start);
}

unsigned
via_stamp(const struct via *v, const struct addr *source,
    struct via_patch out[VIA_PATCHES], char buf[VIA_PATCH_BUF])
{
	char		host_buf[ADDR_TEXT_MAX];
	struct str	host = addr_print_host(source, host_buf);
	struct str	end = str_make(v->text.s + v->text.len, 0);
	struct text	t;
	unsigned	n = 0;
	size_t		start;

	text_init(&t, buf, VIA_PATCH_BUF);
	if (v->has_rport) {
		text_add(&t, STR("rport="));
		text_u64(&t, addr_port(source));
		patch(&out[n++], &t, 0, v->rport_text);
	}
	start = t.len;
	if (v->received_text.s != NULL) {
		text_add(&t, STR("received="));
		text_add(&t, host);
		patch(&out[n++], &t, start, v->received_text);
	} else if (v->has_rport || !str_caseeq(host, without_brackets(v->host))) {
		text_add(&t, STR(";received="));
		text_add(&t, host);
		patch(&out[n++], &t, start, end);
	}
	if (n == 2 && out[0].old.s > out[1].old.s) {
		struct via_patch	first = out[1];

		out[1] = out[0];
		out[0] = first;
	}
	return n;
}
