#include "sipd/replica.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/stats.h"
#include "sipd/contacts.h"
#include "sipd/flows.h"
#include "sipd/reclaim.h"

static const struct mono	now = { INT64_C(5000000000000) };

static int
setup(void **state)
{
	replica_open();
	replica_join(NULL);
	return 0;
}

static int
teardown(void **state)
{
	replica_leave();
	replica_close();
	return 0;
}

static struct rec_binding
binding(const char *uri, const char *received, const char *listener)
{
	return (struct rec_binding){
		.uri = str_of(uri),
		.params = STR("methods=\"INVITE\""),
		.q = 700,
		.expires_ms = 60000,
		.instance = STR("<urn:uuid:1>"),
		.reg_id = 1,
		.received = str_of(received),
		.listener = str_of(listener),
		.agent = STR("phone/1"),
	};
}

static bool
put(const char *name, uint64_t version, const char *uri)
{
	struct rec_binding	b = binding(uri, "udp:192.0.2.7:5060",
				    "udp:192.0.2.1:5060");

	return replica_apply(str_of(name), version, &b, uri != NULL, now);
}

static struct contact
first(const struct aor *a)
{
	struct contact	c = { .npaths = 0 };
	uint32_t	at = 0;

	(void)contact_next(a, &at, &c);
	return c;
}

static void
keeps_all_of_a_contact(void **state)
{
	static const struct rec_path	paths[] = {
		{ STR("<sip:p1;lr>") }, { STR("<sip:p2;lr>") },
	};
	struct rec_binding	 b[3] = {
		binding("sip:a@192.0.2.7", "tcp:192.0.2.7:1027",
		    "tcp:192.0.2.1:5060"),
		binding("sip:a@192.0.2.8", "garbage", ""),
		binding("sip:a@[fe80::7]", "udp:[fe80::7%3]:5080", ""),
	};
	const struct aor	*a;
	const struct contact	*c;
	struct contacts		 all;

	b[1].paths.v = paths;
	b[1].paths.n = 2;
	b[2].fixed = true;
	b[2].q = 1000;
	b[2].reg_id = 0;
	assert_true(replica_apply(STR("anna@example.com"), 3, b, 3, now));
	assert_int_equal(replica_aors(), 1);
	assert_int_equal(replica_contacts(), 3);
	a = replica_find(STR("anna@example.com"));
	assert_non_null(a);
	assert_int_equal(a->version, 3);
	assert_int_equal(a->n, 3);
	contacts_read(a, &all);
	assert_int_equal(all.n, 3);
	c = &all.v[0];
	assert_true(str_eq(c->uri, STR("sip:a@192.0.2.7")));
	assert_int_equal(c->params.len, 0);
	assert_true(str_eq(c->instance, STR("<urn:uuid:1>")));
	assert_false(c->fixed);
	assert_int_equal(c->q, 700);
	assert_int_equal(c->reg_id, 1);
	assert_int_equal(c->flow.transport, TRANSPORT_TCP);
	assert_int_equal(addr_port(&c->flow.remote), 1027);
	assert_int_equal(addr_port(&c->flow.local), 5060);
	assert_true(contact_alive(c, mono_add_ms(now, 59999)));
	assert_false(contact_alive(c, mono_add_ms(now, 60000)));
	c = &all.v[1];
	assert_int_equal(c->flow.transport, TRANSPORT_NONE);
	assert_int_equal(c->npaths, 2);
	assert_true(str_eq(c->paths[1], STR("<sip:p2;lr>")));
	c = &all.v[2];
	assert_true(c->fixed);
	assert_true(str_eq(c->params, STR("methods=\"INVITE\"")));
	assert_int_equal(c->q, 1000);
	assert_int_equal(c->flow.remote.in6.sin6_scope_id, 3);
	assert_int_equal(addr_port(&c->flow.remote), 5080);
	assert_int_equal(c->flow.local.len, 0);
	assert_true(contact_alive(c, mono_add_ms(now, INT32_MAX)));
	assert_null(replica_find(STR("bob@example.com")));
}

static void
newer_wins(void **state)
{
	static const struct {
		uint64_t	 version;
		const char	*uri;		/* NULL: none left */
		bool		 taken;
		const char	*then;
	} cases[] = {
		{ 5, "sip:five", true, "sip:five" },
		{ 4, "sip:four", false, "sip:five" },
		{ 5, "sip:other", false, "sip:five" },
		{ 6, NULL, true, NULL },
		{ 5, "sip:five", false, NULL },	/* the tombstone knows */
		{ 7, "sip:seven", true, "sip:seven" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct aor	*a;

		assert_int_equal(put("anna@example.com", cases[i].version,
		    cases[i].uri), cases[i].taken);
		a = replica_find(STR("anna@example.com"));
		assert_int_equal(a != NULL, cases[i].then != NULL);
		if (a != NULL)
			assert_true(str_eq(first(a).uri,
			    str_of(cases[i].then)));
		replica_quiesce();
	}
	assert_int_equal(replica_aors(), 1);
}

static void
sweep(void)
{
	while (replica_sweep())
		;
}

static void
snapshot_removes_the_rest(void **state)
{
	put("kept@example.com", 1, "sip:k");
	put("gone@example.com", 1, "sip:g");
	put("left@example.com", 1, "sip:l");
	assert_false(replica_synced());
	replica_begin();
	put("left@example.com", 2, NULL);	/* an answer, meanwhile */
	put("new@example.com", 1, "sip:n");
	put("kept@example.com", 1, "sip:k");	/* the same version: seen */
	put("left@example.com", 1, "sip:l");	/* what the snapshot still had */
	assert_non_null(replica_find(STR("gone@example.com")));
	replica_quiesce();
	replica_complete();
	sweep();
	assert_true(replica_synced());
	assert_non_null(replica_find(STR("kept@example.com")));
	assert_non_null(replica_find(STR("new@example.com")));
	assert_null(replica_find(STR("gone@example.com")));
	assert_null(replica_find(STR("left@example.com")));
	assert_int_equal(replica_aors(), 2);
	/* The tombstone still stands, and goes after its time. */
	assert_false(put("left@example.com", 1, "sip:l"));
	for (int64_t ms = 0; ms < 300000; ms += 61000) {
		replica_tidy(mono_add_ms(mono_now(), ms));
		sweep();
	}
	assert_true(put("left@example.com", 1, "sip:l"));
}

static void
grows_and_shrinks(void **state)
{
	enum { N = 20000 };
	char	name[64];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			snprintf(name, sizeof(name), "u%d@example.com", i);
			assert_true(put(name, 2 * round + 1, "sip:x"));
		}
		assert_int_equal(replica_aors(), N);
		for (int i = 0; i < N; i++) {
			snprintf(name, sizeof(name), "u%d@example.com", i);
			if (replica_find(str_of(name)) == NULL)
				fail_msg("%s is not found", name);
		}
		replica_quiesce();
		for (int i = 0; i < N; i++) {
			snprintf(name, sizeof(name), "u%d@example.com", i);
			assert_true(put(name, 2 * round + 2, NULL));
		}
		assert_int_equal(replica_aors(), 0);
		assert_int_equal(replica_contacts(), 0);
	}
}

static void
counts_flows(void **state)
{
	struct rec_binding	b = binding("sip:a", "tcp:192.0.2.7:1027",
				    "tcp:192.0.2.1:5060");
	struct rec_binding	udp = binding("sip:a", "udp:192.0.2.7:1027",
				    "udp:192.0.2.1:5060");
	struct hop		h;

	assert_int_equal(hop_parse(&h, b.received, b.listener), 0);
	assert_false(flows_used(&h));
	replica_apply(STR("a@x"), 1, &b, 1, now);
	replica_apply(STR("b@x"), 1, &b, 1, now);
	assert_true(flows_used(&h));
	assert_int_equal(flows_count(), 1);
	replica_apply(STR("a@x"), 2, &b, 1, now);	/* refreshed */
	assert_int_equal(flows_count(), 1);
	replica_apply(STR("a@x"), 3, &udp, 1, now);
	assert_true(flows_used(&h));
	replica_apply(STR("b@x"), 2, NULL, 0, now);
	assert_false(flows_used(&h));
	assert_int_equal(flows_count(), 0);
}

/* ---- readers beside a writer ---- */

enum { WRITES = 20000, READERS = 2, NAMES = 16 };
static _Atomic bool	over;
static _Atomic int	wrong;

/* Every set says its version in the URI: a torn or freed one would not agree. */
static void *
read_on(void *arg)
{
	char	name[64], uri[64];

	stats_thread();
	replica_join(NULL);
	for (unsigned i = 0; !atomic_load(&over); i++) {
		const struct aor *a;

		snprintf(name, sizeof(name), "n%u@x", i % NAMES);
		a = replica_find(str_of(name));
		if (a != NULL) {
			snprintf(uri, sizeof(uri), "sip:%llu",
			    (unsigned long long)a->version);
			if (!str_eq(first(a).uri, str_of(uri)) ||
			    !str_eq(aor_name(a), str_of(name)))
				atomic_fetch_add(&wrong, 1);
		}
		if (i % 8 == 0)
			replica_quiesce();
	}
	replica_leave();
	return NULL;
}

static void
readers_see_whole_sets(void **state)
{
	pthread_t	t[READERS];
	char		name[64], uri[64];

	atomic_store(&over, false);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_on, NULL), 0);
	for (uint64_t v = 1; v <= WRITES; v++) {
		snprintf(name, sizeof(name), "n%u@x", (unsigned)(v % NAMES));
		snprintf(uri, sizeof(uri), "sip:%llu", (unsigned long long)v);
		put(name, v, v % 5 == 0 ? NULL : uri);
		if (v % 4000 == 0) {
			replica_begin();
			replica_complete();
			sweep();
		}
		if (v % 64 == 0)
			reclaim_now();
	}
	atomic_store(&over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_all_of_a_contact, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(newer_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(snapshot_removes_the_rest,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(grows_and_shrinks, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(counts_flows, setup, teardown),
		cmocka_unit_test_setup_teardown(readers_see_whole_sets, setup,
		    teardown),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
