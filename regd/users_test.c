/*
 * users_test - accounts, tables and the feed over the bus.
 */
#include "regd/house_test.h"

static void
test_users(void **state)
{
	static const struct {
		struct rec_user user;
		uint8_t mode;
		const char *complaint;		/* NULL: done */
	} rows[] = {
		{ { .aor = STR("anna@example.com") }, USER_ADD, "no password" },
		{ { .aor = STR("anna@example.com"), .password = STR("s") },
		  USER_SET, "there is no account anna@example.com" },
		{ { .aor = STR("Anna@Example.COM"), .password = STR("secret"),
		    .name = STR("Anna"), .number = STR("+15551230101") },
		  USER_ADD, NULL },
		{ { .aor = STR("anna@example.com"), .password = STR("s") },
		  USER_ADD, "exists already" },
		{ { .aor = STR("bob"), .password = STR("s") }, USER_ADD, NULL },
		{ { .aor = STR("bob@exmaple.com"), .password = STR("s") },
		  USER_ADD, "domain not served" },
		{ { .aor = STR("@example.com"), .password = STR("s") },
		  USER_ADD, "bad" },
		{ { .aor = STR("b%3ab@example.com"), .password = STR("s") },
		  USER_ADD, "bad" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("+1555123") }, USER_ADD, "too short" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("12a") }, USER_ADD, "only digits" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("+15551230101") }, USER_ADD,
		  "belongs to anna@example.com" },
		{ { .aor = STR("carl@example.com"),
		    .ha1_md5 = STR("0123") }, USER_ADD, "32 hex digits" },
		{ { .aor = STR("carl@example.com"), .ha1_md5 =
		    STR("0123456789abcdef0123456789abcdeg") }, USER_ADD,
		  "32 hex digits" },
		{ { .aor = STR("carl@example.com"), .name = STR("a\nb"),
		    .password = STR("s") }, USER_ADD, "bad name" },
		/* printf carl:example.com:secret | md5sum */
		{ { .aor = STR("carl@example.com"), .ha1_md5 =
		    STR("979a9ea9e6ad37d0cba09c5e71b099a7") }, USER_ADD_OR_SET,
		  NULL },
		{ { .aor = STR("anna@example.com"), .service = STR("yes") },
		  USER_SET, "on or off" },
		{ { .aor = STR("anna@example.com"), .networks = STR("10.0.0.1/8") },
		  USER_SET, "not a network" },
		{ { .aor = STR("anna@example.com"), .networks =
		    STR("192.0.2.0/24, 2001:db8::/32") }, USER_SET, NULL },
		{ { .aor = STR("anna@example.com"), .name = STR("A. B.") },
		  USER_ADD_OR_SET, NULL },
	};
	struct phone p = anna();
	struct account *c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rec_user u = rows[i].user;
		struct msg_user_put m = {
			.by = STR("t"), .mode = rows[i].mode, .users = { &u, 1 },
		};

		u.row = (uint32_t)i;
		ask(MSG_USER_PUT, &m);
		assert_int_equal(h.a.type, MSG_USERS_PUT);
		if (h.a.m.users_put.done != (rows[i].complaint == NULL))
			fail_msg("row %zu: %u done", i, h.a.m.users_put.done);
		if (rows[i].complaint == NULL)
			continue;
		assert_int_equal(h.a.m.users_put.complaints.n, 1);
		assert_int_equal(h.a.m.users_put.complaints.v[0].line, i);
		if (str_find(h.a.m.users_put.complaints.v[0].text,
		    str_of(rows[i].complaint)) < 0)
			fail_msg("row %zu: %.*s", i,
			    STR_ARG(h.a.m.users_put.complaints.v[0].text));
	}
	/* The change of name kept number and password. */
	down();
	up();
	assert_int_equal(accounts_count(h.regd->accounts), 3);
	c = accounts_find_number(h.regd->accounts, STR("+15551230101"));
	assert_non_null(c);
	assert_true(str_eq(account_name(c), STR("A. B.")));
	p = anna();
	assert_int_equal(do_register(&p, 1, 600), 200);
	/* HA1 alone is enough. */
	p = anna();
	p.user = "carl";
	assert_int_equal(do_register(&p, 1, 600), 403);	/* good, but anna's */
}

static void
test_dry_run_and_del(void **state)
{
	struct rec_user two[2] = {
		{ .aor = STR("anna@example.com"), .password = STR("secret") },
		{ .aor = STR("anna@example.com"), .password = STR("secret") },
	};
	struct msg_user_put m = {
		.mode = USER_ADD, .dry_run = true, .users = { two, 2 },
	};
	struct msg_user_del del = { .aor = STR("anna@example.com") };
	struct phone p = anna();

	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.a.m.users_put.done, 1);
	assert_int_equal(h.a.m.users_put.complaints.n, 1);
	assert_int_equal(accounts_count(h.regd->accounts), 0);
	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	m.mode = USER_ADD_OR_SET;
	two[0].password = STR("changed");
	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.a.m.users_put.done, 2);
	assert_int_equal(do_register(&p, 2, 600), 200);	/* nothing changed */

	ask(MSG_USER_DEL, &del);
	assert_int_equal(h.a.type, MSG_DONE);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
	ask(MSG_USER_DEL, &del);
	assert_int_equal(h.a.m.refused.error, ENOENT);
	p = anna();
	assert_int_equal(do_register(&p, 3, 600), 401);
	down();
	up();
	assert_int_equal(accounts_count(h.regd->accounts), 0);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
}

static void
test_reg_del_and_show(void **state)
{
	struct phone p = anna();
	struct msg_show show = { .what = STR("bindings") };
	struct msg_reg_del del = {
		.aor = STR("anna@example.com"), .contact = STR("sip:x@y"),
	};
	const struct rec_cell *cell;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	ask(MSG_SHOW, &show);
	assert_int_equal(h.a.type, MSG_ROWS);
	assert_int_equal(h.a.m.rows.rows.n, 1);
	cell = h.a.m.rows.rows.v[0].cells.v;
	assert_true(str_eq(cell[1].name, STR("contact")));
	assert_true(str_eq(cell[1].text, STR(CONTACT)));
	assert_true(str_eq(cell[2].text, STR("192.0.2.1:5060")));
	assert_true(str_eq(cell[3].text, STR("udp")));
	show.what = STR("users");
	ask(MSG_SHOW, &show);
	assert_int_equal(h.a.m.rows.rows.n, 1);

	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.a.m.refused.error, ENOENT);
	del.contact = STR("sip:anna@192.0.2.1:5060");
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.a.type, MSG_DONE);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
	del.contact = STR_NONE;
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.a.m.refused.error, ENOENT);
	/* The phone's next REGISTER comes with the next CSeq. */
	assert_int_equal(do_register(&p, 2, 600), 200);
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.a.type, MSG_DONE);
}

/* ---- the feed ---- */

static void
fed_begin(void *arg)
{
}

static void
fed_record(void *arg, enum msg_type type, const union msg *m)
{
	h.records++;
	if (type == MSG_BINDINGS)
		snprintf(h.fed, sizeof(h.fed), "%.*s %u",
		    STR_ARG(m->bindings.aor), m->bindings.bindings.n);
	else
		snprintf(h.fed, sizeof(h.fed), "%.*s", STR_ARG(m->account.aor));
}

static void
fed_complete(void *arg)
{
	h.completes++;
}

static void
test_feed(void **state)
{
	static const struct feed_follower follower = {
		fed_begin, fed_record, fed_complete, .bulk = true
	};
	struct phone p = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	bus_peer_follow(h.peer, &follower, NULL);
	while (h.completes == 0)
		loop_once(h.self.loop, 100);
	assert_int_equal(h.records, 2);
	assert_string_equal(h.fed, "anna@example.com 1");
	assert_int_equal(do_register(&p, 2, 0), 200);
	while (h.records < 3)
		loop_once(h.self.loop, 100);
	assert_string_equal(h.fed, "anna@example.com 0");
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_users),
		T(test_dry_run_and_del),
		T(test_reg_del_and_show),
		T(test_feed),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
