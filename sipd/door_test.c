/*
 * Who gets through the door, and what who does not is told: methods, extensions,
 * sessions, sizes, emergency calls.
 */
#define HOST	"127.0.34.1"
#define PHONES	"127.0.34.2"
#include "sipd/proxy_test.h"

static int
setup_strict(void **state)
{
	begin("authenticate none\nmedia-policy never\nmethods [INVITE, OPTIONS]\n");
	return 0;
}

static int
setup_urgent(void **state)
{
	begin("authenticate local\nmedia-policy never\nemergency-numbers [112]\n"
	    "server-transactions-limit 100\n");
	return 0;
}

static int
setup_silent(void **state)
{
	begin("authenticate all\nadvertise-digest off\n");
	return 0;
}

/* Row 27; RFC 3261 section 21.4.6 wants the Allow. */
static void
test_a_method_that_is_not_allowed(void **state)
{
	send_request("MESSAGE", "8 MESSAGE", "", "");
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 405 "),
	    "\r\nAllow: ACK, CANCEL, INVITE, OPTIONS\r\n"));
}

/* RFC 4028 section 8.1, S35. */
static void
test_a_session_too_short(void **state)
{
	send_request("INVITE", "7 INVITE",
	    "Supported: timer\r\nSession-Expires: 89;refresher=uac\r\n", "");
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 422 "), "\r\nMin-SE: 90\r\n"));
	send_request("INVITE", "7 INVITE",
	    "Supported: timer\r\nSession-Expires: 90\r\n", "");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
}

/*
 * Row 127: past the limit of row 20, without a credential (401, 407), and past the
 * relay policy.
 */
static void
test_an_emergency_call(void **state)
{
	static const char	text[] = "INVITE sip:%s@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%d;rport\r\n"
	    "From: <sip:a@%s>;tag=a\r\nTo: <sip:b@example.com>\r\n"
	    "Call-ID: many%d@h\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
	static const uint16_t	refusals[] = { 401, 407 };

	for (int i = 0; i < 2; i++) {
		say(caller, text, "112", i, "example.com", i);
		decide(refusals[i], "sip:112@" ONE, NULL);
		hear_this(one, "INVITE sip:112@" ONE);
		hear_this(caller, "SIP/2.0 100 ");
	}
	say(caller, text, "b", 2, "example.com", 2);
	hear_this(caller, "SIP/2.0 407 ");
	for (int i = 3; i < 101; i++) {
		say(caller, text, "b", i, "far.test", i);
		wait_for(nasked == 1);
		nasked = 0;		/* never answered */
	}
	say(caller, text, "b", 101, "far.test", 101);
	assert_non_null(strstr(hear_this(caller, "SIP/2.0 503 "), "\r\nRetry-After: "));
	say(caller, text, "112", 102, "example.com", 102);
	wait_for(nasked == 1);
}

/* Row 42: nobody can show a credential, so nobody is asked for one. */
static void
test_digest_is_not_offered(void **state)
{
	char	*got;

	send_request("MESSAGE", "8 MESSAGE", "", "");
	got = hear_this(caller, "SIP/2.0 403 ");
	assert_null(strstr(got, "Authenticate"));
}

/* RFC 3261 section 16.3, step 5; what others must support is not our affair. */
static void
test_extensions(void **state)
{
	char	*got;

	send_request("MESSAGE", "8 MESSAGE", "Proxy-Require: path, foo\r\n"
	    "Require: baz\r\nproxy-require: bar\r\n", "");
	got = hear_this(caller, "SIP/2.0 420 ");
	assert_non_null(strstr(got, "\r\nUnsupported: foo, bar\r\n"));
	send_request("MESSAGE", "9 MESSAGE", "Require: baz\r\n", "");
	decide(0, "sip:b@" ONE, NULL);
	assert_non_null(strstr(hear_this(one, "MESSAGE "), "\r\nRequire: baz\r\n"));
}

/* S33: a stranger's request that is refused costs one packet, ever. */
static void
test_a_stranger_is_refused(void **state)
{
	invite("");
	decide(404, NULL, NULL);
	hear_this(caller, "SIP/2.0 404 ");
	for (int i = 0; i < 30; i++)
		loop_once(house.loop, 10);
	assert_false(readable(caller));
	invite("");
	hear_this(caller, "SIP/2.0 404 ");
}

static void
test_options_are_small(void **state)
{
	char	request[1024], *got;
	int	n;

	for (int pad = 0; pad < 400; pad += 50) {
		n = snprintf(request, sizeof(request), "OPTIONS sip:" HOST_PORT
		    " SIP/2.0\r\nVia: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%d\r\n"
		    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:" HOST_PORT ">\r\n"
		    "Call-ID: o%d\r\nCSeq: 1 OPTIONS\r\nX: %*s\r\n"
		    "Content-Length: 0\r\n\r\n", pad, pad, pad + 1, "x");
		say(caller, "%s", request);
		got = hear_this(caller, "SIP/2.0 200 OK\r\n");
		assert_true(strlen(got) <= (size_t)n * 3 / 2);
	}
	assert_non_null(strstr(got, "\r\nAllow: INVITE,"));
}

static void
test_what_is_too_long(void **state)
{
	static const struct {
		const char	*what;		/* which field is padded */
		int		 fits;
		const char	*code;		/* one octet more */
	} table[] = {
		{ "call", 255, "SIP/2.0 400 Call-ID Too Long" },
		{ "tag", 255, "SIP/2.0 400 Tag Too Long" },
		{ "totag", 255, "SIP/2.0 400 Tag Too Long" },
		{ "branch", 255 - 7, "SIP/2.0 400 Via Too Long" },
		{ "host", 255, "SIP/2.0 400 Via Too Long" },
		{ "from", 2048 - 13, "SIP/2.0 400 URI Too Long" },
		{ "uri", 2048 - 23, "SIP/2.0 414 Request-URI Too Long" },
	};
	char	pad[2200], via[800];

	memset(pad, 'a', sizeof(pad));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (int more = 0; more < 2; more++) {
			int n = table[i].fits + more;
#define PAD(f)	strcmp(table[i].what, f) == 0 ? n : 1, pad
			snprintf(via, sizeof(via), "%.*s;branch=z9hG4bK%.*s;rport",
			    PAD("host"), PAD("branch"));
			say(caller, "OPTIONS sip:" HOST_PORT ";p=%.*s SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP %s\r\n"
			    "From: <sip:%.*s@far.test>;tag=%.*s\r\n"
			    "To: <sip:" HOST_PORT ">;tag=%.*s\r\nCall-ID: %.*s\r\n"
			    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			    PAD("uri"), via, PAD("from"), PAD("tag"), PAD("totag"), PAD("call"));
			hear_this(caller, more ? table[i].code : "SIP/2.0 200 OK");
		}
}

#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_a_method_that_is_not_allowed, setup_strict),
		T(test_a_session_too_short, setup), T(test_an_emergency_call, setup_urgent),
		T(test_digest_is_not_offered, setup_silent), T(test_extensions, setup),
		T(test_a_stranger_is_refused, setup), T(test_options_are_small, setup),
		T(test_what_is_too_long, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
