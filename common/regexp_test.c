#include "common/regexp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void
test_matches(void **state)
{
	static const struct {
		const char	*pattern, *subject;
		const char	*by;		/* NULL: it does not match */
		const char	*result;
	} cases[] = {
		{ "^.*$", "+441234", "sip:\\0@x", "sip:+441234@x" },
		{ "^\\+44(.*)$", "+441234", "0\\1", "01234" },
		{ "^(\\+)(4[49])(.*)$", "+491234", "\\3\\2", "123449" },
		{ "(a)|(b)", "b", "<\\1\\2>", "<b>" },
		{ "^[0-9]{2,4}$", "12345", NULL, NULL },
		{ "^[0-9]{2,4}$", "123", "\\0", "123" },
		{ "^[[:digit:]+]+$", "+12", "x\\\\", "x\\" },
		{ "^[^]a]$", "b", "y", "y" },
		{ "^[^]a]$", "]", NULL, NULL },
		/* In brackets a backslash is one, as in POSIX; "d" is no digit class. */
		{ "^[\\d]+$", "\\d", "y", "y" },
		{ "^[\\d]+$", "5", NULL, NULL },
		{ "^a[[]b$", "a[b", "y", "y" },
		{ "^a$", "a\n", NULL, NULL },
		{ "^a.b$", "a\nb", "y", "y" },
		{ "^\\(1\\)$", "(1)", "y", "y" },
		{ "ABC", "xabcx", NULL, NULL },
		{ "|a", "", "<\\0>", "<>" },
	};
	struct str	 groups[REGEXP_GROUPS];
	struct regexp	*r;
	const char	*why;
	char		 buf[64];
	struct text	 t;
	size_t		 at;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int	e;

		assert_int_equal(regexp_new(&r, str_of(cases[i].pattern), false, &why,
		    &at), 0);
		e = regexp_match(r, str_of(cases[i].subject), groups);
		if (e != (cases[i].by != NULL ? 0 : -ENOENT))
			fail_msg("%s on %s: %d", cases[i].pattern,
			    cases[i].subject, e);
		if (e == 0) {
			text_init(&t, buf, sizeof(buf));
			assert_int_equal(regexp_expand(&t, str_of(cases[i].by), '\\',
			    groups), 0);
			assert_string_equal(buf, cases[i].result);
		}
		regexp_free(r);
	}
	assert_int_equal(regexp_new(&r, STR("ABC"), true, &why, &at), 0);
	assert_int_equal(regexp_match(r, STR("xabcx"), groups), 0);
	text_init(&t, buf, sizeof(buf));
	assert_int_equal(regexp_expand(&t, STR("\\x"), '\\', groups), -EINVAL);
	assert_int_equal(regexp_expand(&t, STR("\\"), '\\', groups), -EINVAL);
	regexp_free(r);
}

static void
test_refused(void **state)
{
	static const struct {
		const char	*pattern;
		size_t		 at;
	} cases[] = {
		{ "", 0 }, { "a(?=b)", 2 }, { "(*LIMIT_MATCH=999999)a", 1 },
		{ "(?R)", 1 }, { "(a)\\1", 3 }, { "a\\C", 1 }, { "\\Qa\\E", 0 },
		{ "a**", 2 }, { "a+?", 2 }, { "a{2}{2}", 4 }, { "a{256}", 1 },
		{ "a{3,2}", 1 }, { "a{,2}", 1 }, { "*a", 0 }, { "a|*", 2 },
		{ "^*", 1 }, { "[a", 2 }, { "[[.a.]]", 1 }, { "[[:alpha:", 1 },
		{ "a\\", 1 }, { "(a", 2 }, { "(((((((((a)))))))))()", 0 },
	};
	char		 big[REGEXP_PATTERN_MAX + 2];
	struct regexp	*r = NULL;
	const char	*why;
	size_t		 at;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why = NULL;
		if (regexp_new(&r, str_of(cases[i].pattern), false, &why, &at) !=
		    -EINVAL || at != cases[i].at)
			fail_msg("%s: %zu %s", cases[i].pattern, at, why);
		assert_non_null(why);
	}
	memset(big, 'a', sizeof(big));
	assert_int_equal(regexp_new(&r, str_make(big, sizeof(big) - 1), false, &why,
	    &at), -EINVAL);
	assert_int_equal(regexp_new(&r, str_make(big, sizeof(big) - 2), false, &why,
	    &at), 0);
	regexp_free(r);
	assert_int_equal(regexp_new(&r, str_make("a\0b", 3), false, &why, &at),
	    -EINVAL);
}

/* S25: what explodes elsewhere is given up, or refused when it is compiled. */
static void
test_explosions(void **state)
{
	static const char *const	patterns[] = {
		"^(a*)*b$", "^(a+)+b$", "^(a|a)*b$", "^(a|aa)+b$", "^(a|b|ab)*c$",
		"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x", "^(a?){200}a{200}$",
		"((((a{1,50}){1,50}){1,50}){1,50}){1,50}b",
		"(((((a*)*)*)*)*)*b", "(a{0,255}){0,255}(a{0,255}){0,255}b",
	};
	char		 subject[REGEXP_SUBJECT_MAX + 1];
	struct str	 groups[REGEXP_GROUPS];
	struct timespec	 begin, end;
	struct regexp	*r;
	const char	*why;
	size_t		 at;
	long		 ms;

	memset(subject, 'a', sizeof(subject));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		if (regexp_new(&r, str_of(patterns[i]), false, &why, &at) == 0) {
			assert_int_not_equal(regexp_match(r, str_make(subject,
			    sizeof(subject) - 1), groups), 0);
			assert_int_equal(regexp_match(r, str_make(subject,
			    sizeof(subject)), groups), -E2BIG);
			regexp_free(r);
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		ms = (end.tv_sec - begin.tv_sec) * 1000 +
		    (end.tv_nsec - begin.tv_nsec) / 1000000;
		if (ms > 100)		/* 1 without sanitizers */
			fail_msg("%s: %ld ms", patterns[i], ms);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_explosions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
