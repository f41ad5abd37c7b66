/* machine_test - the states of a registration by a clock of our own. */
#include "gwregd/machine.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct fake {
	struct machine m;
	int64_t now, timer;		/* timer: when; -1: none */
	unsigned sends, leaves, left;
	uint32_t dice;
} f;

static void
on_send(void *arg, bool leave)
{
	f.sends++;
	f.leaves += leave;
}

static void
on_timer(void *arg, int64_t in_ms)
{
	f.timer = in_ms < 0 ? -1 : f.now + in_ms;
}

static void
on_changed(void *arg)
{
}

static void
on_left(void *arg)
{
	f.left++;
}

static uint32_t
on_dice(void *arg)
{
	return f.dice;
}

static const struct machine_owner owner = {
	on_send, on_timer, on_changed, on_left, on_dice
};

static int
setup(void **state)
{
	memset(&f, 0, sizeof(f));
	f.now = 1000000;
	f.timer = -1;
	machine_init(&f.m, &owner, NULL, 600000);
	return 0;
}

static void
event(enum machine_event ev)
{
	machine_event(&f.m, ev, f.now);
}

static void
ok(int64_t granted_ms)
{
	f.m.granted_ms = granted_ms;
	event(EV_OK);
}

/* Forward to the timer, which must be there; returns how long that took. */
static int64_t
wait_timer(void)
{
	int64_t took = f.timer - f.now;

	assert_true(f.timer >= 0);
	f.now = f.timer;
	f.timer = -1;
	event(EV_TIMER);
	return took;
}

static void
test_life(void **state)
{
	event(EV_START);
	assert_int_equal(f.m.state, ST_TRYING);
	event(EV_CHALLENGE);
	assert_int_equal(f.m.state, ST_CHALLENGED);
	assert_int_equal(f.sends, 2);
	assert_false(machine_registered(&f.m, f.now));
	ok(750000);
	assert_int_equal(f.m.state, ST_REGISTERED);
	assert_true(machine_registered(&f.m, f.now + 749999));
	assert_false(machine_registered(&f.m, f.now + 750000));
	assert_int_equal(wait_timer(), 600000);
	assert_int_equal(f.m.state, ST_REFRESHING);
	assert_true(machine_registered(&f.m, f.now));	/* while refreshing */
	ok(100000);
	assert_int_equal(wait_timer(), 80000);		/* granted less */
	ok(1000);
	assert_int_equal(f.timer - f.now, 2000);	/* never a storm */
	event(EV_STOP);
	assert_int_equal(f.m.state, ST_LEAVING);
	assert_int_equal(f.leaves, 1);
	event(EV_CHALLENGE);
	assert_int_equal(f.leaves, 2);
	event(EV_OK);
	assert_int_equal(f.m.state, ST_OFF);
	assert_int_equal(f.left, 1);
	assert_int_equal(f.timer, -1);
	assert_false(machine_registered(&f.m, f.now));
}

static void
test_backoff(void **state)
{
	static const int64_t soft[] = { 5, 10, 20, 40, 80, 160, 320, 600, 600 };
	static const int64_t hard[] = { 60, 120, 240, 480, 600, 600 };

	f.dice = 500;			/* the middle: no more, no less */
	event(EV_START);
	for (size_t i = 0; i < sizeof(soft) / sizeof(soft[0]); i++) {
		event(EV_NOBODY);
		assert_int_equal(f.m.state, ST_WAITING);
		assert_in_range(wait_timer(), soft[i] * 1000 - 1,
		    soft[i] * 1001);
		assert_int_equal(f.m.state, ST_TRYING);
	}
	event(EV_START);		/* by hand: from the beginning */
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		event(EV_REFUSED);
		assert_int_equal(f.m.state, ST_REFUSED);
		assert_in_range(wait_timer(), hard[i] * 1000 - 1,
		    hard[i] * 1001);
	}
	ok(600000);
	assert_int_equal(f.m.failures, 0);
}

static void
test_jitter(void **state)
{
	event(EV_START);
	f.dice = 0;
	event(EV_NOBODY);
	assert_int_equal(f.timer - f.now, 4000);
	event(EV_START);
	f.dice = 999;
	event(EV_NOBODY);
	assert_int_equal(f.timer - f.now, 6000);
	event(EV_START);
	f.m.retry_after_ms = 90000;
	event(EV_NOBODY);
	assert_int_equal(f.timer - f.now, 90000);
	event(EV_START);
	f.m.retry_after_ms = 1000000000;
	event(EV_NOBODY);
	assert_int_equal(f.timer - f.now, 3600000);
	event(EV_START);			/* it counts once only */
	event(EV_NOBODY);
	assert_int_equal(f.timer - f.now, 6000);
}

/*
 * Every state and every event: the next state, by first letters; "." is an event of no
 * interest. Whatever comes, a state but off has a timer, and at most one request goes
 * out for one event.
 */
static const char letters[] = "-OTCRFWNL";	/* reFreshing, refused: No */
static const char *const walk[MACHINE_STATES] = {
	/*		      START STOP TIMER OK CHALLENGE AGAIN REFUSED NOBODY */
	[ST_OFF] =		"TO......",
	[ST_TRYING] =		"TLWRCTNW",
	[ST_CHALLENGED] =	"TLWRCCNW",
	[ST_REGISTERED] =	"FLF.....",
	[ST_REFRESHING] =	"FLWRCFNW",
	[ST_WAITING] =		"TLT.....",	/* STOP: O when nothing is registered */
	[ST_REFUSED] =		"TLT.....",
	[ST_LEAVING] =		"T.OOLLOO",
};

static void
test_every_state_and_event(void **state)
{
	char want;

	assert_int_equal(strlen(letters), MACHINE_STATES);
	for (int s = ST_OFF; s < MACHINE_STATES; s++)
		for (int e = 0; e < MACHINE_EVENTS; e++) {
			setup(state);
			f.m.state = (enum machine_state)s;
			f.m.until_ms = s == ST_OFF ? 0 : f.now + 100000;
			f.m.granted_ms = 600000;
			event((enum machine_event)e);
			want = walk[s][e] == '.' ? letters[s] : walk[s][e];
			if (letters[f.m.state] != want)
				fail_msg("%s, event %d: %s", machine_state_name(
				    (enum machine_state)s), e,
				    machine_state_name(f.m.state));
			assert_true(f.sends <= 1);
			if (walk[s][e] == '.')
				assert_int_equal(f.sends, 0);
			else if (f.m.state != ST_OFF)
				assert_true(f.timer > f.now);
			assert_int_equal(machine_asks(&f.m) && walk[s][e] != '.',
			    f.sends);
		}
}

/*
 * A wrong password: 401, the answer to it, 401 again, and so on; the shortest waits
 * that chance allows. Must stay below ten requests in ten minutes.
 */
static void
test_a_wrong_password_does_not_hammer(void **state)
{
	int64_t begin = f.now;
	unsigned in_ten_minutes = 0;

	event(EV_START);
	while (f.now - begin < 600000) {
		event(EV_CHALLENGE);
		event(EV_REFUSED);
		in_ten_minutes = f.sends;
		assert_int_equal(f.m.state, ST_REFUSED);
		wait_timer();
	}
	print_message("wrong password: %u requests in 10 min, at most 10\n",
	    in_ten_minutes);
	assert_true(in_ten_minutes <= 10);
	for (int hours = 0; hours < 1000; hours++) {	/* it never gives up */
		event(EV_REFUSED);
		assert_true(wait_timer() <= 720000);
		assert_int_equal(f.m.state, ST_TRYING);
	}
}

static void
test_refreshes_before_the_nonce_ends(void **state)
{
	f.m.nonce_ms = 100000;
	event(EV_START);
	ok(750000);
	assert_int_equal(f.timer - f.now, 100000);
	f.dice = 999;				/* a twentieth earlier */
	wait_timer();
	ok(750000);
	assert_int_equal(f.timer - f.now, 95000);
}

/* Every state but off has its watchdog, and none is a dead end. */
static void
test_watchdogs(void **state)
{
	event(EV_START);
	assert_int_equal(wait_timer(), 40000);
	assert_int_equal(f.m.state, ST_WAITING);
	wait_timer();
	event(EV_CHALLENGE);
	assert_int_equal(wait_timer(), 40000);
	assert_int_equal(f.m.state, ST_WAITING);
	wait_timer();
	ok(600000);
	event(EV_STOP);
	assert_int_equal(wait_timer(), 40000);
	assert_int_equal(f.m.state, ST_OFF);
	event(EV_TIMER);			/* of no interest */
	assert_int_equal(f.m.state, ST_OFF);
	assert_int_equal(f.left, 1);
}

static void
test_leaving_is_easy_when_nothing_is_registered(void **state)
{
	event(EV_START);
	event(EV_NOBODY);
	event(EV_STOP);
	assert_int_equal(f.m.state, ST_OFF);
	assert_int_equal(f.leaves, 0);
	/* A failed refresh leaves a registration behind. */
	event(EV_START);
	ok(600000);
	wait_timer();
	event(EV_NOBODY);
	event(EV_STOP);
	assert_int_equal(f.m.state, ST_LEAVING);
	assert_int_equal(f.leaves, 1);
}

static void
test_too_brief(void **state)
{
	event(EV_START);
	event(EV_AGAIN);
	assert_int_equal(f.m.state, ST_TRYING);
	assert_int_equal(f.sends, 2);
	event(EV_CHALLENGE);
	event(EV_AGAIN);
	assert_int_equal(f.m.state, ST_CHALLENGED);
	assert_int_equal(f.sends, 4);
}

static const struct {
	int64_t until, refresh, not_before;	/* relative to now; 0: none */
	enum machine_state state;
	unsigned sends;
	int64_t timer;
} resumes[] = {
	{ 600000, 500000, 0, ST_REGISTERED, 0, 500000 },
	{ 600000, 1000, 5000, ST_REGISTERED, 0, 5000 },
	{ 600000, -1, 0, ST_REFRESHING, 1, 40000 },
	{ 600000, -1, 3000, ST_REGISTERED, 0, 3000 },
	{ 0, 0, 3000, ST_WAITING, 0, 3000 },
	{ 0, 0, -3000, ST_TRYING, 1, 40000 },
	{ -1, 500000, 0, ST_TRYING, 1, 40000 },		/* it has expired */
};

static void
test_resume(void **state)
{
	for (size_t i = 0; i < sizeof(resumes) / sizeof(resumes[0]); i++) {
		setup(state);
		machine_resume(&f.m, f.now + resumes[i].until -
		    (resumes[i].until == 0 ? f.now : 0),
		    f.now + resumes[i].refresh, f.now + resumes[i].not_before,
		    false, f.now);
		if (f.m.state != resumes[i].state ||
		    f.sends != resumes[i].sends ||
		    f.timer - f.now != resumes[i].timer)
			fail_msg("row %zu: %s, %u sent, in %lld", i,
			    machine_state_name(f.m.state), f.sends,
			    (long long)(f.timer - f.now));
	}
}

/* A process that was killed while it backed off does not begin anew. */
static void
test_resume_backing_off(void **state)
{
	f.m.failures = 3;
	f.dice = 500;
	machine_resume(&f.m, 0, 0, f.now + 40000, true, f.now);
	assert_int_equal(f.m.state, ST_REFUSED);
	assert_true(machine_backs_off(&f.m));
	assert_int_equal(wait_timer(), 40000);
	assert_int_equal(f.m.state, ST_TRYING);
	event(EV_NOBODY);
	assert_in_range(f.timer - f.now, 39990, 40100);	/* the fourth */
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_life),
		T(test_backoff),
		T(test_jitter),
		T(test_every_state_and_event),
		T(test_a_wrong_password_does_not_hammer),
		T(test_refreshes_before_the_nonce_ends),
		T(test_watchdogs),
		T(test_leaving_is_easy_when_nothing_is_registered),
		T(test_too_brief),
		T(test_resume),
		T(test_resume_backing_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
