/*
 * Routes of others: a request is led where the topmost says, if its sender may send
 * there (S16); next hops that route strictly; flows that are gone.
 */
#define HOST	"127.0.26.1"
#define PHONES	"127.0.26.2"
#include "sipd/proxy_test.h"

#include "sipd/replica.h"

#define THREE	PHONES ":25134"
#define AOR	"b@example.com"
#define QUICK	"authenticate none\ntimer-t1 50ms\nmedia-policy never\n"

static int
setup_anybody(void **state)
{
	begin(QUICK "relay-to-non-clients anybody\n");
	return 0;
}

static int
setup_clients(void **state)
{
	begin(QUICK "relay-to-non-clients clients\nclient-networks [127.0.26.2]\n");
	return 0;
}

static int
setup_others(void **state)
{
	begin(QUICK "relay-to-non-clients clients\nclient-networks [127.0.26.3]\n");
	return 0;
}

static void
invite_by(const char *routes)
{
	char	line[512];

	snprintf(line, sizeof(line), "Route: <sip:" HOST_PORT ";lr>, %s\r\n", routes);
	send_with_cseq("INVITE", line, "");
	wait_for(nasked == 1);
}

static unsigned
count(const char *text, const char *what)
{
	unsigned	n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* RFC 3261 section 16.6, steps 6 and 7; routed judges where it really goes. */
static void
test_a_route_leads(void **state)
{
	invite_by("<sip:" ONE ";lr>, <sip:far.test;lr>");
	assert_string_equal(asked_uri[0], "sip:" ONE ";lr");
	decide(0, "sip:" ONE ";lr", NULL);
	take_invite(one, first);
	assert_ptr_equal(strstr(first, "INVITE sip:b@example.com SIP/2.0\r\n"), first);
	assert_non_null(strstr(first, "\r\nRoute: <sip:" ONE ";lr>, <sip:far.test;lr>\r\n"));
	assert_int_equal(count(first, "\r\nRoute: "), 1);
}

/* routed would let everybody call that address: no reason to be led on from there. */
static void
test_a_stranger_is_not_led(void **state)
{
	invite_by("<sip:" ONE ";lr>");
	decide(0, "sip:" ONE ";lr", NULL);
	hear_this(caller, "SIP/2.0 407 ");
	hear_nothing(one);
}

static void
test_a_client_is_led(void **state)
{
	invite_by("<sip:" ONE ";lr>");
	decide(0, "sip:" ONE ";lr", NULL);
	take_invite(one, first);
}

static void
test_what_routed_refuses(void **state)
{
	invite_by("<sip:" ONE ";lr>");
	decide(407, "sip:" ONE ";lr", NULL);
	hear_this(caller, "SIP/2.0 407 ");
	hear_nothing(one);
}

static void
test_no_route_leads_into_a_gateway(void **state)
{
	const struct rec_target	t = { .kind = TARGET_GATEWAY,
	    .value = STR("0900@line") };

	invite_by("<sip:0900@line.sipgw;lr>");
	decide_all(&t, 1);
	hear_this(caller, "SIP/2.0 403 ");
}

/* Its Contact would have to be reached by that Route: the caller decides. */
static void
test_its_redirection_goes_up(void **state)
{
	invite_by("<sip:" ONE ";lr>");
	decide(0, "sip:" ONE ";lr", NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond_with(one, first, "302 Moved", "Contact: <sip:c@" TWO ">\r\n", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 302 ");
	assert_int_equal(nasked, 0);
}

/* Section 16.6, step 6: without lr it routes strictly. */
static void
test_a_strict_next_hop(void **state)
{
	const char	*last;

	invite_by("<sip:p@" ONE ">, <sip:far.test;lr>");
	decide(0, "sip:p@" ONE, NULL);
	take_invite(one, first);
	assert_ptr_equal(strstr(first, "INVITE sip:p@" ONE " SIP/2.0\r\n"), first);
	assert_non_null(last = strstr(first, "\r\nRoute: <sip:far.test;lr>\r\n"));
	assert_non_null(strstr(last, "\r\nRoute: <sip:b@example.com>\r\n"));
	assert_int_equal(count(first, "\r\nRoute: "), 2);
}

/* A call that one has answered; the Route that leads to it. */
static void
answered(int from, char route[1024])
{
	take_invite(from, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(from, first, "200 OK", "");
	header_of(hear_this(caller, "SIP/2.0 200 OK"), "Record-Route", route, 1024);
}

static void
info(const char *route)
{
	say(caller, "INFO sip:b@" ONE " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKinfo;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: 8 INFO\r\nRoute: %s\r\n"
	    "Content-Length: 0\r\n\r\n", route);
}

static void
test_a_strict_peer_in_a_dialog(void **state)
{
	char	route[1024];

	invite("");
	decide(0, "sip:b@" ONE, NULL);
	answered(one, route);
	strcat(route, ", <sip:" TWO ">");
	info(route);
	strcpy(second, hear_this(two, "INFO sip:" TWO " SIP/2.0\r\n"));
	assert_non_null(strstr(second, "\r\nRoute: <sip:b@" ONE ">\r\n"));
	assert_int_equal(count(second, "\r\nRoute: "), 1);
}

/* RFC 3327 section 5.3: Path of an edge is the Route of what goes to its phones. */
static void
test_a_strict_path(void **state)
{
	struct rec_path		path[] = { { STR("<sip:" TWO ">") },
	    { STR("<sip:edge.test;lr>") } };
	struct rec_binding	b = { .uri = STR("sip:b@" ONE), .q = 1000,
	    .expires_ms = 60000, .paths = { path, 2 } };
	const struct rec_target	t = { .kind = TARGET_AOR, .value = STR(AOR) };

	invite("");
	replica_apply(STR(AOR), 1, &b, 1, mono_now());
	decide_all(&t, 1);
	strcpy(first, hear_this(two, "INVITE sip:" TWO " SIP/2.0\r\n"));
	assert_non_null(strstr(first, "\r\nRoute: <sip:edge.test;lr>\r\n"));
	assert_non_null(strstr(first, "\r\nRoute: <sip:b@" ONE ">\r\n"));
}

/* RFC 5626 section 5.3.1, within a dialog: nothing else leads to that phone. */
static void
test_a_flow_gone_in_a_dialog(void **state)
{
	struct rec_binding	b = { .uri = STR("sip:b@" THREE ";transport=tcp"),
	    .q = 1000, .expires_ms = 60000, .received = STR("tcp:" THREE),
	    .listener = STR("tcp:" HOST_PORT) };
	const struct rec_target	t = { .kind = TARGET_AOR, .value = STR(AOR) };
	int			three = phone(SOCK_STREAM, THREE);
	char			route[1024];

	invite("");
	replica_apply(STR(AOR), 2, &b, 1, mono_now());
	decide_all(&t, 1);
	answered(three, route);
	close(three);
	hear_nothing(caller);
	info(route);
	hear_this(caller, "SIP/2.0 430 Flow Failed\r\n");
}

#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_a_route_leads, setup_anybody),
		T(test_a_stranger_is_not_led, setup),
		T(test_a_stranger_is_not_led, setup_others),
		T(test_a_client_is_led, setup_clients),
		T(test_what_routed_refuses, setup_anybody),
		T(test_no_route_leads_into_a_gateway, setup_anybody),
		T(test_its_redirection_goes_up, setup_anybody),
		T(test_a_strict_next_hop, setup_anybody),
		T(test_a_strict_peer_in_a_dialog, setup),
		T(test_a_strict_path, setup),
		T(test_a_flow_gone_in_a_dialog, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
