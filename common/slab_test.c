/* slab_test - objects come zeroed, apart, and their chunks go again. */
#include "common/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N	3000		/* several chunks */
#define SIZE	200

static char	*objects[N];

/* Each is filled with what none of the others holds. */
static void
fill(struct slab *s, int i)
{
	static const char	zero[SIZE];

	objects[i] = slab_take(s);
	assert_int_equal((uintptr_t)objects[i] % 16, 0);
	assert_memory_equal(objects[i], zero, SIZE);
	memset(objects[i], 1 + i % 255, SIZE);
}

static void
check(int i)
{
	for (int k = 0; k < SIZE; k++)
		assert_int_equal((unsigned char)objects[i][k], 1 + i % 255);
}

static void
test_apart_and_zeroed(void **state)
{
	struct slab	*s = slab_new(SIZE);

	for (int i = 0; i < N; i++)
		fill(s, i);
	assert_int_equal(slab_count(s), N);
	/* Every third goes and comes again, among the others. */
	for (int round = 0; round < 3; round++) {
		for (int i = round; i < N; i += 3)
			slab_give(s, objects[i]);
		for (int i = round; i < N; i += 3)
			fill(s, i);
		for (int i = 0; i < N; i++)
			check(i);
	}
	for (int i = 0; i < N; i++)
		slab_give(s, objects[i]);
	assert_int_equal(slab_count(s), 0);
	slab_give(s, NULL);
	slab_free(s);
	slab_free(NULL);
}

/* Up and down across the edge of a chunk: what is kept is neither lost nor doubled. */
static void
test_edges(void **state)
{
	struct slab	*s = slab_new(SIZE);

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < N; i++)
			fill(s, i);
		for (int i = 0; i < N; i++) {
			check(i);
			slab_give(s, objects[i]);
		}
		fill(s, 0);
		slab_give(s, objects[0]);
	}
	slab_free(s);
}

/* The size of a chunk, nearly: one object each. */
static void
test_large(void **state)
{
	struct slab	*s = slab_new(40000);

	for (int i = 0; i < 4; i++)
		objects[i] = memset(slab_take(s), i + 1, 40000);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(objects[i][39999], i + 1);
		slab_give(s, objects[i]);
	}
	slab_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart_and_zeroed),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
