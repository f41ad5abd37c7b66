#include "sipd/wheel.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>


struct probe {
	struct wheel_timer	 t;
	struct wheel		*w;
	struct mono		*clock;
	int64_t			 due_ms;	/* what was asked for */
	int			 fired;
	int			 again;		/* starts itself so many times */
	struct probe		*other;		/* stopped when this one fires */
};

static struct mono	start = { INT64_C(1234567890123) };
static int		early, late;

static void
on_fire(void *arg)
{
	struct probe	*p = arg;
	int64_t		 at = mono_ms_between(start, *p->clock);

	p->fired++;
	assert_false(wheel_active(&p->t));
	if (at < p->due_ms)
		early++;
	if (p->other != NULL)
		wheel_stop(p->w, &p->other->t);
	if (p->again-- > 0) {
		p->due_ms = at + 10;
		wheel_start(p->w, &p->t, 10);
	}
}

/* Goes from one wake-up to the next, as the loop does. */
static void
run_until(struct wheel *w, struct mono *clock, int64_t ms)
{
	struct mono	end = mono_add_ms(start, ms);
	int64_t		next;

	while ((next = wheel_next_ms(w)) >= 0 &&
	    mono_before(mono_add_ms(*clock, next), end)) {
		*clock = mono_add_ms(*clock, next > 0 ? next : 1);
		wheel_advance(w, *clock);
	}
	*clock = end;
	wheel_advance(w, *clock);
}

static void
fires_in_time(void **state)
{
	static const int64_t cases[] = {
		0, 1, 3, 4, 5, 10, 20, 100, 255, 256, 257, 499, 500, 1000, 4000,
		16383, 16384, 16385, 32000, 64000, 180000, 600000, 1048576,
		3600000, 86400000, 604800000, INT64_C(2592000000),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mono	 clock = start;
		struct wheel	*w = wheel_new(NULL, start);
		struct probe	 p = { .w = w, .clock = &clock,
				    .due_ms = cases[i] };

		wheel_timer_init(&p.t, on_fire, &p);
		wheel_start(w, &p.t, cases[i]);
		assert_true(wheel_active(&p.t));
		assert_int_equal(wheel_count(w), 1);
		if (cases[i] > 0) {
			run_until(w, &clock, cases[i] - 1);
			assert_int_equal(p.fired, 0);
		}
		run_until(w, &clock, cases[i] + 2 * WHEEL_TICK_MS);
		assert_int_equal(p.fired, 1);
		assert_int_equal(wheel_count(w), 0);
		assert_int_equal(wheel_next_ms(w), -1);
		wheel_free(w);
	}
	assert_int_equal(early, 0);
}

/* Many timers against a plain list of what is due. */
static void
agrees_with_a_list(void **state)
{
	enum { N = 2000, SPAN = 400000 };
	struct probe	*p = calloc(N, sizeof(*p));
	struct mono	 clock = start;
	struct wheel	*w = wheel_new(NULL, start);
	unsigned	 seed = 7;

	for (int i = 0; i < N; i++) {
		p[i] = (struct probe){ .w = w, .clock = &clock,
		    .due_ms = rand_r(&seed) % SPAN };
		wheel_timer_init(&p[i].t, on_fire, &p[i]);
		wheel_start(w, &p[i].t, p[i].due_ms);
	}
	for (int i = 0; i < N; i += 3) {	/* some are stopped */
		wheel_stop(w, &p[i].t);
		p[i].due_ms = -1;
	}
	for (int64_t now = 0; now <= SPAN + 100; now += 1 + rand_r(&seed) % 700) {
		run_until(w, &clock, now);
		for (int i = 0; i < N; i++) {
			bool is_due = p[i].due_ms >= 0 &&
			    p[i].due_ms + 2 * WHEEL_TICK_MS <= now;
			if (is_due && p[i].fired != 1)
				late++;
			if (p[i].due_ms < 0 && p[i].fired != 0)
				late++;
		}
	}
	assert_int_equal(early, 0);
	assert_int_equal(late, 0);
	wheel_free(w);
	free(p);
}

static void
may_start_and_stop_in_fire(void **state)
{
	struct mono	 clock = start;
	struct wheel	*w = wheel_new(NULL, start);
	struct probe	 a = { .w = w, .clock = &clock, .due_ms = 20, .again = 5 };
	struct probe	 b = { .w = w, .clock = &clock, .due_ms = 20 };
	struct probe	 c = { .w = w, .clock = &clock, .due_ms = 20 };

	/* All of one slot: whichever comes first stops its neighbour. */
	b.other = &c;
	c.other = &b;
	wheel_timer_init(&a.t, on_fire, &a);
	wheel_timer_init(&b.t, on_fire, &b);
	wheel_timer_init(&c.t, on_fire, &c);
	wheel_start(w, &a.t, 20);
	wheel_start(w, &b.t, 20);
	wheel_start(w, &c.t, 20);
	run_until(w, &clock, 1000);
	assert_int_equal(a.fired, 6);
	assert_int_equal(b.fired + c.fired, 1);
	assert_int_equal(wheel_count(w), 0);
	wheel_free(w);
}

static void
moves_and_clamps(void **state)
{
	struct mono	 clock = start;
	struct wheel	*w = wheel_new(NULL, start);
	struct probe	 p = { .w = w, .clock = &clock, .due_ms = 500 };

	wheel_timer_init(&p.t, on_fire, &p);
	wheel_start(w, &p.t, 100);
	wheel_start(w, &p.t, 500);
	assert_int_equal(wheel_count(w), 1);
	run_until(w, &clock, 499);
	assert_int_equal(p.fired, 0);
	run_until(w, &clock, 510);
	assert_int_equal(p.fired, 1);
	wheel_start(w, &p.t, INT64_MAX);
	assert_true(wheel_left_ms(w, &p.t) <= WHEEL_MAX_MS + WHEEL_TICK_MS);
	wheel_start(w, &p.t, -5);
	p.due_ms = 0;
	run_until(w, &clock, 530);
	assert_int_equal(p.fired, 2);
	wheel_stop(w, &p.t);
	wheel_free(w);
}

static void
on_stop(void *arg)
{
	loop_stop(arg);
}

static void
driven_by_a_loop(void **state)
{
	struct loop		*l = loop_new();
	struct wheel		*w = wheel_new(l, mono_now());
	struct wheel_timer	 never, soon;
	struct mono		 before = mono_now();

	wheel_timer_init(&never, on_stop, l);
	wheel_timer_init(&soon, on_stop, l);
	wheel_start(w, &never, 3600000);
	wheel_start(w, &soon, 30);
	loop_run(l);
	assert_true(mono_ms_between(before, mono_now()) >= 29);
	assert_true(wheel_active(&never));
	assert_false(wheel_active(&soon));
	wheel_free(w);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_in_time),
		cmocka_unit_test(agrees_with_a_list),
		cmocka_unit_test(may_start_and_stop_in_fire),
		cmocka_unit_test(moves_and_clamps),
		cmocka_unit_test(driven_by_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
