/* A caller that heeds no Record-Route (row 19), in a call of the table. */
#define HOST	"127.0.31.1"
#include "sipd/house_test.h"

#include "sipd/replica.h"

#define CALLER	"127.0.31.2:25131"
#define CALLEE	"127.0.31.2:25132"

static int	caller, callee;

static int
setup(void **state)
{
	static const struct rec_binding	at = {
		.uri = STR("sip:phone@" CALLEE), .q = 1000, .expires_ms = 60000,
	};
	struct call_facts		f = {
		.call_id = STR("one"), .caller_tag = STR("a"), .callee_tag = STR("b"),
		.state = CALL_ESTABLISHED,
		.caller = { .transport = TRANSPORT_UDP, .remote = house_addr(CALLER) },
		.callee = { .transport = TRANSPORT_UDP, .remote = house_addr(CALLEE) },
	};
	struct call			*k;

	house_open("authenticate all\n");
	caller = phone(SOCK_DGRAM, CALLER);
	callee = phone(SOCK_DGRAM, CALLEE);
	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	assert_true(replica_apply(STR("b@example.com"), 1, &at, 1,
	    loop_now(house.loop)));
	return 0;
}

static int
teardown(void **state)
{
	close(caller);
	close(callee);
	house_close();
	return 0;
}

static void
send_request(const char *method, const char *uri, const char *tags, const char *more)
{
	say(caller, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%s\r\n"
	    "From: <sip:a@far.test>;tag=%.1s\r\nTo: <sip:b@example.com>;tag=%s\r\n"
	    "Call-ID: one\r\nCSeq: 2 %s\r\n%sContent-Length: 0\r\n\r\n", method, uri,
	    method, tags, tags + 1, method, more);
}

/* By our domain, by our address, and by a Route that names us without a cookie. */
static void
test_goes_to_the_contact(void **state)
{
	send_request("ACK", "sip:b@example.com", "ab", "");
	hear_this(callee, "ACK sip:phone@" CALLEE " SIP/2.0\r\n");
	send_request("ACK", "sip:b@" HOST_PORT, "ab", "");
	hear_this(callee, "ACK sip:phone@" CALLEE " SIP/2.0\r\n");
	send_request("ACK", "sip:b@example.com", "ab", "Route: <sip:" HOST_PORT ";lr>\r\n");
	assert_null(strstr(hear_this(callee, "ACK sip:phone@" CALLEE " SIP/2.0\r\n"),
	    "\r\nRoute:"));
}

/* The peer did not return our Record-Route, and we are the outbound proxy. */
static void
test_goes_to_the_uri(void **state)
{
	send_request("ACK", "sip:own@" CALLEE, "ab", "");
	hear_this(callee, "ACK sip:own@" CALLEE " SIP/2.0\r\n");
	send_request("INFO", "sip:own@" CALLER, "ba", "");
	hear_this(caller, "INFO sip:own@" CALLER " SIP/2.0\r\n");
}

static void
test_bye_ends_the_call(void **state)
{
	char	via[2][300], *request;

	send_request("BYE", "sip:b@example.com", "ab", "");
	request = hear_this(callee, "BYE sip:phone@" CALLEE " SIP/2.0\r\n");
	header_of(request, "Via", via[0], sizeof(via[0]));
	header_of(strstr(request, via[0]), "Via", via[1], sizeof(via[1]));
	say(callee, "SIP/2.0 200 OK\r\nVia: %s\r\nVia: %s\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n", via[0], via[1]);
	hear_this(caller, "SIP/2.0 200 OK\r\n");
	assert_null(call_find(calls_of(0), STR("one"), STR("a"), STR("b"), NULL));
}

/* Then it is a request like any other: an ACK ends here, a BYE is challenged. */
static void
test_not_of_the_call(void **state)
{
	static const struct {
		const char	*uri, *tags;
	} table[] = {
		{ "sip:b@example.com", "ax" },	/* another call */
		{ "sip:b@example.com", "ba" },	/* the callee knows a Contact */
		{ "sip:c@example.com", "ab" },	/* nobody's address */
		{ "sip:phone@127.0.31.2:25133", "ab" },	/* not where the callee is */
		{ "sip:phone@" CALLEE, "ax" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		send_request("ACK", table[i].uri, table[i].tags, "");
		send_request("BYE", table[i].uri, table[i].tags, "");
		hear_this(caller, "SIP/2.0 407 ");
		hear_nothing(callee);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_goes_to_the_contact), T(test_goes_to_the_uri),
		T(test_bye_ends_the_call), T(test_not_of_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
