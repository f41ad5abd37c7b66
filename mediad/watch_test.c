/* watch_test - limits of users, lives of sessions, calls that one side can't hear. */
#include "mediad/session_test.h"

static void
open_with(struct house *h, const struct session_limits *l)
{
	sessions_limits(h->ss, l);
}

static void
talk(struct house *h)
{
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	assert_int_equal(say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE,
	    AUDIO(5000)), 200);
}

static void
sweep_at(struct house *h, int64_t ms)
{
	for (int i = 0; i < 10; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, ms));
}

/* S43: of one user's calls. */
static void
test_user_limit(void **state)
{
	struct house		*h = *state;
	struct session_limits	 l = limits;
	static const char *const ids[] = { "c1", "c2", "c3" };

	l.user_sessions = 2;
	open_with(h, &l);
	h->user = "anna@example.com";
	for (unsigned i = 0; i < 3; i++) {
		h->call_id = ids[i];
		assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)),
		    i < 2 ? 200 : 503);
	}
	/* a refusal leaves nothing, others may go on, and so may who hangs up */
	assert_int_equal(used(h), 4);
	h->user = "bert@example.com";
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	sessions_end(h->ss, STR("c1"), STR("tag-a"), STR(""));
	h->user = "anna@example.com";
	h->call_id = "c4";
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
}

/* Row 160: a life without new signalling; a refresh begins it anew. */
static void
test_session_timer(void **state)
{
	struct house		*h = *state;
	struct session_limits	 l = limits;

	l.longest = 90000;
	open_with(h, &l);
	talk(h);
	only(h)->caller->ends[0]->flow[0].count->last_ns =
	    mono_add_ms(h->now, 89000).ns;
	sweep_at(h, 89000);
	assert_int_equal(h->ended, 0);
	h->now = mono_add_ms(h->now, 89000);
	say(h, "", OFFER, 2, CALLER, AUDIO(4000));
	say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(5000));
	h->now = mono_add_ms(h->now, 89000);	/* and once more without a body */
	assert_true(sessions_refresh(h->ss, STR("call-1"), STR("tag-a"), h->now));
	assert_false(sessions_refresh(h->ss, STR("call-1"), STR("tag-b"), h->now));
	only(h)->caller->ends[0]->flow[0].count->last_ns =
	    mono_add_ms(h->now, 89000).ns;
	sweep_at(h, 89000);
	assert_int_equal(h->ended, 0);
	sweep_at(h, 90000);
	assert_int_equal(h->ended, 1);
}

/* Row 162: media go when both are overdue. */
static void
test_rtp_and_rtcp(void **state)
{
	static const struct { int64_t rtp, rtcp; int64_t limit; bool ended; } cases[] = {
		/* ms of the last ones, looked at after 70 s */
		{ 0, 0, 60000, true },		/* none of either */
		{ 20000, 0, 60000, false },
		{ 0, 20000, 60000, false },	/* RTCP keeps it ... */
		{ 0, 20000, 0, true },		/* ... unless RTP alone counts */
		{ 5000, 5000, 60000, true },
	};
	struct house	*h = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_limits	 l = limits;
		struct end		*e;

		l.rtcp_timeout = cases[i].limit;
		open_with(h, &l);
		h->ended = 0;
		talk(h);
		e = only(h)->caller->ends[0];
		if (cases[i].rtp > 0)
			e->flow[0].count->last_ns = mono_add_ms(h->now, cases[i].rtp).ns;
		if (cases[i].rtcp > 0)
			e->flow[1].count->last_ns = mono_add_ms(h->now, cases[i].rtcp).ns;
		sweep_at(h, 70000);
		assert_int_equal(h->ended, cases[i].ended);
		if (!cases[i].ended)
			sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR(""));
	}
}

static const char *
why(struct house *h, int64_t ms)
{
	static char	 buf[256];
	struct text	 t;

	text_init(&t, buf, sizeof(buf) - 1);
	if (!session_one_way(h->ss, only(h), mono_add_ms(h->now, ms), &t))
		return NULL;
	buf[t.len] = '\0';
	return buf;
}

/* Row 161 and pain 9: who hears nothing, and the reason. */
static void
test_one_way(void **state)
{
	struct house		*h = *state;
	struct session_limits	 l = limits;
	struct end		*caller, *callee;

	l.one_way = 10000;
	open_with(h, &l);
	talk(h);
	caller = only(h)->caller->ends[0];
	callee = only(h)->selected->ends[0];
	/* nobody speaks: that is another matter */
	assert_null(why(h, 11000));
	caller->flow[0].count->last_ns = mono_add_ms(h->now, 11000).ns;
	assert_null(why(h, 9000));
	assert_string_equal(why(h, 11000), "nothing from the callee at " CALLEE
	    ":5000 for 11 s");
	/* somebody spoke from elsewhere */
	callee->flow[0].refused = 7;
	assert_int_equal(addr_parse(&callee->flow[0].refused_from, STR("203.0.113.9"),
	    4002), 0);
	assert_string_equal(why(h, 11000), "nothing from the callee at " CALLEE
	    ":5000 for 11 s; 7 packets "
	    "from 203.0.113.9:4002 were refused, its SDP named " CALLEE ":5000");
	sweep_at(h, 11000);
	assert_true(only(h)->one_way);
	assert_int_equal(stats->media_one_way, 1);
	/* it was heard: all is well */
	callee->flow[0].count->last_ns = mono_add_ms(h->now, 11000).ns;
	assert_null(why(h, 11000));
	sweep_at(h, 11000);
	assert_int_equal(stats->media_one_way, 0);
	/* it stopped */
	caller->flow[0].count->last_ns = mono_add_ms(h->now, 30000).ns;
	assert_non_null(why(h, 30000));
	/* agreed on */
	say(h, "", OFFER, 2, CALLER, AUDIO(4000) "a=sendonly\r\n");
	say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(5000) "a=recvonly\r\n");
	assert_null(why(h, 30000));
}

/* Its SDP names what must not be sent to, and it does not speak. */
static void
test_deaf(void **state)
{
	struct house		*h = *state;
	struct session_limits	 l = limits;

	l.one_way = 10000;
	open_with(h, &l);
	say(h, "b1", OFFER, 1, CALLER, AUDIO(53));	/* DNS's port */
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	only(h)->selected->ends[0]->flow[0].count->last_ns =
	    mono_add_ms(h->now, 11000).ns;
	assert_string_equal(why(h, 11000), "the caller hears nothing: its SDP named no "
	    "usable address, and nothing came from it");
}

int
main(void)
{
#define T(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_user_limit),
		T(test_session_timer),
		T(test_rtp_and_rtcp),
		T(test_one_way),
		T(test_deaf),
	};

	unsetenv("NOTIFY_SOCKET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
