/* guesses_test - budgets a source and a user from it (S03). */
#include "regd/guesses.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#define A	STR("udp:192.0.2.1:5060")
#define B	STR("tcp:192.0.2.2:5060")

static bool
answer_home(void *arg)
{
	return *(bool *)arg;
}

static enum guess
may(struct guesses *g, struct str source, const char *user, int64_t now_ms)
{
	bool home = false;

	return guesses_may(g, source, str_of(user), 20, now_ms, answer_home, &home);
}

static void
test_user(void **state)
{
	struct guesses *g = guesses_new();

	for (int i = 0; i < 10; i++) {
		assert_int_equal(may(g, A, "anna@x", 1000 + i),
		    i < 5 ? GUESS_JUDGE : GUESS_SLOWLY);
		guesses_wrong(g, A, STR("anna@x"), "wrong", 1000 + i);
	}
	assert_int_equal(may(g, A, "anna@x", 2000), GUESS_MUTE);
	assert_int_equal(may(g, STR("tcp:192.0.2.1:9"), "anna@x", 2000), GUESS_MUTE);
	assert_int_equal(may(g, A, "bert@x", 2000), GUESS_SLOWLY);
	assert_int_equal(may(g, B, "anna@x", 2000), GUESS_JUDGE);
	assert_int_equal(may(g, A, "anna@x", 60999), GUESS_MUTE);
	assert_int_equal(may(g, A, "anna@x", 61000), GUESS_JUDGE);
	guesses_free(g);
}

static void
test_source(void **state)
{
	struct guesses *g = guesses_new();
	char user[16];
	bool home = true;

	for (int i = 0; i < 20; i++) {
		snprintf(user, sizeof(user), "u%d@x", i);
		assert_int_not_equal(may(g, A, user, 5), GUESS_MUTE);
		guesses_wrong(g, A, str_of(user), "wrong", 5);
	}
	assert_int_equal(may(g, A, "bert@x", 6), GUESS_MUTE);
	assert_int_equal(guesses_may(g, A, STR("bert@x"), 20, 6, answer_home,
	    &home), GUESS_JUDGE);
	assert_int_equal(guesses_may(g, A, STR("bert@x"), 0, 6, answer_home,
	    &home), GUESS_JUDGE);
	guesses_free(g);
}

/* A network of IPv6 is one source; the table is bounded. */
static void
test_bounds(void **state)
{
	struct guesses *g = guesses_new();
	char buf[64], source[64];

	assert_true(str_eq(guesses_source(STR("udp:[2001:db8:1:2:3::4]:5060"), buf),
	    STR("2001:db8:1:2::")));
	assert_true(str_eq(guesses_source(A, buf), STR("192.0.2.1")));
	for (int i = 0; i < GUESSES_MAX + 10; i++) {
		snprintf(source, sizeof(source), "udp:10.%d.%d.%d:1", i >> 16,
		    i >> 8 & 255, i & 255);
		for (int n = 0; n < (i == 0 ? 20 : 1); n++)
			guesses_wrong(g, str_of(source), STR_NONE, "wrong", 7);
	}
	assert_int_equal(may(g, STR("udp:10.0.0.0:1"), "", 8), GUESS_JUDGE);
	guesses_free(g);
}

/* What counts towards a ban: of a source, since its last right one. */
static void
test_since_good(void **state)
{
	struct guesses *g = guesses_new();

	assert_int_equal(guesses_wrong(g, A, STR("anna@x"), "wrong", 1), 1);
	assert_int_equal(guesses_wrong(g, A, STR("bert@x"), "wrong", 90000), 2);
	guesses_good(g, B);
	assert_int_equal(guesses_unjudged(g, B), 0);
	assert_int_equal(guesses_wrong(g, A, STR("bert@x"), "wrong", 90001), 3);
	guesses_good(g, STR("tcp:192.0.2.1:9"));
	assert_int_equal(guesses_wrong(g, A, STR("bert@x"), "wrong", 90002), 1);
	guesses_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_since_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
