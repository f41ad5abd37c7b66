/* uri_test - addresses: what parses, AORs, parameters, equality. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/uri.h"

/* An exact-size heap copy, so that the sanitizer sees a read past the end. */
static char *
exact(const char *s, struct str *out)
{
	size_t	 n = strlen(s);
	char	*p = malloc(n > 0 ? n : 1);

	memcpy(p, s, n);
	*out = str_make(p, n);
	return p;
}

#define SAME(got, wanted)						\
	do {								\
		if (!str_eq((got), str_of(wanted)))			\
			fail_msg("%s: %s is \"%.*s\", not \"%s\"", c->in,	\
			    #got, STR_ARG(got), (wanted));		\
	} while (0)

static void
test_parse(void **state)
{
	static const struct {
		const char	*in;
		enum uri_scheme	 scheme;
		const char	*user, *password, *host;
		unsigned	 port;
		const char	*params, *headers;
	} cases[] = {
		{ "sip:anna@example.com", URI_SIP, "anna", "", "example.com", 0, "", "" },
		{ "SIPS:anna:pw@h:5061;lr?a=b", URI_SIPS, "anna", "pw", "h", 5061,
		    "lr", "a=b" },
		{ "sip:[2001:db8::10]", URI_SIP, "", "", "[2001:db8::10]", 0, "", "" },
		{ "sip:[2001:db8::10:5070]", URI_SIP, "", "", "[2001:db8::10:5070]",
		    0, "", "" },		/* RFC 5118 port-ambiguous */
		{ "sip:[2001:db8::10]:5070", URI_SIP, "", "", "[2001:db8::10]",
		    5070, "", "" },		/* RFC 5118 port-unambiguous */
		{ "sip:user@[2001:db8:::192.0.2.1]", URI_SIP, "user", "",
		    "[2001:db8:::192.0.2.1]", 0, "", "" },	/* 3-colons */
		{ "sip:user;par=u%40example.net@example.com", URI_SIP,
		    "user;par=u%40example.net", "", "example.com", 0, "", "" },
		{ "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:"
		    "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
		    URI_SIP, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
		    "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
		    "example.com", 0, "", "" },	/* RFC 4475 intmeth */
		{ "sip:*21#@example.com", URI_SIP, "*21#", "", "example.com", 0, "", "" },
		{ "tel:+49-30-123;isub=1", URI_TEL, "+49-30-123", "", "", 0, "isub=1", "" },
		{ "tel:7042;phone-context=example.com", URI_TEL, "7042", "", "", 0,
		    "phone-context=example.com", "" },
		{ "isbn:2983792873", URI_OTHER, "", "", "", 0, "", "" },
		{ "soap.beep://192.0.2.103:3002", URI_OTHER, "", "", "", 0, "", "" },
		{ "sip:h;p", URI_SIP, "", "", "h", 0, "p", "" },
		{ "sip:h?a=&b=c", URI_SIP, "", "", "h", 0, "", "a=&b=c" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		struct str		 in;
		struct uri		 u;
		char			*copy = exact(c->in, &in);

		if (uri_parse(&u, in) < 0)
			fail_msg("%s does not parse", c->in);
		assert_int_equal(u.scheme, c->scheme);
		SAME(u.user, c->user);
		SAME(u.password, c->password);
		SAME(u.host, c->host);
		assert_int_equal(u.port, c->port);
		SAME(u.params, c->params);
		SAME(u.headers, c->headers);
		SAME(u.text, c->in);
		free(copy);
	}
}

static void
test_refused(void **state)
{
	static const char *const	cases[] = {
		"", "sip", "sip:", ":anna@h", "1sip:h", "sip:@h", "sip:anna@",
		"sip:anna@b@c", "sip:2001:db8::10",	/* RFC 5118 ipv6-bad */
		"sip:h:", "sip:h:0", "sip:h:65536", "sip:h:5x", "sip:h;", "sip:h;;a",
		"sip:h;=a", "sip:h;a=b=c", "sip:h?", "sip:h?a", "sip:h?=b", "sip:h?a=b&",
		"sip:an na@h", "sip:anna@h ", " sip:h", "<sip:h>", "sip:a%4@h",
		"sip:a%zz@h", "sip:a%@h", "sip:[::1", "sip:[]", "sip:[::g]", "sip:[::1]x",
		"sip:a<b@h", "sip:anna@ex\"ample", "tel:", "tel:+", "tel:abc-xyz",
		"tel:12 3", "tel:12;", "isbn:", "isbn:a b", "isbn:a<b", "isbn:\x80",
		"sip:\x80@h", "sip:h;a=\"b\"", "sip:h;a b",
		"sip:a@.h", "sip:a@h..x", "sip:.",
	};
	struct uri	u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str	 in;
		char		*copy = exact(cases[i], &in);

		if (uri_parse(&u, in) != -EBADMSG)
			fail_msg("\"%s\" parses", cases[i]);
		free(copy);
	}
	assert_int_equal(uri_parse(&u, STR("sip:a\0b@h")), -EBADMSG);
	assert_int_equal(uri_parse(&u, STR("tel:1\0")), -EBADMSG);
	assert_int_equal(uri_parse(&u, STR_NONE), -EBADMSG);
}

static void
test_param(void **state)
{
	struct uri	u;
	struct str	v;

	/* RFC 4475 esc01: %6C%72 is lr. */
	assert_int_equal(uri_parse(&u,
	    STR("sip:h;%6C%72;Transport=TCP;n1=a;n1=b;e")), 0);
	assert_true(uri_param(&u, "lr", &v));
	assert_int_equal(v.len, 0);
	assert_int_equal(uri_transport(&u), TRANSPORT_TCP);
	assert_true(uri_param(&u, "n1", &v));
	assert_true(str_eq(v, STR("a")));
	assert_true(uri_param(&u, "E", &v));
	assert_false(uri_param(&u, "l", &v));
	assert_false(uri_param(&u, "lrr", &v));
	assert_int_equal(uri_parse(&u, STR("sip:h")), 0);
	assert_false(uri_param(&u, "lr", &v));
	assert_int_equal(uri_transport(&u), TRANSPORT_NONE);
}

static void
test_aor(void **state)
{
	static const struct {
		const char	*in, *aor;
	} cases[] = {
		{ "sip:Anna@Example.COM:5070;transport=tcp", "anna@example.com" },
		{ "sips:%41nna@example.com.", "anna@example.com" },
		{ "sip:example.com", "example.com" },
		{ "sip:sips%3Auser%40example.com@example.net",
		    "sips%3auser@example.com@example.net" },	/* esc01 */
		{ "sip:%61%2561@h", "a%61@h" },		/* unescaped once only */
		{ "sip:u@[2001:DB8::1]", "u@[2001:db8::1]" },
		{ "tel:+49-(30).12", "+493012@telnum" },
		{ "tel:*21#", "21@telnum" },
		{ "sip:null-%00-null@example.com", "" },	/* escnull */
		{ "sip:a%0d%0ab@h", "" },
		{ "sip:a%7F@h", "" },
		{ "isbn:12", "" },
	};
	char		buf[AOR_MAX], in[600];
	struct str	user, domain;
	struct uri	u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		struct str		 got;

		assert_int_equal(uri_parse(&u, str_of(c->in)), 0);
		got = uri_aor(&u, buf);
		SAME(got, c->aor);
	}
	aor_split(STR("sips%3auser@example.com@example.net"), &user, &domain);
	assert_true(str_eq(user, STR("sips%3auser@example.com")));
	assert_true(str_eq(domain, STR("example.net")));
	aor_split(STR("example.net"), &user, &domain);
	assert_int_equal(user.len, 0);
	assert_true(str_eq(domain, STR("example.net")));

	/* AOR_MAX octets do not fit, with or without the domain. */
	snprintf(in, sizeof(in), "sip:%0250d@example.com", 1);
	assert_int_equal(uri_parse(&u, str_of(in)), 0);
	assert_int_equal(uri_aor(&u, buf).len, 0);
	snprintf(in, sizeof(in), "sip:%0300d@example.com", 1);
	assert_int_equal(uri_parse(&u, str_of(in)), 0);
	assert_int_equal(uri_aor(&u, buf).len, 0);
}

static void
test_aor_parse(void **state)
{
	static const struct {
		const char	*in, *aor;	/* NULL: -EBADMSG */
	} cases[] = {
		{ "Anna", "anna@example.org" },
		{ "anna@Example.com", "anna@example.com" },
		{ "sip:anna@example.com;lr", "anna@example.com" },
		{ "SIPS:anna@example.com", "anna@example.com" },
		{ "tel:+4930", "+4930@telnum" },
		{ "", NULL },
		{ "anna@", NULL },
		{ "an na", NULL },
		{ "anna@b@c", NULL },
		{ "a%00", NULL },
		{ "a:b@example.com", NULL },
		{ "a:b", NULL },
	};
	char		buf[AOR_MAX];
	struct str	got;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		int			 r = aor_parse(str_of(c->in),
		    STR("example.org"), buf, &got);

		if ((r == 0) != (c->aor != NULL))
			fail_msg("%s: %d", c->in, r);
		if (c->aor != NULL)
			SAME(got, c->aor);
	}
	assert_int_equal(aor_parse(STR("anna"), STR_NONE, buf, &got), -EBADMSG);
}

static void
test_equal(void **state)
{
	static const struct {
		const char	*a, *b;
		bool		 equal;
	} cases[] = {
		/* RFC 3261 section 19.1.4 */
		{ "sip:%61lice@atlanta.com;transport=TCP",
		    "sip:alice@AtLanTa.CoM;Transport=tcp", true },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
		{ "sip:carol@chicago.com;security=on",
		    "sip:carol@chicago.com;newparam=5", true },
		{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		    "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
		    true },
		{ "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		    "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true },
		{ "SIP:ALICE@AtLanTa.CoM;Transport=udp",
		    "sip:alice@AtLanTa.CoM;Transport=UDP", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting",
		    false },
		{ "sip:carol@chicago.com;security=on",
		    "sip:carol@chicago.com;security=off", false },
		{ "sip:a@h", "sips:a@h", false },
		{ "sip:a@h", "sip:h", false },
		{ "sip:a:p@h", "sip:a@h", false },
		{ "sip:a:p@h", "sip:a:P@h", false },
		{ "sip:a%3Bb@h", "sip:a;b@h", false },	/* reserved: not the same */
		{ "sip:a%3bb@h", "sip:a%3Bb@h", true },
		{ "sip:a@h;maddr=1.2.3.4", "sip:a@h", false },
		{ "sip:[2001:db8::1]", "sip:[2001:DB8:0:0::1]", true },
		{ "sip:[2001:db8::1]", "sip:[2001:db8::2]", false },
		{ "sip:a@h;x=1;x=2", "sip:a@h;x=1;x=2", true },
		{ "tel:+1-201-555", "tel:+1(201)555", true },
		{ "tel:+1201555", "tel:+1201556", false },
		{ "tel:7042;phone-context=a", "tel:7042", false },
		{ "ISBN:12a", "isbn:12a", true },
		{ "isbn:12a", "isbn:12A", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct uri	a, b;

		assert_int_equal(uri_parse(&a, str_of(cases[i].a)), 0);
		assert_int_equal(uri_parse(&b, str_of(cases[i].b)), 0);
		if (uri_equal(&a, &b) != cases[i].equal ||
		    uri_equal(&b, &a) != cases[i].equal)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		assert_true(uri_equal(&a, &a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_param),
		cmocka_unit_test(test_aor),
		cmocka_unit_test(test_aor_parse),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
