/* map: a model beside it for thousands of steps, walks, SipHash's own vectors. */
#include "common/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define N	5000

struct thing {
	char	name[24];
	bool	in;
};

static struct thing	things[N];

static struct str
key(const void *object)
{
	return str_of(((const struct thing *)object)->name);
}

static int
set_up(void **state)
{
	for (int i = 0; i < N; i++)
		snprintf(things[i].name, sizeof(things[i].name), "thing%d", i);
	return 0;
}

/* The same numbers each time: a failure can be looked at again. */
static uint32_t
next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

static void
agrees(const struct map *m, size_t count)
{
	size_t		 cursor = 0, seen = 0;
	struct thing	*t;

	assert_int_equal(map_count(m), count);
	while ((t = map_next(m, &cursor)) != NULL) {
		assert_true(t->in);
		seen++;
	}
	assert_int_equal(seen, count);
	for (int i = 0; i < N; i++)
		assert_ptr_equal(map_find(m, key(&things[i])),
		    things[i].in ? &things[i] : NULL);
}

static void
test_model(void **state)
{
	struct map	*m = map_new(key);
	uint32_t	 x = 1;
	size_t		 count = 0;

	for (int step = 0; step < 40000; step++) {
		/* Grows and shrinks by turns. */
		bool		put = next_random(&x) % 8 <
				    (step / 10000 % 2 == 0 ? 6u : 2u);
		struct thing	*t = &things[next_random(&x) % N];

		if (put) {
			assert_ptr_equal(map_put(m, t), t->in ? t : NULL);
			count += !t->in;
		} else {
			assert_ptr_equal(map_remove(m, key(t)),
			    t->in ? t : NULL);
			count -= t->in;
		}
		t->in = put;
		if (step % 2500 == 0)
			agrees(m, count);
	}
	agrees(m, count);
	for (int i = 0; i < N; i++)
		things[i].in = false;
	map_free(m);
	map_free(NULL);
}

/* A queue's life: one in, one out, for ever; marks must not fill the table. */
static void
test_churn(void **state)
{
	struct map	*m = map_new(key);

	for (int i = 0; i < 20 * N; i++) {
		map_put(m, &things[i % N]);
		if (i >= 5)
			assert_non_null(map_remove(m, key(&things[(i - 5) % N])));
	}
	assert_int_equal(map_count(m), 5);
	assert_null(map_find(m, STR("never there")));
	map_free(m);
}

static void
test_replace(void **state)
{
	struct map	*m = map_new(key);
	struct thing	 twin = things[3];

	assert_null(map_put(m, &things[3]));
	assert_ptr_equal(map_put(m, &twin), &things[3]);
	assert_ptr_equal(map_find(m, STR("thing3")), &twin);
	assert_int_equal(map_count(m), 1);
	assert_ptr_equal(map_remove(m, STR("thing3")), &twin);
	assert_null(map_remove(m, STR("thing3")));
	map_free(m);
}

/* Removing what was just returned neither hides nor repeats the others. */
static void
test_remove_while_walking(void **state)
{
	struct map	*m = map_new(key);
	size_t		 cursor = 0, seen = 0;
	struct thing	*t;

	for (int i = 0; i < 1000; i++)
		map_put(m, &things[i]);
	while ((t = map_next(m, &cursor)) != NULL) {
		assert_false(t->in);
		t->in = true;
		seen++;
		if (seen % 3 != 0)
			assert_ptr_equal(map_remove(m, key(t)), t);
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(map_count(m), 333);
	for (int i = 0; i < N; i++)
		things[i].in = false;
	map_free(m);
}

/* The reference vectors: key 00 .. 0f, input 00 .. n-1. */
static struct str
number_key(const void *object)
{
	return str_make(object, sizeof(uint64_t));
}

/* Keys taken as they are; the smallest look like marks of the table. */
static void
test_hashed(void **state)
{
	static uint64_t	 v[] = { 0, 1, 2, 3, UINT64_C(1) << 32, UINT64_MAX };
	const size_t	 n = sizeof(v) / sizeof(v[0]);
	struct map	*m = map_new_hashed(number_key);

	for (size_t i = 0; i < n; i++)
		assert_null(map_put(m, &v[i]));
	for (size_t i = 0; i < n; i++) {
		uint64_t	same = v[i];

		assert_ptr_equal(map_find(m, number_key(&same)), &v[i]);
	}
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(map_remove(m, number_key(&v[i])), &v[i]);
		assert_null(map_find(m, number_key(&v[i])));
	}
	map_free(m);
}

static void
test_siphash(void **state)
{
	static const uint64_t	v64[] = {	/* n = 0, 1, 7, 8, 15 */
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0xab0200f58b01d137,
		0x93f5f5799a932462, 0xa129ca6149be45e5,
	};
	static const size_t	n64[] = { 0, 1, 7, 8, 15 };
	static const uint8_t	v128[][16] = {	/* n = 0, 15 */
		{ 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
		  0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 },
		{ 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
		  0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9 },
	};
	uint8_t			k[16], out[16];
	char			in[16];

	for (int i = 0; i < 16; i++) {
		k[i] = (uint8_t)i;
		in[i] = (char)i;
	}
	for (size_t i = 0; i < sizeof(n64) / sizeof(n64[0]); i++)
		assert_true(siphash64(k, str_make(in, n64[i])) == v64[i]);
	siphash128(k, STR_NONE, out);
	assert_memory_equal(out, v128[0], 16);
	siphash128(k, str_make(in, 15), out);
	assert_memory_equal(out, v128[1], 16);
	assert_true(hash_str(STR("1")) != hash_str(STR("2")));
	assert_true(hash_str(STR("a")) == hash_str(STR("a")));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_remove_while_walking),
		cmocka_unit_test(test_hashed),
		cmocka_unit_test(test_siphash),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
