/*
 * In which dialogs we stay (rows 35 and 36), and how long a phone may ring (row 32,
 * S35).
 */
#define HOST	"127.0.35.1"
#define PHONES	"127.0.35.2"
#include "sipd/proxy_test.h"

#include "sipd/leg_parts.h"
#include "sipd/replica.h"

#define OURS	"\r\nRecord-Route: <sip:" HOST_PORT
#define FREE	"force-dialog-relaying off\n"

/* b is registered, c lives elsewhere. Does what goes there carry Record-Route? */
static bool
stays(const char *method, bool registered)
{
	struct rec_binding	b = { .uri = STR("sip:b@" ONE), .q = 1000,
	    .expires_ms = 60000 };
	const struct rec_target	t = { .kind = TARGET_AOR, .value = STR("b@example.com") };
	static unsigned		number;
	static uint64_t		version;
	char			cseq[32];

	snprintf(cseq, sizeof(cseq), "%u %s", ++number, method);
	send_request(method, cseq, "", "");
	if (registered) {
		replica_apply(STR("b@example.com"), ++version, &b, 1, mono_now());
		decide_all(&t, 1);
	} else
		decide(0, "sip:c@" ONE, NULL);
	return strstr(hear_this(one, method), OURS) != NULL;
}

static void
test_where_we_stay(void **state)
{
	static const struct {
		const char	*settings, *method;
		bool		 registered, elsewhere;
	} table[] = {
		{ "", "INVITE", true, true },
		{ "", "SUBSCRIBE", true, true },
		{ "", "FOO", true, true },
		{ "", "MESSAGE", false, false },	/* begins no dialog */
		{ "", "OPTIONS", false, false },
		{ FREE, "INVITE", false, false },
		{ FREE, "REFER", false, false },
		{ FREE "record-route-outbound on\n", "INVITE", false, true },
		{ FREE "record-route-outbound on\n", "MESSAGE", false, false },
		{ FREE "record-route-all on\n", "INVITE", true, true },
		{ FREE "record-route-all on\n", "MESSAGE", true, true },
	};
	char	text[256];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(text, sizeof(text), "authenticate none\nmedia-policy never\n%s",
		    table[i].settings);
		begin(text);
		if (stays(table[i].method, true) != table[i].registered ||
		    stays(table[i].method, false) != table[i].elsewhere)
			fail_msg("%s %s", table[i].settings, table[i].method);
		teardown(state);
	}
}

/*
 * Row 35: a caller whose Contact is not where he is needs us; one behind a proxy that
 * stays is reached by that one.
 */
static void
test_who_needs_us(void **state)
{
	static const struct {
		const char	*contact, *above;
		bool		 stays;
	} table[] = {
		{ CALLER, "", false }, { "10.0.0.1", "", true },
		{ "10.0.0.1", "Record-Route: <sip:10.0.0.2:5070;lr>\r\n", false },
	};

	begin("authenticate none\nmedia-policy never\n" FREE);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		say(caller, "INVITE sip:b@example.com SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKnat%u;rport\r\n"
		    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>\r\n"
		    "Call-ID: nat%u@h\r\nCSeq: 1 INVITE\r\nContact: <sip:a@%s>\r\n"
		    "%sContent-Length: 0\r\n\r\n", i, i, table[i].contact,
		    table[i].above);
		decide(0, "sip:c@" ONE, NULL);
		if ((strstr(hear_this(one, "INVITE "), OURS) != NULL) != table[i].stays)
			fail_msg("row %u", i);
	}
	teardown(state);
}

/* In seconds: what the INVITE asks for (-1: nothing), what is spent, what is left. */
static void
test_how_long_it_may_ring(void **state)
{
	static const struct {
		int64_t	asked, spent, left;
	} table[] = {
		{ -1, 0, 30 }, { -1, 50, 30 },	/* timer C, anew */
		{ -1, 70, 20 }, { -1, 95, -5 },	/* but at most 90 s in all */
		{ 10, 0, 10 }, { 10, 8, 2 },	/* Expires counts from the beginning */
		{ 60, 0, 60 }, { 3600, 0, 90 }, { 3600, 80, 10 },
	};
	struct proxy	p = { .w = NULL };
	struct leg	g = { .p = &p };

	begin("timer-c 30s\ntimer-c-maximum 90s\n");
	p.w = worker_get(0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		p.asked_ms = table[i].asked > 0 ? table[i].asked * 1000 : 0;
		g.began = mono_add_ms(loop_now(p.w->loop), -table[i].spent * 1000);
		if (leg_ring_wait(&g) != table[i].left * 1000)
			fail_msg("row %zu: %lld", i, (long long)leg_ring_wait(&g));
	}
	teardown(state);
}

/* Expires of the INVITE, to its end: CANCEL, and 408 for the caller. */
static void
test_expires(void **state)
{
	begin("authenticate none\nmedia-policy never\n");
	send_request("INVITE", "7 INVITE", "Expires: 1\r\n", "");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	respond(one, first, "180 Ringing", "");
	strcpy(second, hear_this(one, "CANCEL "));
	assert_non_null(strstr(second, "\r\nReason: SIP;cause=408"));
	respond(one, second, "200 OK", "");
	respond(one, first, "487 Request Terminated", "");
	hear_this(caller, "SIP/2.0 100 ");
	hear_this(caller, "SIP/2.0 180 ");
	hear_this(caller, "SIP/2.0 408 ");
	teardown(state);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_where_we_stay), cmocka_unit_test(test_who_needs_us),
		cmocka_unit_test(test_how_long_it_may_ring), cmocka_unit_test(test_expires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
