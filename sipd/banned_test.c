/*
 * banned_test - the ban list as sipd reads it: networks of all widths, both
 * families, time, snapshots.
 */
#define HOST	"127.0.47.1"
#include "sipd/house_test.h"

#include "common/mono.h"
#include "sipd/banned.h"
#include "sipd/replica.h"

static int
setup(void **state)
{
	house_open("ban-allow [198.18.0.0/15]\n");
	return 0;
}

static int
teardown(void **state)
{
	house_close();
	return 0;
}

static void
ban(const char *network, int64_t until_ms, bool deleted)
{
	banned_record(&(struct msg_ban){ .network = str_of(network),
	    .until_ms = until_ms, .deleted = deleted });
	replica_quiesce();
}

static bool
is_banned(const char *host)
{
	struct addr a;
	bool yes;

	assert_int_equal(addr_parse(&a, str_of(host), 5060), 0);
	yes = banned(&a);
	replica_quiesce();
	return yes;
}

static void
test_widths(void **state)
{
	static const struct {
		const char *network, *in, *out;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", "192.0.2.6" },
		{ "192.0.2.128/25", "192.0.2.255", "192.0.2.127" },
		{ "10.64.0.0/10", "10.127.255.255", "10.128.0.0" },
		{ "2001:db8::/64", "2001:db8::1:2:3:4", "2001:db8:0:1::" },
		{ "2001:db8:0:8000::/49", "2001:db8:0:ffff::1", "2001:db8:0:7fff::1" },
		{ "192.0.2.7", "::ffff:192.0.2.7", "::192.0.2.7" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(is_banned(cases[i].in));
		ban(cases[i].network, 0, false);
		ban("203.0.113.0/24", 0, false);	/* another width beside it */
		assert_true(is_banned(cases[i].in));
		assert_false(is_banned(cases[i].out));
		ban(cases[i].network, 0, true);
		assert_false(is_banned(cases[i].in));
		assert_true(is_banned("203.0.113.9"));
	}
}

static void
test_time_and_allowed(void **state)
{
	uint64_t before = stats->refused_banned;

	ban("192.0.2.1", wall_ms() - 1, false);
	ban("192.0.2.2", wall_ms() + 60000, false);
	assert_false(is_banned("192.0.2.1"));
	assert_true(is_banned("192.0.2.2"));
	assert_int_equal(stats->refused_banned, before + 1);
	ban("198.0.0.0/8", 0, false);
	assert_true(is_banned("198.20.0.1"));
	assert_false(is_banned("198.19.0.1"));
}

/* What a snapshot does not have is gone when it is complete, not before. */
static void
test_snapshot(void **state)
{
	char network[32];

	ban("192.0.2.1", 0, false);
	banned_begin();
	for (int i = 0; i < 1000; i++) {
		snprintf(network, sizeof(network), "198.51.%d.%d", i / 250, i % 250);
		ban(network, 0, false);
	}
	assert_true(is_banned("192.0.2.1"));
	assert_false(is_banned("198.51.0.1"));
	banned_complete();
	assert_false(is_banned("192.0.2.1"));
	for (int i = 0; i < 1000; i += 7) {
		snprintf(network, sizeof(network), "198.51.%d.%d", i / 250, i % 250);
		assert_true(is_banned(network));
	}
	banned_begin();
	banned_complete();
	assert_false(is_banned("198.51.0.1"));
}

/* Each ban counts for itself, and a snapshot that has it again changes nothing. */
static void
test_tallies(void **state)
{
	static const char *const networks[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	struct banned_shown b;
	uint64_t cursor = 0;

	ban(networks[0], 0, false);
	ban(networks[1], 0, false);
	for (int i = 0; i < 3; i++)
		assert_true(is_banned(networks[1]));
	banned_begin();
	ban(networks[1], 0, false);
	ban(networks[2], 0, false);
	banned_complete();
	assert_true(is_banned(networks[1]));
	assert_true(is_banned(networks[2]));
	assert_true(banned_next(&cursor, &b));
	assert_true(str_eq(b.network, STR("192.0.2.2")));
	assert_int_equal(b.refused, 4);
	assert_true(banned_next(&cursor, &b));
	assert_true(str_eq(b.network, STR("192.0.2.3")));
	assert_int_equal(b.refused, 1);
	assert_false(banned_next(&cursor, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_widths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_and_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tallies, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
