/* accounts: a replica converges, whatever order snapshot and changes come in. */
#include "routed/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char		told_s[512];
static struct text	told;

static void
changed(void *arg, struct str key)
{
	text_add(&told, key);
	text_ch(&told, ' ');
}

static int
setup(void **state)
{
	text_init(&told, told_s, sizeof(told_s));
	*state = accounts_new(changed, NULL);
	return 0;
}

static int
teardown(void **state)
{
	accounts_free(*state);
	return 0;
}

static void
record(struct accounts *a, const char *aor, const char *number, uint64_t version,
    bool deleted)
{
	struct msg_account	m = { str_of(aor), version, deleted, STR_NONE,
				    str_of(number) };

	accounts_record(a, &m);
}

static void
assert_told(const char *want)
{
	char	s[512];

	assert_true(str_copy(s, sizeof(s), text_str(&told)));
	assert_string_equal(s, want);
	text_init(&told, told_s, sizeof(told_s));
}

static void
test_snapshot_replaces(void **state)
{
	struct accounts	*a = *state;

	accounts_begin(a);
	record(a, "anna@x", "+491", 1, false);
	record(a, "bo@x", "", 2, false);
	assert_false(accounts_ready(a));
	accounts_complete(a);
	assert_true(accounts_ready(a));
	assert_told("");		/* nobody has asked yet */
	accounts_begin(a);
	assert_non_null(accounts_find(a, STR("bo@x")));
	record(a, "anna@x", "+491", 1, false);
	accounts_complete(a);
	assert_null(accounts_find(a, STR("bo@x")));
	assert_int_equal(accounts_count(a), 1);
	assert_told("bo@x ");
}

static void
test_changes(void **state)
{
	struct accounts	*a = *state;

	accounts_begin(a);
	accounts_complete(a);
	record(a, "anna@x", "+491", 5, false);
	assert_told("anna@x +491 ");
	record(a, "anna@x", "+492", 4, false);		/* older */
	assert_told("");
	record(a, "anna@x", "+492", 6, false);
	assert_told("+491 +492 ");
	assert_null(accounts_by_number(a, STR("+491")));
	assert_string_equal(accounts_by_number(a, STR("+492"))->aor, "anna@x");
	record(a, "anna@x", "", 7, true);
	assert_told("+492 anna@x ");
	assert_null(accounts_find(a, STR("anna@x")));
	assert_null(accounts_by_number(a, STR("+492")));
}

/* A number goes from one to another, the taker's record first. */
static void
test_number_moves(void **state)
{
	struct accounts	*a = *state;

	accounts_begin(a);
	record(a, "anna@x", "+491", 1, false);
	accounts_complete(a);
	record(a, "bo@x", "+491", 2, false);
	record(a, "anna@x", "", 3, false);
	assert_string_equal(accounts_by_number(a, STR("+491"))->aor, "bo@x");
	record(a, "anna@x", "", 4, true);
	assert_string_equal(accounts_by_number(a, STR("+491"))->aor, "bo@x");
}

/* Removed while the snapshot is under way; its part with the account comes late. */
static void
test_removed_during_snapshot(void **state)
{
	struct accounts	*a = *state;
	uint64_t	 at = 0;

	accounts_begin(a);
	record(a, "anna@x", "", 9, true);
	record(a, "anna@x", "+491", 3, false);
	assert_null(accounts_find(a, STR("anna@x")));
	assert_null(accounts_next(a, &at));
	accounts_complete(a);
	assert_null(accounts_find(a, STR("anna@x")));
	assert_int_equal(accounts_count(a), 0);
}

/* Shown part by part, while others come and go. */
static void
test_walk(void **state)
{
	struct accounts		*a = *state;
	const struct account	*o;
	uint64_t		 at = 0;
	unsigned		 n = 0;

	accounts_begin(a);
	accounts_complete(a);
	for (char c = 'a'; c <= 'z'; c++)
		record(a, (char[]){ c, 0 }, "", 1, false);
	for (; (o = accounts_next(a, &at)) != NULL; at++) {
		if (++n == 10) {
			record(a, "a", "", 2, true);
			record(a, "A", "", 2, false);
		}
	}
	assert_int_equal(n, 26);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_snapshot_replaces),
		T(test_changes),
		T(test_number_moves),
		T(test_removed_during_snapshot),
		T(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
