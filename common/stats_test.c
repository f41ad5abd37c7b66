/* stats: threads count alone, readers see the sum, also of those that ended. */
#include "common/stats.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *
count(void *arg)
{
	stats_thread();
	stats_thread();		/* twice is once */
	for (int i = 0; i < 10000; i++)
		stats->requests++;
	stats->calls--;
	return NULL;
}

static void
test_sum(void **state)
{
	pthread_t	t[3];
	struct stats	before, after;

	stats->requests += 5;	/* nobody introduced us yet */
	stats_sum(&before);
	assert_int_equal(before.requests, 5);
	stats_thread();
	stats->calls += 4;
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, count, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	stats_sum(&after);
	assert_int_equal(after.requests, 30005);
	assert_int_equal(after.calls, 1);
}

static void
test_table(void **state)
{
	struct stats	s = { 0 };
	int		n = 0, gauges = 0;

	s.calls = -3;
	s.requests = 9;
	for (const struct stats_info *i = stats_table; i->name != NULL; i++) {
		int64_t v = strcmp(i->name, "calls") == 0 ? -3 :
		    strcmp(i->name, "requests") == 0 ? 9 : 0;

		assert_int_equal(stats_value(&s, i), v);
		assert_true(strlen(i->help) > 0);
		gauges += i->gauge;
		n++;
	}
	assert_int_equal(n, sizeof(struct stats) / sizeof(uint64_t));
	assert_true(gauges > 0 && gauges < n);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
