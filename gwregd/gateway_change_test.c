/*
 * gateway_change_test - what happens to a registration from outside: other settings,
 * other passwords, orders, kills, restarts, planned ends (F5).
 */
#include "gwregd/far_test.h"

static void
test_new_password(void **state)
{
	until_state("registered");
	secret_write("wrong\n");
	h.nonce++;
	commit();
	while (h.bad < 3)
		loop_once(h.self.loop, 100);
	/* The registration that we have is not over yet. */
	assert_string_equal(cell("state"), "registered");
	assert_non_null(strstr(cell("last_error"), "password"));
	secret_write("secret\n");
	commit();
	while (h.ok < 2)
		loop_once(h.self.loop, 100);
	until_state("registered");
	assert_string_equal(cell("last_error"), "");
}

/* Other settings: signed off first, under the old ones. */
static void
test_other_settings(void **state)
{
	static struct gateway_settings other;

	other = h.one;
	until_state("registered");
	other.username = t_other;
	other.auth_name = t_auth;
	other.contact = t_contact;
	h.settings.gateways = &other;
	commit();
	while (h.ok < 3)
		loop_once(h.self.loop, 100);
	assert_int_equal(h.unregistered, 1);
	until_state("registered");
	assert_string_equal(h.from, "sip:line8@far.example");
	assert_string_equal(h.contact, "sip:desk@198.51.100.1:5080");
	assert_string_equal(h.name, "auth-name");

	other.channels = 7;			/* no reason to register */
	commit();
	assert_string_equal(cell("channels"), "7");
	assert_int_equal(h.ok, 3);

	other.disabled = true;
	commit();
	until_state("disabled");
	while (h.unregistered < 2)
		loop_once(h.self.loop, 100);
	h.settings.gateways = &h.one;
}

static void
test_remove(void **state)
{
	char path[128];

	until_state("registered");
	snprintf(path, sizeof(path), "%s/state/gwregd/far", h.dir);
	assert_int_equal(access(path, F_OK), 0);
	h.settings.ngateways = 0;
	commit();
	while (map_count(h.g->gateways) > 0)
		loop_once(h.self.loop, 100);
	assert_int_equal(h.unregistered, 1);
	assert_int_equal(access(path, F_OK), -1);
}

/* The nonce has ended meanwhile: the sign-off is challenged and sent again. */
static void
test_remove_is_challenged(void **state)
{
	until_state("registered");
	h.nonce++;
	h.settings.ngateways = 0;
	commit();
	while (map_count(h.g->gateways) > 0)
		loop_once(h.self.loop, 100);
	assert_int_equal(h.unregistered, 1);
	assert_int_equal(h.bad, 2);
	h.settings.ngateways = 1;
}

/* Its block went while no gwregd ran: nothing can be signed off, its file goes. */
static void
test_file_without_gateway(void **state)
{
	char path[128];

	until_state("registered");
	killed();
	snprintf(path, sizeof(path), "%s/state/gwregd/far", h.dir);
	assert_int_equal(access(path, F_OK), 0);
	h.settings.ngateways = 0;
	up();
	assert_int_equal(access(path, F_OK), -1);
	h.settings.ngateways = 1;
}

/* Removed and added again before the sign-off was answered. */
static void
test_remove_and_add(void **state)
{
	until_state("registered");
	h.settings.ngateways = 0;
	commit();
	h.settings.ngateways = 1;
	commit();
	while (h.ok < 3)
		loop_once(h.self.loop, 100);
	until_state("registered");
	assert_int_equal(map_count(h.g->gateways), 1);
}

static void
test_orders(void **state)
{
	until_state("registered");
	disable(true);
	until_state("disabled");
	while (h.unregistered < 1)
		loop_once(h.self.loop, 100);
	assert_int_equal(order("test"), MSG_REFUSED);
	disable(false);
	until_state("registered");
	h.reply = R_403;
	assert_int_equal(order("test"), MSG_REFUSED);
	assert_int_equal(h.a.m.refused.error, ECONNREFUSED);
	assert_true(str_find(h.a.m.refused.text, STR("403 Forbidden")) >= 0);
	assert_int_equal(order("dance"), MSG_REFUSED);
}

/* F5: a killed gwregd goes on where it was, with the same Call-ID. */
static void
test_kill(void **state)
{
	char call_id[64];
	uint32_t cseq;
	unsigned asked;

	until_state("registered");
	asked = h.asked;
	cseq = h.last_cseq;
	memcpy(call_id, h.call_id, sizeof(call_id));
	killed();
	up();
	assert_string_equal(cell("state"), "registered");
	assert_in_range(atoi(cell("expires_s")), 740, 750);
	for (int i = 0; i < 5; i++)
		loop_once(h.self.loop, 20);
	assert_int_equal(h.asked, asked);
	assert_int_equal(order("test"), MSG_DONE);
	assert_string_equal(h.call_id, call_id);
	assert_int_equal(h.last_cseq, cseq + 1);
	assert_int_equal(h.asked, asked + 1);		/* and the nonce was kept */
}

/* Killed while it asked: not asked again within five seconds. */
static void
test_kill_while_asking(void **state)
{
	unsigned asked;

	h.reply = R_503;
	until_state("failed");
	asked = h.asked;
	killed();
	up();
	assert_string_equal(cell("state"), "failed");
	assert_int_equal(strncmp(cell("last_error"), "503 Service Unavailable, next try in",
	    36), 0);
	for (int i = 0; i < 5; i++)
		loop_once(h.self.loop, 20);
	assert_int_equal(h.asked, asked);
}

static void
test_planned_end(void **state)
{
	until_state("registered");
	down();
	assert_int_equal(h.unregistered, 1);
	up();
	until_state("registered");
}

/* One file of several gateways is one warning; of many files five are named. */
static void
test_many_open_files(void)
{
	struct gateway_settings many[9];
	struct settings all = h.settings;
	struct complaints c = { 0 };
	char names[9][32], path[128];

	all.gateways = many;
	all.ngateways = 9;
	for (unsigned i = 0; i < 9; i++) {
		many[i] = h.one;
		snprintf(names[i], sizeof(names[i]), "open%u.secret", i);
		if (i < 2)
			continue;		/* both have far.secret */
		many[i].password_file = names[i];
		snprintf(path, sizeof(path), "%s/etc/%s", h.dir, names[i]);
		assert_int_equal(file_replace(path, STR("secret\n"), 0644), 0);
	}
	assert_true(gwregd_prepare(&h.self, &all, &c));
	assert_int_equal(c.n, 6);
	assert_non_null(strstr(c.v[5].text, "of 3 more"));
	complaints_fini(&c);
	for (unsigned i = 2; i < 9; i++) {
		snprintf(path, sizeof(path), "%s/etc/%s", h.dir, names[i]);
		unlink(path);
	}
}

static void
test_prepare(void **state)
{
	struct complaints c = { 0 };
	char path[128];

	assert_true(gwregd_prepare(&h.self, &h.settings, &c));
	assert_int_equal(c.n, 0);
	snprintf(path, sizeof(path), "%s/etc/far.secret", h.dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(gwregd_prepare(&h.self, &h.settings, &c));
	assert_int_equal(c.n, 1);
	assert_non_null(strstr(c.v[0].text, "everybody"));
	complaints_fini(&c);
	test_many_open_files();
	memset(&c, 0, sizeof(c));
	unlink(path);
	assert_false(gwregd_prepare(&h.self, &h.settings, &c));
	assert_int_equal(c.n, 1);
	assert_non_null(strstr(c.v[0].text, "far.secret"));
	complaints_fini(&c);
	secret_write("\n");
	memset(&c, 0, sizeof(c));
	assert_false(gwregd_prepare(&h.self, &h.settings, &c));
	complaints_fini(&c);
}

static void
test_keep_file(void **state)
{
	struct keep k = { .cseq = 7, .sent_ms = 1, .until_ms = 99,
	    .refresh_ms = 50 }, back = { 0 };
	char path[128];

	str_copy(k.call_id, sizeof(k.call_id), STR("call"));
	str_copy(k.from_tag, sizeof(k.from_tag), STR("tag"));
	str_copy(k.sign.realm, sizeof(k.sign.realm), STR("a realm, quoted"));
	str_copy(k.sign.nonce, sizeof(k.sign.nonce), STR("n"));
	k.sign.algorithm = DIGEST_SHA256;
	k.sign.named = k.sign.proxy = k.sign.valid = true;
	k.sign.nc = 3;
	assert_int_equal(keep_write(&k, h.dir, "k"), 0);
	assert_int_equal(keep_read(&back, h.dir, "k"), 0);
	assert_memory_equal(&k, &back, sizeof(k));
	keep_remove(h.dir, "k");
	assert_int_equal(keep_read(&back, h.dir, "k"), -ENOENT);
	snprintf(path, sizeof(path), "%s/k", h.dir);
	for (const char *const *bad = (const char *const[]){ "", "call-id x\n",
	    "stamp a b\n", "call-id x\nfrom-tag y\ncseq -1\n",
	    "call-id x\nfrom-tag y\nuntil 99999999999999999999\n", NULL };
	    *bad != NULL; bad++) {
		assert_int_equal(file_replace(path, str_of(*bad), 0600), 0);
		assert_int_equal(keep_read(&back, h.dir, "k"), -EBADMSG);
	}
	assert_memory_equal(&k, &back, sizeof(k));
}

/* "sipctl restart gwregd" drains it: the next process goes on, no sign-off. */
static void
test_restart(void **state)
{
	unsigned asked;

	until_state("registered");
	asked = h.asked;
	h.self.state = DAEMON_DRAINING;
	down();
	assert_int_equal(h.unregistered, 0);
	up();
	assert_string_equal(cell("state"), "registered");
	assert_int_equal(h.asked, asked);
}

/* Many that begin at once are spread; what is kept needs not wait. */
static void
test_slots(void **state)
{
	int64_t first = gwregd_slot(h.g), next = gwregd_slot(h.g);

	assert_true(first <= 20);
	assert_in_range(next, first, first + 20);
	for (int i = 0; i < 998; i++)
		next = gwregd_slot(h.g);
	assert_in_range(next, 19000, 20100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_new_password),
		T(test_other_settings),
		T(test_remove),
		T(test_remove_is_challenged),
		T(test_file_without_gateway),
		T(test_remove_and_add),
		T(test_orders),
		T(test_kill),
		T(test_kill_while_asking),
		T(test_planned_end),
		T(test_prepare),
		T(test_keep_file),
		T(test_restart),
		T(test_slots),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
