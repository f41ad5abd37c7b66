/*
 * Who did not answer, for how long, and how many are remembered.
 */
#define HOST	"127.0.43.1"
#include "sipd/house_test.h"

#include "sipd/blacklist.h"

static int
setup(void **state)
{
	house_open("blacklist-interval 30s\n");
	blacklist_clear();
	return 0;
}

static int
teardown(void **state)
{
	house_close();
	return 0;
}

static struct hop
peer(enum transport t, unsigned port)
{
	struct hop	h = { .transport = t };

	assert_int_equal(addr_parse(&h.remote, STR("192.0.2.7"), (uint16_t)port), 0);
	return h;
}

static struct mono
at_ms(int64_t ms)
{
	return mono_add_ms((struct mono){ 1 }, ms);
}

/* Its transport and address, for the interval; a second failure begins it anew. */
static void
test_for_a_while(void **state)
{
	const struct hop	one = peer(TRANSPORT_UDP, 5060);
	const struct hop	by_tcp = peer(TRANSPORT_TCP, 5060);
	const struct hop	other = peer(TRANSPORT_UDP, 5061);

	assert_false(blacklist_has(&one, at_ms(0)));
	blacklist_add(&one, at_ms(0));
	assert_true(blacklist_has(&one, at_ms(29999)));
	assert_false(blacklist_has(&one, at_ms(30000)));
	assert_false(blacklist_has(&by_tcp, at_ms(0)));
	assert_false(blacklist_has(&other, at_ms(0)));
	blacklist_add(&one, at_ms(20000));
	assert_true(blacklist_has(&one, at_ms(49999)));
	blacklist_clear();
	assert_false(blacklist_has(&one, at_ms(20000)));
}

/* An interval of 0 switches it off, for those who are on it, too. */
static void
test_off(void **state)
{
	const struct hop	one = peer(TRANSPORT_UDP, 5060);

	blacklist_add(&one, at_ms(0));
	house_close();
	house_open("blacklist-interval 0s\n");
	assert_false(blacklist_has(&one, at_ms(1)));
	blacklist_add(&one, at_ms(0));
	house_close();
	house_open("blacklist-interval 30s\n");
	blacklist_clear();
	blacklist_add(&one, at_ms(0));
	assert_true(blacklist_has(&one, at_ms(1)));
}

/* Of very many the later ones are there; nobody is on it who was not put there. */
static void
test_full(void **state)
{
	struct stats	before, after;
	struct hop	h;
	unsigned	found = 0;

	stats_sum(&before);
	for (unsigned i = 1; i <= 3000; i++) {
		h = peer(TRANSPORT_UDP, i);
		blacklist_add(&h, at_ms(i));
		assert_true(blacklist_has(&h, at_ms(i)));
	}
	for (unsigned i = 1; i <= 3000; i++) {
		h = peer(TRANSPORT_UDP, i);
		found += blacklist_has(&h, at_ms(3000));
		h = peer(TRANSPORT_TCP, i);
		assert_false(blacklist_has(&h, at_ms(3000)));
	}
	assert_in_range(found, 512, 1024);
	stats_sum(&after);
	assert_true(after.blacklist_full > before.blacklist_full);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_for_a_while), T(test_off), T(test_full),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
