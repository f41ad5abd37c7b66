/* Units of cookie.c; S14: no changed cookie is read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "sipd/cookie.h"

static const struct keyring ring = { .key = { { 1, 2, 3 }, { 9 } } };

static struct hop
hop(enum transport t, const char *remote, const char *local)
{
	struct hop	h = { .transport = t };

	assert_int_equal(addr_parse_port(&h.remote, str_of(remote)), 0);
	if (local != NULL)
		assert_int_equal(addr_parse_port(&h.local, str_of(local)), 0);
	return h;
}

static struct cookie
sample(void)
{
	return (struct cookie){
		.caller = hop(TRANSPORT_UDP, "192.0.2.1:5062", "192.0.2.100:5060"),
		.callee = hop(TRANSPORT_TCP, "[2001:db8::7]:40123", NULL),
		.callee_by_flow = true,
		.media = true,
	};
}

static void
both_sides_read_it(void **state)
{
	struct cookie	c = sample(), got;
	char		text[COOKIE_TEXT_MAX];
	size_t		n;
	bool		from_caller = false;

	cookie_init(&ring);
	n = cookie_make(&c, STR("call"), STR("a-tag"), text);
	assert_int_equal(cookie_read(&got, str_make(text, n), STR("call"),
	    STR("a-tag"), STR("b-tag"), &from_caller), 0);
	assert_true(from_caller);
	assert_true(hop_eq(&got.caller, &c.caller));
	assert_true(hop_eq(&got.callee, &c.callee));
	assert_false(got.caller_by_flow);
	assert_true(got.callee_by_flow);
	assert_true(got.media);
	assert_int_equal(cookie_read(&got, str_make(text, n), STR("call"),
	    STR("b-tag"), STR("a-tag"), &from_caller), 0);
	assert_false(from_caller);
}

static void
another_dialog_has_no_use_for_it(void **state)
{
	struct cookie	c = sample(), got;
	char		text[COOKIE_TEXT_MAX];
	size_t		n;
	bool		from_caller;

	cookie_init(&ring);
	n = cookie_make(&c, STR("call"), STR("a-tag"), text);
	assert_int_equal(cookie_read(&got, str_make(text, n), STR("call2"),
	    STR("a-tag"), STR("b-tag"), &from_caller), -EBADMSG);
	assert_int_equal(cookie_read(&got, str_make(text, n), STR("call"),
	    STR("x-tag"), STR(""), &from_caller), -EBADMSG);
	assert_int_equal(cookie_read(&got, str_make(text, n - 1), STR("call"),
	    STR("a-tag"), STR("b-tag"), &from_caller), -EBADMSG);
	assert_int_equal(cookie_read(&got, STR_NONE, STR("call"), STR("a-tag"),
	    STR("b-tag"), &from_caller), -EBADMSG);
}

static void
every_bit_is_signed(void **state)
{
	struct cookie	c = sample(), got;
	char		text[COOKIE_TEXT_MAX];
	size_t		n;
	bool		from_caller;

	cookie_init(&ring);
	n = cookie_make(&c, STR("call"), STR("a-tag"), text);
	for (size_t i = 0; i < n * 8; i++) {
		text[i / 8] ^= (char)(1 << (i % 8));
		assert_int_equal(cookie_read(&got, str_make(text, n), STR("call"),
		    STR("a-tag"), STR("b-tag"), &from_caller), -EBADMSG);
		text[i / 8] ^= (char)(1 << (i % 8));
	}
}

/* S14: that of a Path; what was signed for a dialog is none. */
static void
a_flow_is_signed(void **state)
{
	static const char *const remote[] = { "192.0.2.1:5062", "[2001:db8::7]:40123" };
	struct cookie	c = sample();
	struct hop	h, got;
	char		text[COOKIE_TEXT_MAX];
	size_t		n;

	cookie_init(&ring);
	for (int i = 0; i < 2; i++) {
		h = hop(i == 0 ? TRANSPORT_UDP : TRANSPORT_TLS, remote[i],
		    i == 0 ? "192.0.2.100:5060" : "[2001:db8::1]:5061");
		n = flow_token_make(&h, text);
		assert_true(n <= FLOW_TOKEN_MAX);
		assert_int_equal(flow_token_read(&got, str_make(text, n)), 0);
		assert_true(hop_eq(&got, &h));
		for (size_t bit = 0; bit < n * 8; bit++) {
			text[bit / 8] ^= (char)(1 << (bit % 8));
			assert_int_equal(flow_token_read(&got, str_make(text, n)), -EBADMSG);
			text[bit / 8] ^= (char)(1 << (bit % 8));
		}
		assert_int_equal(flow_token_read(&got, str_make(text, n - 1)), -EBADMSG);
	}
	n = cookie_make(&c, STR("call"), STR("flow"), text);
	assert_int_equal(flow_token_read(&got, str_make(text, n)), -EBADMSG);
	assert_int_equal(flow_token_read(&got, STR_NONE), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_read_it),
		cmocka_unit_test(another_dialog_has_no_use_for_it),
		cmocka_unit_test(every_bit_is_signed),
		cmocka_unit_test(a_flow_is_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
