/*
 * method_rule_test - what may be written, and what it fits.
 */
#include "common/method_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void
test_written(void **state)
{
	static const struct {
		const char	*rule;
		bool		 ok;
	} cases[] = {
		{ "INVITE", true }, { "INVITE:all", true }, { "*:other", true },
		{ "x-y.z!%*_+`'~:local", true }, { "", false }, { ":all", false },
		{ "INVITE:", false }, { "INVITE:here", false },
		{ "INVITE:all:all", false }, { "IN VITE", false }, { "a\"b", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (method_rule_ok(str_of(cases[i].rule)) != cases[i].ok)
			fail_msg("%s", cases[i].rule);
}

static void
test_fits(void **state)
{
	static const struct {
		const char	*rule, *method;
		bool		 local, other;
	} cases[] = {
		{ "INVITE", "INVITE", true, true },
		{ "INVITE:local", "INVITE", true, false },
		{ "INVITE:other", "INVITE", false, true },
		{ "*:other", "FOO", false, true },
		{ "INVITE", "INVITES", false, false },
		{ "INVITE", "invite", false, false },	/* methods have their case */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(method_rule_fits(str_of(cases[i].rule),
		    str_of(cases[i].method), true), cases[i].local);
		assert_int_equal(method_rule_fits(str_of(cases[i].rule),
		    str_of(cases[i].method), false), cases[i].other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
