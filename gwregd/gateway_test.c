/*
 * gateway_test - one registration: digests, nonces, refusals, redirects, what is never
 * signed (S09).
 */
#include "gwregd/far_test.h"

static void
test_registers(void **state)
{
	until_state("registered");
	assert_int_equal(h.asked, 2);
	assert_int_equal(h.ok, 1);
	assert_string_equal(h.name, "line7");
	assert_string_equal(h.from, "sip:line7@far.example");
	assert_string_equal(h.uri, "sip:far.example");
	assert_string_equal(h.next_hop, "sip:192.0.2.10:5070");
	assert_string_equal(h.contact, "sip:line7@198.51.100.1:5062");
	assert_int_equal(h.last_expires, 750);
	assert_int_equal(strncmp(h.branch, "z9hG4bK", 7), 0);
	assert_string_equal(cell("registered_as"), "line7@far.example");
	assert_string_equal(cell("server"), "udp:192.0.2.10:5060");
	assert_in_range(atoi(cell("expires_s")), 745, 750);
	assert_string_equal(cell("last_error"), "");
	assert_string_equal(cell("channels"), "30");
}

/* The nonce serves again; a stale one is answered once more. */
static void
test_nonce_again(void **state)
{
	until_state("registered");
	assert_int_equal(order("test"), MSG_DONE);
	assert_int_equal(h.asked, 3);
	assert_int_equal(h.ok, 2);
	h.nonce++;			/* the server forgot ours */
	assert_int_equal(order("test"), MSG_DONE);
	assert_int_equal(h.asked, 5);
	assert_int_equal(h.ok, 3);
}

static const struct {
	enum reply reply;
	bool proxy;
	unsigned asked;
} good[] = {
	{ R_CHECK, true, 2 },
	{ R_CHECK_SAME, false, 2 },
	{ R_SHA, false, 2 },
	{ R_2069, false, 2 },
	{ R_423, false, 2 },
	{ R_OTHER_CONTACT, false, 1 },
};

static void
test_kinds(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		teardown(state);
		setup(state);
		h.reply = good[i].reply;
		h.proxy = good[i].proxy;
		until_state("registered");
		if (h.asked != good[i].asked)
			fail_msg("row %zu: %u asked", i, h.asked);
		if (h.reply == R_OTHER_CONTACT)
			assert_in_range(atoi(cell("expires_s")), 45, 50);
		if (h.reply == R_423)
			assert_int_equal(h.last_expires, 7200);
	}
}

static const struct {
	const char *secret;
	enum reply reply;
	unsigned asked;
	const char *error;
} failing[] = {
	{ "tresor", R_CHECK, 2, "401 Unauthorized: wrong user name or password" },
	{ "tresor", R_CHECK_SAME, 2, "wrong user name or password" },
	{ "tresor", R_STALE, 4, "again and again" },
	{ "secret", R_SESS, 1, "authentication that is not known" },
	{ "secret", R_403, 1, "403 Forbidden" },
	{ "secret", R_503, 1, "503 Service Unavailable" },
	{ "secret", R_NONE, 1, "contact was not registered" },
};

static void
test_failures(void **state)
{
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		teardown(state);
		first_secret = failing[i].secret;
		first_reply = failing[i].reply;
		setup(state);
		first_secret = "secret";
		first_reply = R_CHECK;
		until_state("failed");
		if (strstr(cell("last_error"), failing[i].error) == NULL)
			fail_msg("row %zu: %s", i, cell("last_error"));
		assert_non_null(strstr(cell("last_error"), "next try in"));
		if (h.asked != failing[i].asked)
			fail_msg("row %zu: %u asked", i, h.asked);
		assert_null(strstr(cell("last_error"), failing[i].secret));
	}
}

/* 302: asked where it leads, for as long as we are registered there. */
static void
test_redirect(void **state)
{
	struct gateway *w;

	teardown(state);
	first_reply = R_MOVED;
	first_realm = t_realm;
	setup(state);
	first_reply = R_CHECK;
	first_realm = t_empty;
	until_state("registered");
	assert_int_equal(h.moved, 1);
	assert_int_equal(h.asked, 3);
	assert_string_equal(h.uri, "sip:moved.example:5070");
	assert_string_equal(h.next_hop, "");
	assert_string_equal(h.from, "sip:line7@far.example");
	assert_int_equal(order("test"), MSG_DONE);
	assert_int_equal(h.moved, 1);
	h.reply = R_503;			/* lost there: from the beginning */
	assert_int_equal(order("test"), MSG_REFUSED);
	w = map_find(h.g->gateways, STR("far"));
	assert_string_equal(w->keep.moved, "");
}

/* S09: only where the configuration sends us, or for its realm. */
static void
test_other_realms(void **state)
{
	static const struct {
		enum reply reply;
		char *realm;
		const char *state;
	} cases[] = {
		{ R_REALM, t_empty, "failed" },	/* "other" signed: the far server says no */
		{ R_REALM, t_realm, "failed" },
		{ R_MOVED_FAR, t_empty, "failed" },
		{ R_MOVED, t_realm, "registered" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown(state);
		first_reply = cases[i].reply;
		first_realm = cases[i].realm;
		setup(state);
		first_reply = R_CHECK;
		first_realm = t_empty;
		until_state(cases[i].state);
		if (i == 1 || i == 2) {
			assert_string_equal(h.name, "");	/* never signed */
			assert_non_null(strstr(cell("last_error"), "realm \"other\""));
		}
	}
}

/*
 * S09: what has accepted us in one realm is not answered in another, until the
 * administrator says so or gives another password.
 */
static void
test_realm_stays(void **state)
{
	until_state("registered");
	h.reply = R_REALM;
	h.nonce++;
	h.name[0] = '\0';
	assert_int_equal(order("test"), MSG_REFUSED);
	assert_true(str_find(h.a.m.refused.text, STR("realm \"other\"")) >= 0);
	assert_int_equal(order("test"), MSG_REFUSED);
	h.reply = R_CHECK;
	assert_int_equal(order("test"), MSG_DONE);
	h.reply = R_REALM;
	secret_write("another\n");
	h.nonce++;
	h.name[0] = '\0';
	gwregd_commit(&h.self, &h.settings);
	while (h.name[0] == '\0')		/* now it is */
		loop_once(h.self.loop, 100);
}

static void
test_circles(void **state)
{
	teardown(state);
	first_reply = R_IN_CIRCLES;
	setup(state);
	first_reply = R_CHECK;
	until_state("failed");
	assert_int_equal(h.asked, 4);
	assert_non_null(strstr(cell("last_error"), "301 Moved"));
}

/*
 * Row 174: a nonce that ends between two refreshes makes us refresh sooner; nonces
 * that serve once do not.
 */
static void
test_nonce_life(void **state)
{
	struct gateway *w;

	until_state("registered");
	w = map_find(h.g->gateways, STR("far"));
	assert_int_equal(w->machine.nonce_ms, 0);
	w->keep.nonce_at_ms -= 200000;		/* taken 200 s ago */
	h.nonce++;
	assert_int_equal(order("test"), MSG_DONE);
	assert_in_range(w->machine.nonce_ms, 160000, 161000);
	assert_in_range(w->machine.wake_ms - boot_ms(), 150000, 161000);
	w->keep.nonce_at_ms -= 1000000;		/* later than we would: no news */
	h.nonce++;
	assert_int_equal(order("test"), MSG_DONE);
	assert_in_range(w->machine.nonce_ms, 160000, 161000);
	w->keep.nonce_at_ms -= 1000;
	h.nonce++;
	assert_int_equal(order("test"), MSG_DONE);
	assert_int_equal(w->machine.nonce_ms, 60000);
	w->keep.nonce_at_ms -= 1000;
	h.nonce++;
	assert_int_equal(order("test"), MSG_DONE);
	assert_int_equal(w->machine.nonce_ms, 0);
	assert_int_equal(w->keep.nonce_once, 1);
	assert_in_range(w->machine.wake_ms - boot_ms(), 560000, 601000);
}

static void
test_service_route(void **state)
{
	struct gateway *w;

	until_state("registered");
	w = map_find(h.g->gateways, STR("far"));
	assert_string_equal(w->keep.service_route, "");
	h.routes = true;
	assert_int_equal(order("test"), MSG_DONE);
	assert_string_equal(w->keep.service_route,
	    "<sip:edge.far.example;lr>, <sip:core.far.example;lr>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_registers),
		T(test_nonce_again),
		T(test_kinds),
		T(test_failures),
		T(test_redirect),
		T(test_other_realms),
		T(test_realm_stays),
		T(test_circles),
		T(test_nonce_life),
		T(test_service_route),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
