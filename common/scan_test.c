/* scan_test - character classes in words, and steps over a slice. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/scan.h"

#define ALNUM	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void
test_classes(void **state)
{
	static const struct {
		unsigned	 class;
		const char	*of;
	} cases[] = {
		{ CHAR_TOKEN, ALNUM "-.!%*_+`'~" },
		{ CHAR_DIGIT, "0123456789" },
		{ CHAR_HEX, "0123456789abcdefABCDEF" },
		{ CHAR_ALPHA, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" },
		{ CHAR_BLANK, " \t\r\n" },
		{ CHAR_HOST, ALNUM "-._" },
		{ CHAR_USER, ALNUM "-_.!~*'()&=+$,;?/" },
		{ CHAR_PARAM, ALNUM "-_.!~*'()[]/:&+$" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int c = 0; c < 256; c++)
			if (scan_is((char)c, cases[i].class) !=
			    (c != 0 && strchr(cases[i].of, c) != NULL))
				fail_msg("class %u, octet %d", cases[i].class, c);
}

static void
test_steps(void **state)
{
	struct str	in = STR("tok \r\n ; \"a\\\"b\" 42x"), out;
	uint32_t	n;

	assert_int_equal(scan_token(&in, &out), 0);
	assert_true(str_eq(out, STR("tok")));
	assert_false(scan_sep(&in, ','));
	assert_true(scan_sep(&in, ';'));
	assert_int_equal(scan_quoted(&in, &out), 0);
	assert_true(str_eq(out, STR("a\\\"b")));
	assert_int_equal(scan_u32(&in, &n), -EBADMSG);
	scan_blanks(&in);
	assert_int_equal(scan_u32(&in, &n), 0);
	assert_int_equal(n, 42);
	assert_true(scan_ch(&in, 'x'));
	assert_int_equal(in.len, 0);
	assert_int_equal(scan_token(&in, &out), -EBADMSG);
	assert_false(scan_sep(&in, ';'));

	in = STR("4294967296");
	assert_int_equal(scan_u32(&in, &n), -ERANGE);
	in = STR("\"open");
	assert_int_equal(scan_quoted(&in, &out), -EBADMSG);
	in = STR("\"open\\\"");
	assert_int_equal(scan_quoted(&in, &out), -EBADMSG);
	in = STR("a=b/c^@?;d");
	out = scan_plain(&in);
	assert_true(str_eq(out, STR("a=b/c^@?")));
	in = STR("\x80");
	assert_int_equal(scan_plain(&in).len, 0);
}

static void
test_small(void **state)
{
	assert_true(scan_has_control(STR("a\0b")));
	assert_true(scan_has_control(STR("a\r")));
	assert_true(scan_has_control(STR("\n")));
	assert_false(scan_has_control(STR("a\tb \x7f")));
	assert_int_equal(scan_hex('0'), 0);
	assert_int_equal(scan_hex('f'), 15);
	assert_int_equal(scan_hex('A'), 10);
	assert_int_equal(scan_hex('g'), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
