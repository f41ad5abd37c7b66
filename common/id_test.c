/* id: random enough to be told apart, and one call has one key everywhere. */
#include "common/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/mono.h"

static void
test_u64(void **state)
{
	uint64_t	all = 0, none = UINT64_MAX, v, last = 0;

	for (int i = 0; i < 1000; i++) {
		v = id_u64();
		assert_true(v != 0 && v != last);
		last = v;
		all |= v;
		none &= v;
	}
	assert_true(all == UINT64_MAX);
	assert_true(none == 0);
}

static void
test_text(void **state)
{
	unsigned	seen[256] = { 0 };
	char		buf[3001];

	buf[3000] = '#';
	for (int i = 0; i < 10; i++) {
		id_text(buf, 3000);
		for (int j = 0; j < 3000; j++)
			seen[(unsigned char)buf[j]]++;
	}
	assert_int_equal(buf[3000], '#');
	for (int c = 0; c < 256; c++) {
		bool letter = (c >= '0' && c <= '9') ||
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		/* 484 each on average, 22 the deviation: ten of them. */
		assert_true(letter ? seen[c] > 264 && seen[c] < 704 :
		    seen[c] == 0);
	}
}

static void
test_call(void **state)
{
	assert_true(id_call(STR("a")) != id_call(STR("b")));
	assert_true(id_call(STR("")) != 0);
	/* For ever: sipctl looks for calls that an older version wrote. */
	assert_true(id_call(STR("kept")) == 0xcabbe3750fbdc855);
}

static void
test_clocks(void **state)
{
	struct mono	a = mono_now(), b = mono_add_ms(a, 1500);

	assert_int_equal(mono_ms_between(a, b), 1500);
	assert_int_equal(mono_us_between(a, mono_add_us(a, 7)), 7);
	assert_true(mono_before(a, b) && !mono_before(b, a) &&
	    !mono_before(a, a));
	assert_false(mono_before(mono_now(), a));
	assert_true(wall_ms() > 1700000000000);
	assert_true(boot_ms() > 0);
	assert_int_equal(strlen(boot_id()), 36);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
