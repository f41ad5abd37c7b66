/*
 * What belongs to what: which requests are one (S20), which cookies are ours (S14),
 * which responses answer something (S23).
 */
#define HOST	"127.0.27.1"
#define PHONES	"127.0.27.2"
#include "sipd/proxy_test.h"

#define GUESSES	100000

/*
 * RFC 3261 section 17.2.3, and section 8.2.2.2 as far as it is a proxy's business:
 * a request that was merged elsewhere is one more branch, and goes on.
 */
static void
test_which_requests_are_one(void **state)
{
	static const struct {
		const char	*what, *via[2], *method[2];
		unsigned	 cseq[2];
		bool		 one;
	} table[] = {
		{ "sent again", { "h;branch=z9hG4bK1", "h;branch=z9hG4bK1" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, true },
		{ "merged", { "h;branch=z9hG4bK2", "h;branch=z9hG4bK2b" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, false },
		{ "the same branch from two", { "h;branch=z9hG4bK3", "i;branch=z9hG4bK3" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, false },
		{ "from two ports", { "h:1;branch=z9hG4bK4", "h:2;branch=z9hG4bK4" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, false },
		{ "another method", { "h;branch=z9hG4bK5", "h;branch=z9hG4bK5" },
		    { "OPTIONS", "MESSAGE" }, { 1, 1 }, false },
		{ "RFC 2543, again", { "h;branch=6", "h;branch=6" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, true },
		{ "RFC 2543 without branch, again", { "h", "h" },
		    { "OPTIONS", "OPTIONS" }, { 1, 1 }, true },
		{ "RFC 2543, another CSeq", { "h;branch=8", "h;branch=8" },
		    { "OPTIONS", "OPTIONS" }, { 1, 2 }, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (int j = 0; j < 2; j++)
			say(caller, "%s sip:b@example.com SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP %s\r\nFrom: <sip:a@far.test>;tag=a\r\n"
			    "To: <sip:b@example.com>\r\nCall-ID: %zu\r\nCSeq: %u %s\r\n"
			    "Content-Length: 0\r\n\r\n", table[i].method[j],
			    table[i].via[j], i, table[i].cseq[j], table[i].method[j]);
		wait_for(nasked >= (table[i].one ? 1 : 2));
		hear_nothing(caller);
		if (nasked != (table[i].one ? 1 : 2))
			fail_msg("%s: %u", table[i].what, nasked);
		nasked = 0;		/* never answered */
	}
}

static void
info(const char *route, unsigned number)
{
	say(caller, "INFO sip:b@" ONE " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKinfo%u;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: 8 INFO\r\nRoute: %s\r\n"
	    "Content-Length: 0\r\n\r\n", number, route);
}

/*
 * Until its answer is there; what is not even a message has none. An octet that
 * became an at sign makes another host of it, which routed does not let him reach.
 */
static void
expect_refusal(void)
{
	for (int i = 0; i < 20 && !readable(caller); i++) {
		loop_once(house.loop, 1);
		if (nasked > 0)
			decide(407, NULL, NULL);
	}
	if (readable(caller))
		hear_this(caller, "SIP/2.0 4");
}

static void
test_each_bit_of_a_cookie(void **state)
{
	char		route[1024], *c, *end;
	unsigned	number = 0;

	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "200 OK", "");
	header_of(hear_this(caller, "SIP/2.0 200 OK"), "Record-Route", route, 1024);
	assert_non_null(c = strstr(route, ";c="));
	assert_non_null(end = strchr(c, '>'));
	for (c += 3; c < end; c++)
		for (int bit = 0; bit < 8; bit++) {
			*c ^= (char)(1 << bit);
			info(route, number++);
			expect_refusal();
			*c ^= (char)(1 << bit);
		}
	hear_nothing(one);
	assert_int_equal(nasked, 0);
	info(route, number);
	hear_this(one, "INFO ");
}

/*
 * From the callee's own address, half of them one octet beside the true branch.
 * All octets are of base64url: another one makes it no branch, and nobody's answer.
 */
static void
test_guessed_branches(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_";
	struct stats	  before, now;
	char		  forged[8192], *at, *beside;

	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	stats_sum(&before);
	for (unsigned i = 0; i < GUESSES; i++) {
		strcpy(forged, first);
		at = strstr(forged, ";branch=z9hG4bK") + 15;
		for (unsigned j = 0, n = i * 2654435761u; i % 2 == 0 && j < 6; j++, n /= 64)
			at[j] = digits[n % 64];
		beside = at + BRANCH_TARGET_LEN + i / 2 % (BRANCH_LEN - 7 - BRANCH_TARGET_LEN);
		*beside = digits[(strchr(digits, *beside) - digits + 1 + i % 3) % 64];
		respond(one, forged, i % 3 == 0 ? "200 OK" : i % 3 == 1 ? "302 Moved" :
		    "600 Busy", "");
		if (i % 50 == 49)
			wait_for((stats_sum(&now), now.responses - before.responses == i + 1));
	}
	hear_nothing(caller);
	assert_int_equal(nasked, 0);
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 OK");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_calm, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_which_requests_are_one), T(test_each_bit_of_a_cookie),
		T(test_guessed_branches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
