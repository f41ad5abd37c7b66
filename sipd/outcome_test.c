/*
 * What the call table says of an INVITE on its way.
 */
#define HOST	"127.0.45.1"
#define PHONES	"127.0.45.2"
#include "sipd/proxy_test.h"

/* Is there one call, of this state? */
static bool
shown_as(enum call_state state)
{
	struct call_copy	c;
	uint64_t		cursor = 0;

	return calls_count() == 1 && calls_next(&cursor, &c) &&
	    c.facts.state == state;
}

/* Rings at two; and the first, or nobody, answers. */
static void
ring_at_both(void)
{
	invite("");
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	take_invite(one, first);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	assert_int_equal(calls_count(), 0);
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	respond(two, second, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	assert_true(shown_as(CALL_EARLY));
}

static void
test_shown_while_it_rings(void **state)
{
	ring_at_both();
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	assert_true(shown_as(CALL_ESTABLISHED));
}

static void
test_not_shown_when_refused(void **state)
{
	ring_at_both();
	respond(two, second, "603 Decline", "");
	strcpy(second, hear_this(one, "CANCEL "));
	respond(one, first, "487 Gone", "");
	hear_this(two, "ACK ");
	hear_this(caller, "SIP/2.0 603 ");
	assert_int_equal(calls_count(), 0);
}

/* We are not in the dialog: nobody will tell when it ends. */
static void
test_not_shown_without_us(void **state)
{
	ring_at_both();
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	assert_int_equal(calls_count(), 0);
}

int
main(void)
{
#define T(f, s)	cmocka_unit_test_setup_teardown(f, s, teardown)
	const struct CMUnitTest tests[] = {
		T(test_shown_while_it_rings, setup), T(test_not_shown_when_refused, setup),
		T(test_not_shown_without_us, setup_free),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
