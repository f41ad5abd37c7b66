/*
 * reply - answers of our own to a request: RFC 3261 sections 8.2.6 and 18.2.1.
 */
#include "sipd/reply.h"

#include <time.h>

#include "common/scan.h"
#include "sipd/line.h"

/*
 * The first Via line: the top value is patched, what follows it is copied. A
 * line is written anew from name and value, so that it always ends in CRLF.
 */
static void
add_top_via(struct text *t, const struct sip_msg *m, const struct sip_line *l,
    const struct addr *source)
{
	struct via_patch	p[VIA_PATCHES];
	char			buf[VIA_PATCH_BUF];
	const char		*at = l->value.s;
	unsigned		n = 0;

	if (source != NULL && m->via.text.s != NULL)
		n = via_stamp(&m->via, source, p, buf);
	text_add(t, STR("Via: "));
	for (unsigned i = 0; i < n; i++) {
		text_add(t, str_make(at, (size_t)(p[i].old.s - at)));
		text_add(t, p[i].with);
		at = p[i].old.s + p[i].old.len;
	}
	text_add(t, str_make(at, (size_t)(l->value.s + l->value.len - at)));
	text_add(t, STR("\r\n"));
}

static void
add_vias(struct text *t, const struct sip_msg *m, const struct addr *source)
{
	const struct sip_line	*l = sip_first(m, HDR_VIA);

	if (l == NULL)
		return;
	add_top_via(t, m, l, source);
	while ((l = sip_next(m, l)) != NULL)
		line_write(t, header_name(HDR_VIA), l->value);
}

static void
add_first(struct text *t, const struct sip_msg *m, enum header id)
{
	const struct sip_line	*l = sip_first(m, id);

	if (l != NULL)
		line_write(t, header_name(id), l->value);
}

static void
add_to(struct text *t, const struct sip_msg *m, struct str tag)
{
	const struct sip_line	*l = sip_first(m, HDR_TO);

	if (l == NULL)
		return;
	text_add(t, STR("To: "));
	text_add(t, l->value);
	/* One that does not parse is given back as it is. */
	if (m->to.text.s != NULL && m->to_tag.s == NULL && tag.len > 0) {
		text_add(t, STR(";tag="));
		text_add(t, tag);
	}
	text_add(t, STR("\r\n"));
}

void
reply_begin(struct text *t, const struct sip_msg *m, unsigned code,
    struct str reason, struct str to_tag, const struct addr *source)
{
	text_add(t, STR("SIP/2.0 "));
	text_u64(t, code);
	text_ch(t, ' ');
	text_add(t, scan_has_control(reason) ? reply_reason(code) : reason);
	text_add(t, STR("\r\n"));
	add_vias(t, m, source);
	add_first(t, m, HDR_FROM);
	add_to(t, m, to_tag);
	add_first(t, m, HDR_CALL_ID);
	add_first(t, m, HDR_CSEQ);
	if (code == 100)
		add_first(t, m, HDR_TIMESTAMP);
}

void
reply_header(struct text *t, struct str name, struct str value)
{
	if (!scan_has_control(value))
		line_write(t, name, value);
}

void
reply_date(struct text *t, int64_t wall_ms)
{
	static __thread char	buf[40];	/* the same for a second's worth */
	static __thread time_t	of;
	time_t			now = (time_t)(wall_ms / 1000);
	struct tm		tm;

	if (now != of || buf[0] == '\0') {
		gmtime_r(&now, &tm);
		strftime(buf, sizeof(buf), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		of = now;
	}
	reply_header(t, STR("Date"), str_of(buf));
}

void
reply_copy(struct text *t, const struct sip_msg *m, enum header id)
{
	const struct sip_line	*l;

	for (l = sip_first(m, id); l != NULL; l = sip_next(m, l))
		line_write(t, header_name(id), l->value);
}

void
reply_end(struct text *t, struct str body)
{
	text_add(t, STR("Content-Length: "));
	text_u64(t, body.len);
	text_add(t, STR("\r\n\r\n"));
	text_add(t, body);
}

struct str
reply_reason(unsigned code)
{
	static const struct {
		uint16_t	code;
		struct str	phrase;
	} phrases[] = {
		{ 100, STR("Trying") },
		{ 180, STR("Ringing") },
		{ 181, STR("Call Is Being Forwarded") },
		{ 182, STR("Queued") },
		{ 183, STR("Session Progress") },
		{ 200, STR("OK") },
		{ 202, STR("Accepted") },
		{ 300, STR("Multiple Choices") },
		{ 301, STR("Moved Permanently") },
		{ 302, STR("Moved Temporarily") },
		{ 305, STR("Use Proxy") },
		{ 380, STR("Alternative Service") },
		{ 400, STR("Bad Request") },
		{ 401, STR("Unauthorized") },
		{ 402, STR("Payment Required") },
		{ 403, STR("Forbidden") },
		{ 404, STR("Not Found") },
		{ 405, STR("Method Not Allowed") },
		{ 406, STR("Not Acceptable") },
		{ 407, STR("Proxy Authentication Required") },
		{ 408, STR("Request Timeout") },
		{ 410, STR("Gone") },
		{ 412, STR("Conditional Request Failed") },
		{ 413, STR("Request Entity Too Large") },
		{ 414, STR("Request-URI Too Long") },
		{ 415, STR("Unsupported Media Type") },
		{ 416, STR("Unsupported URI Scheme") },
		{ 420, STR("Bad Extension") },
		{ 421, STR("Extension Required") },
		{ 422, STR("Session Interval Too Small") },
		{ 423, STR("Interval Too Brief") },
		{ 430, STR("Flow Failed") },
		{ 439, STR("First Hop Lacks Outbound Support") },
		{ 440, STR("Max-Breadth Exceeded") },
		{ 480, STR("Temporarily Unavailable") },
		{ 481, STR("Call/Transaction Does Not Exist") },
		{ 482, STR("Loop Detected") },
		{ 483, STR("Too Many Hops") },
		{ 484, STR("Address Incomplete") },
		{ 485, STR("Ambiguous") },
		{ 486, STR("Busy Here") },
		{ 487, STR("Request Terminated") },
		{ 488, STR("Not Acceptable Here") },
		{ 489, STR("Bad Event") },
		{ 491, STR("Request Pending") },
		{ 493, STR("Undecipherable") },
		{ 500, STR("Server Internal Error") },
		{ 501, STR("Not Implemented") },
		{ 502, STR("Bad Gateway") },
		{ 503, STR("Service Unavailable") },
		{ 504, STR("Server Time-out") },
		{ 505, STR("Version Not Supported") },
		{ 513, STR("Message Too Large") },
		{ 580, STR("Precondition Failure") },
		{ 600, STR("Busy Everywhere") },
		{ 603, STR("Decline") },
		{ 604, STR("Does Not Exist Anywhere") },
		{ 606, STR("Not Acceptable") },
	};
	static const struct str	classes[] = {
		STR("Trying"), STR("Progress"), STR("OK"), STR("Redirected"),
		STR("Bad Request"), STR("Server Error"), STR("Refused"),
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].code == code)
			return phrases[i].phrase;
	return classes[code / 100 < 7 ? code / 100 : 5];
}
