/*
 * leases: which requests are alike, what ends a decision; and a thousand random
 * changes of a small world, after none of which an old decision is found (Must show
 * 7 of the router).
 */
#include "sipd/leases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/route.h"
#include "common/stats.h"

#define NOW	1000000
#define GEN	7

static struct leases	*leases;

static int
setup(void **state)
{
	stats_thread();
	leases = leases_new(4096);
	return 0;
}

static int
teardown(void **state)
{
	leases_free(leases);
	return 0;
}

static const struct msg_route call = {
	.method = STR("INVITE"), .uri = STR("sip:b@example.com"),
	.from = STR("sip:a@example.com"), .to = STR("sip:b@example.com"),
	.source = STR("udp:192.0.2.1:5060"), .listener = STR("udp:203.0.113.9:5060"),
	.account = STR("a"), .realm = STR("example.com"),
};

static void
put(const struct msg_route *q, uint32_t depends, const char *target,
    const char *key, uint64_t valid_until)
{
	const struct rec_target	t = { .kind = TARGET_AOR, .value = str_of(target) };
	const struct rec_key	k[] = { { str_of(key) }, { STR("example.com") } };
	struct msg_routed	m = { .depends = depends, .keys = { k, 2 },
				    .targets = { &t, 1 }, .valid_until = valid_until };

	leases_put(leases, q, &m, leases_moment(), GEN, NOW);
}

static bool
found(const struct msg_route *q)
{
	union msg	m;

	return leases_find(leases, q, GEN, NOW, &m);
}

static void
test_alike(void **state)
{
	static const struct {
		struct msg_route	other;	/* what differs */
		uint32_t		depends;	/* by which it is not alike */
	} cases[] = {
		{ { .from = STR("sip:c@example.com") }, DEPENDS_CALLER },
		{ { .account = STR("c") }, DEPENDS_CALLER },
		{ { .realm = STR("second.example") }, DEPENDS_CALLER },
		{ { .from_name = STR("Boss") }, DEPENDS_CALLER },
		{ { .source = STR("udp:192.0.2.2:5060") }, DEPENDS_SOURCE },
		{ { .method = STR("MESSAGE") }, DEPENDS_METHOD },
		{ { .media = MEDIA_KIND_AV }, DEPENDS_MEDIA },
		{ { .payload = STR("text/plain") }, DEPENDS_MEDIA },
		{ { .to = STR("sip:c@example.com") }, DEPENDS_TO },
	};
	struct msg_route	q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct msg_route	*o = &cases[i].other;

		q = call;
#define TAKE(f)	if (o->f.len > 0) q.f = o->f
		TAKE(from);
		TAKE(account);
		TAKE(realm);
		TAKE(from_name);
		TAKE(source);
		TAKE(method);
		TAKE(payload);
		TAKE(to);
		q.media = o->media;
		put(&call, 0, "b@example.com", "b@example.com", 0);
		assert_true(found(&q));		/* it was not looked at */
		leases_forget(STR_NONE);
		put(&call, cases[i].depends, "b@example.com", "b@example.com", 0);
		assert_true(found(&call));
		assert_false(found(&q));
		leases_forget(STR_NONE);
	}
	/* always: the address, where it came in */
	put(&call, 0, "b@example.com", "b@example.com", 0);
	q = call;
	q.uri = STR("sip:b@example.com;x");
	assert_false(found(&q));
	q = call;
	q.listener = STR("udp:203.0.113.10:5060");
	assert_false(found(&q));
	q = call;
	q.source = STR("udp:192.0.2.1:9999");	/* another port of the same host */
	put(&call, DEPENDS_SOURCE, "b@example.com", "b@example.com", 0);
	assert_true(found(&q));
}

static void
test_ends(void **state)
{
	union msg	m;

	assert_false(found(&call));
	put(&call, 0, "b@example.com", "b@example.com", 0);
	assert_true(found(&call));
	leases_forget(STR("c@example.com"));
	assert_true(found(&call));
	leases_forget(STR("b@example.com"));
	assert_false(found(&call));
	put(&call, 0, "b@example.com", "b@example.com", 0);
	leases_forget(STR("example.com"));
	assert_false(found(&call));
	put(&call, 0, "b@example.com", "b@example.com", 0);
	leases_forget(STR_NONE);
	assert_false(found(&call));
	/* a time class passes */
	put(&call, 0, "b@example.com", "b@example.com", NOW + 10);
	assert_true(leases_find(leases, &call, GEN, NOW + 9, &m));
	assert_false(leases_find(leases, &call, GEN, NOW + 10, &m));
	/* another configuration */
	put(&call, 0, "b@example.com", "b@example.com", 0);
	assert_false(leases_find(leases, &call, GEN + 1, NOW, &m));
}

/* Asked before the change, answered after it was forgotten. */
static void
test_crossing(void **state)
{
	uint64_t		moment = leases_moment();
	const struct rec_target	t = { .kind = TARGET_AOR, .value = STR("b@example.com") };
	const struct rec_key	k = { STR("b@example.com") };
	struct msg_routed	m = { .keys = { &k, 1 }, .targets = { &t, 1 } };

	leases_forget(STR("b@example.com"));
	leases_put(leases, &call, &m, moment, GEN, NOW);
	assert_false(found(&call));
}

static void
test_no_refusals(void **state)
{
	struct msg_routed	m = { .if_confirmed = 404, .if_not = 404 };

	leases_put(leases, &call, &m, leases_moment(), GEN, NOW);
	assert_false(found(&call));
}

static void
test_second_sight(void **state)
{
	struct msg_route	other = call;
	char			uri[64];

	leases_free(leases);
	leases = leases_new(4);
	for (unsigned i = 0; i < 4; i++) {	/* as long as there is room */
		snprintf(uri, sizeof(uri), "sip:b%u@example.com", i);
		other.uri = str_of(uri);
		assert_true(leases_wanted(leases, &other));
		put(&other, 0, "b@example.com", "b@example.com", 0);
	}
	assert_false(leases_wanted(leases, &call));
	assert_true(leases_wanted(leases, &call));
}

static void
test_none_are_kept(void **state)
{
	leases_free(leases);
	leases = leases_new(0);
	put(&call, 0, "b@example.com", "b@example.com", 0);
	assert_false(found(&call));
}

/* ---- against a model ---- */

#define NAMES	50

/* Name i stands for target[i]; aliases of it lead through two names. */
static int	 target[NAMES];
static unsigned	 seed = 4711;

static unsigned
dice(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void
name(char buf[32], int i)
{
	snprintf(buf, 32, "n%d@example.com", i);
}

/* What routed would decide: follows the names, which are all keys. */
static void
decide(int i, struct msg_routed *m, struct rec_key keys[4], char text[4][32],
    struct rec_target *t)
{
	uint32_t	n = 0;

	for (int at = i; n < 3; at = target[at]) {
		name(text[n], at);
		keys[n] = (struct rec_key){ str_of(text[n]) };
		n++;
		if (target[at] == at || n == 3) {
			name(text[3], at);
			break;
		}
	}
	*t = (struct rec_target){ .kind = TARGET_AOR, .value = str_of(text[3]) };
	*m = (struct msg_routed){ .keys = { keys, n }, .targets = { t, 1 } };
}

static void
test_model(void **state)
{
	unsigned	hits = 0, asked = 0;

	for (int i = 0; i < NAMES; i++)
		target[i] = i;
	for (int change = 0; change < 1000; change++) {
		char	key[32];
		int	at = (int)dice(NAMES);

		/* A change, and the word of it. */
		target[at] = (int)dice(NAMES);
		name(key, at);
		leases_forget(dice(50) == 0 ? STR_NONE : str_of(key));
		for (int k = 0; k < 40; k++) {
			struct msg_route	q = call;
			struct msg_routed	m;
			struct rec_key		keys[4];
			struct rec_target	t;
			char			text[4][32], uri[64];
			union msg		got;
			int			i = (int)dice(NAMES);

			snprintf(uri, sizeof(uri), "sip:n%d@example.com", i);
			q.uri = str_of(uri);
			decide(i, &m, keys, text, &t);
			if (leases_find(leases, &q, GEN, NOW, &got)) {
				hits++;
				if (!str_eq(got.routed.targets.v[0].value, t.value))
					fail_msg("%s: %.*s, not %.*s", uri,
					    STR_ARG(got.routed.targets.v[0].value),
					    STR_ARG(t.value));
				continue;
			}
			asked++;
			leases_put(leases, &q, &m, leases_moment(), GEN, NOW);
		}
	}
	printf("1000 changes, %u decisions: %u leased, %u asked for\n", hits + asked,
	    hits, asked);
	assert_true(hits > asked);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_alike),
		T(test_ends),
		T(test_crossing),
		T(test_no_refusals),
		T(test_second_sight),
		T(test_none_are_kept),
		T(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
