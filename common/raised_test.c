#include "common/raised.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/log.h"

#define NOW	now		/* each test is later than the one before */

static int64_t	now = 1000000;

static int
put(uint64_t number, enum raised_by by, const char *value, uint8_t level, int64_t until)
{
	struct raised	r = { .number = number, .by = by, .level = level,
			    .until_ms = until, .who = "root" };

	str_copy(r.value, sizeof(r.value), str_of(value));
	return raised_put(&r, NOW);
}

static int
none_left(void **state)
{
	raised_expire(now + 20000);
	now += 100000;
	return 0;
}

static void
test_names(void **state)
{
	static const struct {
		enum raised_by	by;
		const char	*value;
		int		error;
	} cases[] = {
		{ RAISED_USER, "anna", 0 }, { RAISED_ADDRESS, "2001:db8::/32", 0 },
		{ RAISED_ADDRESS, "192.0.2.7", 0 }, { RAISED_ADDRESS, "192.0.2.7/8", -EINVAL },
		{ RAISED_ADDRESS, "phone", -EINVAL }, { RAISED_CALL, "", -EINVAL },
		{ RAISED_KINDS, "x", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(put(i + 1, cases[i].by, cases[i].value, LOG_ALL, NOW + 1000),
		    cases[i].error);
	assert_int_equal(put(20, RAISED_USER, "x", LOG_ALL + 1, NOW + 1), -EINVAL);
}

static void
test_users(void **state)
{
	static const struct {
		const char	*named, *user, *host;
		bool		is;
	} cases[] = {
		{ "anna", "anna", "a.test", true }, { "anna", "annabel", "a.test", false },
		{ "anna@a.test", "anna", "A.test", true },
		{ "anna@a.test", "anna", "b.test", false },
		{ "anna", "", "anna", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(put(i + 1, RAISED_USER, cases[i].named, LOG_LOW, NOW + 1000), 0);
		raised_look_user(i + 77, str_of(cases[i].user), str_of(cases[i].host));
		assert_int_equal(raised_level(i + 77), cases[i].is ? LOG_LOW : 0);
		assert_true(raised_del(i + 1, NOW));
		assert_int_equal(raised_level(i + 77), 0);
	}
}

static void
test_others(void **state)
{
	struct addr	a;

	assert_int_equal(put(1, RAISED_ADDRESS, "192.0.2.0/24", LOG_ALL, NOW + 1000), 0);
	assert_int_equal(put(2, RAISED_GATEWAY, "teleco1", LOG_LOW, NOW + 2000), 0);
	assert_int_equal(addr_parse(&a, STR("192.0.2.9"), 5060), 0);
	raised_look_address(5, &a);
	assert_int_equal(addr_parse(&a, STR("192.0.3.9"), 5060), 0);
	raised_look_address(6, &a);
	raised_look(6, RAISED_CALL, STR("teleco1"));
	assert_int_equal(raised_level(5), LOG_ALL);
	assert_int_equal(raised_level(6), 0);
	raised_look(5, RAISED_GATEWAY, STR("teleco1"));
	raised_look(6, RAISED_GATEWAY, STR("teleco1"));
	assert_int_equal(raised_level(5), LOG_ALL);	/* more stays */
	assert_int_equal(raised_level(6), LOG_LOW);
	/* One after the other: what the first raised is as before. */
	assert_int_equal(raised_expire(NOW + 1000), NOW + 2000);
	assert_int_equal(raised_level(5), 0);
	assert_int_equal(raised_level(6), LOG_LOW);
	/* Renewed: it lasts longer. */
	assert_int_equal(put(2, RAISED_GATEWAY, "teleco1", LOG_LOW, NOW + 9000), 0);
	assert_int_equal(raised_expire(NOW + 2000), NOW + 9000);
	assert_int_equal(raised_expire(NOW + 9000), 0);
	assert_false(raised_some());
}

/* Another daemon knows why; it counts only while something is named here, too. */
static void
test_told(void **state)
{
	raised_told(9, true);
	assert_int_equal(raised_level(9), 0);
	assert_int_equal(put(1, RAISED_USER, "anna", LOG_ALL, NOW + 1000), 0);
	raised_told(9, true);
	assert_int_equal(raised_level(9), LOG_ALL);
	raised_told(9, false);
	assert_int_equal(raised_level(9), 0);
	raised_look_aor(10, STR("anna@a.test"));
	raised_told(10, false);		/* that one does not know: we do */
	assert_int_equal(raised_level(10), LOG_ALL);
	assert_int_equal(raised_level(0), 0);
}

/* Full; a place is not used again at once: somebody may be reading it. */
static void
test_places(void **state)
{
	for (uint64_t i = 1; i <= RAISED_MAX; i++)
		assert_int_equal(put(i, RAISED_USER, "anna", LOG_ALL, NOW + 5000), 0);
	assert_int_equal(put(99, RAISED_USER, "bert", LOG_ALL, NOW + 5000), -ENOSPC);
	assert_true(raised_del(3, NOW));
	assert_false(raised_del(3, NOW));
	assert_int_equal(put(99, RAISED_USER, "bert", LOG_ALL, NOW + 5000), -ENOSPC);
	assert_non_null(raised_get(RAISED_MAX - 2));
	assert_null(raised_get(RAISED_MAX - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_names, none_left),
		cmocka_unit_test_teardown(test_users, none_left),
		cmocka_unit_test_teardown(test_others, none_left),
		cmocka_unit_test_teardown(test_told, none_left),
		cmocka_unit_test_teardown(test_places, none_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
