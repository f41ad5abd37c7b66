/* bindings_test - sets, the wheel, versions, loading; by a clock of our own. */
#include "regd/bindings.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/mono.h"
#include "common/stats.h"

static struct bindings *b;
static unsigned calls;
static char last[64];

static void
expired(void *arg, struct aor *a)
{
	calls++;
	str_copy(last, sizeof(last), aor_text(a));
}

static int
setup(void **state)
{
	b = bindings_new(expired, NULL);
	calls = 0;
	last[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	bindings_free(b);
	return 0;
}

/* A set of n contacts that expire at, at + step, ... */
static struct set *
set_of(uint32_t n, int64_t at, int64_t step)
{
	static struct draft d;
	char uri[100][32];
	struct set *s;

	for (d.n = 0; d.n < n; d.n++) {
		snprintf(uri[d.n], sizeof(uri[0]), "sip:a@192.0.2.%u", d.n);
		d.v[d.n] = (struct binding){
			.expires_ms = at + step * d.n, .q = 1000,
			.text[B_URI] = str_of(uri[d.n]),
		};
	}
	assert_int_equal(set_build(&s, &d), 0);
	return s;
}

static struct aor *
put(const char *aor, struct set *s, int64_t now)
{
	struct aor *a = bindings_get(b, str_of(aor));

	bindings_set(b, a, s, bindings_version(b), now);
	return a;
}

/* Nobody goes early, nobody stays more than a quarter of a second too long. */
static void
test_wheel(void **state)
{
	static const int64_t lives[] = { 0, 1, 249, 250, 251, 60000, 3600000,
	    86400000, 604800000ll };
	int64_t start = 5000123, now;
	struct aor *a;

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		teardown(NULL);
		setup(NULL);
		now = start;
		assert_false(bindings_expire(b, now, 1000));
		a = put("anna@x", set_of(1, start + lives[i], 0), now);
		while (calls == 0) {
			bindings_expire(b, now, 1000);
			if (calls > 0)
				assert_true(now >= start + lives[i]);
			else
				assert_true(now < start + lives[i] + 500);
			now += now + 3600000 < start + lives[i] ? 1800000 : 50;
		}
		assert_int_equal(calls, 1);
		assert_null(aor_set(a));
		assert_int_equal(bindings_count(b), 0);
		assert_int_equal(bindings_contacts(b), 0);
		bindings_forget(b, a);
		assert_null(bindings_find(b, STR("anna@x")));
	}
}

static void
test_one_of_three(void **state)
{
	struct aor *a;
	uint64_t version;

	bindings_expire(b, 0, 10);
	a = put("anna@x", set_of(3, 10000, 10000), 0);
	version = a->version;
	bindings_expire(b, 10250, 10);
	assert_int_equal(calls, 1);
	assert_int_equal(set_count(aor_set(a)), 2);
	assert_true(a->version > version);
	assert_int_equal(bindings_contacts(b), 2);
	/* Refreshed: the old time means nothing. */
	put("anna@x", set_of(1, 90000, 0), 10250);
	bindings_expire(b, 80000, 10);
	assert_int_equal(calls, 1);
	bindings_expire(b, 90500, 10);
	assert_int_equal(calls, 2);
	assert_string_equal(last, "anna@x");
}

/* While a change is on its way the wheel leaves the AOR alone. */
static void
test_changes_first(void **state)
{
	struct aor *a;

	bindings_expire(b, 0, 10);
	a = put("anna@x", set_of(1, 1000, 0), 0);
	aor_change_begins(a, aor_set(a));
	bindings_expire(b, 2000, 10);
	assert_int_equal(calls, 0);
	assert_int_equal(set_count(aor_set(a)), 1);
	aor_change_ends(a);
	bindings_expire(b, 2500, 10);
	assert_int_equal(calls, 1);
}

static void
test_many_in_parts(void **state)
{
	char aor[32];
	unsigned turns = 0;

	bindings_expire(b, 0, 10);
	for (int i = 0; i < 1000; i++) {
		snprintf(aor, sizeof(aor), "u%d@x", i);
		put(aor, set_of(1, 5000, 0), 0);
	}
	while (bindings_expire(b, 6000, 64))
		turns++;
	assert_int_equal(calls, 1000);
	assert_in_range(turns, 15, 16);
}

/* Frozen for longer than the wheel is round: everything due goes at once. */
static void
test_frozen(void **state)
{
	bindings_expire(b, 0, 10);
	put("anna@x", set_of(1, 5000, 0), 0);
	put("bob@x", set_of(1, 40000000, 0), 0);
	put("carl@x", set_of(1, 900000000, 0), 0);
	assert_false(bindings_expire(b, 500000000, 1000));
	assert_int_equal(calls, 2);
	assert_int_equal(bindings_contacts(b), 1);
	assert_false(bindings_expire(b, 900000500, 1000));
	assert_int_equal(calls, 3);
}

static void
test_versions(void **state)
{
	uint64_t cell = UINT64_MAX / 2, v, w;

	v = bindings_version(b);
	assert_true(v >= (uint64_t)(wall_ms() - 1000) << 20);
	w = bindings_version(b);
	assert_true(w > v);
	bindings_version_seen(b, w + 1000000000);
	assert_true(bindings_version(b) > w + 1000000000);
	bindings_version_cell(b, &cell);	/* of a process before us */
	assert_true(bindings_version(b) > UINT64_MAX / 2);
	assert_true(cell > UINT64_MAX / 2);
}

/* ---- loading ---- */

static struct str
packed(struct buf *to, const char *aor, uint64_t version, uint64_t left_ms)
{
	struct rec_path paths[2] = { { STR("<sip:p1;lr>") }, { STR("<sip:p2>") } };
	struct rec_binding r = {
		.uri = STR("sip:a@192.0.2.1"), .q = 700, .expires_ms = left_ms,
		.instance = STR("<urn:uuid:1>"), .reg_id = 2, .cseq = 9,
		.call_id = STR("call"), .paths = { paths, 2 },
	};
	struct msg_bindings m = { .aor = str_of(aor), .version = version,
	    .bindings = { &r, left_ms > 0 } };

	buf_clear(to);
	msg_pack(to, MSG_BINDINGS, &m);
	return str_make(to->s, to->len);
}

static const struct {
	bool same_boot;
	int64_t stamp_boot, stamp_wall;	/* relative to now */
	uint64_t left;
	int64_t expires;		/* relative to now; 0: not there */
} loads[] = {
	{ true, -1000, -1000, 5000, 4000 },
	{ true, -5000, -1000, 5000, 0 },
	/* The clock was set by an hour: within a boot that is nothing. */
	{ true, -1000, -3600000, 5000, 4000 },
	{ true, -1000, 3600000, 5000, 4000 },
	/* After a boot only the wall clock is left. */
	{ false, 123456789, -1000, 5000, 4000 },
	{ false, -1, -6000, 5000, 0 },
	{ true, 0, 0, UINT64_MAX, 0 },
};

static void
test_load(void **state)
{
	struct store_stamp stamp;
	struct set_records r;
	struct buf buf = { 0 };
	struct aor *a;
	int64_t now = 200000000, wall = 1700000000000ll;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		teardown(NULL);
		setup(NULL);
		memset(&stamp, 0, sizeof(stamp));
		snprintf(stamp.boot, sizeof(stamp.boot), "%s",
		    loads[i].same_boot ? boot_id() : "another");
		stamp.boot_ms = now + loads[i].stamp_boot;
		stamp.wall_ms = wall + loads[i].stamp_wall;
		a = bindings_load(b, &stamp, packed(&buf, "anna@x", 7,
		    loads[i].left), now, wall);
		assert_non_null(a);
		if (loads[i].expires == 0) {
			assert_null(aor_set(a));
			continue;
		}
		if (set_expires(aor_set(a)) - now != loads[i].expires)
			fail_msg("row %zu: %lld", i,
			    (long long)(set_expires(aor_set(a)) - now));
		set_records(&r, aor_set(a), now);
		assert_int_equal(r.v[0].q, 700);
		assert_int_equal(r.v[0].cseq, 9);
		assert_int_equal(r.v[0].reg_id, 2);
		assert_int_equal(r.v[0].paths.n, 2);
		assert_true(str_eq(r.v[0].paths.v[1].uri, STR("<sip:p2>")));
	}
	buf_fini(&buf);
}

static void
test_load_order(void **state)
{
	struct store_stamp stamp = { .boot_ms = 1000, .wall_ms = 1000 };
	struct buf buf = { 0 };
	struct aor *a;

	snprintf(stamp.boot, sizeof(stamp.boot), "%s", boot_id());
	a = bindings_load(b, &stamp, packed(&buf, "anna@x", 7, 9000), 1000, 1000);
	bindings_load(b, &stamp, packed(&buf, "anna@x", 9, 0), 1000, 1000);
	assert_null(aor_set(a));
	bindings_load(b, &stamp, packed(&buf, "anna@x", 8, 9000), 1000, 1000);
	assert_null(aor_set(a));		/* older: it is not back */
	assert_int_equal(a->version, 9);
	assert_true(bindings_version(b) > 9);
	assert_null(bindings_load(b, &stamp, STR("rubbish"), 1000, 1000));
	assert_null(bindings_load(b, &stamp, STR_NONE, 1000, 1000));
	buf_fini(&buf);
}

/* A walk in parts sees all that stays, whatever comes and goes. */
static void
test_walk(void **state)
{
	bool seen[500] = { 0 };
	char aor[32];
	uint64_t cursor = 0;
	struct aor *a;
	int n, extra = 1000;

	for (int i = 0; i < 500; i++) {
		snprintf(aor, sizeof(aor), "u%d@x", i);
		put(aor, set_of(1, 5000, 0), 0);
	}
	for (; (a = bindings_next(b, &cursor)) != NULL; cursor++) {
		n = atoi(aor_text(a).s + 1);
		if (n < 500)
			seen[n] = true;
		if (n < 500 && n % 3 == 0) {	/* this one goes, others come */
			bindings_set(b, a, NULL, 1, 0);
			bindings_forget(b, a);
			snprintf(aor, sizeof(aor), "u%d@x", extra++);
			put(aor, set_of(1, 5000, 0), 0);
			snprintf(aor, sizeof(aor), "u%d@x", extra++);
			put(aor, set_of(1, 5000, 0), 0);
		}
	}
	for (int i = 0; i < 500; i++)
		assert_true(seen[i]);
}

static void
test_set_limits(void **state)
{
	static char big[70000];
	static struct draft d;
	struct set *s = (struct set *)&d;

	memset(big, 'x', sizeof(big));
	d.n = 1;
	d.v[0] = (struct binding){ .text[B_URI] = str_make(big, 65536) };
	assert_int_equal(set_build(&s, &d), -EMSGSIZE);
	assert_ptr_equal(s, &d);
	for (d.n = 0; d.n < 5; d.n++)
		d.v[d.n] = (struct binding){
			.text[B_URI] = str_make(big, 65535),
		};
	assert_int_equal(set_build(&s, &d), -EMSGSIZE);
	d.n = 0;
	assert_int_equal(set_build(&s, &d), 0);
	assert_null(s);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_wheel),
		T(test_one_of_three),
		T(test_changes_first),
		T(test_many_in_parts),
		T(test_frozen),
		T(test_versions),
		T(test_load),
		T(test_load_order),
		T(test_walk),
		T(test_set_limits),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
