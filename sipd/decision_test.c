/*
 * decision_test - what regd says of a credential, beside what routed says of the
 * way: both are played by the test (rows 47, 108).
 */
#define HOST	"127.0.48.1"
#include "sipd/house_test.h"

#include "common/route.h"

#define CALLER	"127.0.48.2:5060"

static int			caller;
static struct bus_ticket	way, credential;
static bool			way_asked, credential_asked;

static void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	way = t;
	way_asked = true;
}

static void
on_credential(void *arg, struct bus_ticket t, const union msg *m)
{
	credential = t;
	credential_asked = true;
}

static const struct bus_handler routed[] = { { MSG_ROUTE, on_route }, { 0 } };
static const struct bus_handler regd[] = { { MSG_CREDENTIAL, on_credential }, { 0 } };

static int
setup(void **state)
{
	house_open("timer-t1 50ms\n");
	house_play("routed", routed);
	house_play("regd", regd);
	caller = phone(SOCK_DGRAM, CALLER);
	way_asked = credential_asked = false;
	return 0;
}

static int
teardown(void **state)
{
	close(caller);
	house_close();
	return 0;
}

static void
invite(unsigned cseq, const char *more)
{
	say(caller, "INVITE sip:0800@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%u;rport\r\n"
	    "From: <sip:anna@example.com>;tag=a\r\nTo: <sip:0800@example.com>\r\n"
	    "Call-ID: one@h\r\nCSeq: %u INVITE\r\nContact: <sip:anna@" CALLER ">\r\n"
	    "Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n", cseq, cseq, more);
}

/* With a credential for the nonce of a challenge, which regd is asked about. */
static void
invite_signed(void)
{
	char	 value[600], more[900];
	char	*nonce, *end;

	invite(1, "");
	header_of(hear_this(caller, "SIP/2.0 407 "), "Proxy-Authenticate", value,
	    sizeof(value));
	assert_non_null(nonce = strstr(value, "nonce=\""));
	nonce += 7;
	assert_non_null(end = strchr(nonce, '"'));
	snprintf(more, sizeof(more), "Proxy-Authorization: Digest username=\"anna\", "
	    "realm=\"example.com\", nonce=\"%.*s\", uri=\"sip:0800@example.com\", "
	    "response=\"0123456789abcdef0123456789abcdef\"\r\n",
	    (int)(end - nonce), nonce);
	invite(2, more);
	hear_this(caller, "SIP/2.0 100 ");
	wait_for(way_asked && credential_asked);
}

static void
test_answers(void **state)
{
	static const struct {
		uint8_t		 verdict, kind;
		bool		 no_pstn;
		const char	*answer;
	} cases[] = {
		{ VERDICT_GOOD, TARGET_GATEWAY, true, "SIP/2.0 403 " },
		{ VERDICT_GOOD, TARGET_URI, true, "INVITE " },
		{ VERDICT_FORBIDDEN, TARGET_URI, false, "SIP/2.0 403 " },
		{ VERDICT_BAD, TARGET_URI, false, "SIP/2.0 407 " },
	};
	struct rec_target	t = { .value = STR("sip:0800@" CALLER) };
	struct msg_routed	r = { .targets = { &t, 1 } };
	struct msg_judged	j = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (i > 0)
			assert_int_equal(setup(NULL), 0);
		invite_signed();
		t.kind = cases[i].kind;
		j.verdict = cases[i].verdict;
		j.no_pstn = cases[i].no_pstn;
		j.aor = j.verdict == VERDICT_GOOD ? STR("anna@example.com") : STR_NONE;
		bus_answer(way, MSG_ROUTED, &r);
		bus_answer(credential, MSG_JUDGED, &j);
		hear_this(caller, cases[i].answer);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			(void)teardown(NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
