/* fold_test - what a folding writes, and what it must leave in the journal. */
#include "regd/fold.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/stats.h"

#define NOW	1000000

static struct bindings *b;
static struct fold f;

static void
expired(void *arg, struct aor *a)
{
}

static int
setup(void **state)
{
	b = bindings_new(expired, NULL);
	memset(&f, 0, sizeof(f));
	fold_init(&f, b);
	return 0;
}

static int
teardown(void **state)
{
	fold_fini(&f);
	bindings_free(b);
	return 0;
}

static struct aor *
put(const char *aor, int64_t expires_ms)
{
	struct aor *a = bindings_get(b, str_of(aor));
	struct draft d;
	struct set *s = NULL;

	d.n = expires_ms > 0;
	d.v[0] = (struct binding){
		.expires_ms = expires_ms, .text[B_URI] = STR("sip:a@192.0.2.1"),
	};
	assert_int_equal(set_build(&s, &d), 0);
	bindings_set(b, a, s, bindings_version(b), NOW);
	fold_dirty(&f, a);
	return a;
}

static void
test_one_part(void **state)
{
	struct store_fold out;
	struct aor *anna = put("anna@x", NOW + 5000), *bob;

	put("gone@x", 0);
	put("late@x", NOW - 1);		/* over, though the wheel was not turned */
	fold_dirty(&f, anna);		/* twice is once */
	fold_begin(&f, 41, 1000);
	bob = put("bob@x", NOW + 5000);	/* of commit 42: not this folding's */
	fold_part(&f, NOW, &out);
	assert_int_equal(out.n, 3);
	assert_true(out.last);
	assert_int_equal(out.through, 41);
	assert_true(str_eq(out.records[0].aor, STR("anna@x")));
	assert_true(out.records[0].packed.len > 0);
	assert_int_equal(out.records[1].packed.len, 0);
	assert_int_equal(out.records[2].packed.len, 0);

	/* Changed while the part is written: dirty for the next one. */
	put("anna@x", NOW + 9000);
	assert_int_equal(fold_part_done(&f, 0, out.last, NOW), 1000);
	assert_false(f.runs);
	assert_true(anna->dirty && bob->dirty);
	assert_null(bindings_find(b, STR("gone@x")));
	assert_non_null(bindings_find(b, STR("late@x")));

	fold_begin(&f, 50, 10);
	fold_part(&f, NOW, &out);
	assert_int_equal(out.n, 2);
	fold_part_done(&f, 0, out.last, NOW);
	assert_false(anna->dirty || bob->dirty);
}

static void
test_many_parts_and_a_failure(void **state)
{
	struct store_fold out;
	char aor[32];

	for (int i = 0; i < 1200; i++) {
		snprintf(aor, sizeof(aor), "u%d@x", i);
		put(aor, i % 2 == 0 ? NOW + 5000 : 0);
	}
	fold_begin(&f, 7, 1000);
	fold_part(&f, NOW, &out);
	assert_int_equal(out.n, FOLD_PART);
	assert_false(out.last);
	assert_int_equal(fold_part_done(&f, 0, out.last, NOW), 0);
	fold_part(&f, NOW, &out);
	assert_int_equal(fold_part_done(&f, -ENOSPC, out.last, NOW), 0);
	assert_false(f.runs);
	assert_true(f.not_before > NOW);
	/* Everything that was not written is written by the next folding. */
	fold_begin(&f, 9, 2000);
	fold_part(&f, NOW, &out);
	fold_part_done(&f, 0, out.last, NOW);
	fold_part(&f, NOW, &out);
	assert_int_equal(out.n, 1200 - 2 * FOLD_PART);
	assert_true(out.last);
	assert_int_equal(fold_part_done(&f, 0, out.last, NOW), 2000);
	assert_int_equal(bindings_count(b), 600);
	assert_null(bindings_find(b, STR("u1199@x")));
}

/* Nothing dirty, but a journal: one empty part cuts it. */
static void
test_empty(void **state)
{
	struct store_fold out;

	fold_begin(&f, 7, 1000);
	fold_part(&f, NOW, &out);
	assert_int_equal(out.n, 0);
	assert_true(out.last);
	assert_int_equal(out.through, 7);
	assert_int_equal(fold_part_done(&f, 0, true, NOW), 1000);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_part),
		T(test_many_parts_and_a_failure),
		T(test_empty),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
