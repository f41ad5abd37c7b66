/* str: slices at their edges, and text that never overflows. */
#include "common/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define S(x)	STR(x)

static void
test_compare(void **state)
{
	static const struct {
		struct str	a, b;
		bool		eq, caseeq, prefix, caseprefix;
		int		cmp;		/* its sign */
	} cases[] = {
		{ S("abc"), S("abc"), true, true, true, true, 0 },
		{ S("abc"), S("ABC"), false, true, false, true, 1 },
		{ S("abc"), S("ab"), false, false, true, true, 1 },
		{ S("ab"), S("abc"), false, false, false, false, -1 },
		{ S("ABc"), S("ab"), false, false, false, true, -1 },
		{ S(""), STR_NONE, true, true, true, true, 0 },
		{ S("a"), STR_NONE, false, false, true, true, 1 },
		{ S("a\0b"), S("a\0c"), false, false, false, false, -1 },
		{ S("["), S("{"), false, false, false, false, -1 },
		{ S("\xc4"), S("\xe4"), false, false, false, false, -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str a = cases[i].a, b = cases[i].b;
		int c = str_cmp(a, b);

		assert_int_equal(str_eq(a, b), cases[i].eq);
		assert_int_equal(str_caseeq(a, b), cases[i].caseeq);
		assert_int_equal(str_prefix(a, b), cases[i].prefix);
		assert_int_equal(str_caseprefix(a, b), cases[i].caseprefix);
		assert_int_equal((c > 0) - (c < 0), cases[i].cmp);
		c = str_cmp(b, a);
		assert_int_equal((c < 0) - (c > 0), cases[i].cmp);
	}
}

static void
test_cut(void **state)
{
	static const struct {
		struct str	in;
		const char	*parts;		/* joined by | and each ended by it */
	} cases[] = {
		{ S("a,b,c"), "a|b|c|" },
		{ S("a,,c,"), "a||c||" },
		{ S(","), "||" },
		{ S("abc"), "abc|" },
		{ S(""), "|" },
		{ STR_NONE, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str	rest = cases[i].in, part;
		char		buf[64];
		struct text	t;

		text_init(&t, buf, sizeof(buf));
		while (str_cut(&rest, ',', &part)) {
			text_add(&t, part);
			text_ch(&t, '|');
		}
		assert_null(rest.s);
		assert_string_equal(buf, cases[i].parts);
	}
}

static void
test_find(void **state)
{
	assert_int_equal(str_chr(S("a.b.c"), '.'), 1);
	assert_int_equal(str_rchr(S("a.b.c"), '.'), 3);
	assert_int_equal(str_chr(S("abc"), '.'), -1);
	assert_int_equal(str_rchr(STR_NONE, '.'), -1);
	assert_int_equal(str_chr(S("a\0b"), 'b'), 2);
	assert_int_equal(str_find(S("hello"), S("ll")), 2);
	assert_int_equal(str_find(S("hello"), S("")), 0);
	assert_int_equal(str_find(S("he"), S("hel")), -1);
	assert_int_equal(str_find(STR_NONE, STR_NONE), 0);
	assert_true(str_eq(str_trim(S(" \t\r\n a b \n")), S("a b")));
	assert_int_equal(str_trim(S(" \t ")).len, 0);
	assert_int_equal(str_trim(STR_NONE).len, 0);
	assert_true(str_eq(str_trim(S("\va")), S("\va")));
}

static void
test_numbers(void **state)
{
	static const struct {
		struct str	in;
		int		e32, e64;
		uint64_t	v;
	} cases[] = {
		{ S("0"), 0, 0, 0 },
		{ S("000000000000000000000000000007"), 0, 0, 7 },
		{ S("4294967295"), 0, 0, UINT32_MAX },
		{ S("4294967296"), -ERANGE, 0, 4294967296 },	/* scalar02 */
		{ S("18446744073709551615"), -ERANGE, 0, UINT64_MAX },
		{ S("18446744073709551616"), -ERANGE, -ERANGE, 0 },
		{ S("36893488147419103232"), -ERANGE, -ERANGE, 0 },
		{ S("99999999999999999999x"), -EBADMSG, -EBADMSG, 0 },
		{ S(""), -EBADMSG, -EBADMSG, 0 },
		{ S("-1"), -EBADMSG, -EBADMSG, 0 },
		{ S("+1"), -EBADMSG, -EBADMSG, 0 },
		{ S(" 1"), -EBADMSG, -EBADMSG, 0 },
		{ S("0x1"), -EBADMSG, -EBADMSG, 0 },
		{ S("1\0"), -EBADMSG, -EBADMSG, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t v32 = 77;
		uint64_t v64 = 77;

		assert_int_equal(str_u32(cases[i].in, &v32), cases[i].e32);
		assert_int_equal(v32, cases[i].e32 < 0 ? 77 : cases[i].v);
		assert_int_equal(str_u64(cases[i].in, &v64), cases[i].e64);
		assert_true(v64 == (cases[i].e64 < 0 ? 77 : cases[i].v));
	}
}

static void
test_copy(void **state)
{
	char	buf[4] = "xyz", *p;

	assert_true(str_copy(buf, 4, S("abc")));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(buf, 3, S("abc")));
	assert_string_equal(buf, "");
	assert_true(str_copy(buf, 1, STR_NONE));
	buf[0] = 'x';
	assert_false(str_copy(buf, 0, S("")));
	assert_int_equal(buf[0], 'x');
	p = str_dup(STR_NONE);
	assert_string_equal(p, "");
	free(p);
	p = xstrdup("AbC\xc4");
	str_lower(p, 4);
	assert_string_equal(p, "abc\xc4");
	p = xrealloc(p, 0, 0);
	assert_non_null(p);
	free(p);
}

static void
test_text(void **state)
{
	char		buf[8];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_u64(&t, 0);
	text_u64(&t, 12);
	text_ch(&t, ':');
	assert_string_equal(buf, "012:");
	text_printf(&t, "%s", "abc");
	assert_string_equal(buf, "012:abc");
	assert_false(t.full);
	assert_int_equal(text_str(&t).len, 7);
	text_add(&t, S(""));
	assert_false(t.full);
	text_ch(&t, 'x');
	assert_true(t.full);
	assert_string_equal(buf, "012:abc");

	text_init(&t, buf, sizeof(buf));
	text_u64(&t, UINT64_MAX);
	assert_string_equal(buf, "1844674");
	assert_true(t.full);
	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%d", 12345678);
	assert_string_equal(buf, "1234567");
	assert_true(t.full);
	text_printf(&t, "%s", "");
	assert_int_equal(t.len, 7);

	text_init(&t, NULL, 0);
	text_ch(&t, 'x');
	text_printf(&t, "x");
	assert_true(t.full);
	assert_int_equal(t.len, 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
