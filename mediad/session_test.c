/* session_test - calls as mediad sees them: who gets which ports, and until when. */
#include "mediad/session_test.h"

static void
test_call(void **state)
{
	struct house	*h = *state;
	unsigned	 callee_port, caller_port;
	const struct session *s;

	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	callee_port = port(h, 0);
	assert_non_null(strstr(h->sdp, "c=IN IP4 " RELAY "\r\n"));
	assert_int_equal(used(h), 2);
	s = only(h);
	assert_null(s->caller->ends[0]->flow[0].to);

	assert_int_equal(say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000)), 200);
	caller_port = port(h, 0);
	assert_int_not_equal(caller_port, callee_port);
	assert_int_equal(s->state, SESSION_ANSWERED);
	assert_string_equal(target(s->caller, 0), CALLER ":4000");
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	assert_ptr_equal(s->caller->ends[0]->flow[1].to, &s->selected->ends[0]->flow[1]);
	assert_ptr_equal(s->selected->ends[0]->flow[0].to, &s->caller->ends[0]->flow[0]);

	/* asked again: the same */
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)), 200);
	assert_int_equal(port(h, 0), callee_port);
	assert_int_equal(say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000)), 200);
	assert_int_equal(port(h, 0), caller_port);
	assert_int_equal(used(h), 2);

	assert_true(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("")));
	assert_false(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("")));
	assert_int_equal(used(h), 0);
	assert_int_equal(sessions_count(h->ss), 0);
}

/* Repeating what is known must not open the window again (S37). */
static void
test_repetition_teaches_nothing(void **state)
{
	struct house	*h = *state;
	const struct learn *l;
	struct mono	 until;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	l = &only(h)->caller->ends[0]->flow[0].learn;
	until = l->until;
	h->now = mono_add_ms(h->now, 10000);
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	assert_int_equal(l->until.ns, until.ns);
	/* a re-INVITE does */
	say(h, "", OFFER, 2, CALLER, AUDIO(4000));
	say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(5000));
	assert_true(l->until.ns > until.ns);
}

/* Branches share the caller's ports; the 2xx leaves one of them. */
static void
test_fork(void **state)
{
	struct house	*h = *state;
	unsigned	 p1, p2, to_caller;
	const struct session *s;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	p1 = port(h, 0);
	say(h, "b2", OFFER, 1, CALLER, AUDIO(4000));
	p2 = port(h, 0);
	assert_int_not_equal(p1, p2);
	assert_int_equal(used(h), 3);
	s = only(h);
	/* early media of the first, then of the second */
	say(h, "b1", ANSWER | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	to_caller = port(h, 0);
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	say(h, "b2", ANSWER | BY_CALLEE, 1, OTHER, AUDIO(6000));
	assert_int_equal(port(h, 0), to_caller);
	assert_string_equal(target(s->selected, 0), OTHER ":6000");
	assert_int_equal(s->state, SESSION_SETUP);
	/* the first one answers */
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	assert_int_equal(port(h, 0), to_caller);
	assert_int_equal(s->state, SESSION_ANSWERED);
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	assert_null(s->callees->next);
	assert_int_equal(used(h), 2);
	/* the other one's 200 came too late: it has a body, but not the call */
	assert_int_equal(say(h, "b2", ANSWER | FINAL | BY_CALLEE, 1, OTHER, AUDIO(6000)), 200);
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	assert_true(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("b2")));
	assert_int_equal(used(h), 2);
}

/* A branch that is refused leaves the others; the last one ends it all. */
static void
test_branches_end(void **state)
{
	struct house	*h = *state;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b2", OFFER, 1, CALLER, AUDIO(4000));
	assert_true(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("b1")));
	assert_false(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("b1")));
	assert_int_equal(used(h), 2);
	assert_true(sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR("b2")));
	assert_int_equal(used(h), 0);
	assert_int_equal(sessions_count(h->ss), 0);
}

static void
test_reinvite(void **state)
{
	struct house	*h = *state;
	unsigned	 to_callee, to_caller;
	const struct session *s;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	to_callee = port(h, 0);
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	to_caller = port(h, 0);
	s = only(h);
	/* refused: nothing changes */
	say(h, "", OFFER, 2, CALLER, AUDIO(4444));
	assert_int_equal(port(h, 0), to_callee);
	assert_string_equal(target(s->caller, 0), CALLER ":4000");
	/* the callee moves, by its own re-INVITE */
	say(h, "", OFFER | BY_CALLEE, 1, OTHER, AUDIO(7000));
	assert_int_equal(port(h, 0), to_caller);
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	say(h, "", ANSWER | FINAL, 1, CALLER, AUDIO(4000));
	assert_int_equal(port(h, 0), to_callee);
	assert_string_equal(target(s->selected, 0), OTHER ":7000");
	assert_string_equal(target(s->caller, 0), CALLER ":4000");
	assert_int_equal(used(h), 2);
}

static void
test_hold(void **state)
{
	struct house	*h = *state;
	const struct session *s;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	s = only(h);
	/* old style: not a packet more for the caller, and back again */
	say(h, "", OFFER, 2, CALLER, AUDIO(4000) "c=IN IP4 0.0.0.0\r\n");
	assert_non_null(strstr(h->sdp, "c=IN IP4 0.0.0.0\r\n"));
	say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(5000));
	assert_string_equal(target(s->caller, 0), "");
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	say(h, "", OFFER, 3, CALLER, AUDIO(4000));
	say(h, "", ANSWER | FINAL | BY_CALLEE, 3, CALLEE, AUDIO(5000));
	assert_string_equal(target(s->caller, 0), CALLER ":4000");
	/* new style: may be silent for longer than media-timeout */
	say(h, "", OFFER, 4, CALLER, AUDIO(4000) "a=inactive\r\n");
	assert_non_null(strstr(h->sdp, "a=inactive\r\n"));
	say(h, "", ANSWER | FINAL | BY_CALLEE, 4, CALLEE, AUDIO(5000) "a=inactive\r\n");
	h->now = mono_add_ms(h->now, 120000);
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, h->now);
	assert_int_equal(h->ended, 0);
	h->now = mono_add_ms(h->now, 3600000);
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, h->now);
	assert_int_equal(h->ended, 1);
}

/* Lines refused, switched off, of another transport, one too many. */
static void
test_lines(void **state)
{
	struct house	*h = *state;

	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(4000)
	    "m=video 4002 RTP/AVP 97\r\nm=message 9 TCP/MSRP *\r\n"), 200);
	assert_int_not_equal(port(h, 0), 0);
	assert_int_not_equal(port(h, 1), 0);
	assert_int_equal(port(h, 2), 0);	/* can't be relayed: refused */
	assert_int_equal(used(h), 4);
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000)
	    "m=video 0 RTP/AVP 97\r\nm=message 0 TCP/MSRP *\r\n");
	assert_int_not_equal(port(h, 0), 0);
	assert_int_equal(port(h, 1), 0);
	assert_int_equal(used(h), 2);
	/* video comes back, audio goes */
	say(h, "", OFFER, 2, CALLER, AUDIO(0) "m=video 4002 RTP/AVP 97\r\n");
	assert_int_equal(port(h, 0), 0);
	assert_int_not_equal(port(h, 1), 0);
	say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(0)
	    "m=video 5002 RTP/AVP 97\r\n");
	assert_int_equal(used(h), 2);
	assert_int_equal(say(h, "", OFFER, 3, CALLER, AUDIO(1) AUDIO(1) AUDIO(1)
	    AUDIO(1)), 488);
	assert_int_equal(used(h), 2);
}

/* The INVITE had no offer: it is in the 2xx, its answer in the ACK. */
static void
test_offer_in_2xx(void **state)
{
	struct house	*h = *state;
	const struct session *s;

	assert_int_equal(say(h, "b1", OFFER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000)), 200);
	s = only(h);
	assert_int_equal(s->state, SESSION_ANSWERED);
	assert_int_equal(say(h, "", ANSWER | FINAL, 1, CALLER, AUDIO(4000)), 200);
	assert_string_equal(target(s->caller, 0), CALLER ":4000");
	assert_string_equal(target(s->selected, 0), CALLEE ":5000");
	assert_non_null(s->caller->ends[0]->flow[0].to);
}

/* S44: bodies that name what must not be sent to; the stream stays mute. */
static void
test_forbidden(void **state)
{
	static const struct {
		const char	*source, *media;
	} cases[] = {
		{ "192.0.2.1", AUDIO(4000) "c=IN IP4 127.0.0.1\r\n" },
		{ "192.0.2.1", AUDIO(4000) "c=IN IP4 169.254.1.1\r\n" },
		{ "192.0.2.1", AUDIO(4000) "c=IN IP4 224.2.1.1/127\r\n" },
		{ "192.0.2.1", AUDIO(4000) "c=IN IP4 255.255.255.255\r\n" },
		{ "192.0.2.1", AUDIO(53) },
		{ "192.0.2.1", AUDIO(4000) "c=IN IP6 ::1\r\n" },
		{ "192.0.2.1", AUDIO(4000) "c=IN IP4 phone.example.com\r\n" },
	};
	struct house	*h = *state;
	char		 own[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(say(h, "b1", OFFER, 1, cases[i].source, cases[i].media), 200);
		say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, "192.0.2.2", AUDIO(5000));
		assert_string_equal(target(only(h)->caller, 0), "");
		assert_string_equal(target(only(h)->selected, 0), "192.0.2.2:5000");
		sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR(""));
	}
	/* our own port: a ring */
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	snprintf(own, sizeof(own), "m=audio %u RTP/AVP 0\r\n", port(h, 0));
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, RELAY, own);
	assert_string_equal(target(only(h)->selected, 0), "");
}

static void
test_limits(void **state)
{
	struct house	*h = *state;
	struct rewrite	 q = {
		.caller_tag = STR("t"), .branch = STR("b"), .from_caller = true,
		.sdp = STR("v=0\r\nc=IN IP4 127.0.17.2\r\n" AUDIO(4000)),
	};
	char		 id[600];

	memset(id, 'x', sizeof(id));
	for (unsigned i = 0; i < 5; i++) {
		q.call_id = str_make(id, 10 + i);
		sessions_rewrite(h->ss, &q, h->now, &h->out);
		assert_int_equal(h->out.code, i < 4 ? 200 : 503);
	}
	assert_int_equal(used(h), 8);
	q.call_id = str_make(id, 10);
	sessions_end(h->ss, q.call_id, q.caller_tag, STR(""));
	q.call_id = str_make(id, sizeof(id));	/* longer than a record holds */
	sessions_rewrite(h->ss, &q, h->now, &h->out);
	assert_int_equal(h->out.code, 503);
	q.call_id = str_make(id, 20);
	q.sdp = STR("rubbish");
	sessions_rewrite(h->ss, &q, h->now, &h->out);
	assert_int_equal(h->out.code, 488);
	sessions_drain(h->ss);
	q.sdp = STR("v=0\r\nc=IN IP4 127.0.17.2\r\n" AUDIO(4000));
	sessions_rewrite(h->ss, &q, h->now, &h->out);
	assert_int_equal(h->out.code, 503);
	assert_int_equal(sessions_count(h->ss), 3);
}

/* A session that timed out comes back with a re-INVITE, not with an answer. */
static void
test_unknown(void **state)
{
	struct house	*h = *state;

	assert_int_equal(say(h, "", ANSWER | FINAL, 1, CALLER, AUDIO(4000)), 500);
	assert_int_equal(sessions_count(h->ss), 0);
	assert_int_equal(say(h, "", OFFER, 2, CALLER, AUDIO(4000)), 200);
	assert_int_equal(say(h, "", ANSWER | FINAL | BY_CALLEE, 2, CALLEE, AUDIO(5000)), 200);
	assert_string_equal(target(only(h)->caller, 0), CALLER ":4000");
	assert_string_equal(target(only(h)->selected, 0), CALLEE ":5000");
	assert_int_equal(used(h), 2);
	sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR(""));
	/* nothing to relay, nothing made */
	assert_int_equal(say(h, "b1", OFFER, 1, CALLER, AUDIO(0)), 200);
	assert_int_equal(sessions_count(h->ss), 0);
	assert_int_equal(port(h, 0), 0);
}

static void
test_timeouts(void **state)
{
	struct house	*h = *state;

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, 299000));
	assert_int_equal(h->ended, 0);
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, 300000));
	assert_int_equal(h->ended, 1);

	/* answered in a 183, and the 2xx had no body: it talks, so it lives */
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b1", ANSWER | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	only(h)->caller->ends[0]->flow[0].count->last_ns =
	    mono_add_ms(h->now, 250000).ns;
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, 500000));
	assert_int_equal(h->ended, 1);
	sessions_end(h->ss, STR("call-1"), STR("tag-a"), STR(""));

	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	/* a packet on any stream keeps all of it */
	only(h)->selected->ends[0]->flow[1].count->last_ns =
	    mono_add_ms(h->now, 30000).ns;
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, 89000));
	assert_int_equal(h->ended, 1);
	for (int i = 0; i < 20; i++)
		sessions_sweep(h->ss, mono_add_ms(h->now, 90000));
	assert_int_equal(h->ended, 2);
	assert_int_equal(used(h), 0);
}

/* A body by the other server, whose media are at that port of ours. */
static int
say_ours(struct house *h, const char *call, const char *branch, int how, unsigned at)
{
	char	media[64];

	h->call_id = call;
	snprintf(media, sizeof(media), "m=audio %u RTP/AVP 0\r\n", at);
	return say(h, branch, how, 1, RELAY, media);
}

static struct flow *
flow_of(struct house *h, const char *call, bool caller)
{
	struct session	*s = session_find(h->ss, str_of(call), STR("tag-a"));

	return &(caller ? s->caller : s->selected)->ends[0]->flow[0];
}

/* Row 147: out to a server that is two calls, and back; the phones are linked. */
static void
test_loop(void **state)
{
	struct house	*h = *state;
	unsigned	 out, back;

	h->call_id = "c1";
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	out = port(h, 0);
	assert_int_equal(say_ours(h, "c2", "b1", OFFER, out), 200);
	h->call_id = "c2";
	assert_int_equal(say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, CALLEE,
	    AUDIO(5000)), 200);
	back = port(h, 0);
	assert_null(learn_target(&flow_of(h, "c2", true)->learn));
	assert_int_equal(say_ours(h, "c1", "b1", ANSWER | FINAL | BY_CALLEE, back), 200);
	assert_ptr_equal(flow_of(h, "c1", true)->to, flow_of(h, "c2", false));
	assert_ptr_equal(flow_of(h, "c2", false)->to, flow_of(h, "c1", true));
	assert_null(flow_of(h, "c1", false)->to);
	/* whoever guesses a port of the call is not let in */
	say_ours(h, "c3", "b1", OFFER, out);
	h->call_id = "c3";
	say(h, "b1", ANSWER | FINAL | BY_CALLEE, 1, OTHER, AUDIO(6000));
	assert_ptr_equal(flow_of(h, "c1", true)->to, flow_of(h, "c2", false));
	assert_ptr_equal(flow_of(h, "c3", false)->to, flow_of(h, "c3", true));
	/* one of them ends first */
	sessions_end(h->ss, STR("c2"), STR("tag-a"), STR(""));
	assert_null(flow_of(h, "c1", true)->to);
	sessions_end(h->ss, STR("c1"), STR("tag-a"), STR(""));
	sessions_end(h->ss, STR("c3"), STR("tag-a"), STR(""));
	assert_int_equal(used(h), 0);
}

/* The same by a proxy: it is one call, seen twice. */
static void
test_spiral(void **state)
{
	struct house	*h = *state;
	unsigned	 out, near;

	h->call_id = "c1";
	say(h, "b1", OFFER, 1, CALLER, AUDIO(4000));
	out = port(h, 0);
	assert_int_equal(say_ours(h, "c1", "b2", OFFER, out), 200);
	assert_int_not_equal(port(h, 0), out);
	say(h, "b2", ANSWER | FINAL | BY_CALLEE, 1, CALLEE, AUDIO(5000));
	near = port(h, 0);
	assert_int_equal(say_ours(h, "c1", "b1", ANSWER | FINAL | BY_CALLEE, near), 200);
	assert_int_equal(port(h, 0), near);
	assert_string_equal(target(only(h)->caller, 0), CALLER ":4000");
	assert_string_equal(target(only(h)->selected, 0), CALLEE ":5000");
	assert_ptr_equal(flow_of(h, "c1", true)->to, flow_of(h, "c1", false));
}

int
main(void)
{
#define T(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_call),
		T(test_repetition_teaches_nothing),
		T(test_fork),
		T(test_branches_end),
		T(test_reinvite),
		T(test_hold),
		T(test_lines),
		T(test_offer_in_2xx),
		T(test_forbidden),
		T(test_limits),
		T(test_unknown),
		T(test_timeouts),
		T(test_loop),
		T(test_spiral),
	};

	unsetenv("NOTIFY_SOCKET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
