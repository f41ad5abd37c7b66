/*
 * journal_test - what is durable, what is not, and when it is folded (F10).
 */
#include "regd/house_test.h"

/* ---- the disk ---- */

/* F10: 503, never a false 200; nothing has changed; well again at once. */
static void
test_full_disk(void **state)
{
	struct phone p = anna(), q;
	struct rlimit old, tight = { 4096, 0 };
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m, copy;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);

	assert_int_equal(do_register(&p, 2, 0), 503);
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	d = phone_sign(&p, "sip:example.com");
	m = copy = registration(&d, &c, 3);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 503);
	{
		struct rec_user u = { .aor = STR("bob@example.com"),
		    .password = STR("s") };
		struct msg_user_put put = { .mode = USER_ADD,
		    .users = { &u, 1 } };

		ask(MSG_USER_PUT, &put);
		assert_int_equal(h.a.type, MSG_REFUSED);
		assert_int_equal(accounts_count(h.regd->accounts), 1);
	}
	assert_non_null(journal_trouble(h.regd->journal));
	/* A query still works. */
	q = anna();
	d = phone_sign(&q, "sip:example.com");
	m = registration(&d, &c, 1);
	m.contacts.n = 0;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 200);
	assert_int_equal(h.a.m.registered.bindings.n, 1);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* The same question again: what was not done is done now. */
	d = phone_sign(&p, "sip:example.com");
	p.nc--;
	snprintf(p.ncs, sizeof(p.ncs), "%08x", p.nc);
	p.nc--;
	d = phone_sign(&p, "sip:example.com");
	c.expires_s = -1;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.a.m.registered.code, 200);
	assert_null(journal_trouble(h.regd->journal));
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	assert_int_equal(accounts_count(h.regd->accounts), 1);
}

static void
test_relaxed(void **state)
{
	struct phone p = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	settings.register_durability = DURABILITY_RELAXED;
	assert_int_equal(do_register(&p, 1, 600), 200);
	assert_int_equal(h.a.m.registered.bindings.n, 1);
	while (journal_waiting(h.regd->journal) > 0 ||
	    journal_octets(h.regd->journal) == 0)
		loop_once(h.self.loop, 100);
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
}

/* ---- many at once, and the time after ---- */

static uint32_t many_done, many_ok;

static void
on_many(void *arg, int error, enum msg_type type, const union msg *m)
{
	many_done++;
	many_ok += error == 0 && type == MSG_REGISTERED &&
	    m->registered.code == 200;
}

/* In few commits; folded when it is quiet; loaded from the table. */
static void
test_many(void **state)
{
	struct rec_contact c;
	struct msg_registration m;
	struct stats before, after;
	char aor[200][32];
	struct rec_user u[200];
	struct msg_user_put put = { .mode = USER_ADD, .users = { u, 200 } };
	uint64_t cursor;
	struct aor *a;

	memset(u, 0, sizeof(u));
	for (int i = 0; i < 200; i++) {
		snprintf(aor[i], sizeof(aor[i]), "u%03d@example.com", i);
		u[i].aor = str_of(aor[i]);
		u[i].password = STR("p");
	}
	ask(MSG_USER_PUT, &put);
	assert_int_equal(h.a.m.users_put.done, 200);
	stats_sum(&before);
	many_done = many_ok = 0;
	for (int i = 0; i < 200; i++) {
		m = registration(NULL, &c, 1);
		m.aor = str_of(aor[i]);
		m.trusted = true;
		bus_ask(h.peer, MSG_REGISTER, &m, 5000, on_many, NULL);
		if (i % 2 == 0) {		/* and away again, in order */
			m.cseq = 2;
			m.expires_s = 0;
			bus_ask(h.peer, MSG_REGISTER, &m, 5000, on_many, NULL);
		}
	}
	while (many_done < 300)
		loop_once(h.self.loop, 100);
	assert_int_equal(many_ok, 300);
	assert_int_equal(bindings_contacts(h.regd->bindings), 100);
	stats_sum(&after);
	assert_int_equal(after.commit_rows - before.commit_rows, 300);
	assert_true(after.commits - before.commits < 100);

	while (journal_octets(h.regd->journal) > 0)
		loop_once(h.self.loop, 100);
	/* Those without contact were forgotten with the folding. */
	cursor = 0;
	for (uint32_t n = 0; (a = bindings_next(h.regd->bindings, &cursor)) !=
	    NULL; cursor++, n++) {
		assert_non_null(aor_set(a));
		assert_true(n < 100);
	}
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 100);
	assert_int_equal(journal_octets(h.regd->journal), 0);
}

static unsigned at_once, in_turn;
static bool ordered;

static void
on_change(void *arg, struct change *c, int error)
{
	assert_int_equal(error, 0);
	ordered &= c->fingerprint == many_done;
	many_done++;
	in_turn++;
}

/* Behind a slow disk many gather: they come into force in their order, part by part. */
static void
test_parts(void **state)
{
	enum { MANY = 3 * JOURNAL_TURN + 7 };
	struct binding b = { .expires_ms = boot_ms() + 600000,
	    .text[B_URI] = STR("sip:a@192.0.2.1") };
	struct draft d = { .n = 1 };
	struct change c = { .done = on_change };
	struct aor *a;
	struct set *s;
	char aor[32];

	many_done = at_once = 0;
	ordered = true;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(aor, sizeof(aor), "u%u@example.com", i / 2);
		a = bindings_get(h.regd->bindings, str_of(aor));
		d.v[0] = b;
		assert_int_equal(set_build(&s, &d), 0);
		c.fingerprint = i;
		assert_int_equal(journal_change(h.regd->journal, a, s, false, &c), 0);
	}
	while (many_done < MANY) {
		in_turn = 0;
		loop_once(h.self.loop, 100);
		if (in_turn > at_once)
			at_once = in_turn;
	}
	assert_true(ordered);
	/* One turn of loop_once() may be the end of one and the whole of the next. */
	assert_in_range(at_once, 1, 2 * JOURNAL_TURN);
	assert_int_equal(bindings_contacts(h.regd->bindings), MANY / 2 + 1);
	while (journal_octets(h.regd->journal) > 0)
		loop_once(h.self.loop, 100);
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), MANY / 2 + 1);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_full_disk),
		T(test_relaxed),
		T(test_many),
		T(test_parts),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
