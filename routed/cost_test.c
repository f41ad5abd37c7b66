#include "routed/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
add(struct cost *c, int64_t ns)
{
	cost_add(c, (struct mono){ 1000 }, (struct mono){ 1000 + ns });
}

/* Never below what was measured, and at most an eighth above. */
static void
test_steps(void **state)
{
	for (int64_t ns = 8; ns < INT64_C(1) << 40; ns = ns * 9 / 8 + 1) {
		struct cost	c = { 0 };

		add(&c, ns);
		assert_true(cost_below(&c, 1000) > (uint64_t)ns);
		assert_true(cost_below(&c, 1000) <= (uint64_t)(ns + ns / 8 + 1));
	}
}

static void
test_shares(void **state)
{
	struct cost	c = { 0 };

	assert_int_equal(cost_below(&c, 500), 0);
	for (int i = 0; i < 990; i++)
		add(&c, 1000);
	for (int i = 0; i < 10; i++)
		add(&c, 1000000);
	assert_int_equal(cost_within(&c, 500), 0);
	assert_int_equal(cost_within(&c, 2000), 990);
	assert_int_equal(cost_within(&c, UINT64_MAX - 1), 1000);
	assert_int_equal(c.sum_ns, 990 * 1000 + 10 * 1000000);
	assert_in_range(cost_below(&c, 500), 1000, 1130);
	assert_in_range(cost_below(&c, 990), 1000, 1130);
	assert_in_range(cost_below(&c, 991), 1000000, 1130000);
	assert_int_equal(c.longest_ns, 1000000);
	add(&c, -5);				/* a clock that goes back */
	add(&c, INT64_MAX - 1000);
	assert_int_equal(c.count, 1002);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
