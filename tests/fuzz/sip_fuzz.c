/*
 * sip_fuzz - everything sipd does with a message from the wire: framing, the
 * Call-ID, the parse, every value of the list headers, credentials, edits,
 * answers and follow-up requests; and what must hold of them.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "sipd/auth_header.h"
#include "sipd/contact.h"
#include "sipd/edit.h"
#include "sipd/msg.h"
#include "sipd/reply.h"
#include "sipd/request.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX		(1024 * 1024)

static struct sip_msg	m, again;
static char		out[OUT_MAX];
static volatile size_t	sink;

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static void
source_set(struct addr *a)
{
	MUST(addr_parse(a, STR("2001:db8::9"), 5061) == 0);
}

/* Each octet is read: a slice that reaches outside is the sanitizer's. */
static void
touch(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		sink += (unsigned char)s.s[i];
}

static void
check_slice(const struct sip_msg *msg, struct str s)
{
	MUST(s.len == 0 || (s.s >= msg->text.s &&
	    s.s + s.len <= msg->text.s + msg->text.len));
	touch(s);
}

static void
check_values(const struct sip_msg *msg)
{
	static const enum header	lists[] = { HDR_CONTACT, HDR_ROUTE,
	    HDR_RECORD_ROUTE, HDR_PATH, HDR_SERVICE_ROUTE };
	char			buf[8192], aor[AOR_MAX];
	struct rec_contact	contact;
	struct nameaddr		a;
	struct values		c;
	struct text		t;
	int			r;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		values_begin(&c, msg, lists[i]);
		while ((r = nameaddr_next(&c, &a)) != 0) {
			if (r < 0)
				continue;
			check_slice(msg, a.text);
			check_slice(msg, a.params);
			check_slice(msg, a.display);
			check_slice(msg, a.uri.text);
			touch(uri_aor(&a.uri, aor));
			MUST(a.star || uri_equal(&a.uri, &a.uri));
			text_init(&t, buf, sizeof(buf));
			if (contact_read(&contact, &a, &t) == 0) {
				touch(contact.params);
				MUST(contact.q <= 1000);
			}
		}
	}
	sip_has_word(msg, HDR_REQUIRE, STR("path"));
}

static void
check_vias(const struct sip_msg *msg)
{
	const struct sip_line	*l;
	struct str		 rest;
	struct addr		 a;
	struct via		 v;

	for (l = sip_first(msg, HDR_VIA); l != NULL; l = sip_next(msg, l)) {
		rest = l->value;
		while (rest.len > 0 && via_parse(&v, &rest) == 0) {
			check_slice(msg, v.text);
			check_slice(msg, v.params);
			check_slice(msg, v.branch);
			check_slice(msg, v.received);
			via_response_addr(&v, &a);
		}
	}
}

static void
check_auth(const struct sip_msg *msg)
{
	static const enum header	ids[] = { HDR_AUTHORIZATION,
	    HDR_PROXY_AUTHORIZATION, HDR_WWW_AUTHENTICATE };
	char			buf[AUTH_SCRATCH];
	struct rec_digest	d;
	struct auth		a;
	struct text		t;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		unsigned	line = 0;

		text_init(&t, buf, sizeof(buf));
		while (auth_next(&a, msg, ids[i], &line, &t) > 0) {
			auth_to_record(&d, &a);
			touch(d.username);
			touch(d.response);
			touch(a.rest);
		}
	}
}

/* The lines cover the head without a gap when none was refused. */
static void
check_lines(const struct sip_msg *msg)
{
	const char	*at = msg->first_line.s + msg->first_line.len + 2;

	for (unsigned i = 0; i < msg->nlines; i++) {
		const struct sip_line	*l = &msg->line[i];

		check_slice(msg, l->text);
		check_slice(msg, l->name);
		check_slice(msg, l->value);
		if (msg->bad == NULL)
			MUST(l->text.s == at);
		at = l->text.s + l->text.len;
	}
}

/* No edits: every octet as it came. */
static void
check_unchanged(const struct sip_msg *msg)
{
	struct edits	e;
	struct text	t;

	edits_init(&e, msg);
	text_init(&t, out, sizeof(out));
	MUST(edits_write(&e, &t) == 0);
	MUST(str_eq(text_str(&t), msg->text));
}

/* What is forwarded parses, and says what it said. */
static void
check_forwarded(const struct sip_msg *msg)
{
	struct edits	e;
	struct addr	source;
	struct text	t;

	source_set(&source);
	edits_init(&e, msg);
	if (msg->request) {
		edit_via_received(&e, &source);
		edit_prepend_via(&e, STR("SIP/2.0/UDP a.example;branch=z9hG4bKx"));
		edit_prepend_record_route(&e, STR("<sip:a.example;lr>"));
		edit_max_forwards(&e, 69);
		edit_request_uri(&e, STR("sip:b@c.example"));
		edit_remove_header(&e, HDR_P_ASSERTED_IDENTITY);
		if (msg->first[HDR_ROUTE] != SIP_NO_LINE)
			edit_remove_first_route(&e);
	} else {
		edit_remove_top_via(&e);
	}
	edit_body(&e, STR("v=0\r\n"));
	text_init(&t, out, sizeof(out));
	if (edits_write(&e, &t) < 0)
		return;
	MUST(edits_size(&e) == t.len);
	if (!msg->request)
		return;
	if (msg->nlines + 4 > SIP_LINES_MAX)
		return;
	MUST(sip_parse(&again, text_str(&t)) == 0);
	MUST(again.bad == NULL);
	MUST(str_eq(again.call_id, msg->call_id));
	MUST(str_eq(again.body, STR("v=0\r\n")));
	MUST(again.max_forwards == 69);
	MUST(again.first[HDR_P_ASSERTED_IDENTITY] == SIP_NO_LINE);
}

static void
check_answer(const struct sip_msg *msg)
{
	struct addr	source;
	struct text	t;

	source_set(&source);
	text_init(&t, out, sizeof(out));
	reply_begin(&t, msg, msg->bad != NULL ? msg->bad_code : 404,
	    reply_reason(404), STR("tag"), &source);
	reply_copy(&t, msg, HDR_RECORD_ROUTE);
	reply_end(&t, STR_NONE);
	MUST(!t.full);
	if (msg->bad == NULL) {
		MUST(sip_parse(&again, text_str(&t)) == 0);
		MUST(again.code == 404 && again.body.len == 0);
		MUST(again.to_tag.len > 0);
	}
}

static void
check_follow_up(const struct sip_msg *msg)
{
	struct text	t;

	text_init(&t, out, sizeof(out));
	if (request_cancel(&t, msg->text, STR("SIP;cause=200")) == 0) {
		MUST(sip_parse(&again, text_str(&t)) == 0);
		MUST(again.bad == NULL && again.method == METHOD_CANCEL);
		MUST(str_eq(again.via.branch, msg->via.branch));
	}
}

static void
check_message(struct str in)
{
	struct str	call_id;
	bool		found = sip_call_id(in, &call_id);
	int		r = sip_parse(&m, in);

	if (r < 0 && r != -E2BIG)
		return;
	check_lines(&m);
	check_vias(&m);
	check_values(&m);
	check_auth(&m);
	check_unchanged(&m);
	if (m.request && m.via.host.len > 0)
		check_answer(&m);
	if (m.bad != NULL)
		return;
	MUST(found && str_eq(call_id, m.call_id));
	check_forwarded(&m);
	if (m.request)
		check_follow_up(&m);
}

/* Made straight it says the same, and nothing is left to be made straight. */
static void
check_straight(struct str in)
{
	char	*copy = malloc(in.len > 0 ? in.len : 1);

	MUST(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.s, in.len);
	if (sip_parse(&m, str_make(copy, in.len)) == 0 && m.bad == NULL) {
		sip_straighten(&m);
		MUST(sip_parse(&again, m.text) == 0);
		MUST(again.bad == NULL && !again.loose);
		MUST(again.nlines == m.nlines && again.code == m.code);
		for (unsigned i = 0; i < m.nlines; i++) {
			MUST(again.line[i].id == m.line[i].id);
			MUST(str_eq(again.line[i].name, m.line[i].name));
			MUST(str_eq(again.line[i].value, m.line[i].value));
			MUST(again.line[i].name.s[again.line[i].name.len] == ':');
		}
		MUST(str_eq(again.via.branch, m.via.branch));
		MUST(str_eq(again.from_tag, m.from_tag));
		MUST(str_eq(again.body, m.body));
	}
	free(copy);
}

/* Without its last octet it is not what it was with the same Content-Length. */
static void
check_cut(struct str in)
{
	bool	good = sip_parse(&m, in) == 0 && m.bad == NULL &&
		    m.content_length > 0;
	size_t	len = m.text.len;

	if (!good)
		return;
	in = str_make(m.text.s, len - 1);
	MUST(sip_parse(&again, in) < 0 || again.bad != NULL);
}

static void
check_stream(struct str in)
{
	enum sip_frame_kind	kind;
	struct str		msg;
	ssize_t			n;

	while ((n = sip_frame(in, 65536, &kind, &msg)) > 0) {
		MUST((size_t)n <= in.len);
		touch(msg);
		if (kind == SIP_FRAME_MESSAGE && sip_parse(&m, msg) == 0 &&
		    m.bad == NULL) {
			MUST(!m.truncated);
			MUST(m.text.len == msg.len);
		}
		in.s += n;
		in.len -= (size_t)n;
	}
	touch(msg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*copy = malloc(size > 0 ? size : 1);

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	check_message(str_make(copy, size));
	check_straight(str_make(copy, size));
	check_cut(str_make(copy, size));
	check_stream(str_make(copy, size));
	free(copy);
	return 0;
}
