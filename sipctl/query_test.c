/* query_test - what expressions choose, and what is wrong with bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipctl/query.h"

/* status=503 gateway=Teleco1 user="" text="no answer (408)" */
static bool
field(void *arg, struct str name, struct str *value)
{
	static const struct {
		const char	*name, *value;
	} record[] = {
		{ "status", "503" }, { "gateway", "Teleco1" }, { "user", "" },
		{ "text", "no answer (408)" },
	};

	for (size_t i = 0; i < sizeof(record) / sizeof(record[0]); i++)
		if (str_eq(name, str_of(record[i].name))) {
			*value = str_of(record[i].value);
			return true;
		}
	return false;
}

static void
test_matches(void **state)
{
	static const struct {
		const char	*query;
		bool		 yes;
	} table[] = {
		{ "status >= 500", true }, { "status>=503", true }, { "status > 503", false },
		{ "status < 1000", true },		/* as numbers */
		{ "gateway == teleco1", true }, { "gateway == \"TELECO1\"", true },
		{ "gateway != teleco2", true }, { "gateway=teleco2", false },
		{ "status >= 500 and gateway == \"teleco1\"", true },
		{ "status < 500 or gateway == teleco1", true },
		{ "not status < 500", true }, { "not not status < 500", false },
		{ "status in (502, 503)", true }, { "gateway in (a, b)", false },
		{ "text ~ \"no .*40[0-9]\"", true }, { "text ~ ^answer", false },
		{ "gateway", true }, { "user", true }, { "missing", false },
		{ "missing == a", false }, { "missing != a", false }, { "not missing", true },
		{ "status == 1 or status == 2 and status == 503", false },
		{ "(status == 503 or status == 2) and gateway == teleco1", true },
		{ "user == \"\"", true },
	};
	char		buf[256];
	struct text	t;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct query	*q;

		text_init(&t, buf, sizeof(buf));
		q = query_parse(str_of(table[i].query), &t);
		if (q == NULL)
			fail_msg("%s: %s", table[i].query, buf);
		if (query_match(q, field, NULL) != table[i].yes)
			fail_msg("%s", table[i].query);
		query_free(q);
	}
}

static void
test_errors(void **state)
{
	static const struct {
		const char	*query, *error;
	} table[] = {
		{ "", "column 1: the name of a field is expected" },
		{ "status >=", "column 10: a value is missing" },
		{ "status 500", "column 8: \"and\" or \"or\" is expected" },
		{ "status ! 500", "column 8: == != < > <= >= ~ or in is expected" },
		{ "(status == 5", "column 13: \")\" is missing" },
		{ "a in b", "column 6: \"in\" wants (VALUE, VALUE)" },
		{ "a == \"b", "column 6: the quotation has no end" },
		{ "a ~ \"[\"", "column 8: before this: not a regular expression" },
		{ "a and", "column 6: the name of a field is expected" },
	};
	char		buf[256];
	struct text	t;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		text_init(&t, buf, sizeof(buf));
		assert_null(query_parse(str_of(table[i].query), &t));
		buf[strlen(table[i].error)] = '\0';	/* what PCRE2 says follows */
		assert_string_equal(buf, table[i].error);
	}
}

/* Bounds: depth, parts, length. */
static void
test_bounds(void **state)
{
	char		buf[256], deep[QUERY_MAX + 2];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	memset(deep, '(', sizeof(deep));
	assert_null(query_parse(str_make(deep, 100), &t));
	assert_non_null(strstr(buf, "too many parentheses"));
	for (size_t i = 0; i + 6 < sizeof(deep); i += 6)
		memcpy(deep + i, "a and ", 6);
	text_init(&t, buf, sizeof(buf));
	assert_null(query_parse(str_make(deep, QUERY_MAX / 6 * 6), &t));
	assert_non_null(strstr(buf, "too many parts"));
	text_init(&t, buf, sizeof(buf));
	assert_null(query_parse(str_make(deep, QUERY_MAX + 1), &t));
	assert_non_null(strstr(buf, "too long"));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
