/*
 * Transactions on a clock of the test's own and a real wire: what leaves, when,
 * and what their user hears.
 */
#define HOST	"127.0.22.1"
#define FAR	"127.0.21.2:25122"
#include "sipd/txn_test.h"

/* ---- clients ------------------------------------------------------------ */

/* Timers A: 0, 500, 1500, 3500, 7500 ms; B: 10 s here. */
static void
test_invite_nobody_answers(void **state)
{
	assert_non_null(client("INVITE"));
	assert_int_equal(pass(496), 1);
	assert_int_equal(pass(1004), 2);
	assert_int_equal(pass(2008), 1);
	assert_int_equal(pass(4008), 1);
	assert_int_equal(failures, 0);
	assert_int_equal(pass(2600), 0);
	assert_int_equal(failures, 1);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x) + txns_count(x, false), 0);
}

/* Timers E: 0, 500, 1500, 3500, 7500, then every 4 s; F: 32 s. */
static void
test_other_nobody_answers(void **state)
{
	assert_non_null(client("MESSAGE"));
	assert_int_equal(pass(7600), 5);
	assert_int_equal(pass(24000), 6);
	assert_int_equal(failures, 0);
	pass(1000);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_int_equal(ends, 1);
}

static void
test_invite_refused(void **state)
{
	struct txn	*t = client("INVITE");

	hear_this(far, "INVITE ");
	respond(t, 180, "INVITE");
	assert_int_equal(pass(20000), 0);
	respond(t, 486, "INVITE");
	assert_int_equal(responses, 2);
	loop_once(house.loop, 0);
	assert_non_null(strstr(hear_this(far, "ACK sip:b@" FAR " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " HOST_PORT ";branch=" BRANCH "\r\nMax"),
	    "\r\nTo: <sip:b@example.com>;tag=b\r\n"));
	respond(t, 486, "INVITE");	/* again: acknowledged, not passed on */
	assert_int_equal(pass(4), 1);
	assert_int_equal(responses, 2);
	assert_int_equal(txns_active(x), 0);
	assert_int_equal(ends, 0);
	pass(32100);
	assert_int_equal(ends, 1);
}

/* RFC 6026: each 2xx is passed on for 64*T1. */
static void
test_invite_accepted(void **state)
{
	struct txn	*t = client("INVITE");

	pass(4);
	respond(t, 200, "INVITE");
	pass(10000);
	respond(t, 200, "INVITE");
	assert_int_equal(responses, 2);
	assert_int_equal(pass(21900), 0);
	assert_int_equal(ends, 0);
	pass(300);
	assert_int_equal(ends, 1);
	assert_int_equal(failures, 0);
}

static void
test_other_answered(void **state)
{
	struct txn	*t = client("BYE");

	pass(4);
	respond(t, 200, "BYE");
	respond(t, 200, "BYE");
	assert_int_equal(responses, 1);
	assert_int_equal(pass(4900), 0);
	assert_int_equal(ends, 0);
	pass(300);
	assert_int_equal(ends, 1);
}

/* What cannot leave fails at once, not after timer B; never from within. */
static void
test_not_sent_at_all(void **state)
{
	static const char *const	methods[] = { "INVITE", "OPTIONS" };

	to.remote = house_addr("[2001:db8::1]:5060");
	to.local.len = 0;
	for (size_t i = 0; i < 2; i++) {
		failures = 0;
		assert_non_null(client(methods[i]));
		assert_int_equal(failures, 0);
		pass(20);
		assert_int_equal(failures, 1);
		assert_int_equal(last_error, -EADDRNOTAVAIL);
	}
	assert_int_equal(txns_count(x, false), 0);
}

static void
test_nobody_listens(void **state)
{
	to.remote = house_addr("127.0.21.9:9");
	to.transport = TRANSPORT_TCP;
	assert_non_null(txn_client_new(x, STR(BRANCH), STR("INVITE"), &to,
	    WIRE_MAY_CONNECT, request("INVITE", BRANCH), &user, NULL));
	wait_for(failures == 1);
	assert_int_equal(last_error, -ECONNREFUSED);
}

/* After a provisional response only its user can end it. */
static void
test_abandoned_while_ringing(void **state)
{
	struct txn	*t = client("INVITE");

	respond(t, 180, "INVITE");
	pass(120000);
	assert_int_equal(ends, 0);
	txn_abandon(t);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x) + txns_count(x, false), 0);
}

static void
test_same_branch_is_refused(void **state)
{
	assert_non_null(client("INVITE"));
	assert_null(client("INVITE"));
	assert_non_null(client("CANCEL"));
}

/* ---- servers ------------------------------------------------------------ */

static struct txn *
server(txn_key key, bool invite)
{
	return txn_server_new(x, key, invite, &to, &user, NULL);
}

static void
test_refusal_is_repeated_until_ack(void **state)
{
	struct txn	*t = server(1, true);

	assert_true(txn_reply(t, 100, STR("SIP/2.0 100 T\r\n\r\n")));
	assert_true(txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n")));
	assert_int_equal(pass(1600), 4);	/* 100, 486 at 0, 500, 1500 */
	assert_false(txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n")));
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	txn_request_again(t, true);
	assert_int_equal(txn_state(t), ST_CONFIRMED);
	assert_int_equal(pass(4900), 0);
	assert_int_equal(ends, 0);
	pass(200);
	assert_int_equal(ends, 1);
	assert_int_equal(failures, 0);
}

static void
test_refusal_never_acknowledged(void **state)
{
	struct txn	*t = server(1, true);

	txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n"));
	assert_int_equal(pass(32100), 11);
	assert_int_equal(failures, 1);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x), 0);
}

/* S33: to whom it is not known to reach, one packet for one packet. */
static void
test_never_repeated(void **state)
{
	struct txn	*t = server(1, true);

	txn_never_repeat(t);
	txn_reply(t, 404, STR("SIP/2.0 404 N\r\n\r\n"));
	assert_int_equal(pass(8000), 1);
	txn_request_again(t, false);
	assert_int_equal(pass(8000), 1);
	pass(16200);
	assert_int_equal(ends, 1);
}

static void
test_accepted_absorbs(void **state)
{
	struct txn	*t = server(1, true);

	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	assert_true(txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n")));
	assert_int_equal(pass(31000), 1);
	assert_int_equal(txns_active(x), 0);
	pass(1200);
	assert_int_equal(ends, 1);
}

static void
test_other_server(void **state)
{
	struct txn	*t = server(1, false);

	txn_request_again(t, false);
	assert_int_equal(pass(4), 0);
	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	assert_int_equal(pass(2000), 1);
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	assert_int_equal(pass(30100), 0);
	assert_int_equal(ends, 1);
}

/* On a connection nothing is repeated and nothing lingers. */
static void
test_streams(void **state)
{
	int		 fd = phone(SOCK_STREAM, "127.0.21.2:25123");
	struct txn	*t;

	to.transport = TRANSPORT_TCP;
	to.remote = house_addr("127.0.21.2:25123");
	loop_once(house.loop, 10);
	t = server(1, false);
	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	hear_this(fd, "SIP/2.0 200");
	pass(20);
	assert_int_equal(ends, 1);
	t = server(2, true);
	txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n"));
	hear_this(fd, "SIP/2.0 486");
	pass(20000);
	assert_false(readable(fd));
	txn_request_again(t, true);
	pass(20);
	assert_int_equal(ends, 2);
	close(fd);
}

/* Rows 30 and 31: so often and no more; the wait for an answer is as long. */
static void
test_few_repetitions(void **state)
{
	assert_non_null(client("INVITE"));
	assert_int_equal(pass(9900), 1 + 2);
	assert_int_equal(failures, 0);
	pass(200);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_non_null(client("OPTIONS"));
	assert_int_equal(pass(31900), 1 + 3);
	pass(200);
	assert_int_equal(failures, 2);
}

/* Rows 20 and 22: each side has its own; row 127: what is urgent has none. */
static void
test_two_limits(void **state)
{
	for (int i = 0; i < 100; i++)
		assert_non_null(txn_server_new(x, (txn_key)i + 1, TXN_INVITE, &to,
		    &user, NULL));
	assert_null(txn_server_new(x, 4711, TXN_INVITE, &to, &user, NULL));
	assert_non_null(txn_server_new(x, 4712, TXN_INVITE | TXN_URGENT, &to, &user, NULL));
	assert_non_null(client("OPTIONS"));
}

static void
test_limit(void **state)
{
	struct txn	*last = NULL;

	for (txn_key k = 1; k <= 100; k++)
		assert_non_null(last = server(k, true));
	assert_null(server(101, true));
	/* What is answered does not count. */
	txn_reply(last, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	assert_non_null(server(101, true));
}

/* Everybody is told when the worker ends; the forgotten are not. */
static void
test_all_end_with_the_worker(void **state)
{
	struct txn	*t;

	server(1, true);
	t = server(2, false);
	txn_forget(t);
	client("INVITE");
	txns_free(x);
	assert_int_equal(ends, 2);
	assert_int_equal(failures, 0);
	x = txns_new(w);
}

/* ---- identity ------------------------------------------------------------ */

static txn_key
key_of(const char *text)
{
	static struct sip_msg	m;

	assert_int_equal(sip_parse(&m, str_of(text)), 0);
	return txn_server_key(&m, m.method_text);
}

#define TAIL(from, call, cseq)						\
	"From: <sip:a@h>;tag=" from "\r\nTo: <sip:b@h>\r\nCall-ID: " call	\
	"\r\nCSeq: " cseq " OPTIONS\r\n\r\n"
#define KEY(uri, via, from, call, cseq) key_of("OPTIONS " uri " SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP " via "\r\n" TAIL(from, call, cseq))

static void
test_what_identifies(void **state)
{
	txn_key	k = KEY("sip:x", "h;branch=z9hG4bKa", "1", "c", "1");

	assert_true(k == KEY("sip:y", "h;branch=z9hG4bKa", "1", "c", "1"));
	/* A branch that is used again, as some clients do after a restart. */
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "2", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "1", "d", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "1", "c", "2"));
	assert_true(k != KEY("sip:x", "g;branch=z9hG4bKa", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h:5060;branch=z9hG4bKa", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKb", "1", "c", "1"));
	/* RFC 2543: all the rest counts. */
	k = KEY("sip:x", "h;branch=1", "1", "c", "1");
	assert_true(k == KEY("sip:x", "h;branch=1", "1", "c", "1"));
	assert_true(k != KEY("sip:y", "h;branch=1", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "2", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "1", "d", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "1", "c", "2"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_invite_nobody_answers), T(test_other_nobody_answers),
		T(test_invite_refused), T(test_invite_accepted),
		T(test_other_answered), T(test_not_sent_at_all),
		T(test_nobody_listens), T(test_abandoned_while_ringing),
		T(test_same_branch_is_refused), T(test_refusal_is_repeated_until_ack),
		T(test_refusal_never_acknowledged), T(test_never_repeated),
		T(test_accepted_absorbs), T(test_other_server), T(test_streams),
		T(test_limit), T(test_two_limits),
		cmocka_unit_test_setup_teardown(test_few_repetitions, setup_few, teardown),
		T(test_all_end_with_the_worker), T(test_what_identifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
