/*
 * Which targets a request has, and in which order they are tried: q, Max-Breadth,
 * several flows of one device; loops and spirals.
 */
#define HOST	"127.0.24.1"
#define PHONES	"127.0.24.2"
#include "sipd/proxy_test.h"

#include "sipd/replica.h"

#define THREE	PHONES ":25134"
#define AOR	"b@example.com"

static int	three;

static int
setup_three(void **state)
{
	begin("authenticate none\ntimer-t1 400ms\nmedia-policy never\nfork-wait 1s\n");
	three = phone(SOCK_DGRAM, THREE);
	return 0;
}

static int
teardown_three(void **state)
{
	close(three);
	return teardown(state);
}

static struct rec_binding
contact(const char *where, uint16_t q)
{
	static char	uri[8][64];
	static unsigned	n;
	char		*text = uri[n++ % 8];

	snprintf(text, sizeof(uri[0]), "sip:b@%s", where);
	return (struct rec_binding){ .uri = str_of(text), .q = q,
	    .expires_ms = 60000 };
}

/* The bindings of b, and the decision that leads to them. */
static void
registered(struct rec_binding *b, uint32_t n)
{
	static uint64_t			version;
	const struct rec_target		t = { .kind = TARGET_AOR, .value = STR(AOR) };

	replica_apply(STR(AOR), ++version, b, n, mono_now());
	decide_all(&t, 1);
}

/* RFC 3261 section 16.6: the higher q alone, equal ones together. */
static void
test_q_order(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 500), contact(TWO, 900),
	    contact(THREE, 500) };
	char			third[8192];

	invite("");
	registered(b, 3);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	hear_nothing(one);
	respond(two, second, "486 Busy Here", "");
	hear_this(two, "ACK ");
	take_invite(one, first);
	take_invite(three, third);
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	respond(three, third, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	strcpy(first, hear_this(one, "CANCEL "));
	assert_non_null(strstr(first, "\r\nReason: SIP;cause=200;"
	    "text=\"Call completed elsewhere\"\r\n"));
}

/* Who rings for "fork-wait" is cancelled, and the next rings. */
static void
test_the_next_after_a_time(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 900), contact(TWO, 100) };

	invite("");
	registered(b, 2);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	strcpy(first, hear_this(one, "CANCEL "));
	assert_non_null(strstr(first, "\r\nReason: SIP;cause=408;"));
	take_invite(two, second);
	respond(two, second, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
}

/* A later group is never begun for a caller who has gone, nor after a 6xx. */
static void
test_no_further_group(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 900), contact(TWO, 100) };

	invite("");
	registered(b, 2);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "603 Decline", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 603 ");
	hear_nothing(two);
}

static void
test_cancel_between_groups(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 900), contact(TWO, 100) };

	invite("");
	registered(b, 2);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	cancel();
	hear_this(caller, "SIP/2.0 200 ");
	strcpy(second, hear_this(one, "CANCEL "));
	respond(one, second, "200 OK", "");
	respond(one, first, "487 Request Terminated", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 487 ");
	hear_nothing(two);
}

static unsigned
breadth_of(const char *text)
{
	char	buf[64];

	return (unsigned)atoi(header_of(text, "Max-Breadth", buf, sizeof(buf)));
}

/* RFC 5393 section 5: shared out; what has no share waits for one. */
static void
test_max_breadth(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000), contact(TWO, 1000),
	    contact(THREE, 1000) };

	send_request("INVITE", "7 INVITE", "Max-Breadth: 2\r\n", "");
	registered(b, 3);
	assert_int_equal(breadth_of(take_invite(one, first)), 1);
	assert_int_equal(breadth_of(take_invite(two, second)), 1);
	hear_this(caller, "SIP/2.0 100 ");
	hear_nothing(three);
	respond(one, first, "486 Busy", "");
	hear_this(one, "ACK ");
	assert_int_equal(breadth_of(hear_this(three, "INVITE ")), 1);
}

static void
test_breadth_is_divided(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000), contact(TWO, 1000),
	    contact(THREE, 1000) };

	invite("");
	registered(b, 3);
	assert_int_equal(breadth_of(take_invite(one, first)), 20);
	assert_int_equal(breadth_of(take_invite(two, first)), 20);
	assert_int_equal(breadth_of(take_invite(three, first)), 20);
}

static void
test_no_breadth(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000) };

	send_request("INVITE", "7 INVITE", "Max-Breadth: 0\r\n", "");
	registered(b, 1);
	hear_this(caller, "SIP/2.0 440 Max-Breadth Exceeded");
	hear_nothing(one);
}

/* RFC 5626 section 7: one flow of a device at a time, the next on 430. */
static void
test_flows_of_one_device(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000), contact(TWO, 1000) };

	for (int i = 0; i < 2; i++) {
		b[i].instance = STR("<urn:uuid:1>");
		b[i].reg_id = (uint32_t)i + 1;
	}
	b[1].expires_ms = 90000;	/* the later refreshed */
	invite("");
	registered(b, 2);
	take_invite(two, second);
	hear_this(caller, "SIP/2.0 100 ");
	hear_nothing(one);
	respond(two, second, "430 Flow Failed", "");
	hear_this(two, "ACK ");
	take_invite(one, first);
	respond(one, first, "430 Flow Failed", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 480 ");
}

static void
test_another_answer_ends_the_device(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000), contact(TWO, 1000) };

	for (int i = 0; i < 2; i++) {
		b[i].instance = STR("<urn:uuid:1>");
		b[i].reg_id = (uint32_t)i + 1;
	}
	invite("");
	registered(b, 2);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "486 Busy", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 486 ");
	hear_nothing(two);
}

/* RFC 5626 section 5.3.1: nobody but its own connection leads to a phone. */
static void
test_a_flow_that_is_gone(void **state)
{
	struct rec_binding	b[] = { contact(THREE ";transport=tcp", 1000) };

	b[0].received = STR("tcp:" THREE);
	b[0].listener = STR("tcp:" HOST_PORT);
	invite("");
	registered(b, 1);
	hear_this(caller, "SIP/2.0 480 ");
}

/* ---- redirections: row 78 -------------------------------------------------- */

/* one is redirected; routed is asked about the Contact as about any request. */
static void
redirected(const char *contacts)
{
	invite("");
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond_with(one, first, "302 Moved", contacts, "");
	hear_this(one, "ACK ");
}

static void
test_a_redirection_is_followed(void **state)
{
	struct rec_binding	b[] = { contact(TWO, 1000) };

	redirected("Contact: <sip:c@example.com>\r\n");
	wait_for(nasked == 1);
	assert_string_equal(asked_uri[0], "sip:c@example.com");
	registered(b, 1);
	take_invite(two, second);
	respond(two, second, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
}

/* S16: whoever may not send there is not led there. */
static void
test_a_redirection_is_no_way_around(void **state)
{
	redirected("Contact: <sip:c@far.test>\r\n");
	decide(407, "sip:c@" TWO, NULL);
	hear_this(caller, "SIP/2.0 302 ");
	hear_nothing(two);
	ack();
	invite_number++;
	redirected("Contact: <sip:c@far.test>\r\n");
	decide(0, "sip:c@" TWO, NULL);		/* outside, by a stranger */
	hear_this(caller, "SIP/2.0 302 ");
	hear_nothing(two);
}

/* To where it came from: nothing new, the 302 goes up; and so for ever. */
static void
test_a_redirection_to_itself(void **state)
{
	struct rec_binding	b[] = { contact(ONE, 1000) };

	invite("");
	registered(b, 1);
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond_with(one, first, "302 Moved", "Contact: <sip:b@example.com>\r\n", "");
	hear_this(one, "ACK ");
	registered((struct rec_binding[]){ contact(ONE, 1000) }, 1);
	hear_this(caller, "SIP/2.0 302 ");
}

static void
test_cancel_while_a_redirection_is_judged(void **state)
{
	redirected("Contact: <sip:c@example.com>\r\n");
	wait_for(nasked == 1);
	cancel();
	hear_this(caller, "SIP/2.0 487 ");
	hear_this(caller, "SIP/2.0 200 ");
	decide(0, "sip:c@" TWO, NULL);
	hear_nothing(one);
	hear_nothing(two);
}

/* ---- loops ---------------------------------------------------------------- */

/*
 * S18, RFC 5393 section 3: one account whose two contacts are its own address with
 * another parameter. Answers routed's questions; the requests that were forwarded.
 */
static void
test_a_fork_bomb(void **state)
{
	struct rec_binding	b[] = { contact(HOST_PORT ";x=whack", 1000),
	    contact(HOST_PORT ";x=thud", 1000) };
	const struct rec_target	t = { .kind = TARGET_AOR, .value = STR(AOR) };
	struct stats		before, after;

	stats_sum(&before);
	invite("");
	registered(b, 2);
	for (int i = 0; i < 100; i++) {
		loop_once(house.loop, 5);
		if (nasked > 0)
			decide_all(&t, 1);
	}
	stats_sum(&after);
	hear_this(caller, "SIP/2.0 100 ");
	/* INVITEs sent, with their CANCELs none: each is a client transaction. */
	assert_int_equal(after.loops - before.loops, 6);
	assert_int_equal(after.requests - before.requests, 1 + 10 + 10);	/* + ACKs */
	assert_int_equal(nasked, 0);
	hear_this(caller, "SIP/2.0 482 Loop Detected");
}

/* A spiral: it comes by again with another Request-URI, and goes on. */
static void
test_a_spiral(void **state)
{
	invite("");
	decide(0, "sip:c@" HOST_PORT, NULL);
	wait_for(nasked == 1);
	assert_string_equal(asked_uri[0], "sip:c@" HOST_PORT);
	decide(0, "sip:b@" ONE, NULL);
	take_invite(one, first);
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 100 ");
	hear_this(caller, "SIP/2.0 200 ");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_three, teardown_three)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_q_order), T(test_the_next_after_a_time),
		T(test_no_further_group), T(test_cancel_between_groups),
		T(test_max_breadth), T(test_breadth_is_divided), T(test_no_breadth),
		T(test_flows_of_one_device), T(test_another_answer_ends_the_device),
		T(test_a_flow_that_is_gone), T(test_a_redirection_is_followed),
		T(test_a_redirection_is_no_way_around),
		T(test_a_redirection_to_itself),
		T(test_cancel_while_a_redirection_is_judged),
		T(test_a_fork_bomb), T(test_a_spiral),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
