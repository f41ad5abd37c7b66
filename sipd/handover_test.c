#include "sipd/handover.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

enum { ITEMS = 200000 };

static void
job(struct worker *w, void *arg)
{
}

static struct handover_item
item(uintptr_t n)
{
	return (struct handover_item){ job, (void *)n };
}

static void
is_bounded_and_in_order(void **state)
{
	struct handover		*h = handover_new(8);
	struct handover_item	 got;

	assert_false(handover_take(h, &got));
	for (uintptr_t round = 0; round < 100; round++) {
		for (uintptr_t i = 0; i < 8; i++)
			assert_true(handover_put(h, item(round * 8 + i), 0));
		assert_false(handover_put(h, item(0), 0));
		assert_int_equal(handover_count(h), 8);
		for (uintptr_t i = 0; i < 8; i++) {
			assert_true(handover_take(h, &got));
			assert_int_equal((uintptr_t)got.arg, round * 8 + i);
		}
		assert_false(handover_take(h, &got));
	}
	handover_free(h);
}

static void
keeps_room_for_jobs(void **state)
{
	struct handover	*h = handover_new(8);

	for (uintptr_t i = 0; i < 6; i++)
		assert_true(handover_put(h, item(i), 2));
	assert_false(handover_put(h, item(6), 2));
	assert_true(handover_put(h, item(6), 0));
	assert_true(handover_put(h, item(7), 0));
	assert_false(handover_put(h, item(8), 0));
	handover_free(h);
}

static void *
produce(void *arg)
{
	struct handover	*h = arg;

	for (uintptr_t i = 1; i <= ITEMS; i++)
		while (!handover_put(h, item(i), 0))
			sched_yield();
	return NULL;
}

static void
between_two_threads(void **state)
{
	struct handover		*h = handover_new(64);
	struct handover_item	 got;
	pthread_t		 t;

	assert_int_equal(pthread_create(&t, NULL, produce, h), 0);
	for (uintptr_t want = 1; want <= ITEMS;) {
		if (!handover_take(h, &got)) {
			sched_yield();
			continue;
		}
		if ((uintptr_t)got.arg != want || got.fn != job)
			fail();
		want++;
	}
	pthread_join(t, NULL);
	assert_int_equal(handover_count(h), 0);
	handover_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_bounded_and_in_order),
		cmocka_unit_test(keeps_room_for_jobs),
		cmocka_unit_test(between_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
