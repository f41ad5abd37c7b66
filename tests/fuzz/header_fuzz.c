/*
 * header_fuzz - one value of a structured header, which the first octet chooses:
 * Via, name-addr, a list, credentials, numbers. What is parsed, written again and
 * parsed again is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "sipd/auth_header.h"
#include "sipd/contact.h"
#include "sipd/msg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)
#define OUT_MAX		(256 * 1024)

static char	out[OUT_MAX];

/* ---- Via ------------------------------------------------------------------ */

static void
same_via(const struct via *a, const struct via *b)
{
	MUST(a->transport == b->transport && a->port == b->port);
	MUST(str_eq(a->host, b->host) && str_eq(a->branch, b->branch));
	MUST(str_eq(a->maddr, b->maddr) && a->magic == b->magic);
}

static void
check_rewritten(const struct via *v)
{
	struct text	t;
	struct str	rest;
	struct via	again;

	text_init(&t, out, sizeof(out));
	text_add(&t, STR("SIP/2.0/"));
	text_add(&t, v->transport_text);
	text_ch(&t, ' ');
	text_add(&t, v->sent_by);
	if (v->params.s != NULL) {
		text_ch(&t, ';');
		text_add(&t, v->params);
	}
	rest = text_str(&t);
	MUST(via_parse(&again, &rest) == 0 && rest.len == 0);
	same_via(v, &again);
	MUST(str_eq(v->received, again.received));
	MUST(v->has_rport == again.has_rport && v->rport == again.rport);
}

/* What the receiver adds says where it came from, and nothing else changes. */
static void
check_stamped(const struct via *v)
{
	struct via_patch	p[VIA_PATCHES];
	char			buf[VIA_PATCH_BUF];
	const char		*at = v->text.s;
	struct addr		source, back;
	struct text		t;
	struct str		rest;
	struct via		again;
	unsigned		n;

	MUST(addr_parse(&source, STR("2001:db8::9"), 5061) == 0);
	n = via_stamp(v, &source, p, buf);
	text_init(&t, out, sizeof(out));
	for (unsigned i = 0; i < n; i++) {
		MUST(p[i].old.s >= at);
		text_add(&t, str_make(at, (size_t)(p[i].old.s - at)));
		text_add(&t, p[i].with);
		at = p[i].old.s + p[i].old.len;
	}
	text_add(&t, str_make(at, (size_t)(v->text.s + v->text.len - at)));
	rest = text_str(&t);
	MUST(via_parse(&again, &rest) == 0 && rest.len == 0);
	same_via(v, &again);
	MUST(again.has_rport == v->has_rport);
	if (v->has_rport)
		MUST(again.rport == 5061);
	if (v->maddr.len == 0 && n > 0)
		MUST(via_response_addr(&again, &back) &&
		    addr_eq_host(&back, &source));
}

static void
check_via(struct str in)
{
	struct via	v;

	while (in.len > 0 && via_parse(&v, &in) == 0) {
		check_rewritten(&v);
		check_stamped(&v);
	}
}

/* ---- name-addr ------------------------------------------------------------ */

static void
check_nameaddr(struct str in)
{
	struct nameaddr	a, b;
	struct rec_contact c;
	char		buf[8192];
	struct text	t;

	if (nameaddr_parse(&a, in) < 0 || a.star)
		return;
	text_init(&t, out, sizeof(out));
	text_add(&t, a.display);
	text_ch(&t, '<');
	text_add(&t, a.uri.text);
	text_ch(&t, '>');
	if (a.params.s != NULL) {
		text_ch(&t, ';');
		text_add(&t, a.params);
	}
	MUST(nameaddr_parse(&b, text_str(&t)) == 0);
	MUST(str_eq(a.display, b.display) && str_eq(a.uri.text, b.uri.text));
	MUST(str_eq(a.params, b.params) && str_eq(a.tag, b.tag));
	MUST(uri_equal(&a.uri, &b.uri));
	text_init(&t, buf, sizeof(buf));
	if (contact_read(&c, &a, &t) == 0)
		MUST(c.q <= 1000);
}

/* Values with commas between them are the same values. */
static void
check_list(struct str in)
{
	struct str	rest = in, again, value, v;
	struct text	t;
	unsigned	n = 0;

	text_init(&t, out, sizeof(out));
	while (list_next(&rest, &value)) {
		if (n++ > 0)
			text_add(&t, STR(" , "));
		text_add(&t, value);
	}
	rest = in;
	again = text_str(&t);
	while (list_next(&rest, &value))
		MUST(list_next(&again, &v) && str_eq(value, v));
	MUST(n == 0 || !list_next(&again, &v));
	while (list_next(&in, &value))		/* uses out itself */
		check_nameaddr(value);
}

/* ---- credentials ---------------------------------------------------------- */

static void
add_quoted(struct text *t, const char *name, struct str value)
{
	if (value.s == NULL)
		return;
	text_add(t, t->s[t->len - 1] == ' ' ? STR("") : STR(","));
	text_add(t, str_of(name));
	text_add(t, STR("=\""));
	for (size_t i = 0; i < value.len; i++) {
		if (value.s[i] == '"' || value.s[i] == '\\')
			text_ch(t, '\\');
		text_ch(t, value.s[i]);
	}
	text_ch(t, '"');
}

static void
check_auth(struct str in)
{
	char		one[AUTH_SCRATCH], two[AUTH_SCRATCH];
	struct text	s, t;
	struct auth	a, b;

	text_init(&s, one, sizeof(one));
	if (auth_parse(&a, in, &s) < 0 || a.scheme != AUTH_DIGEST)
		return;
	text_init(&t, out, sizeof(out));
	text_add(&t, STR("Digest "));
	add_quoted(&t, "username", a.username);
	add_quoted(&t, "realm", a.realm);
	add_quoted(&t, "nonce", a.nonce);
	add_quoted(&t, "uri", a.uri);
	add_quoted(&t, "cnonce", a.cnonce);
	add_quoted(&t, "opaque", a.opaque);
	add_quoted(&t, "response", a.response);
	if (t.len > AUTH_VALUE_MAX || t.s[t.len - 1] == ' ')
		return;
	text_init(&s, two, sizeof(two));
	MUST(auth_parse(&b, text_str(&t), &s) == 0);
	MUST(str_eq(a.username, b.username) && str_eq(a.realm, b.realm));
	MUST(str_eq(a.nonce, b.nonce) && str_eq(a.uri, b.uri));
	MUST(str_eq(a.cnonce, b.cnonce) && str_eq(a.response, b.response));
}

static void
check_numbers(struct str in)
{
	uint32_t	s;
	uint16_t	q;

	if (q_parse(in, &q) == 0)
		MUST(q <= 1000);
	(void)seconds_parse(in, &s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void	(*const checks[])(struct str) = {
		check_via, check_nameaddr, check_list, check_auth, check_numbers,
	};
	char		*copy;

	if (size == 0 || size > 65536)
		return 0;
	copy = malloc(size);
	MUST(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	checks[data[0] % (sizeof(checks) / sizeof(checks[0]))](
	    str_make(copy, size - 1));
	free(copy);
	return 0;
}
