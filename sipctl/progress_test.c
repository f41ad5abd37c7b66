/*
 * progress_test - the line about a long job, as SIPCTL.md shows it.
 */
#include "sipctl/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void
test_line(void **state)
{
	static const struct {
		uint64_t	 done, total;
		double		 seconds;
		bool		 utf8, bar;
		const char	*more, *line;
	} cases[] = {
		{ 11604, 20000, 2.776, true, true, "1 rejected",
		    "importing  ━━━━━━━━━━━━━━╸━━━━━━━━━━━  58%  11,604/20,000  "
		    "4,180/s  0:02 left  1 rejected" },
		{ 50, 100, 10, false, true, "",
		    "importing  #############-------------  50%  50/100  5/s  0:10 left" },
		{ 50, 100, 10, true, false, "", "importing  50%  50/100  5/s  0:10 left" },
		{ 1, 1000, 1, false, false, "", "importing  0%  1/1,000  1/s  16:39 left" },
		{ 120, 100, 10, false, false, "", "importing  100%  120/100  12/s  0:00 left" },
		{ 7, 0, 1, false, true, "3 as before", "importing  7  7/s  3 as before" },
		{ 0, 9, 0, false, false, "", "importing  0%  0/9  0/s  0:00 left" },
	};
	char		buf[512];
	struct text	t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&t, buf, sizeof(buf));
		progress_line(&t, "importing", cases[i].done, cases[i].total,
		    cases[i].seconds, cases[i].utf8, cases[i].bar, cases[i].more);
		if (!str_eq(text_str(&t), str_of(cases[i].line)))
			fail_msg("%zu: %.*s", i, STR_ARG(text_str(&t)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
