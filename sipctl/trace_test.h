#ifndef SIPCTL_TRACE_TEST_H
#define SIPCTL_TRACE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/addr.h"
#include "sipctl/trace.h"

/* Traces by hand, for tests of what draws and writes them. */

#define HERE	"192.0.2.1"

/* The value of a header, or of the angle brackets in it, as a slice. */
static inline struct record_slice
slice_of(const char *text, const char *name, bool uri)
{
	const char	*at = strstr(text, name), *end;

	if (at == NULL)
		return (struct record_slice){ 0, 0 };
	at += strlen(name);
	end = at + strcspn(at, "\r");
	if (uri && memchr(at, '<', (size_t)(end - at)) != NULL) {
		at = strchr(at, '<') + 1;
		end = strchr(at, '>');
	}
	return (struct record_slice){ (uint16_t)(at - text), (uint16_t)(end - at) };
}

static inline void
trace_put(struct trace *t, unsigned kind, unsigned code, int ms, const void *head,
    size_t head_len, const char *text)
{
	struct record	*c = xcalloc(1, sizeof(*c) + head_len + strlen(text));

	c->kind = (uint16_t)kind;
	c->code = (uint16_t)code;
	c->call = 1;
	c->mono_ns = (5000 + ms) * 1000000ll;
	c->wall_ms = 1700000000123 + ms;
	c->length = (uint32_t)(head_len + strlen(text));
	memcpy((char *)(c + 1), head, head_len);
	memcpy((char *)(c + 1) + head_len, text, strlen(text));
	t->v = xrealloc(t->v, t->n + 1, sizeof(t->v[0]));
	t->v[t->n] = (struct trace_record){ c, xstrdup("sipd"), xstrdup("sipd.0"), t->n };
	t->n++;
}

/* peer: an address with port, UDP, or TLS behind "tls:". */
static inline void
trace_message(struct trace *t, bool out, const char *peer, int ms, const char *text)
{
	struct record_message	m = { .transport = TRANSPORT_UDP };
	struct addr		remote, local;
	const char		*label = strncmp(text, "SIP/2.0 ", 8) == 0 ? text + 8 : text;
	unsigned		code = label == text ? 0 : (unsigned)atoi(label);

	if (strncmp(peer, "tls:", 4) == 0) {
		m.transport = TRANSPORT_TLS;
		peer += 4;
	}
	assert_int_equal(addr_parse_port(&remote, str_of(peer)), 0);
	assert_int_equal(addr_parse(&local, remote.sa.sa_family == AF_INET ? STR(HERE) :
	    STR("2001:db8:1::1"), 5060), 0);
	m.family = remote.sa.sa_family == AF_INET ? 4 : 6;
	memcpy(m.remote, addr_bytes(&remote).s, addr_bytes(&remote).len);
	memcpy(m.local, addr_bytes(&local).s, addr_bytes(&local).len);
	m.remote_port = addr_port(&remote);
	m.local_port = 5060;
	m.label = (struct record_slice){ (uint16_t)(label - text),
	    (uint16_t)strcspn(label, code != 0 ? "\r" : " ") };
	m.call_id = slice_of(text, "Call-ID: ", false);
	m.from = slice_of(text, "From: ", true);
	m.to = slice_of(text, "To: ", true);
	trace_put(t, out ? RECORD_OUT : RECORD_IN, code, ms, &m, sizeof(m), text);
}

static inline void
trace_note(struct trace *t, unsigned kind, unsigned code, int ms, const char *tag,
    const char *text)
{
	struct record_note	n = { "" };

	memcpy(n.tag, tag, strlen(tag));
	trace_put(t, kind, code, ms, &n, sizeof(n), text);
}

#define INVITE_TO(uri)	"INVITE " uri " SIP/2.0\r\n"				\
	"From: \"Anna Berg\" <sip:anna@acme.example>;tag=a\r\n"			\
	"To: <sip:bert@acme.example>\r\nCall-ID: 1@acme.example\r\n"		\
	"Via: SIP/2.0/UDP anna-pc.acme.example:5062;branch=z9hG4bK1\r\n"	\
	"CSeq: 1 INVITE\r\nSubject: money\r\n\r\n"				\
	"v=0\r\no=anna 1 1 IN IP4 10.1.4.20\r\ns=-\r\nc=IN IP4 10.1.4.20\r\nt=0 0\r\n"	\
	"m=audio 4000 RTP/SAVP 8 101 96\r\na=rtpmap:96 opus/48000/2\r\n"		\
	"a=rtpmap:101 telephone-event/8000\r\na=crypto:1 X inline:***|2^20\r\n"
#define RESPONSE(line)	"SIP/2.0 " line "\r\nFrom: <sip:anna@acme.example>;tag=a\r\n"	\
	"To: <sip:bert@acme.example>;tag=b\r\nCall-ID: 1@acme.example\r\n"	\
	"CSeq: 1 INVITE\r\n\r\n"

/* anna calls bert at a gateway over TLS and IPv6, who refuses. */
static inline void
trace_refused_call(struct trace *t)
{
	*t = (struct trace){ NULL };
	trace_message(t, false, "10.1.4.20:5062", 0, INVITE_TO("sip:bert@acme.example"));
	trace_note(t, RECORD_DECISION, 0, 0, "AUTH", "signed in as anna@acme.example");
	trace_message(t, true, "10.1.4.20:5062", 1, RESPONSE("100 Trying"));
	trace_note(t, RECORD_DECISION, 0, 2, "ROUTER", "routed; routes.conf:31 <+44*>; "
	    "to gateway teleco1 via sip:[2001:db8::5]");
	trace_message(t, true, "tls:[2001:db8:2::5]:5061", 3, INVITE_TO("sip:+442071234567@[2001:db8:2::5]"));
	trace_message(t, true, "tls:[2001:db8:2::5]:5061", 503, INVITE_TO("sip:+442071234567@[2001:db8:2::5]"));
	trace_message(t, false, "tls:[2001:db8:2::5]:5061", 12700, RESPONSE("488 Not Acceptable Here"));
	trace_message(t, true, "10.1.4.20:5062", 12701, RESPONSE("488 Not Acceptable Here"));
	trace_note(t, RECORD_RESULT, 488, 12701, "SIGNAL", "INVITE");
}

#endif
