/* ncwindow_test - nonce counts and repetitions (S04, S05). */
#include "regd/ncwindow.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct nc_table *
table(void **memory, uint32_t records)
{
	*memory = calloc(1, nc_size(records));
	return nc_open(*memory, nc_size(records), false);
}

static enum nc_verdict
use(struct nc_table *t, const char *nonce, uint32_t nc, int64_t issued)
{
	struct nc_record *r;

	return nc_use(t, str_of(nonce), nc, issued, 0, &r);
}

static const struct {
	uint32_t	nc;
	enum nc_verdict	verdict;
} counts[] = {
	{ 1, NC_FRESH },
	{ 1, NC_USED },
	{ 3, NC_FRESH },
	{ 2, NC_FRESH },		/* reordered */
	{ 2, NC_USED },
	{ 3, NC_USED },
	{ 1, NC_USED },
	{ 35, NC_FRESH },		/* 32 back is 3 */
	{ 3, NC_USED },
	{ 4, NC_FRESH },
	{ 2, NC_USED },			/* behind the window */
	{ 36, NC_FRESH },
	{ 34, NC_FRESH },
	{ 4, NC_USED },
	{ 0xffffffff, NC_FRESH },
	{ 36, NC_USED },
	{ 0xfffffffe, NC_FRESH },
	{ 0xffffffdf, NC_FRESH },	/* 32 back */
	{ 0xffffffde, NC_USED },	/* 33 back */
	{ 0xffffffff, NC_USED },
};

static void
test_counts(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 64);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (use(t, "n", counts[i].nc, 1000) != counts[i].verdict)
			fail_msg("count %zu, %x", i, counts[i].nc);
	assert_int_equal(use(t, "m", 1, 1000), NC_FRESH);
	nc_close(t);
	free(memory);
}

/* Far more nonces than room: none is ever counted twice. */
static void
test_eviction_is_safe(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 64);
	char nonce[32];
	int fresh = 0, lost = 0;

	for (int i = 0; i < 2000; i++) {
		snprintf(nonce, sizeof(nonce), "nonce-%d", i);
		assert_int_equal(use(t, nonce, 1, 1000 + i), NC_FRESH);
	}
	for (int i = 0; i < 2000; i++) {
		snprintf(nonce, sizeof(nonce), "nonce-%d", i);
		switch (use(t, nonce, 1, 1000 + i)) {
		case NC_FRESH: fresh++; break;
		case NC_LOST: lost++; break;
		case NC_USED: break;
		}
	}
	assert_int_equal(fresh, 0);
	assert_true(lost >= 2000 - 64 && lost < 2000);
	/* The one that came last is still known. */
	assert_int_equal(use(t, "nonce-1999", 2, 2999), NC_FRESH);
	nc_close(t);
	free(memory);
}

/* A nonce issued before all that fill its set is not admitted. */
static void
test_old_newcomer(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 8);
	char nonce[32];

	for (int i = 0; i < 9; i++) {
		snprintf(nonce, sizeof(nonce), "n%d", i);
		assert_int_equal(use(t, nonce, 1, 2000 + i), NC_FRESH);
	}
	assert_int_equal(use(t, "late", 1, 1999), NC_LOST);
	assert_int_equal(use(t, "late", 1, 1999), NC_LOST);
	nc_close(t);
	free(memory);
}

/* Records past their life make room without making anybody stale. */
static void
test_dead_make_room(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 8);
	struct nc_record *r;
	char nonce[32];

	for (int i = 0; i < 8; i++) {
		snprintf(nonce, sizeof(nonce), "n%d", i);
		assert_int_equal(use(t, nonce, 1, 2000 + i), NC_FRESH);
	}
	assert_int_equal(nc_use(t, STR("new"), 1, 90000, 50000, &r), NC_FRESH);
	/* The dead went without a mark, so even an older one is admitted. */
	assert_int_equal(nc_use(t, STR("other"), 1, 1999, 50000, &r), NC_FRESH);
	nc_close(t);
	free(memory);
}

static void
test_repetition(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 64);
	struct nc_record *r;
	uint64_t f = nc_fingerprint(t, STR("question one"));
	uint64_t g = nc_fingerprint(t, STR("question two"));
	uint64_t h = nc_fingerprint(t, STR("question three"));
	uint16_t code = 7;

	assert_true(f != g);
	assert_false(nc_repeated(t, STR("n"), f, 5000, &code));
	assert_int_equal(nc_use(t, STR("n"), 1, 1000, 0, &r), NC_FRESH);
	nc_remember(r, f, 5000);
	assert_true(nc_repeated(t, STR("n"), f, 5000, &code));
	assert_int_equal(code, 0);
	nc_settle(t, STR("n"), f, 200);
	assert_true(nc_repeated(t, STR("n"), f, 37000, &code));
	assert_int_equal(code, 200);
	assert_false(nc_repeated(t, STR("n"), f, 37100, &code));
	assert_false(nc_repeated(t, STR("n"), g, 5000, &code));
	assert_false(nc_repeated(t, STR("m"), f, 5000, &code));
	/* Two are remembered; the third takes the older one's place. */
	nc_remember(r, g, 5100);
	nc_remember(r, h, 5200);
	assert_false(nc_repeated(t, STR("n"), f, 5200, &code));
	assert_true(nc_repeated(t, STR("n"), g, 5200, &code));
	assert_true(nc_repeated(t, STR("n"), h, 5200, &code));
	/* Of a nonce that is gone: nothing happens. */
	nc_settle(t, STR("gone"), g, 200);
	nc_close(t);
	free(memory);
}

/* The next process goes on; another layout or size begins anew. */
static void
test_adopted(void **state)
{
	void *memory;
	struct nc_table *t = table(&memory, 64);
	struct nc_record *r;
	uint64_t f = nc_fingerprint(t, STR("question"));
	uint16_t code;

	assert_int_equal(nc_use(t, STR("n"), 9, 1000, 0, &r), NC_FRESH);
	nc_remember(r, f, 5000);
	nc_close(t);

	t = nc_open(memory, nc_size(64), true);
	assert_true(nc_fingerprint(t, STR("question")) == f);
	assert_true(nc_repeated(t, STR("n"), f, 5000, &code));
	assert_int_equal(use(t, "n", 9, 1000), NC_USED);
	assert_int_equal(use(t, "n", 10, 1000), NC_FRESH);
	nc_close(t);

	t = nc_open(memory, nc_size(32), true);
	assert_false(nc_repeated(t, STR("n"), f, 5000, &code));
	assert_int_equal(use(t, "n", 9, 1000), NC_FRESH);
	nc_close(t);

	t = nc_open(memory, nc_size(32), false);	/* not adopted: ours anew */
	assert_int_equal(use(t, "n", 9, 1000), NC_FRESH);
	nc_close(t);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_eviction_is_safe),
		cmocka_unit_test(test_old_newcomer),
		cmocka_unit_test(test_dead_make_room),
		cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
