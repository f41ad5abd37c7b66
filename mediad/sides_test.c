/* sides_test - which of our addresses faces whom, and phones that change family. */
#include "mediad/session_test.h"

static void
range(struct media_range *m, const char *addr, const char *told, uint16_t min)
{
	*m = (struct media_range){ .port_min = min, .port_max = min + 99 };
	assert_int_equal(addr_parse(&m->addr, str_of(addr), 0), 0);
	assert_int_equal(addr_parse(&m->told, str_of(told), 0), 0);
}

/* Rows 141, 153, 154: the family first, then LAN or not, then the order. */
static void
test_choice(void **state)
{
	static const struct {
		const char	*phone;
		int		 family;
		const char	*want;		/* told; "" none */
	} cases[] = {
		{ "10.1.2.3", 0, "10.0.0.1" },
		{ "203.0.113.7", 0, "192.0.2.1" },
		{ "2001:db8::7", 0, "2001:db8::1" },
		{ "10.1.2.3", AF_INET6, "2001:db8::1" },
		{ "2001:db8::7", AF_INET, "192.0.2.1" },
		{ "", 0, "192.0.2.1" },
		{ "", AF_INET6, "2001:db8::1" },
	};
	struct set_nets		lan = { .n = 0 };
	struct media_range	v[3];
	struct set_media	media = { v, 3 };
	struct sides		*all;

	assert_int_equal(nets_parse(&lan, STR("10.0.0.0/8")), 0);
	range(&v[0], "10.0.0.1", "192.0.2.1", 30000);	/* behind a router of ours */
	range(&v[1], "10.0.0.1", "10.0.0.1", 31000);
	range(&v[2], "2001:db8::1", "2001:db8::1", 30000);
	all = sides_new(&media);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr		phone = { .len = 0 };
		const struct ports	*p;
		char			text[ADDR_TEXT_MAX];

		addr_parse(&phone, str_of(cases[i].phone), 0);
		p = sides_for(all, cases[i].family, &phone, &lan);
		assert_non_null(p);
		assert_true(str_eq(addr_print_host(ports_told(p), text),
		    str_of(cases[i].want)));
	}
	sides_free(all);
	nets_fini(&lan);
}

#define ONLY_WITH_V6()							\
	if (!has_v6()) {						\
		printf("SKIPPED: no ::1\n");				\
		return;							\
	}

/* Each phone is told an address of its own family. */
static void
test_families(void **state)
{
	struct house	*h = *state;

	ONLY_WITH_V6();
	h->toward = "::1";
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	assert_non_null(strstr(h->sdp, "c=IN IP6 ::1\r\n"));
	h->toward = CALLER;
	assert_int_equal(say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, "::1",
	    AUDIO(5000)), 200);
	assert_non_null(strstr(h->sdp, "c=IN IP4 " RELAY "\r\n"));
	assert_string_equal(target(only(h)->caller, 0), CALLER ":4000");
	assert_string_equal(target(only(h)->selected, 0), "[::1]:5000");
	assert_int_equal(used(h), 2);
}

/* Row 167b: a re-INVITE from another family moves that leg once it is answered. */
static void
test_move(void **state)
{
	struct house	*h = *state;
	unsigned	 callee;

	ONLY_WITH_V6();
	h->toward = CALLEE;
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	callee = port(h, 0);
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	/* refused: the call goes on where it was */
	assert_int_equal(say(h, "", OFFER, 2, "::1", AUDIO(4002)), 200);
	assert_int_equal(port(h, 0), callee);
	assert_string_equal(target(only(h)->caller, 0), CALLER ":4000");
	assert_int_equal(used(h), 3);
	/* and back: nothing is kept for the move */
	assert_int_equal(say(h, "", OFFER, 3, CALLER, AUDIO(4000)), 200);
	assert_int_equal(used(h), 2);
	/* accepted */
	assert_int_equal(say(h, "", OFFER, 4, "::1", AUDIO(4002)), 200);
	h->toward = "::1";
	assert_int_equal(say(h, "", ANSWER | FINAL | BY_CALLEE, 4, CALLEE,
	    AUDIO(5000)), 200);
	assert_non_null(strstr(h->sdp, "c=IN IP6 ::1\r\n"));
	assert_string_equal(target(only(h)->caller, 0), "[::1]:4002");
	assert_int_equal(only(h)->caller->ends[0]->pair->port, port(h, 0));
	assert_int_equal(used(h), 2);
}

static void
test_no_such_family(void **state)
{
	struct house	*h = *state;

	sessions_free(h->ss);
	house_open(h, 1);
	assert_int_equal(say(h, "b1", OFFER, 1, "::1", AUDIO(4000)), 488);
	assert_int_equal(sessions_count(h->ss), 0);
	/* its signalling alone says nothing of its media */
	h->toward = "::1";
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	assert_non_null(strstr(h->sdp, "c=IN IP4 " RELAY "\r\n"));
}

#define MUX(p)	AUDIO(p) "a=rtcp-mux\r\n"

/* RFC 5761: RTCP shares the port of RTP only where both want it. */
static void
test_mux(void **state)
{
	static const struct {
		const char	*offer, *answer;
		unsigned	 caller, callee;	/* ports for RTCP */
	} cases[] = {
		{ MUX(4000), MUX(5000), 4000, 5000 },
		{ MUX(4000), AUDIO(5000), 4001, 5001 },
		{ MUX(4000) "a=rtcp:4009\r\n", AUDIO(5000), 4009, 5001 },
		{ AUDIO(4000), AUDIO(5000), 4001, 5001 },
	};
	struct house	*h = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct learn	*a, *b;

		say(h, "b1", OFFER, 1, CALLER, cases[i].offer);
		say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, cases[i].answer);
		a = &only(h)->caller->ends[0]->flow[1].learn;
		b = &only(h)->selected->ends[0]->flow[1].learn;
		assert_int_equal(addr_port(&a->signalled), cases[i].caller);
		assert_int_equal(addr_port(&b->signalled), cases[i].callee);
		assert_true(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("")));
	}
}

int
main(void)
{
#define T(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		T(test_families),
		T(test_move),
		T(test_no_such_family),
		T(test_mux),
	};

	unsetenv("NOTIFY_SOCKET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
