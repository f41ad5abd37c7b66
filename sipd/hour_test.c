/* hour: what falls out of it, and when. */
#include "sipd/hour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
test_hour(void **state)
{
	static const struct {
		int64_t		now_s;
		int		good;		/* 1, 0; -1: look only */
		uint64_t	all, bad;	/* after it */
	} steps[] = {
		{ 0, -1, 0, 0 },
		{ 300000, 1, 1, 0 },
		{ 300299, 0, 2, 1 },
		{ 301000, 0, 3, 2 },
		{ 303599, -1, 3, 2 },
		{ 303600, -1, 1, 1 },	/* the first piece is an hour old */
		{ 303700, 1, 2, 1 },	/* in its place */
		{ 307000, -1, 1, 0 },
		{ 400000, -1, 0, 0 },
		{ 300000, -1, 0, 0 },	/* the clock went back: later is not counted */
	};
	struct hour	h;
	uint64_t	all, bad;

	memset(&h, 0, sizeof(h));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].good >= 0)
			hour_add(&h, steps[i].good, steps[i].now_s);
		hour_sum(&h, steps[i].now_s, &all, &bad);
		if (all != steps[i].all || bad != steps[i].bad)
			fail_msg("step %zu: %llu of %llu bad", i,
			    (unsigned long long)bad, (unsigned long long)all);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_hour) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
