/* pack: what is written reads back; what is bent or cut does not (S49). */
#include "common/pack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_numbers(void **state)
{
	static const int64_t	cases[] = {
		0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX,
		(int64_t)UINT32_MAX + 1, INT64_MAX, -1, -32, -33, -128, -129,
		-32768, -32769, INT32_MIN, (int64_t)INT32_MIN - 1, INT64_MIN,
	};
	struct buf	b = { 0 };
	struct unpack	u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		pack_i64(&b, cases[i]);
		unpack_init(&u, b.s, b.len);
		assert_int_equal(unpack_i64_raw(&u), cases[i]);
		assert_int_equal(u.error, 0);
		assert_true(unpack_at_end(&u));
		unpack_init(&u, b.s, b.len);
		unpack_u64_bounded(&u, INT64_MAX);
		assert_int_equal(u.error, cases[i] < 0 ? -EBADMSG : 0);
		for (size_t n = 0; n < b.len; n++) {
			unpack_init(&u, b.s, n);
			unpack_i64_raw(&u);
			assert_int_equal(u.error, -EBADMSG);
		}
	}
	buf_clear(&b);
	pack_u64(&b, UINT64_MAX);
	unpack_init(&u, b.s, b.len);
	assert_true(unpack_u64_bounded(&u, UINT64_MAX) == UINT64_MAX);
	assert_int_equal(u.error, 0);
	unpack_init(&u, b.s, b.len);
	unpack_i64_raw(&u);
	assert_int_equal(u.error, -EBADMSG);
	buf_fini(&b);
}

static void
test_octets(void **state)
{
	static const size_t	sizes[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
	static char		zeros[65536];
	struct buf		b = { 0 };
	struct unpack		u;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct str	v = str_make(zeros, sizes[i]);

		for (int bin = 0; bin < 2; bin++) {
			buf_clear(&b);
			if (bin)
				pack_bin(&b, v);
			else
				pack_str(&b, v);
			unpack_init(&u, b.s, b.len);
			assert_true(str_eq(bin ? unpack_bin_raw(&u, v.len) :
			    unpack_str_raw(&u, v.len), v));
			assert_int_equal(u.error, 0);
			assert_true(unpack_at_end(&u));
			/* the other type */
			unpack_init(&u, b.s, b.len);
			if (bin)
				unpack_str_raw(&u, v.len);
			else
				unpack_bin_raw(&u, v.len);
			assert_int_equal(u.error, -EBADMSG);
			/* one too short, in the frame and in the bound */
			unpack_init(&u, b.s, b.len - 1);
			unpack_skip(&u);
			assert_int_equal(u.error, -EBADMSG);
			if (v.len == 0)
				continue;
			unpack_init(&u, b.s, b.len);
			if (bin)
				unpack_bin_raw(&u, v.len - 1);
			else
				unpack_str_raw(&u, v.len - 1);
			assert_int_equal(u.error, -EMSGSIZE);
		}
	}
	buf_fini(&b);
}

static void
test_bin_in_place(void **state)
{
	struct buf	b = { 0 };
	struct unpack	u;
	size_t		mark;

	pack_bool(&b, true);
	mark = pack_bin_begin(&b);
	for (int i = 0; i < 300; i++)
		pack_u64(&b, i);
	pack_bin_end(&b, mark);
	pack_bool(&b, false);
	unpack_init(&u, b.s, b.len);
	assert_true(unpack_bool_raw(&u));
	assert_int_equal(unpack_bin_raw(&u, 10000).len, 128 + 2 * 128 + 44 * 3);
	assert_false(unpack_bool_raw(&u));
	assert_int_equal(u.error, 0);
	assert_true(unpack_at_end(&u));
	buf_fini(&b);
}

/* One value of every kind that msgpack has, and how long it is. */
static void
test_skip(void **state)
{
	static const struct {
		const char	*s;
		size_t		 n;
		int		 error;
	} cases[] = {
#define CASE(octets, error)	{ octets, sizeof(octets) - 1, error }
		CASE("\x00", 0),
		CASE("\xc0", 0),
		CASE("\xc1", -EBADMSG),			/* never used */
		CASE("\xc2", 0),
		CASE("\xc4\x02xx", 0),
		CASE("\xc5\x00\x01x", 0),
		CASE("\xc6\x00\x00\x00\x01x", 0),
		CASE("\xc7\x01\x05x", 0),		/* ext */
		CASE("\xc8\x00\x00\x05", 0),
		CASE("\xc9\x00\x00\x00\x02\x05xx", 0),
		CASE("\xca" "abcd", 0),
		CASE("\xcb" "abcdefgh", 0),
		CASE("\xcc" "a", 0),
		CASE("\xcd" "ab", 0),
		CASE("\xce" "abcd", 0),
		CASE("\xcf" "abcdefgh", 0),
		CASE("\xd0" "a", 0),
		CASE("\xd3" "abcdefgh", 0),
		CASE("\xd4" "ta", 0),			/* fixext */
		CASE("\xd5" "tab", 0),
		CASE("\xd6" "tabcd", 0),
		CASE("\xd7" "tabcdefgh", 0),
		CASE("\xd8" "tabcdefghabcdefgh", 0),
		CASE("\xd9\x01x", 0),
		CASE("\xda\x00\x01x", 0),
		CASE("\xdb\x00\x00\x00\x01x", 0),
		CASE("\xdc\x00\x02\x01\x01", 0),
		CASE("\xdd\x00\x00\x00\x01\xc0", 0),
		CASE("\xde\x00\x01\xa1k\x01", 0),
		CASE("\xdf\x00\x00\x00\x01\x01\x02", 0),
		CASE("\x82\x01\x02\x03\x91\x04", 0),
		CASE("\xa3" "abc", 0),
		CASE("\xff", 0),
		CASE("\xdd\xff\xff\xff\xff", -EBADMSG),	/* counts */
		CASE("\xdf\xff\xff\xff\xff", -EBADMSG),
		CASE("\xc6\xff\xff\xff\xff", -EBADMSG),
		CASE("\xc9\xff\xff\xff\xff", -EBADMSG),
		CASE("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
		    "\x91\x91\xc0", 0),			/* 16 deep */
		CASE("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
		    "\x91\x91\x91\xc0", -EBADMSG),
#undef CASE
	};
	struct unpack	u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char	*copy = malloc(cases[i].n);	/* for ASan's red zone */

		memcpy(copy, cases[i].s, cases[i].n);
		unpack_init(&u, copy, cases[i].n);
		unpack_skip(&u);
		assert_int_equal(u.error, cases[i].error);
		assert_true(unpack_at_end(&u));
		for (size_t n = 0; n < cases[i].n; n++) {
			unpack_init(&u, copy, n);
			unpack_skip(&u);
			assert_int_equal(u.error, -EBADMSG);
		}
		free(copy);
	}
}

/* S49: nothing here takes long, recurses or believes a count. */
static void
test_hostile(void **state)
{
	static uint8_t	ones[10000], wide[24000 * 3];
	struct unpack	u;
	unsigned	depth = 0;

	memset(ones, 0x91, sizeof(ones));
	for (size_t i = 0; i < sizeof(wide); i += 3)
		memcpy(wide + i, "\xdc\xff\xff", 3);
	unpack_init(&u, ones, sizeof(ones));
	unpack_skip(&u);
	assert_int_equal(u.error, -EBADMSG);
	unpack_init(&u, ones, sizeof(ones));
	while (unpack_array(&u) > 0)
		depth++;
	assert_int_equal(depth, UNPACK_DEPTH_MAX);
	assert_int_equal(u.error, -EBADMSG);
	unpack_init(&u, wide, sizeof(wide));
	unpack_skip(&u);
	assert_int_equal(u.error, -EBADMSG);
}

/* After an error everything is empty and the first error stays. */
static void
test_first_error_stays(void **state)
{
	struct unpack	u;

	unpack_init(&u, "\xa3" "abc\x01\xc3", 6);
	unpack_str_raw(&u, 2);
	assert_int_equal(u.error, -EMSGSIZE);
	assert_int_equal(unpack_u64_bounded(&u, 10), 0);
	assert_false(unpack_bool_raw(&u));
	assert_int_equal(unpack_array(&u), 0);
	assert_int_equal(unpack_bin_raw(&u, 9).len, 0);
	assert_int_equal(u.error, -EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_bin_in_place),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_first_error_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
