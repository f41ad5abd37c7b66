/* Units of branch.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sipd/branch.h"

static const struct keyring first = { .key = { { 1, 2, 3 }, { 9 } } };
static const struct keyring rotated = { .key = { { 7 }, { 1, 2, 3 } } };

static struct branch_input
input(void)
{
	return (struct branch_input){ STR("192.0.2.1:5060"), STR("z9hG4bKabc"),
	    STR("call@host"), STR("tag1"), 42 };
}

static void
verifies_alone(void **state)
{
	struct branch_input	in = input();
	char			target[BRANCH_TARGET_LEN], b[BRANCH_LEN];

	branch_init(&first);
	branch_target(STR("udp:192.0.2.9:5060"), STR("sip:b@192.0.2.9"), target);
	branch_make(&in, target, "markmark", b);
	assert_true(branch_verify(&in, str_make(b, BRANCH_LEN)));
	branch_init(&rotated);		/* the key before the last still counts */
	assert_true(branch_verify(&in, str_make(b, BRANCH_LEN)));
}

static void
each_bit_counts(void **state)
{
	struct branch_input	in = input();
	char			target[BRANCH_TARGET_LEN], b[BRANCH_LEN];

	branch_init(&first);
	branch_target(STR("udp:192.0.2.9:5060"), STR("sip:b@192.0.2.9"), target);
	branch_make(&in, target, "markmark", b);
	for (size_t i = 0; i < BRANCH_LEN * 8; i++) {
		b[i / 8] ^= (char)(1 << (i % 8));
		assert_false(branch_verify(&in, str_make(b, BRANCH_LEN)));
		b[i / 8] ^= (char)(1 << (i % 8));
	}
	assert_false(branch_verify(&in, str_make(b, BRANCH_LEN - 1)));
	assert_false(branch_verify(&in, STR_NONE));
}

/* The two parts of RFC 5393 section 4.2.1; the key before the last counts too. */
static void
a_mark_is_known_again(void **state)
{
	struct branch_input	in = input();
	char			mark[BRANCH_MARK_LEN], b[BRANCH_LEN];

	branch_init(&first);
	branch_mark(STR("this way"), mark);
	branch_make(&in, "target", mark, b);
	assert_true(branch_has_mark(str_make(b, BRANCH_LEN), STR("this way")));
	assert_false(branch_has_mark(str_make(b, BRANCH_LEN), STR("that way")));
	assert_false(branch_has_mark(str_make(b, BRANCH_LEN - 1), STR("this way")));
	branch_init(&rotated);
	assert_true(branch_has_mark(str_make(b, BRANCH_LEN), STR("this way")));
}

static void
each_field_counts(void **state)
{
	struct branch_input	in = input(), other;
	char			target[BRANCH_TARGET_LEN], b[BRANCH_LEN];

	branch_init(&first);
	branch_target(STR("udp:192.0.2.9:5060"), STR("sip:b@192.0.2.9"), target);
	branch_make(&in, target, "markmark", b);
	other = in, assert_int_equal(addr_parse(&other.below, STR("192.0.2.9"), 1), 0);
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
	other = in, other.below_sent_by = STR("192.0.2.2:5060");
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
	other = in, other.below_branch = STR("z9hG4bKabd");
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
	other = in, other.call_id = STR("call@hosu");
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
	other = in, other.from_tag = STR("tag2");
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
	other = in, other.cseq = 43;
	assert_false(branch_verify(&other, str_make(b, BRANCH_LEN)));
}

static void
totags(void **state)
{
	char	t[TOTAG_LEN];

	branch_init(&first);
	totag_make(STR("call"), STR("tag"), 1, t);
	assert_true(totag_verify(STR("call"), STR("tag"), 1, str_make(t, TOTAG_LEN)));
	assert_false(totag_verify(STR("call"), STR("tag"), 2, str_make(t, TOTAG_LEN)));
	assert_false(totag_verify(STR("cal"), STR("ltag"), 1, str_make(t, TOTAG_LEN)));
	for (size_t i = 0; i < TOTAG_LEN * 8; i++) {	/* S14 */
		t[i / 8] ^= (char)(1 << (i % 8));
		assert_false(totag_verify(STR("call"), STR("tag"), 1, str_make(t, TOTAG_LEN)));
		t[i / 8] ^= (char)(1 << (i % 8));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_alone),
		cmocka_unit_test(each_bit_counts),
		cmocka_unit_test(a_mark_is_known_again),
		cmocka_unit_test(each_field_counts),
		cmocka_unit_test(totags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
