/* probe_test - thresholds of probes, and OPTIONS against a far server. */
#include "gwregd/far_test.h"

#include "gwregd/probe.h"

static void
test_thresholds(void **state)
{
	static const struct {
		const char	*results;	/* "+" answered, "-" not */
		const char	*states;	/* after each: none Up Down */
		uint32_t	 failures, successes;
	} cases[] = {
		{ "+-+--+---+-++-", "UUUUUUUUDDDDUU", 3, 2 },
		{ "--+", "DDU", 1, 1 },
		{ "---", "..D", 3, 1 },
		{ "-+", ".U", 3, 5 },		/* the first word is believed */
		{ "-----++++", "..DDDDDUU", 3, 3 },
	};
	struct probe p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&p, 0, sizeof(p));
		for (size_t k = 0; cases[i].results[k] != '\0'; k++) {
			enum probe_state before = p.state;
			bool changed = probe_result(&p, cases[i].results[k] == '+',
			    cases[i].failures, cases[i].successes);

			if (".UD"[p.state] != cases[i].states[k])
				fail_msg("row %zu, %zu: %d", i, k, p.state);
			assert_int_equal(changed, before != p.state);
		}
	}
}

static void
test_waits(void **state)
{
	static const struct {
		struct probe	p;
		int64_t		every;
		uint32_t	dice;
		int64_t		wait;
	} cases[] = {
		{ { PROBE_UP, 0, 9 }, 60000, 0, 54000 },
		{ { PROBE_UP, 0, 9 }, 60000, 999, 66000 },
		{ { PROBE_UP, 1, 0 }, 60000, 0, 1800 },	/* is it really down? */
		{ { PROBE_NONE, 2, 0 }, 60000, 0, 1800 },
		{ { PROBE_DOWN, 7, 0 }, 60000, 0, 54000 },
		{ { PROBE_DOWN, 0, 1 }, 60000, 999, 2200 },	/* really up? */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(probe_wait_ms(&cases[i].p, cases[i].every,
		    cases[i].dice), cases[i].wait);
}

static void
test_codes(void **state)
{
	static const uint16_t lives[] = { 200, 302, 401, 403, 404, 405, 407, 420, 483,
	    501, 505, 513, 603 }, dead[] = { 408, 500, 502, 503, 504 };

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
		assert_true(probe_code_lives(lives[i]));
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++)
		assert_false(probe_code_lives(dead[i]));
}

static void
until_probe(const char *word)
{
	struct mono end = mono_add_ms(mono_now(), 10000);

	while (strcmp(cell("probe"), word) != 0) {
		if (mono_before(end, mono_now()))
			fail_msg("not %s but %s", word, cell("probe"));
		loop_once(h.self.loop, 100);
	}
}

/* Registered and probed; admin state, registration and probe are three things. */
static void
test_down_and_up(void **state)
{
	struct gateway *w;

	until_state("registered");
	assert_string_equal(cell("probe"), "none");
	h.one.probe_every = 20;			/* quicker than a block may say */
	h.options_code = 404;
	commit();
	until_probe("up");
	assert_string_equal(cell("probe_reason"), "404 Whatever");
	h.options_code = 503;
	until_probe("down");
	assert_string_equal(cell("state"), "down");
	assert_string_equal(cell("registration"), "registered");
	assert_string_equal(cell("admin"), "enabled");
	assert_string_equal(cell("probe_reason"), "503 Whatever");
	h.options_code = 0;
	while (strcmp(cell("probe_reason"), "503 Whatever") == 0)
		loop_once(h.self.loop, 100);
	assert_string_equal(cell("probe"), "down");
	h.options_code = 401;
	until_probe("up");
	assert_string_equal(cell("state"), "registered");
	assert_false(h.options_signed);		/* S09 */
	disable(true);
	until_state("disabled");
	assert_string_equal(cell("probe"), "none");
	assert_string_equal(cell("admin"), "disabled");
	disable(false);
	until_probe("up");
	/* A registration in trouble is not probed: that would be asking twice. */
	w = map_find(h.g->gateways, STR("far"));
	w->machine.until_ms = 0;
	h.reply = R_403;
	(void)order("test");
	until_state("failed");
	assert_string_equal(cell("probe"), "none");
}

/* Without a user name there is nothing to register: "test" probes. */
static void
test_without_registration(void **state)
{
	teardown(state);
	t_user[0] = '\0';
	setup(state);
	t_user[0] = 'l';
	h.one.username = t_empty;
	h.options_code = 200;
	assert_string_equal(cell("state"), "unregistered");
	assert_int_equal(order("test"), MSG_DONE);
	assert_true(str_eq(h.a.m.done.text, STR("200 Whatever")));
	h.options_code = 503;
	assert_int_equal(order("test"), MSG_REFUSED);
	assert_true(str_find(h.a.m.refused.text, STR("503")) >= 0);
	assert_int_equal(h.options, 2);
	assert_int_equal(h.asked, 0);
}

static unsigned	fed;
static bool	fed_disabled;

static void
on_feed(void *arg)
{
}

static void
on_record(void *arg, enum msg_type type, const union msg *m)
{
	fed++;
	fed_disabled = m->gateway.disabled;
}

static void
until_fed(bool disabled)
{
	struct mono end = mono_add_ms(mono_now(), 10000);

	while (fed == 0 || fed_disabled != disabled) {
		if (mono_before(end, mono_now()))
			fail_msg("nobody is told: %s", disabled ? "disabled" : "enabled");
		loop_once(h.self.loop, 100);
	}
}

/* The others hear of both also where nothing is registered and nothing probed. */
static void
test_disabled_is_told(void **state)
{
	static const struct feed_follower follower = { on_feed, on_record, on_feed };

	h.one.username = t_empty;
	commit();
	fed = 0;
	bus_peer_follow(h.peer, &follower, NULL);
	until_fed(false);
	disable(true);
	until_fed(true);
	disable(false);
	until_fed(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_codes),
		T(test_down_and_up),
		T(test_without_registration),
		T(test_disabled_is_told),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
