/*
 * Responses that no transaction waits for any more, of a call with media.
 */
#define HOST	"127.0.42.1"
#define PHONES	"127.0.42.2"
#include "sipd/proxy_test.h"

/* Question i is about bo's answer in this leg; it goes up, rewritten. */
static void
passes_mediad(unsigned i, const char *leg)
{
	wait_for(nwanted == i + 1);
	hear_nothing(caller);
	assert_string_equal(leg_of[i], leg);
	rewrite(i);
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 200 "), "\r\n\r\nm" SDP));
}

/* What goes to bo through mediad, and what he answers with "200 OK". */
static void
ask_through_mediad(unsigned i, char request[8192])
{
	wait_for(nwanted == i + 1);
	rewrite(i);
	take_invite(one, request);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, request, "200 OK", SDP);
}

/*
 * His 200s come again when their transactions are over, as they do at the next
 * process: no SDP goes up that mediad has not seen.
 */
static void
test_media(void **state)
{
	char	route[1024], leg[sizeof(leg_of[0])];

	invite(SDP);
	decide(0, "sip:b@" ONE, NULL);
	ask_through_mediad(0, first);
	strcpy(leg, leg_of[0]);
	assert_int_equal(strlen(leg), 6);
	wait_for(nwanted == 2);
	rewrite(1);
	header_of(hear_this(caller, "SIP/2.0 200 "), "Record-Route", route,
	    sizeof(route));
	say(caller, "INVITE sip:b@" ONE " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKagain;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: 8 INVITE\r\nContact: <sip:a@" CALLER ">\r\n"
	    "Route: %s\r\nContent-Type: application/sdp\r\n"
	    "Content-Length: %zu\r\n\r\n" SDP, route, strlen(SDP));
	ask_through_mediad(2, second);
	passes_mediad(3, "");
	wait_for(idle());
	respond(one, first, "200 OK", SDP);
	passes_mediad(4, leg);
	respond(one, second, "200 OK", SDP);
	passes_mediad(5, "");
	respond(one, second, "200 OK", "");	/* nothing to rewrite */
	hear_this(caller, "SIP/2.0 200 ");
}

/* mediad does not answer: held back. */
static void
test_without_mediad(void **state)
{
	struct stats	before, after;

	invite(SDP);
	decide(0, "sip:b@" ONE, NULL);
	ask_through_mediad(0, first);
	wait_for(nwanted == 2);
	rewrite(1);
	hear_this(caller, "SIP/2.0 200 ");
	wait_for(idle());
	stats_sum(&before);
	respond(one, first, "200 OK", SDP);
	wait_for((stats_sum(&after), after.stray_dropped > before.stray_dropped));
	hear_nothing(caller);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup_media, teardown)
	const struct CMUnitTest tests[] = { T(test_media), T(test_without_mediad) };
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
