/*
 * Contacts whose port is closed: tried once, then passed over for those that are there,
 * and tried all the same where there is no other.
 */
#define HOST	"127.0.54.1"
#define PHONES	"127.0.54.2"
#include "sipd/proxy_test.h"

#include "sipd/closed.h"
#include "sipd/replica.h"

#define GONE	PHONES ":25135"		/* nobody listens there */
#define AOR	"b@example.com"

static struct stats	before, now;

static int
setup_closed(void **state)
{
	begin("authenticate none\nmedia-policy never\n");
	closed_clear();
	stats_sum(&before);
	return 0;
}

/* A call to b, who has these contacts. */
static void
call(const char *a, const char *b)
{
	static uint64_t			version;
	const struct rec_target		t = { .kind = TARGET_AOR, .value = STR(AOR) };
	struct rec_binding		v[2] = {
		{ .uri = STR("sip:b@" ONE), .received = STR("udp:" ONE), .q = 1000,
		    .listener = STR("udp:" HOST_PORT), .expires_ms = 60000 },
		{ .uri = STR("sip:b@" GONE), .received = STR("udp:" GONE), .q = 1000,
		    .listener = STR("udp:" HOST_PORT), .expires_ms = 60000 },
	};

	if (a == NULL)
		v[0] = v[1];
	replica_apply(STR(AOR), ++version, v, (a != NULL) + (b != NULL), mono_now());
	invite_number++;
	invite("");
	decide_all(&t, 1);
}

static void
is_busy(void)
{
	take_invite(one, first);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "486 Busy", "");
	hear_this(one, "ACK ");
	hear_this(caller, "SIP/2.0 486 ");
	ack();
}

static void
test_passed_over(void **state)
{
	call(ONE, GONE);
	is_busy();
	wait_for((stats_sum(&now), now.contacts_closed) == before.contacts_closed + 1);
	assert_int_equal(now.contacts_put_last, before.contacts_put_last);
	for (int i = 1; i < 4; i++) {
		call(ONE, GONE);
		is_busy();
		stats_sum(&now);
		assert_int_equal(now.contacts_closed, before.contacts_closed + 1);
		assert_int_equal(now.contacts_put_last, before.contacts_put_last + i);
	}
}

static void
test_the_only_one(void **state)
{
	for (int i = 1; i < 4; i++) {
		call(NULL, GONE);
		hear_this(caller, "SIP/2.0 100 ");
		hear_this(caller, "SIP/2.0 500 ");
		ack();
		stats_sum(&now);
		assert_int_equal(now.contacts_closed, before.contacts_closed + i);
	}
}

/* Who registers is there again. */
static void
test_there_again(void **state)
{
	int	fd;

	call(ONE, GONE);
	is_busy();
	fd = phone(SOCK_DGRAM, GONE);
	say(fd, "REGISTER sip:example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " GONE ";branch=z9hG4bKr;rport\r\nFrom: <sip:" AOR ">;tag=r\r\n"
	    "To: <sip:" AOR ">\r\nCall-ID: r@h\r\nCSeq: 1 REGISTER\r\n"
	    "Contact: <sip:b@" GONE ">\r\nContent-Length: 0\r\n\r\n");
	wait_for((stats_sum(&now), now.requests) >= before.requests + 3);
	call(ONE, GONE);
	take_invite(one, first);
	take_invite(fd, second);
	hear_this(caller, "SIP/2.0 100 ");
	respond(one, first, "200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_passed_over, setup_closed, teardown),
		cmocka_unit_test_setup_teardown(test_the_only_one, setup_closed, teardown),
		cmocka_unit_test_setup_teardown(test_there_again, setup_closed, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
