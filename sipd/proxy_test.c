/*
 * The proxy with a real wire: phones are sockets, routed and mediad are played by
 * the test, which answers when it likes. Crossings and losses.
 */
#define HOST	"127.0.21.1"
#define PHONES	"127.0.21.2"
#include "sipd/proxy_test.h"

static void
test_busy(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 Trying\r\n");
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP " CALLER
	    ";branch=z9hG4bKcaller;rport");
	respond(one, first, "486 Busy Here", "");
	hear_this(one, "ACK sip:b@" ONE " SIP/2.0\r\n");
	hear_this(caller, "SIP/2.0 486 Busy Here\r\n");
	ack();
	wait_for(txns_active(worker_get(0)->core->txns) == 0);
}

/* RFC 3261 section 16.7: the better of two, when both are there. */
static void
test_best_of_two(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	take_invite(one, first);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "503 Away", "");
	hear_this(one, "ACK ");
	hear_nothing(caller);
	respond(two, second, "404 No", "");
	hear_this(two, "ACK ");
	hear_this(caller, "SIP/2.0 404 No\r\n");
}

/* Step 7: the caller must be able to answer every one of them. */
static void
test_challenges_are_joined(void **state)
{
	char	*got;

	invite("");
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	take_invite(one, first);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond_with(one, first, "407 No", "Proxy-Authenticate: Digest realm=\"1\"\r\n", "");
	hear_this(one, "ACK ");
	respond_with(two, second, "401 No", "WWW-Authenticate: Digest realm=\"2\"\r\n"
	    "Proxy-Authenticate: Digest realm=\"3\"\r\n", "");
	hear_this(two, "ACK ");
	got = hear_this(caller, "SIP/2.0 407 No\r\n");
	assert_non_null(strstr(got, "\r\nProxy-Authenticate: Digest realm=\"1\"\r\n"));
	assert_non_null(strstr(got, "\r\nWWW-Authenticate: Digest realm=\"2\"\r\n"));
	assert_non_null(strstr(got, "\r\nProxy-Authenticate: Digest realm=\"3\"\r\n"));
}

/* Step 6: the lowest class, and in it what the caller can act on. */
static void
test_which_is_best(void **state)
{
	static const struct {
		const char	*one, *two, *best;
	} table[] = {
		{ "404 A", "302 B", "302 B" }, { "500 A", "486 B", "486 B" },
		{ "486 A", "484 B", "484 B" }, { "484 A", "407 B", "407 B" },
		{ "302 A", "407 B", "302 A" }, { "482 A", "486 B", "486 B" },
		{ "486 A", "404 B", "486 A" }, { "503 A", "500 B", "500 B" },
		{ "404 A", "603 B", "603 B" }, { "503 A", "503 B", "500 " },
	};
	char	want[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		invite_number++;
		invite("");
		decide(0, "sip:b@" ONE, "sip:b@" TWO);
		take_invite(one, first);
		take_invite(two, second);
		hear_this(caller, "SIP/2.0 100 ");
		respond(one, first, table[i].one, "");
		hear_this(one, "ACK ");
		respond(two, second, table[i].two, "");
		hear_this(two, "ACK ");
		snprintf(want, sizeof(want), "SIP/2.0 %s", table[i].best);
		hear_this(caller, want);
		ack();
	}
}

static void
test_cancel_while_routed_is_asked(void **state)
{
	invite("");
	wait_for(nasked == 1);
	cancel();
	hear_this(caller, "SIP/2.0 487 ");
	hear_this(caller, "SIP/2.0 200 ");
	decide(0, "sip:b@" ONE, NULL);
	hear_nothing(one);
}

/* RFC 3261 section 9.1: CANCEL waits for the first provisional response. */
static void
test_cancel_before_ringing(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
	while (strncmp(hear_this(one, ""), "INVITE ", 7) != 0)
		;
	respond(one, first, "100 Trying", "");
	do
		strcpy(second, hear(one));
	while (strncmp(second, "INVITE ", 7) == 0);
	assert_int_equal(strncmp(second, "CANCEL ", 7), 0);
	respond(one, second, "200 OK", "");
	respond(one, first, "487 Request Terminated", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 487 ");
}

/* A 2xx that crosses CANCEL goes up all the same. */
static void
test_answer_crosses_cancel(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
	hear_this(one, "CANCEL ");
	respond(one, first, "200 OK", "");
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 200 OK\r\n"), "7 INVITE"));
}

/* Rings, is cancelled, says nothing more: given up, and nothing is left. */
static void
test_silent_after_cancel(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
	hear_this(caller, "SIP/2.0 487 ");
	ack();
	wait_for(txns_active(worker_get(0)->core->txns) == 0);
	assert_int_equal(txns_count(worker_get(0)->core->txns, false), 0);
}

/* Both answer 200: both go up, each with its own tag (RFC 3261 section 16.7). */
static void
test_two_answers(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	take_invite(one, first);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "180 Ringing", "");
	respond(two, second, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	hear_this(caller, "SIP/2.0 180 ");
	respond(one, first, "200 One", "");
	hear_this(caller, "SIP/2.0 200 One");
	hear_this(two, "CANCEL ");
	respond(two, second, "200 Two", "");
	hear_this(caller, "SIP/2.0 200 Two");
	respond(one, first, "200 One", "");
	hear_this(caller, "SIP/2.0 200 One");
}

static void
test_decline_ends_all(void **state)
{
	invite("");
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	take_invite(one, first);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(two, second, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	respond(one, first, "603 Decline", "");
	strcpy(first, hear_this(two, "CANCEL "));
	respond(two, first, "200 OK", "");
	respond(two, second, "487 Gone", "");
	hear_this(two, "ACK ");
	hear_this(caller, "SIP/2.0 603 Decline");
}

/* A call that is answered; its Route is in route. */
static void
talk(char route[1024])
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "200 OK", "");
	header_of(hear_this(caller, "SIP/2.0 200 OK"), "Record-Route", route, 1024);
}

static void
in_dialog(const char *method, const char *branch, const char *to_tag,
    unsigned hops, const char *route)
{
	say(caller, "%s sip:b@" ONE " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%s;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>%s\r\n"
	    "Call-ID: one@h\r\nCSeq: 7 %s\r\nMax-Forwards: %u\r\nRoute: %s\r\n"
	    "Content-Length: 0\r\n\r\n", method, branch, to_tag, method, hops, route);
}

/* Some clients give the ACK of a 2xx the INVITE's branch: it goes on as well. */
static void
test_ack_of_an_answer(void **state)
{
	char	route[1024];

	talk(route);
	in_dialog("ACK", "ack", ";tag=b", 70, route);
	assert_non_null(strstr(hear_this(one, "ACK sip:b@" ONE " SIP/2.0\r\n"),
	    "\r\nMax-Forwards: 69\r\n"));
	in_dialog("ACK", "caller", ";tag=b", 70, route);
	hear_this(one, "ACK sip:b@" ONE " SIP/2.0\r\n");
	in_dialog("ACK", "ack", ";tag=b", 0, route);
	hear_nothing(one);
}

/* A cookie serves its dialog only: with a To-tag, and these tags and Call-ID. */
static void
test_a_cookie_without_a_dialog(void **state)
{
	char	route[1024];

	talk(route);
	in_dialog("INFO", "new", "", 70, route);
	wait_for(nasked == 1);		/* it is a new request: routed is asked */
	hear_nothing(one);
	in_dialog("INFO", "old", ";tag=b", 70, route);
	hear_this(one, "INFO ");
	assert_int_equal(nasked, 1);
}

/*
 * RFC 3261 section 16.4: a strict router puts us into the Request-URI and the target
 * behind all Routes.
 */
static void
test_a_strict_router(void **state)
{
	char	route[1024];

	talk(route);
	route[strlen(route) - 1] = '\0';	/* without the brackets */
	say(caller, "INFO %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKstrict;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: 8 INFO\r\nMax-Forwards: 70\r\n"
	    "Route: <sip:b@" ONE ">\r\nContent-Length: 0\r\n\r\n", route + 1);
	strcpy(second, hear_this(one, "INFO sip:b@" ONE " SIP/2.0\r\n"));
	assert_null(strstr(second, "\r\nRoute: "));
}

/* S21: a call ends with the answer to BYE, or when there is nobody to answer. */
static void
test_when_a_call_ends(void **state)
{
	char	route[1024];

	talk(route);
	in_dialog("ACK", "ack", ";tag=b", 70, route);
	hear_this(one, "ACK ");
	assert_int_equal(calls_count(), 1);
	in_dialog("BYE", "bye1", ";tag=b", 70, route);
	strcpy(second, hear_this(one, "BYE "));
	assert_int_equal(calls_count(), 1);
	respond(one, second, "500 Older CSeq", "");
	hear_this(caller, "SIP/2.0 500 ");
	assert_int_equal(calls_count(), 1);
	in_dialog("BYE", "bye2", ";tag=b", 70, route);
	strcpy(second, hear_this(one, "BYE "));
	respond(one, second, "503 Overloaded", "");
	hear_this(caller, "SIP/2.0 500 ");
	assert_int_equal(calls_count(), 1);
	in_dialog("BYE", "bye3", ";tag=b", 70, route);
	strcpy(second, hear_this(one, "BYE "));
	respond(one, second, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	assert_int_equal(calls_count(), 0);
}

/* A request of anna's dialog from that socket, answered by bo. */
static void
asked_and_answered(int from, const char *method, unsigned number, const char *route,
    const char *status)
{
	say(from, "%s sip:b@" ONE " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP h;branch=z9hG4bK%s%u%.3s;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: %u %s\r\nRoute: %s\r\n"
	    "Content-Length: 0\r\n\r\n", method, method, number, status, number, method,
	    route);
	strcpy(second, hear_this(one, method));
	respond(one, second, status, "");
	(void)hear_this(from, "SIP/2.0 ");
}

/*
 * S21: somebody's BYE with an old CSeq ends nothing, even when it is answered 200;
 * what bo accepted says what is old, and where anna is.
 */
static void
test_an_old_bye(void **state)
{
	static const char *const answers[] = { "200 OK", "481 What Call" };
	struct call_facts	 f;
	char			 route[1024];

	talk(route);
	asked_and_answered(two, "UPDATE", 9, route, "200 OK");
	call_read(call_find(calls_of(0), STR("one@h"), STR("a"), STR("b"), NULL), &f);
	assert_int_equal(f.caller_cseq, 9);
	assert_int_equal(addr_port(&f.caller.remote), 25133);
	asked_and_answered(two, "INFO", 99, route, "500 No");
	for (size_t i = 0; i < 2; i++) {
		asked_and_answered(two, "BYE", 8, route, answers[i]);
		assert_int_equal(calls_count(), 1);
	}
	asked_and_answered(two, "BYE", 10, route, "200 OK");
	assert_int_equal(calls_count(), 0);
}

/* S23: who saw the branch but is not the callee cannot answer for him. */
static void
test_an_answer_from_elsewhere(void **state)
{
	int	other = phone(SOCK_DGRAM, "127.0.21.3:25132");

	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(other, first, "200 OK", "");
	respond(other, first, "603 Decline", "");
	hear_nothing(caller);
	assert_int_equal(stats->responses_misplaced, 2);
	respond(one, first, "486 Busy", "");
	hear_this(caller, "SIP/2.0 486 ");
	close(other);
}

/* RFC 4320: a late 408 helps nobody, and the request leaves nothing. */
static void
test_what_is_not_answered(void **state)
{
	char	route[1024];

	talk(route);
	in_dialog("INFO", "info", ";tag=b", 70, route);
	hear_this(one, "INFO ");
	wait_for(txns_active(worker_get(0)->core->txns) == 0);
	assert_false(readable(caller));
}

/* ---- with mediad -------------------------------------------------------- */

/* While the SDP of a 2xx is being rewritten, the other branch's 487 arrives. */
static void
test_nothing_overtakes_the_answer(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	wait_for(nwanted == 2);
	rewrite(0);
	rewrite(1);
	assert_non_null(strstr(take_invite(one, first), "\r\n\r\nm" SDP));
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(two, second, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	respond(one, first, "200 OK", SDP);
	wait_for(nwanted == 3);
	hear_this(two, "CANCEL ");
	respond(two, second, "487 Gone", "");
	hear_this(two, "ACK ");
	hear_nothing(caller);
	rewrite(2);
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 200 OK"), "\r\n\r\nm" SDP));
}

/* The same while one branch has not even left. */
static void
test_answer_before_the_other_leaves(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	wait_for(nwanted == 2);
	rewrite(0);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 OK");
	rewrite(1);
	hear_nothing(two);
	hear_nothing(caller);
}

static void
test_cancel_while_mediad_is_asked(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, NULL);
	wait_for(nwanted == 1);
	hear_this(caller, "SIP/2.0 100 ");
	cancel();
	hear_this(caller, "SIP/2.0 487 ");
	hear_this(caller, "SIP/2.0 200 ");
	rewrite(0);
	hear_nothing(one);
	wait_for(nended > 0);
}

/* mediad never answers: 503 after its deadline, and it is told the end. */
static void
test_mediad_is_silent(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, NULL);
	hear_this(caller, "SIP/2.0 100 ");
	hear_this(caller, "SIP/2.0 503 ");
	hear_nothing(one);
	wait_for(nended > 0);
}

/* Many provisional responses with SDP: few are at mediad at a time. */
static void
test_a_flood_of_183(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, NULL);
	wait_for(nwanted == 1);
	rewrite(0);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	for (int i = 0; i < 50; i++)
		respond(one, first, "183 Progress", SDP);
	hear_nothing(caller);
	assert_int_equal(nwanted, 5);
	respond(one, first, "200 OK", SDP);
	wait_for(nwanted == 6);
	rewrite(5);
	hear_this(caller, "SIP/2.0 200 OK");
}

/* Everything under way at the stop: the leak check of this program is the test. */
static void
test_stop_in_the_middle(void **state)
{
	invite(SDP);
	decide(0, "sip:b@" ONE, "sip:b@" TWO);
	wait_for(nwanted == 2);
	rewrite(0);
	take_invite(one, first);
	respond(one, first, "183 Progress", SDP);
	wait_for(nwanted == 3);
	say(caller, "INVITE sip:c@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKother\r\n"
	    "From: <sip:a@far.test>;tag=x\r\nTo: <sip:c@example.com>\r\n"
	    "Call-ID: two@h\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
	wait_for(nasked == 1);
	assert_false(idle());
}

#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_busy, setup), T(test_best_of_two, setup),
		T(test_challenges_are_joined, setup_calm), T(test_which_is_best, setup_calm),
		T(test_cancel_while_routed_is_asked, setup),
		T(test_cancel_before_ringing, setup),
		T(test_answer_crosses_cancel, setup),
		T(test_silent_after_cancel, setup), T(test_two_answers, setup),
		T(test_decline_ends_all, setup),
		T(test_a_strict_router, setup), T(test_ack_of_an_answer, setup),
		T(test_a_cookie_without_a_dialog, setup),
		T(test_when_a_call_ends, setup), T(test_what_is_not_answered, setup),
		T(test_an_old_bye, setup), T(test_an_answer_from_elsewhere, setup),
		T(test_nothing_overtakes_the_answer, setup_media),
		T(test_answer_before_the_other_leaves, setup_media),
		T(test_cancel_while_mediad_is_asked, setup_media),
		T(test_mediad_is_silent, setup_media),
		T(test_a_flood_of_183, setup_media),
		T(test_stop_in_the_middle, setup_media),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
