/*
 * ping_nat_test - how often a NAT is reminded: more often when it forgets, and less often
 * again when it no longer does. The clock is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/daemon.h"
#include "common/settings.h"
#include "common/stats.h"
#include "sipd/ping_own.h"

#define HOUR_NS	(3600 * INT64_C(1000000000))

static struct settings	*set;
static struct mono	 now;

const struct settings *
settings_now(void)
{
	return set;
}

/* A contact of this name behind the NAT, seen from port. */
static struct pinged *
contact(const char *uri, uint16_t port)
{
	struct pinged	*e = calloc(1, sizeof(*e));

	e->flow.transport = TRANSPORT_UDP;
	assert_int_equal(addr_parse(&e->flow.remote, STR("192.0.2.9"), port), 0);
	e->uri = strdup(uri);
	nat_join(e, now);
	return e;
}

static void
gone(struct pinged *e)
{
	nat_leave(e);
	free(e->uri);
	free(e);
}

/* It comes back from another port: its binding was lost. */
static struct pinged *
forgotten(struct pinged *e, uint16_t port)
{
	struct pinged	*again = contact(e->uri, port);

	gone(e);
	return again;
}

/* Both are pinged after so many hours. */
static void
hours(struct pinged *a, struct pinged *b, int n)
{
	now.ns += n * HOUR_NS;
	nat_pinged(a, now);
	nat_pinged(b, now);
}

static int
setup(void **state)
{
	stats_thread();
	set = calloc(1, sizeof(*set));
	set->ping_interval = 16000;
	set->ping_interval_shortest = 1000;
	set->ping_adapt = true;
	now.ns = HOUR_NS;
	nats_open();
	return 0;
}

static int
teardown(void **state)
{
	nats_close();
	free(set);
	return 0;
}

static void
test_shorter(void **state)
{
	static const int64_t	ms[] = { 8000, 4000, 2000, 1000, 1000 };
	struct pinged		*a = contact("sip:a@192.168.1.2", 1000);
	struct pinged		*b = contact("sip:b@192.168.1.3", 2000);

	assert_int_equal(nat_interval(a), 16000);
	for (unsigned i = 0; i < 5; i++) {
		a = forgotten(a, 1001 + i);
		assert_int_equal(nat_interval(a), ms[i]);
		assert_int_equal(nat_interval(b), ms[i]);
	}
	gone(a);
	gone(b);
}

/* After an hour one of them tries it, after another hour all have it; to the setting. */
static void
test_longer(void **state)
{
	struct pinged	*a = contact("sip:a@192.168.1.2", 1000);
	struct pinged	*b = contact("sip:b@192.168.1.3", 2000);

	a = forgotten(a, 1001);
	hours(a, b, 0);
	assert_int_equal(nat_interval(a), 8000);
	hours(a, b, 1);
	assert_int_equal(nat_interval(a), 12000);
	assert_int_equal(nat_interval(b), 8000);
	hours(a, b, 1);
	assert_int_equal(nat_interval(b), 12000);
	hours(a, b, 1);
	assert_int_equal(nat_interval(a), 16000);	/* 18000 is more than is set */
	hours(a, b, 1);
	assert_int_equal(a->nat->interval_ms, 0);
	assert_int_equal(nat_interval(b), 16000);
	gone(a);
	gone(b);
}

/* A trial that fails changes nothing for the others, and is not repeated so soon. */
static void
test_failed_trial(void **state)
{
	struct pinged	*a = contact("sip:a@192.168.1.2", 1000);
	struct pinged	*b = contact("sip:b@192.168.1.3", 2000);

	a = forgotten(a, 1001);
	hours(a, b, 1);
	assert_int_equal(nat_interval(a), 12000);
	a = forgotten(a, 1002);
	assert_int_equal(nat_interval(a), 8000);
	assert_int_equal(nat_interval(b), 8000);
	assert_int_equal(a->nat->moved, 2);
	hours(a, b, 1);
	assert_int_equal(nat_interval(a), 8000);
	hours(a, b, 1);
	assert_int_equal(nat_interval(a), 12000);
	gone(a);		/* with the one that tries it the trial is over */
	assert_int_equal(nat_interval(b), 8000);
	hours(b, b, 2);
	assert_int_equal(nat_interval(b), 12000);
	gone(b);
}

/* With ping-adapt off losses are counted, and that is all. */
static void
test_off(void **state)
{
	struct pinged	*a = contact("sip:a@192.168.1.2", 1000);

	set->ping_adapt = false;
	a = forgotten(a, 1001);
	assert_int_equal(nat_interval(a), 16000);
	assert_int_equal(a->nat->moved, 1);
	gone(a);
}

int
main(void)
{
#define T(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_shorter),
		T(test_longer),
		T(test_failed_trial),
		T(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
