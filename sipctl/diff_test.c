/* diff_test - which lines changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sipctl/diff.h"

static void
draw(void *arg, char sign, uint32_t line, struct str text)
{
	text_printf(arg, "%c%u:%.*s ", sign, line, STR_ARG(text));
}

static void
test_diff(void **state)
{
	static const struct {
		const char *a, *b, *out;
	} cases[] = {
		{ "", "", "" },
		{ "a\nb\n", "a\nb\n", "" },
		{ "", "a\n", "+1:a " },
		{ "a\n", "", "-1:a " },
		{ "a\nb\nc\n", "a\nx\nc\n", "-2:b +2:x " },
		{ "a\nc\n", "a\nb\nc\n", "+2:b " },
		{ "a\nb\nc\n", "a\nc\n", "-2:b " },
		{ "a\nb\nc\nd\n", "b\nc\nx\nd\n", "-1:a +3:x " },
		{ "a\n\nb\n", "a\n\n\nb\n", "+3: " },
		{ "a", "a\nb", "+2:b " },
	};
	char		buf[256];
	struct text	t;
	size_t		i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&t, buf, sizeof(buf) - 1);
		n = diff_lines(str_of(cases[i].a), str_of(cases[i].b), draw, &t);
		buf[t.len] = '\0';
		assert_string_equal(buf, cases[i].out);
		assert_int_equal(n == 0, t.len == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
