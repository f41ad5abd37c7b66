#include "sipd/domains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static char		 first[] = "Example.com", second[] = "b.test", again[] = "B.test";
static char		*named[] = { first, second, again };
static struct settings	 settings = { .domains = { named, 3 } };
static struct loop	*l;

static int
setup(void **state)
{
	l = loop_new();
	domains_open(&settings);
	return 0;
}

static int
teardown(void **state)
{
	domains_close();
	loop_free(l);
	return 0;
}

static void
expect(const char *name, bool local)
{
	if (domain_is_local(str_of(name)) != local)
		fail_msg("%s is %s", name, local ? "not ours" : "ours");
}

static void
test_configured_names_in_any_case(void **state)
{
	static const struct {
		const char	*name;
		bool		 local;
	} table[] = {
		{ "example.com", true }, { "EXAMPLE.COM", true }, { "b.TEST", true },
		{ "example.co", false }, { "example.comm", false }, { "a.test", false },
		{ "", false }, { "xample.com", false }, { ".example.com", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		expect(table[i].name, table[i].local);
	assert_false(domain_is_local(STR_NONE));
}

static void
test_a_name_is_bounded(void **state)
{
	char	long_name[300];

	memset(long_name, 'a', sizeof(long_name));
	for (size_t n = 254; n <= sizeof(long_name); n++) {
		domains_record(str_make(long_name, n), STR_NONE, false, l);
		assert_int_equal(domain_is_local(str_make(long_name, n)), n <= 255);
	}
}

/* Changes come one by one when there is no snapshot under way. */
static void
test_changes_show_at_once(void **state)
{
	domains_record(STR("New.test"), STR_NONE, false, l);
	expect("new.test", true);
	domains_record(STR("NEW.test"), STR_NONE, true, l);
	expect("new.test", false);
	/* What is configured stays, whatever the feed says. */
	domains_record(STR("b.test"), STR_NONE, true, l);
	expect("b.test", true);
}

/* Of an alias the domain is meant, until it goes; others mean themselves. */
static void
test_alias(void **state)
{
	assert_true(str_eq(domain_canonical(STR("Alias.test")), STR("Alias.test")));
	domains_record(STR("alias.test"), STR("b.test"), false, l);
	expect("alias.test", true);
	assert_true(str_eq(domain_canonical(STR("ALIAS.test")), STR("b.test")));
	assert_true(str_eq(domain_canonical(STR("b.test")), STR("b.test")));
	domains_record(STR("alias.test"), STR("example.com"), false, l);
	assert_true(str_eq(domain_canonical(STR("alias.test")), STR("example.com")));
	domains_begin();
	domains_record(STR("other.test"), STR("b.test"), false, l);
	domains_complete(l);
	assert_true(str_eq(domain_canonical(STR("alias.test")), STR("alias.test")));
	assert_true(str_eq(domain_canonical(STR("other.test")), STR("b.test")));
	domains_record(STR("other.test"), STR_NONE, true, l);
	expect("other.test", false);
}

static void
test_snapshot_replaces(void **state)
{
	domains_record(STR("old.test"), STR_NONE, false, l);
	domains_record(STR("kept.test"), STR_NONE, false, l);
	domains_begin();
	domains_record(STR("one.test"), STR_NONE, false, l);
	domains_record(STR("kept.test"), STR_NONE, false, l);
	domains_record(STR("gone.test"), STR_NONE, false, l);
	domains_record(STR("gone.test"), STR_NONE, true, l);
	expect("old.test", true);	/* until all is there */
	domains_complete(l);
	expect("old.test", false);
	expect("one.test", true);
	expect("kept.test", true);
	expect("gone.test", false);
	expect("example.com", true);
}

/* begin may come again before complete; complete without begin says nothing. */
static void
test_snapshot_begins_anew(void **state)
{
	domains_begin();
	domains_record(STR("first.test"), STR_NONE, false, l);
	domains_begin();
	domains_record(STR("second.test"), STR_NONE, false, l);
	domains_complete(l);
	domains_complete(l);
	expect("first.test", false);
	expect("second.test", true);
}

static void
test_a_new_configuration(void **state)
{
	char		 name[] = "c.test";
	char		*other[] = { name };
	struct settings	 next = { .domains = { other, 1 } };

	domains_record(STR("learnt.test"), STR_NONE, false, l);
	domains_commit(&next, l);
	expect("c.test", true);
	expect("b.test", false);
	expect("learnt.test", true);
}

/* Many, in an order that is not sorted; each is found, none but them. */
static void
test_many(void **state)
{
	char	name[32];

	domains_begin();
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "d%u.test", i * 7919 % 5000);
		domains_record(str_of(name), STR_NONE, false, l);
	}
	domains_complete(l);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "d%u.test", i);
		expect(name, true);
		snprintf(name, sizeof(name), "e%u.test", i);
		expect(name, false);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_configured_names_in_any_case, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_name_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_show_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
