/* bencode_test - values whole, cut short, damaged, too deep. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mediad/bencode.h"

static void
test_verdicts(void **state)
{
	static const struct { const char *text; int error; } cases[] = {
		{ "0:", 0 }, { "5:hello", 0 }, { "i0e", 0 }, { "i-12e", 0 },
		{ "le", 0 }, { "de", 0 }, { "l1:ai1eldeee", 0 },
		{ "d1:ai1e1:bl1:cee", 0 }, { "d0:0:e", 0 },
		{ "i999999999999999999e", 0 },
		{ "", -EAGAIN }, { "5", -EAGAIN }, { "5:hell", -EAGAIN },
		{ "i", -EAGAIN }, { "i1", -EAGAIN }, { "i-", -EAGAIN },
		{ "l", -EAGAIN }, { "d1:a", -EAGAIN }, { "d1:ai1e", -EAGAIN },
		{ "ll", -EAGAIN },
		{ "x", -EBADMSG }, { ":", -EBADMSG }, { "-1:", -EBADMSG },
		{ "ie", -EBADMSG }, { "i-e", -EBADMSG }, { "i1.5e", -EBADMSG },
		{ "d1:ae", -EBADMSG },		/* a key without a value */
		{ "di1e1:ae", -EBADMSG },	/* a key that is no string */
		{ "d1:ai1ele", -EBADMSG }, { "e", -EBADMSG },
		{ "65537:", -E2BIG }, { "99999999:", -E2BIG },
		{ "i9999999999999999999e", -E2BIG },
		{ "lllllllle" "eeeeeee", 0 }, { "lllllllll", -E2BIG },
		{ "dddddddddd", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str	rest = str_of(cases[i].text);
		struct bencode	v;
		int		error = bencode_read(&v, &rest);

		if (error != cases[i].error)
			fail_msg("%s: %d", cases[i].text, error);
		assert_int_equal(rest.len, error == 0 ? 0 : strlen(cases[i].text));
	}
}

static void
test_values(void **state)
{
	struct str	rest = STR("d1:al1:x2:yze1:bi-7e1:cd1:d0:eetail"), key, in;
	struct bencode	v, e;

	(void)state;
	assert_int_equal(bencode_read(&v, &rest), 0);
	assert_true(str_eq(rest, STR("tail")));
	assert_int_equal(v.kind, BENCODE_DICT);
	assert_true(bencode_entry(&key, &e, &v.text) && str_eq(key, STR("a")));
	assert_int_equal(e.kind, BENCODE_LIST);
	in = e.text;
	assert_true(bencode_element(&e, &in) && str_eq(e.text, STR("x")));
	assert_true(bencode_element(&e, &in) && str_eq(e.text, STR("yz")));
	assert_false(bencode_element(&e, &in));
	assert_true(bencode_entry(&key, &e, &v.text) && str_eq(key, STR("b")));
	assert_int_equal(e.kind, BENCODE_INTEGER);
	assert_int_equal(e.number, -7);
	assert_true(bencode_entry(&key, &e, &v.text) && str_eq(key, STR("c")));
	assert_int_equal(e.kind, BENCODE_DICT);
	assert_false(bencode_entry(&key, &e, &v.text));
}

static void
test_writing(void **state)
{
	char		buf[64];
	struct text	t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_ch(&t, 'd');
	bencode_string(&t, STR("a"));
	bencode_integer(&t, -3);
	bencode_string(&t, STR("b"));
	bencode_string(&t, STR_NONE);
	text_ch(&t, 'e');
	assert_string_equal(buf, "d1:ai-3e1:b0:e");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
