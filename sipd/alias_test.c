/* RFC 5923: which connection stands for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sipd/alias.h"

static struct hop
hop(const char *remote, const char *local, uint32_t domain)
{
	struct hop	h;

	assert_int_equal(hop_parse(&h, str_of(remote), str_of(local)), 0);
	h.domain = domain;
	return h;
}

static void
test_alias(void **state)
{
	struct hop	conn = hop("tls:192.0.2.7:40000", "tls:192.0.2.1:5061", 0);
	struct hop	other = hop("tls:192.0.2.7:40001", "tls:192.0.2.1:5061", 0);
	struct hop	out, there = hop("tls:192.0.2.7:5061", "", 7);
	struct hop	elsewhere = hop("tls:192.0.2.8:5061", "", 7);
	struct hop	not_theirs = hop("tls:192.0.2.7:5061", "", 8);
	struct hop	nobody = hop("tls:192.0.2.7:5061", "", 0);

	assert_false(alias_find(&there, &out));
	alias_put(&conn, 5061, 7);
	alias_put(&conn, 5061, 0);
	assert_true(alias_find(&there, &out));
	assert_true(hop_eq(&out, &conn));
	assert_false(alias_find(&elsewhere, &out));
	assert_false(alias_find(&not_theirs, &out));
	assert_false(alias_find(&nobody, &out));
	alias_put(&other, 5061, 7);		/* the last one counts */
	alias_drop(&conn);
	assert_true(alias_find(&there, &out) && hop_eq(&out, &other));
	alias_drop(&other);
	assert_false(alias_find(&there, &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
