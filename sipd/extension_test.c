/*
 * extension_test - what is named in Unsupported, and what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sipd/extension.h"

#define HEAD	"REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" \
	"From: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c\r\n" \
	"CSeq: 1 REGISTER\r\n"

static struct sip_msg	m;

static void
test_missing(void **state)
{
	static const struct {
		const char	*lines, *unsupported;
	} cases[] = {
		{ "", "" },
		{ "Require: path\r\n", "" },
		{ "require : PATH ,path\r\n", "" },
		{ "Proxy-Require: none\r\n", "" },
		{ "Require: outbound\r\n", "" },
		{ "Require: a, b\r\n", "a, b" },
		{ "Require: a\r\nRequire: path,\r\n b\r\n", "a, b" },
		{ "Require: ,a,,path, ,\r\n", "a" },
	};
	char		in[512], buf[64];
	struct text	t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(in, sizeof(in), HEAD "%s\r\n", cases[i].lines);
		assert_int_equal(sip_parse(&m, str_of(in)), 0);
		text_init(&t, buf, sizeof(buf));
		assert_int_equal(extensions_missing(&m, HDR_REQUIRE, &t),
		    cases[i].unsupported[0] != '\0');
		assert_true(str_eq(text_str(&t), str_of(cases[i].unsupported)));
	}
}

static void
test_no_room(void **state)
{
	struct str	in = STR(HEAD "Proxy-Require: abc, defghijklm, no\r\n\r\n");
	char		buf[10];
	struct text	t;

	assert_int_equal(sip_parse(&m, in), 0);
	text_init(&t, buf, sizeof(buf));
	assert_true(extensions_missing(&m, HDR_PROXY_REQUIRE, &t));
	assert_true(str_eq(text_str(&t), STR("abc, no")));
	assert_false(t.full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
