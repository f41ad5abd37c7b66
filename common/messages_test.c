/*
 * messages: every message of messages.def goes out and in again; cut anywhere it
 * is refused; what a newer version would add is skipped.
 */
#include "common/messages.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- made from the list: fill with distinct values, compare ---- */

static char	pool[1024 * 1024];
static size_t	pool_used;
static unsigned	seed;

static void *
pool_take(size_t n)
{
	void	*p = pool + pool_used;

	pool_used += (n + 15) & ~(size_t)15;
	assert_true(pool_used <= sizeof(pool));
	return p;
}

static struct str
fill_str(void)
{
	char	*s = pool_take(64);

	seed++;
	return str_make(s, snprintf(s, 64, "value %u%.*s", seed,
	    (int)(seed % 40), "........................................"));
}

#define fill_bin()	fill_str()
#define fill_u8()	(uint8_t)seed++
#define fill_u16()	(uint16_t)(0xff00 + seed++)
#define fill_u32()	0xffff0000u + seed++
#define fill_u64()	UINT64_MAX - seed++
#define fill_i32()	INT32_MIN + (int32_t)seed++
#define fill_i64()	INT64_MIN + (int64_t)seed++
#define fill_bool()	(seed++ & 1)
#define fill__Bool	fill_bool	/* by way of FIELD_SINCE */

#define same_str(a, b)	str_eq(a, b)
#define same_bin(a, b)	str_eq(a, b)
#define same_u8(a, b)	((a) == (b))
#define same_u16	same_u8
#define same_u32	same_u8
#define same_u64	same_u8
#define same_i32	same_u8
#define same_i64	same_u8
#define same_bool	same_u8
#define same__Bool	same_u8

#define RECORD(name)							\
	static void fill_rec_##name(struct rec_##name *m) {
#define MESSAGE(number, NAME, name)					\
	static void fill_msg_##name(struct msg_##name *m) {
#define FIELD(type, name)	m->name = fill_##type();
#define LIST(rec, name) {						\
		struct rec_##rec *v_ = pool_take(3 * sizeof(*v_));	\
		m->name.n = 1 + seed % 3;				\
		for (uint32_t i = 0; i < m->name.n; i++)		\
			fill_rec_##rec(&v_[i]);				\
		m->name.v = v_;						\
	}
#define END(name)	}
#include "common/messages.def"

#define RECORD(name)							\
	static bool same_rec_##name(const struct rec_##name *a,		\
	    const struct rec_##name *b) {
#define MESSAGE(number, NAME, name)					\
	static bool same_msg_##name(const struct msg_##name *a,		\
	    const struct msg_##name *b) {
#define FIELD(type, name)						\
		if (!same_##type(a->name, b->name))			\
			return false;
#define LIST(rec, name)							\
		if (a->name.n != b->name.n)				\
			return false;					\
		for (uint32_t i = 0; i < a->name.n; i++)		\
			if (!same_rec_##rec(&a->name.v[i], &b->name.v[i])) \
				return false;
#define END(name)	return true; }
#include "common/messages.def"

static const struct {
	enum msg_type	 type;
	const char	*name;
	void		(*fill)(void *);
	bool		(*same)(const void *, const void *);
} all[] = {
#define MESSAGE(number, NAME, name)					\
	{ number, #NAME, (void (*)(void *))fill_msg_##name,		\
	    (bool (*)(const void *, const void *))same_msg_##name },
#include "common/messages.def"
};
#define NALL	(sizeof(all) / sizeof(all[0]))

/* A packed message that is filled; in a block of its own, for ASan. */
static uint8_t *
filled(size_t i, union msg *m, size_t *len)
{
	struct buf	 b = { 0 };
	uint8_t		*p;

	pool_used = 0;
	memset(m, 0, sizeof(*m));
	all[i].fill(m);
	msg_pack(&b, all[i].type, m);
	p = malloc(b.len);
	memcpy(p, b.s, b.len);
	*len = b.len;
	buf_fini(&b);
	return p;
}

static int
unpack(const void *p, size_t n, union msg *m)
{
	struct unpack	u;

	unpack_init(&u, p, n);
	return msg_unpack(&u, m);
}

static void
test_round_trip(void **state)
{
	for (size_t i = 0; i < NALL; i++) {
		union msg	 m, back;
		struct unpack	 u;
		uint64_t	 id;
		size_t		 n;
		uint8_t		*p = filled(i, &m, &n);
		int		 type;

		assert_int_equal(unpack(p, n, &back), all[i].type);
		assert_true(all[i].same(&m, &back));
		assert_string_equal(msg_name(all[i].type), all[i].name);
		unpack_init(&u, p, n);
		assert_int_equal(msg_peek_type(&u), all[i].type);
		if (msg_is_question(all[i].type)) {
			assert_int_equal(msg_peek_id(&u, &type, &id), 0);
			assert_int_equal(type, all[i].type);
			assert_true(id == m.snapshot.id);
		}
		free(p);
	}
	assert_true(msg_is_question(MSG_ROUTE));
	assert_false(msg_is_question(MSG_ROUTED));
	assert_false(msg_is_question(MSG_TYPE_MAX + 7));
	assert_null(msg_name(MSG_TYPE_MAX));
}

static void
test_cut_anywhere(void **state)
{
	for (size_t i = 0; i < NALL; i++) {
		union msg	 m;
		size_t		 n;
		uint8_t		*p = filled(i, &m, &n);

		for (size_t k = 0; k < n; k++) {
			uint8_t	*cut = malloc(k > 0 ? k : 1);

			memcpy(cut, p, k);
			assert_int_equal(unpack(cut, k, &m), -EBADMSG);
			free(cut);
		}
		free(p);
	}
}

/* No value of any octet may do harm; and one octet more is too many. */
static void
test_bent_anywhere(void **state)
{
	static const uint8_t	bad[] = { 0x00, 0x80, 0x9f, 0xc0, 0xc1, 0xdb,
				    0xdd, 0xdf, 0xff };

	for (size_t i = 0; i < NALL; i++) {
		union msg	 m;
		size_t		 n;
		uint8_t		*p = filled(i, &m, &n), *more;

		for (size_t k = 0; k < n; k++) {
			uint8_t	was = p[k];

			for (size_t j = 0; j < sizeof(bad); j++) {
				p[k] = bad[j];
				unpack(p, n, &m);
			}
			p[k] = was;
		}
		more = realloc(p, n + 1);
		more[n] = 0xc0;
		assert_int_equal(unpack(more, n + 1, &m), -EBADMSG);
		free(more);
	}
}

/* Elements of a newer version: in the message and in a record of a list. */
static void
test_extra_elements(void **state)
{
	struct buf	b = { 0 };
	union msg	m;

	pack_array(&b, 7);
	pack_u64(&b, MSG_PREPARED);
	pack_u64(&b, 77);
	pack_bool(&b, true);
	pack_bool(&b, false);
	pack_array(&b, 1);
	pack_array(&b, 6);
	pack_str(&b, STR("sip.conf"));
	pack_u64(&b, 3);
	pack_u64(&b, 4);
	pack_str(&b, STR("unknown"));
	pack_array(&b, 2);
	pack_u64(&b, 1);
	pack_str(&b, STR("new"));
	pack_bool(&b, true);
	pack_str(&b, STR("newer"));
	pack_array(&b, 0);
	assert_int_equal(unpack(b.s, b.len, &m), MSG_PREPARED);
	assert_int_equal(m.prepared.id, 77);
	assert_int_equal(m.prepared.complaints.n, 1);
	assert_int_equal(m.prepared.complaints.v[0].column, 4);
	buf_fini(&b);
}

static void
test_bounds(void **state)
{
	static char	big[MSG_STR_MAX + 1];
	struct buf	b = { 0 };
	union msg	m;

	/* a number that this version does not know */
	pack_array(&b, 1);
	pack_u64(&b, 9999);
	assert_int_equal(unpack(b.s, b.len, &m), -ENOTSUP);
	/* a string over its bound */
	memset(&m, 0, sizeof(m));
	m.done.text = str_make(big, MSG_STR_MAX);
	buf_clear(&b);
	msg_pack(&b, MSG_DONE, &m);
	assert_int_equal(unpack(b.s, b.len, &m), MSG_DONE);
	m.done.text = str_make(big, MSG_STR_MAX + 1);
	buf_clear(&b);
	msg_pack(&b, MSG_DONE, &m);
	assert_int_equal(unpack(b.s, b.len, &m), -EMSGSIZE);
	/* a list over its bound */
	buf_clear(&b);
	pack_array(&b, 4);
	pack_u64(&b, MSG_ROWS);
	pack_u64(&b, 1);
	pack_u64(&b, 0);
	pack_array(&b, MSG_LIST_MAX + 1);
	for (int i = 0; i <= MSG_LIST_MAX; i++) {
		pack_array(&b, 1);
		pack_array(&b, 0);
	}
	assert_int_equal(unpack(b.s, b.len, &m), -EMSGSIZE);
	/* more than the arena holds: lists in a list */
	buf_clear(&b);
	pack_array(&b, 4);
	pack_u64(&b, MSG_ROWS);
	pack_u64(&b, 1);
	pack_u64(&b, 0);
	pack_array(&b, 100);
	for (int i = 0; i < 100; i++) {
		pack_array(&b, 1);
		pack_array(&b, 1000);
		for (int j = 0; j < 1000; j++) {
			pack_array(&b, 4);
			pack_str(&b, STR_NONE);
			pack_u64(&b, 1);
			pack_str(&b, STR_NONE);
			pack_i64(&b, 1);
		}
	}
	assert_int_equal(unpack(b.s, b.len, &m), -EMSGSIZE);
	/* and the arena is whole again afterwards */
	memset(&m, 0, sizeof(m));
	buf_clear(&b);
	msg_pack(&b, MSG_ROWS, &m);
	assert_int_equal(unpack(b.s, b.len, &m), MSG_ROWS);
	buf_fini(&b);
}

/* A record inside an unpacked message leaves that message alone. */
static void
test_inner(void **state)
{
	struct rec_path		path = { STR("sip:edge") };
	struct rec_binding	binding = { .uri = STR("sip:a@b"),
				    .paths = { &path, 1 } };
	struct buf		inner = { 0 }, outer = { 0 };
	struct rec_packed	packed[2];
	union msg		m = { .bindings = { .aor = STR("a@b"),
				    .bindings = { &binding, 1 } } };
	union msg		in;
	struct unpack		u;

	msg_pack(&inner, MSG_BINDINGS, &m);
	packed[0].message = packed[1].message = str_make(inner.s, inner.len);
	memset(&m, 0, sizeof(m));
	m.snapshot_part.records.v = packed;
	m.snapshot_part.records.n = 2;
	msg_pack(&outer, MSG_SNAPSHOT_PART, &m);
	assert_int_equal(unpack(outer.s, outer.len, &m), MSG_SNAPSHOT_PART);
	for (uint32_t i = 0; i < 2; i++) {
		struct str	v = m.snapshot_part.records.v[i].message;

		unpack_init(&u, v.s, v.len);
		assert_int_equal(msg_unpack_inner(&u, &in), MSG_BINDINGS);
		assert_true(str_eq(in.bindings.bindings.v[0].paths.v[0].uri,
		    STR("sip:edge")));
		assert_int_equal(m.snapshot_part.records.n, 2);
	}
	buf_fini(&inner);
	buf_fini(&outer);
}

static void
test_print(void **state)
{
	char			 s[256];
	struct text		 t;
	struct rec_key		 key = { STR("anna@example.com") };
	struct msg_routed	 m = { .id = 5, .if_not = 407, .keys = { &key, 1 },
				    .uri = STR("sip:a\nb") };

	text_init(&t, s, sizeof(s));
	msg_print(&t, MSG_ROUTED, &m);
	assert_memory_equal(s, "ROUTED id=5 if_confirmed=0 if_not=407 "
	    "reason=\"\" depends=0 keys=[{ name=anna@example.com }]", 90);
	assert_false(memchr(s, '\n', t.len) != NULL);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_bent_anywhere),
		cmocka_unit_test(test_extra_elements),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
