/*
 * "trying-delay": a 100 only where nothing else was said in time (RFC 3261 section
 * 17.2.1), and at once to who repeats himself before.
 */
#define HOST	"127.0.53.1"
#define PHONES	"127.0.53.2"
#define TRYING	"150ms"
#include "sipd/proxy_test.h"

#define DELAY_MS	150

static int64_t
ms_since(struct mono since)
{
	return mono_ms_between(since, mono_now());
}

/* The callee gets it, and its 486 ends it. */
static void
call_one(void)
{
	invite_number++;
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
}

static void
is_busy(void)
{
	respond(one, first, "486 Busy", "");
	hear_this(caller, "SIP/2.0 486 ");
	hear_this(one, "ACK ");
	ack();
}

/* On a busy machine the delay may be over before we have done our part. */
static void
until_in_time(bool (*once)(void))
{
	bool	in_time = false;

	for (int i = 0; i < 20 && !in_time; i++)
		in_time = once();
	assert_true(in_time);
}

static bool
rings_in_time(void)
{
	struct mono	since = mono_now();
	bool		late;

	call_one();
	respond(one, first, "180 Ringing", "");
	late = strncmp(hear(caller), "SIP/2.0 100 ", 12) == 0;
	if (late) {
		assert_in_range(ms_since(since), DELAY_MS - 10, INT32_MAX);
		hear_this(caller, "SIP/2.0 180 ");
	}
	while (ms_since(since) < 2 * DELAY_MS)
		loop_once(house.loop, 10);
	assert_false(readable(caller));
	is_busy();
	return !late;
}

static void
test_who_rings_in_time(void **state)
{
	until_in_time(rings_in_time);
}

/* Nobody answers: what a phone behind says to us alone is no answer to him. */
static void
test_who_does_not(void **state)
{
	struct mono	since = mono_now();

	call_one();
	respond(one, first, "100 Trying", "");
	hear_this(caller, "SIP/2.0 100 ");
	assert_in_range(ms_since(since), DELAY_MS - 10, INT32_MAX);
	is_busy();
}

/* routed itself may take its time: who may call at all has not been said yet (S33). */
static void
test_routed_is_slow(void **state)
{
	invite("");
	wait_for(nasked == 1);
	for (struct mono since = mono_now(); ms_since(since) < 2 * DELAY_MS;)
		loop_once(house.loop, 10);
	assert_false(readable(caller));
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
}

/* Section 17.2.1: the last response again; there is none, so it is made now. */
static bool
repeated_in_time(void)
{
	struct mono	since = mono_now();
	bool		in_time;

	call_one();
	invite("");
	hear_this(caller, "SIP/2.0 100 ");
	in_time = ms_since(since) < DELAY_MS;
	hear_nothing(one);
	is_busy();
	return in_time;
}

static void
test_repeated(void **state)
{
	until_in_time(repeated_in_time);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_who_rings_in_time, setup_calm, teardown),
		cmocka_unit_test_setup_teardown(test_who_does_not, setup_calm, teardown),
		cmocka_unit_test_setup_teardown(test_routed_is_slow, setup_calm, teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup_calm, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
