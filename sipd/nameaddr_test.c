/* nameaddr_test - From, To, Contact and Route values; lists; q and seconds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/msg.h"
#include "sipd/nameaddr.h"

static void
test_parse(void **state)
{
	static const struct {
		const char	*in, *display, *uri;
		bool		 brackets;
		const char	*params, *tag;
	} cases[] = {
		{ "<sip:a@h>;tag=x", "", "sip:a@h", true, "tag=x", "x" },
		{ "sip:a@h;tag=x", "", "sip:a@h", false, "tag=x", "x" },
		{ "sip:a@h", "", "sip:a@h", false, "", "" },
		{ "Anna Bell <sip:a@h;lr>", "Anna Bell", "sip:a@h;lr", true, "", "" },
		{ "caller<sip:caller@example.com>;tag=323", "caller",
		    "sip:caller@example.com", true, "tag=323", "323" }, /* lwsdisp */
		{ "\"J R \\\\\\\"\"  <sip:j@h>\r\n  ;\r\n  tag = 98asjd8",
		    "\"J R \\\\\\\"\"", "sip:j@h", true, "tag = 98asjd8", "98asjd8" },
		{ "\"<,;\" <sip:a@h>", "\"<,;\"", "sip:a@h", true, "", "" },
		{ "\xc3\x84nna (home) <sip:a@h>", "\xc3\x84nna (home)", "sip:a@h",
		    true, "", "" },
		{ "sip:a@h;+sip.instance=\"<urn:uuid:1>\"", "", "sip:a@h", false,
		    "+sip.instance=\"<urn:uuid:1>\"", "" },
		{ "<isbn:123>;TAG=q", "", "isbn:123", true, "TAG=q", "q" },
		{ "sip:a@h ;  tag\r\n =\r\n 1 ;b", "", "sip:a@h", false,
		    "tag\r\n =\r\n 1 ;b", "1" },
		{ "sip:a@h;tag=7618c7618^", "", "sip:a@h", false,
		    "tag=7618c7618^", "7618c7618^" },
		{ "<sip:a@h?Route=%3Csip:x%3E>", "", "sip:a@h?Route=%3Csip:x%3E",
		    true, "", "" },			/* regescrt */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		struct nameaddr		 a;

		if (nameaddr_parse(&a, str_of(c->in)) < 0)
			fail_msg("%s does not parse", c->in);
		assert_true(str_eq(a.display, str_of(c->display)));
		assert_true(str_eq(a.uri.text, str_of(c->uri)));
		assert_int_equal(a.brackets, c->brackets);
		assert_true(str_eq(a.params, str_of(c->params)));
		assert_true(str_eq(a.tag, str_of(c->tag)));
		assert_false(a.star);
	}
}

static void
test_refused(void **state)
{
	static const char *const	cases[] = {
		"", "  ", "<>", "<sip:a@h", "sip:a@h>", "\"open <sip:a@h>",
		"\"Mr. J. User <sip:j.user@example.com>",	/* quotbal */
		"\"Watson, Thomas\" < sip:t@example.org >",	/* badaspec */
		"Bell, Alexander <sip:a@example.com>;tag=4",	/* baddn */
		"\"Joe\" <sip:joe@example.org>;;;;",		/* badinv01 */
		"sip:user@example.com?Route=%3Csip:x%3E",	/* regbadct */
		"<sip:a@h>;", "<sip:a@h>;=x", "<sip:a@h>;tag=", "<sip:a@h> tag=x",
		"<sip:a@h>;tag=a b", "<sip:a@h>;tag=\"x", "<sip:a@h>,<sip:b@h>",
		"sip:a@h,sip:b@h", "a \"b\" <sip:a@h>", "\"a\" sip:a@h", "anna",
		"a > <sip:a@h>", "*;a",
	};
	struct nameaddr	a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (nameaddr_parse(&a, str_of(cases[i])) != -EBADMSG)
			fail_msg("\"%s\" parses", cases[i]);
	assert_int_equal(nameaddr_parse(&a, STR("*")), 0);
	assert_true(a.star);
	assert_int_equal(nameaddr_parse(&a, STR("a\0b <sip:a@h>")), -EBADMSG);
}

static void
test_param(void **state)
{
	struct nameaddr	a;
	struct str	v;

	assert_int_equal(nameaddr_parse(&a, STR("<sip:a@h;q=9>;Q=0.33;lr;"
	    "+sip.instance=\"<urn:uuid:1>\";x=\"a;\\\"b\"")), 0);
	assert_true(nameaddr_param(&a, STR("q"), &v));
	assert_true(str_eq(v, STR("0.33")));
	assert_true(nameaddr_param(&a, STR("lr"), &v));
	assert_int_equal(v.len, 0);
	assert_true(nameaddr_param(&a, STR("+sip.instance"), &v));
	assert_true(str_eq(v, STR("<urn:uuid:1>")));
	assert_true(nameaddr_param(&a, STR("X"), &v));
	assert_true(str_eq(v, STR("a;\\\"b")));
	assert_false(nameaddr_param(&a, STR("tag"), &v));
}

static void
test_list(void **state)
{
	static const char *const	wanted[] = { "a", "", "<sip:b,c>;d=\",\"",
	    "\"x\\\",\" <y>", "" };
	struct str	rest = STR("a, ,<sip:b,c>;d=\",\" , \"x\\\",\" <y>,"), v;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(list_next(&rest, &v));
		assert_true(str_eq(v, str_of(wanted[i])));
	}
	assert_false(list_next(&rest, &v));
}

static void
test_values(void **state)
{
	static struct sip_msg	m;
	struct nameaddr		a;
	struct values		c;
	char			said[128];
	struct text		t;
	int			r;

	assert_int_equal(sip_parse(&m, STR("OPTIONS sip:h SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP h\r\nRoute: <sip:1>,\r\n <sip:2>\r\n"
	    "From: sip:a\r\nTo: sip:b\r\nRoute:\r\nCall-ID: 1\r\n"
	    "Supported: path, Gruu\r\nk: 100rel\r\n"
	    "route: <sip:3>, bad\r\nCSeq: 1 OPTIONS\r\n\r\n")), 0);
	assert_null(m.bad);
	text_init(&t, said, sizeof(said));
	values_begin(&c, &m, HDR_ROUTE);
	while ((r = nameaddr_next(&c, &a)) != 0) {
		if (r > 0)
			text_add(&t, a.uri.text);
		else
			text_add(&t, STR("bad"));
		text_printf(&t, "@%u ", (unsigned)c.line);
	}
	assert_true(str_eq(text_str(&t),
	    STR("sip:1@1 sip:2@1 bad@4 sip:3@8 bad@8 ")));
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), 0);
	assert_true(sip_has_word(&m, HDR_SUPPORTED, STR("gruu")));
	assert_true(sip_has_word(&m, HDR_SUPPORTED, STR("100rel")));
	assert_false(sip_has_word(&m, HDR_SUPPORTED, STR("pat")));
	assert_false(sip_has_word(&m, HDR_REQUIRE, STR("path")));
}

static void
test_numbers(void **state)
{
	static const struct {
		const char	*in;
		int		 q;
	} cases[] = {
		{ "0", 0 }, { "1", 1000 }, { "0.7", 700 }, { "0.33", 330 },
		{ "0.001", 1 }, { "1.000", 1000 }, { "0.", 0 }, { "1.", 1000 },
		{ "", -1 }, { "1.001", -1 }, { "2", -1 }, { "0.1234", -1 },
		{ ".5", -1 }, { "-1", -1 }, { "0,5", -1 }, { "0.5x", -1 }, { "01", -1 },
	};
	uint32_t	s;
	uint16_t	q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int	r = q_parse(str_of(cases[i].in), &q);

		if ((r == 0) != (cases[i].q >= 0))
			fail_msg("%s: %d", cases[i].in, r);
		if (r == 0)
			assert_int_equal(q, cases[i].q);
	}
	assert_int_equal(seconds_parse(STR("3600"), &s), 0);
	assert_int_equal(s, 3600);
	assert_int_equal(seconds_parse(STR("1000000000000000000000000"), &s), 0);
	assert_int_equal(s, UINT32_MAX);
	assert_int_equal(seconds_parse(STR("-1"), &s), -EBADMSG);
	assert_int_equal(seconds_parse(STR("1E3"), &s), -EBADMSG);
	assert_int_equal(seconds_parse(STR(""), &s), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_param),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
