/* header_test - names to numbers and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/header.h"

static const struct {
	const char	*name;
	char		 compact;
} rows[] = {
#define HDR(ID, name, compact)	{ name, compact },
#include "sipd/headers.def"
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static void
test_names(void **state)
{
	for (size_t i = 0; i < NROWS; i++) {
		enum header	id = (enum header)(i + 1);
		char		text[64];
		size_t		n = strlen(rows[i].name);

		/* What header.c's table of lengths depends on. */
		if (i > 0 && strlen(rows[i - 1].name) > n)
			fail_msg("%s is out of order", rows[i].name);
		assert_true(str_eq(header_name(id), str_of(rows[i].name)));
		snprintf(text, sizeof(text), "%s", rows[i].name);
		if (header_id(str_of(text)) != id)
			fail_msg("%s is not found", text);
		str_lower(text, n);
		assert_int_equal(header_id(str_of(text)), id);
		for (size_t k = 0; k < n; k++)
			if (text[k] >= 'a')
				text[k] -= 0x20;
		assert_int_equal(header_id(str_of(text)), id);
		text[n - 1] = '_';
		assert_int_equal(header_id(str_of(text)), HDR_OTHER);
	}
	assert_int_equal(header_name(HDR_OTHER).len, 0);
}

static void
test_compact(void **state)
{
	enum header	of[256] = { 0 };

	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].compact != 0)
			of[(unsigned char)rows[i].compact] = (enum header)(i + 1);
	for (int c = 'a'; c <= 'z'; c++) {
		char	low = (char)c, high = (char)(c - 0x20);

		assert_int_equal(header_id(str_make(&low, 1)), of[c]);
		assert_int_equal(header_id(str_make(&high, 1)), of[c]);
	}
	assert_int_equal(header_id(STR("!")), HDR_OTHER);
}

static void
test_unknown(void **state)
{
	static const char *const	names[] = { "", "X-Via", "Vi", "Viaa", "Tp",
	    "a-name-that-is-longer-than-any-known", "Content_Length",
	    "exactly-17-octets", "twenty-one-octets-123" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(header_id(str_of(names[i])), HDR_OTHER);
}

static void
test_methods(void **state)
{
	for (unsigned m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
		assert_int_equal(method_id(method_name(m)), m);
	assert_int_equal(method_id(STR("INVITE")), METHOD_INVITE);
	assert_int_equal(method_id(STR("MESSAGE")), METHOD_MESSAGE);
	assert_int_equal(method_id(STR("invite")), METHOD_OTHER);
	assert_int_equal(method_id(STR("INVITEX")), METHOD_OTHER);
	assert_int_equal(method_id(STR("RE%47IST%45R")), METHOD_OTHER);
	assert_int_equal(method_id(STR("")), METHOD_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
