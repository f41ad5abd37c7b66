/* csv_test - records, quotes, places, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipctl/csv.h"

/* All records as "a|b;c;", a bad one as "!". */
static void
draw(const char *in, char *out, size_t size)
{
	char		 *copy = str_dup(str_of(in));
	struct csv	  c;
	struct csv_record r;
	struct text	  t;
	size_t		  i;
	int		  e;

	text_init(&t, out, size - 1);
	csv_init(&c, copy, strlen(in));
	while ((e = csv_next(&c, &r)) != 0) {
		for (i = 0; e > 0 && i < r.n; i++) {
			if (i > 0)
				text_ch(&t, '|');
			text_add(&t, r.field[i]);
		}
		text_add(&t, e > 0 ? STR(";") : STR("!"));
	}
	out[t.len] = '\0';
	free(copy);
}

static void
test_records(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "\n\r\n\n", "" },
		{ "a", "a;" },
		{ "a,b\nc,d\n", "a|b;c|d;" },
		{ "a,b\r\nc,d\r\n", "a|b;c|d;" },
		{ "a,,\n", "a||;" },
		{ ",\n", "|;" },
		{ "\"a\",\"b,c\"\n", "a|b,c;" },
		{ "\"a\"\"b\"\n", "a\"b;" },
		{ "\"\"\n", ";" },
		{ "\"a\nb\",c\nd\n", "a\nb|c;d;" },
		{ "\xef\xbb\xbfuser\nx\n", "user;x;" },
		{ "a\"b\nc\n", "!c;" },
		{ "\"a\"b\nc\n", "!c;" },
		{ "x\n\"a", "x;!" },
		{ ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nc\n", "!c;" },
	};
	char	out[256];
	size_t	i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		draw(cases[i].in, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
	}
}

static void
test_places(void **state)
{
	char		  text[] = "a,b\n\n\"x\ny\",\"z\"\nq\"\nlast,one";
	struct csv	  c;
	struct csv_record r;

	csv_init(&c, text, sizeof(text) - 1);
	assert_int_equal(csv_next(&c, &r), 1);
	assert_int_equal(r.line, 1);
	assert_int_equal(r.column[1], 3);
	assert_int_equal(csv_next(&c, &r), 1);
	assert_int_equal(r.line, 3);
	assert_int_equal(csv_next(&c, &r), -EBADMSG);
	assert_int_equal(r.line, 5);
	assert_non_null(r.error);
	assert_int_equal(csv_next(&c, &r), 1);
	assert_int_equal(r.line, 6);
	assert_int_equal(r.column[1], 6);
	assert_int_equal(csv_next(&c, &r), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
