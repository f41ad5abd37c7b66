/* index_test - against a plain array: what is put is found, what is taken is not. */
#include "regd/index.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define OBJECTS	4000

struct object {
	char		text[16];
	uint32_t	number;
	bool		in;
};

static struct object objects[OBJECTS];

static struct str
key(const void *object)
{
	return str_of(((const struct object *)object)->text);
}

static void
check(const struct index *ix)
{
	size_t n = 0;

	for (int i = 0; i < OBJECTS; i++) {
		void *found = index_find(ix, key(&objects[i]));

		n += objects[i].in;
		assert_ptr_equal(found, objects[i].in ? &objects[i] : NULL);
		if (objects[i].in)
			assert_ptr_equal(index_at(ix, objects[i].number), found);
	}
	assert_int_equal(index_count(ix), n);
}

static void
test_against_array(void **state)
{
	struct index *ix = index_new(key);

	srandom(5);
	for (int i = 0; i < OBJECTS; i++) {
		snprintf(objects[i].text, sizeof(objects[i].text), "u%d", i);
		objects[i].in = false;
	}
	check(ix);
	for (int turn = 0; turn < 200000; turn++) {
		struct object *o = &objects[random() % OBJECTS];

		if (o->in)
			index_remove(ix, o->number);
		else
			o->number = index_put(ix, o);
		o->in = !o->in;
		if (turn % 20000 == 0)
			check(ix);
	}
	check(ix);
	index_free(ix);
}

/* Numbers are used again, and a walk sees what stays. */
static void
test_numbers(void **state)
{
	struct index *ix = index_new(key);
	uint64_t cursor = 0;
	uint32_t seen = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(objects[i].text, sizeof(objects[i].text), "u%d", i);
		objects[i].number = index_put(ix, &objects[i]);
	}
	index_remove(ix, objects[40].number);
	assert_null(index_at(ix, objects[40].number));
	assert_int_equal(index_put(ix, &objects[40]), objects[40].number);
	for (; index_next(ix, &cursor) != NULL; cursor++)
		seen++;
	assert_int_equal(seen, 100);
	assert_null(index_at(ix, INDEX_NONE));
	index_free(ix);
	index_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_array),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
