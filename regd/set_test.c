/* set_test - what is packed comes back; texts in common are kept once and let go. */
#include "regd/set.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "regd/shared.h"

static const struct binding cases[] = {
	{ .expires_ms = 1, .since_ms = 2, .cseq = 3, .q = 1000, .call_key = 4,
	  .text = { [B_URI] = STR("sip:anna@192.0.2.1"),
	      [B_RECEIVED] = STR("udp:192.0.2.1:5060"),
	      [B_LISTENER] = STR("udp:192.0.2.9:5060"), [B_AGENT] = STR("phone") } },
	{ .expires_ms = (1ll << 40) - 1, .since_ms = (1ll << 48) - 1, .q = 0,
	  .cseq = UINT32_MAX, .reg_id = UINT32_MAX, .call_key = UINT64_MAX,
	  .text = { [B_URI] = STR("sip:b"), [B_INSTANCE] = STR("<urn:uuid:1>"),
	      [B_PARAMS] = STR("methods=\"INVITE\""), [B_AGENT] = STR("phone"),
	      [B_PATHS] = STR("<sip:p1;lr>\0<sip:p2;lr>\0") } },
	{ .expires_ms = INT64_MAX, .fixed = true, .q = 700, .cseq = 127,
	  .reg_id = 128, .text = { [B_URI] = STR("sip:c") } },
};
#define CASES	(sizeof(cases) / sizeof(cases[0]))

static void
same(const struct binding *a, const struct binding *b)
{
	assert_int_equal(a->expires_ms, b->expires_ms);
	assert_int_equal(a->since_ms, b->since_ms);
	assert_int_equal(a->call_key, b->call_key);
	assert_int_equal(a->cseq, b->cseq);
	assert_int_equal(a->reg_id, b->reg_id);
	assert_int_equal(a->q, b->q);
	assert_int_equal(a->fixed, b->fixed);
	for (int i = 0; i < B_TEXTS; i++)
		assert_true(str_eq(a->text[i], b->text[i]));
}

static struct set *
all(void)
{
	static struct draft d;
	struct set *s;

	d.n = CASES;
	for (unsigned i = 0; i < CASES; i++)
		d.v[i] = cases[i];
	assert_int_equal(set_build(&s, &d), 0);
	return s;
}

static void
test_comes_back(void **state)
{
	struct set *s = all();
	struct binding b;
	uint32_t at = 0;

	assert_int_equal(set_count(s), CASES);
	for (unsigned i = 0; i < CASES; i++) {
		assert_true(set_next(s, &at, &b));
		same(&b, &cases[i]);
	}
	assert_false(set_next(s, &at, &b));
	assert_int_equal(set_expires(s), 1);
	assert_int_equal(set_live(s, 1), 2);
	set_free(s);
}

/* Drafts keep what they do not touch; each set holds its texts by itself. */
static void
test_drafts(void **state)
{
	static struct draft d;
	struct set *s = all(), *t;
	struct binding b;
	uint32_t at = 0;

	assert_int_equal(shared_count(), 4);	/* one agent for two */
	draft_from(&d, s, 0);
	draft_remove(&d, 1);
	assert_int_equal(draft_loose(&d), 1);
	d.v[0].cseq = 9;
	d.v[0].kept = STR_NONE;
	assert_int_equal(set_build(&t, &d), 0);
	set_free(s);
	assert_int_equal(shared_count(), 2);
	assert_true(set_next(t, &at, &b));
	assert_int_equal(b.cseq, 9);
	assert_true(str_eq(b.text[B_AGENT], STR("phone")));
	assert_true(set_next(t, &at, &b));
	same(&b, &cases[2]);
	set_free(t);
	assert_int_equal(shared_count(), 0);
	set_free(NULL);
}

/* Records carry the key of a Call-ID; older stores have Call-IDs. */
static void
test_call_keys(void **state)
{
	struct set_records r;
	struct set *s = all();

	set_records(&r, s, 0);
	assert_int_equal(r.n, CASES);
	assert_int_equal(call_key_read(r.v[0].call_id), 4);
	assert_int_equal(call_key_read(r.v[1].call_id), UINT64_MAX);
	assert_int_equal(call_key_read(STR("a84b4c76e")), call_key(STR("a84b4c76e")));
	assert_int_not_equal(call_key(STR("a")), call_key(STR("b")));
	set_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_drafts),
		cmocka_unit_test(test_call_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
