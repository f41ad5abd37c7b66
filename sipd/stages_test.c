/*
 * Later stages of a decision: after a time, on busy, no answer and error, where
 * nothing is registered; joining those that ring or taking their place.
 */
#define HOST	"127.0.52.1"
#define PHONES	"127.0.52.2"
#include "sipd/proxy_test.h"

#include "sipd/replica.h"

#define FIRST	"sip:b@" ONE
#define SECOND	"sip:c@" TWO
#define AOR	"nobody@example.com"

/* At once to the first phone, then the stage with the second (or a refusal). */
static void
decide_staged(enum stage_when when, uint32_t after_ms, bool replaces, uint16_t code)
{
	const struct rec_stage	stages[] = { { .when = STAGE_NOW },
	    { .when = when, .after_ms = after_ms, .replaces = replaces, .code = code } };
	const struct rec_target	targets[] = {
		{ .kind = TARGET_URI, .value = STR(FIRST), .q = 1000 },
		{ .stage = 1, .kind = TARGET_URI, .value = STR(SECOND), .q = 1000 },
	};
	struct msg_routed	r = { .stages = { stages, 2 },
				    .targets = { targets, code != 0 ? 1 : 2 } };

	wait_for(nasked > 0);
	bus_answer(asked[--nasked], MSG_ROUTED, &r);
	hear_this(caller, "SIP/2.0 100 ");
}

static void
ring(int fd, char *request)
{
	take_invite(fd, request);
	respond(fd, request, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
}

/* Row 93: a redirection takes the place of all that ring. */
static void
test_after_a_time_instead(void **state)
{
	invite("");
	decide_staged(STAGE_AFTER, 300, true, 0);
	ring(one, first);
	take_invite(two, second);
	hear_this(one, "CANCEL ");
	respond(one, first, "487 Request Terminated", "");
	hear_this(one, "ACK ");
	respond(two, second, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
}

/* A fork joins them. */
static void
test_after_a_time_as_well(void **state)
{
	invite("");
	decide_staged(STAGE_AFTER, 300, false, 0);
	ring(one, first);
	take_invite(two, second);
	hear_nothing(one);
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	hear_this(two, "INVITE ");	/* again: no answer to it yet */
	respond(two, second, "180 Ringing", "");
	hear_this(two, "CANCEL ");
}

static void
test_after_a_time_refused(void **state)
{
	invite("");
	decide_staged(STAGE_AFTER, 300, true, 486);
	ring(one, first);
	hear_this(caller, "SIP/2.0 486 ");
	hear_this(one, "CANCEL ");
}

#define LATE_MS	1500	/* long enough to answer before, on a busy machine */

static void
until_late(struct mono begin)
{
	struct mono	late = mono_add_ms(begin, LATE_MS + 100);

	wait_for(mono_before(late, mono_now()));
	hear_nothing(two);
}

/* Who has answered, or hung up, is not disturbed by what would have come. */
static void
test_answered_before(void **state)
{
	struct mono	begin;

	invite("");
	decide_staged(STAGE_AFTER, LATE_MS, true, 0);
	begin = mono_now();
	ring(one, first);
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	until_late(begin);
}

static void
test_cancelled_before(void **state)
{
	struct mono	begin;

	invite("");
	decide_staged(STAGE_AFTER, LATE_MS, true, 0);
	begin = mono_now();
	ring(one, first);
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
	hear_this(one, "CANCEL ");
	respond(one, first, "487 Request Terminated", "");
	hear_this(caller, "SIP/2.0 487 ");
	until_late(begin);
}

/* Row 100: which answers are busy, which an error, and which nobody's business. */
static void
test_failures(void **state)
{
	static const struct {
		const char	*answer;
		enum stage_when	 when;
		bool		 begins;
	} cases[] = {
		{ "486 Busy Here", STAGE_BUSY, true },
		{ "600 Busy Everywhere", STAGE_BUSY, true },
		{ "603 Decline", STAGE_BUSY, true },
		{ "486 Busy Here", STAGE_NO_ANSWER, false },
		{ "486 Busy Here", STAGE_ERROR, false },
		{ "480 Temporarily Unavailable", STAGE_NO_ANSWER, true },
		{ "408 Request Timeout", STAGE_NO_ANSWER, true },
		{ "480 Temporarily Unavailable", STAGE_ERROR, false },
		{ "500 Server Internal Error", STAGE_ERROR, true },
		{ "404 Not Found", STAGE_ERROR, true },
		{ "404 Not Found", STAGE_BUSY, false },
		{ "407 Proxy Authentication Required", STAGE_ERROR, false },
	};
	char	want[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		invite("");
		decide_staged(cases[i].when, 0, true, 0);
		take_invite(one, first);
		respond(one, first, cases[i].answer, "");
		hear_this(one, "ACK ");
		if (cases[i].begins) {
			take_invite(two, second);
			respond(two, second, "486 Busy Here", "");
			hear_this(two, "ACK ");
		}
		snprintf(want, sizeof(want), "SIP/2.0 %.3s ", cases[i].begins &&
		    cases[i].answer[0] != '6' ? "4" : cases[i].answer);
		want[cases[i].begins && cases[i].answer[0] != '6' ? 9 : 12] = '\0';
		hear_this(caller, want);
		teardown(state);
		setup_calm(state);
	}
}

/* Each once: the second target's busy does not bring it back. */
static void
test_once(void **state)
{
	invite("");
	decide_staged(STAGE_BUSY, 0, true, 0);
	take_invite(one, first);
	respond(one, first, "486 Busy Here", "");
	hear_this(one, "ACK ");
	take_invite(two, second);
	respond(two, second, "486 Busy Here", "");
	hear_this(two, "ACK ");
	hear_this(caller, "SIP/2.0 486 ");
}

/* There was one, so that it is known, and its time is over. */
static void
unregister(void)
{
	const struct rec_binding	gone = { .uri = STR("sip:gone@" ONE),
					    .expires_ms = 1 };

	struct mono			over = mono_add_ms(mono_now(), 20);

	replica_apply(STR(AOR), 1, &gone, 1, mono_now());
	wait_for(mono_before(over, mono_now()));
}

static void
decide_unregistered(enum stage_when when, uint16_t code)
{
	const struct rec_stage	stages[] = { { .when = STAGE_NOW },
	    { .when = when, .after_ms = 60000, .replaces = true, .code = code } };
	const struct rec_target	targets[] = {
		{ .kind = TARGET_AOR, .value = STR(AOR), .q = 1000 },
		{ .stage = 1, .kind = TARGET_URI, .value = STR(SECOND), .q = 1000 },
	};
	struct msg_routed	r = { .stages = { stages, 2 },
				    .targets = { targets, code != 0 ? 1 : 2 } };

	wait_for(nasked > 0);
	bus_answer(asked[--nasked], MSG_ROUTED, &r);
}

/* Row 100: at once when nothing is registered, also what would come after a time. */
static void
test_nothing_registered(void **state)
{
	unregister();
	invite("");
	decide_unregistered(STAGE_UNREGISTERED, 0);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(two, second, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
}

static void
test_nothing_registered_after(void **state)
{
	unregister();
	invite("");
	decide_unregistered(STAGE_AFTER, 0);
	take_invite(two, second);
}

static void
test_nothing_registered_refused(void **state)
{
	unregister();
	invite("");
	decide_unregistered(STAGE_UNREGISTERED, 486);
	hear_this(caller, "SIP/2.0 486 ");
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup_calm, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_after_a_time_instead),
		T(test_after_a_time_as_well),
		T(test_after_a_time_refused),
		T(test_answered_before),
		T(test_cancelled_before),
		T(test_failures),
		T(test_once),
		T(test_nothing_registered),
		T(test_nothing_registered_after),
		T(test_nothing_registered_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
