/*
 * flows_test - which connections carry bindings, and which of those are gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sipd/flows.h"

static struct hop
hop(const char *remote)
{
	struct hop	h;

	assert_int_equal(hop_parse(&h, str_of(remote), STR("tcp:192.0.2.1:5060")), 0);
	return h;
}

static void
test_lost(void **state)
{
	struct hop	a = hop("tcp:192.0.2.7:1000"), b = hop("tcp:192.0.2.7:1001");
	struct hop	out;
	size_t		cursor = 0;

	flows_open();
	flows_lost(&a, true);		/* carries nothing: not kept */
	assert_false(flows_is_lost(&a));
	flows_add(&a);
	flows_add(&a);
	flows_add(&b);
	flows_lost(&a, true);
	flows_lost(&a, true);
	assert_true(flows_is_lost(&a));
	assert_false(flows_is_lost(&b));
	assert_int_equal(flows_lost_count(), 1);
	assert_true(flows_next_lost(&cursor, &out));
	assert_true(hop_eq(&out, &a));
	assert_false(flows_next_lost(&cursor, &out));

	flows_lost(&a, false);		/* the same ends again */
	assert_false(flows_is_lost(&a));
	flows_lost(&a, true);
	flows_remove(&a);
	assert_true(flows_is_lost(&a));
	flows_remove(&a);		/* its phone has another binding now */
	assert_false(flows_is_lost(&a));
	assert_int_equal(flows_lost_count(), 0);
	flows_remove(&b);
	assert_int_equal(flows_count(), 0);
	flows_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
