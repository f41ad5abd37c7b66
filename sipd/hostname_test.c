/* Names of next hops by number: kept, found without case, forgotten in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "sipd/hostname.h"

static void
test_numbers(void **state)
{
	char		buf[HOSTNAME_MAX], name[32];
	uint32_t	first = hostname_keep(STR("Example.COM")), other, n = 0;

	assert_int_not_equal(first, 0);
	assert_int_equal(hostname_keep(STR("example.com")), first);
	assert_true(str_eq(hostname_read(first, buf), STR("example.com")));
	other = hostname_keep(STR("example.net"));
	assert_int_not_equal(other, first);
	assert_int_equal(hostname_keep(STR_NONE), 0);
	assert_int_equal(hostname_read(0, buf).len, 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "h%d.example", i);
		n = hostname_keep(str_of(name));
	}
	assert_true(str_eq(hostname_read(n, buf), str_of(name)));
	assert_int_equal(hostname_read(first, buf).len, 0);
	assert_int_not_equal(hostname_keep(STR("example.com")), first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
