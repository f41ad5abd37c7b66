/*
 * The order of servers by weight, over many draws, and of addresses.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/id.h"
#include "sipd/nexthop_order.h"

#define PICKS	10000
#define SLACK	(PICKS / 50)	/* 2 points of a hundred */

/* How often the server at first[0..n) comes first must be near want[], in percent. */
static void
check_firsts(const struct dns_record *v, unsigned n, const double *want)
{
	unsigned	firsts[8] = { 0 };
	uint8_t		order[8];
	uint32_t	seen;

	for (int i = 0; i < PICKS; i++) {
		order_servers(v, n, order, id_u64);
		firsts[order[0]]++;
		seen = 0;
		for (unsigned k = 0; k < n; k++) {
			seen |= 1u << order[k];
			if (k > 0)	/* never before a smaller priority */
				assert_true(v[order[k]].first >= v[order[k - 1]].first);
		}
		assert_int_equal(seen, (1u << n) - 1);
	}
	for (unsigned k = 0; k < n; k++)
		if (abs((int)firsts[k] - (int)(want[k] * PICKS / 100)) > SLACK)
			fail_msg("server %u first in %u of %d, not in %.1f %%", k,
			    firsts[k], PICKS, want[k]);
}

static void
test_weights(void **state)
{
	static const struct {
		unsigned	n;
		uint16_t	priority[4], weight[4];
		double		first[4];
	} cases[] = {
		{ 3, { 10, 10, 10 }, { 100, 100, 50 }, { 40, 40, 20 } },
		{ 2, { 0, 0 }, { 1, 2 }, { 33.3, 66.7 } },	/* RFC 3263 4.1 */
		{ 3, { 1, 1, 2 }, { 0, 0, 65535 }, { 50, 50, 0 } },
		{ 2, { 1, 1 }, { 0, 65535 }, { 0, 100 } },
		{ 4, { 1, 1, 1, 1 }, { 65535, 65535, 65535, 65535 }, { 25, 25, 25, 25 } },
		{ 1, { 7 }, { 0 }, { 100 } },
	};
	struct dns_record	v[4];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned k = 0; k < cases[i].n; k++)
			v[k] = (struct dns_record){ .first = cases[i].priority[k],
			    .second = cases[i].weight[k] };
		check_firsts(v, cases[i].n, cases[i].first);
	}
	order_servers(v, 0, NULL, id_u64);
}

/* A weight of 0 is met now and then beside others: "a very small chance". */
static void
test_weight_of_zero(void **state)
{
	const struct dns_record	v[] = { { .second = 3 }, { .second = 0 } };
	uint8_t			order[2];
	unsigned		zero = 0;

	for (int i = 0; i < PICKS; i++) {
		order_servers(v, 2, order, id_u64);
		zero += order[0] == 1;
	}
	assert_in_range(zero, PICKS / 4 - SLACK, PICKS / 4 + SLACK);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char	*to[4], *from[4], *order[4];
	} cases[] = {
		/* IPv6 first, as RFC 6724's table has it, else as they came. */
		{ { "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2" },
		  { "192.0.2.9", "2001:db8::9", "192.0.2.9", "2001:db8::9" },
		  { "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2" } },
		/* What cannot be reached comes last. */
		{ { "2001:db8::1", "192.0.2.1" }, { "", "192.0.2.9" },
		  { "192.0.2.1", "2001:db8::1" } },
		/* A private IPv6 address needs a private one of ours. */
		{ { "fd00::1", "192.0.2.1" }, { "2001:db8::9", "192.0.2.9" },
		  { "192.0.2.1", "fd00::1" } },
		{ { "2001:db8::1", "fd00::1" }, { "fd00::9", "fd00::9" },
		  { "fd00::1", "2001:db8::1" } },
		{ { "127.0.0.1", "::1" }, { "127.0.0.1", "::1" }, { "::1", "127.0.0.1" } },
	};
	struct destination	v[4];
	struct addr		want;
	unsigned		n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (n = 0; n < 4 && cases[i].to[n] != NULL; n++) {
			v[n] = (struct destination){ .from = { .len = 0 } };
			assert_int_equal(addr_parse(&v[n].to, str_of(cases[i].to[n]), 5060), 0);
			if (cases[i].from[n][0] != '\0')
				assert_int_equal(addr_parse(&v[n].from,
				    str_of(cases[i].from[n]), 5060), 0);
		}
		order_addresses(v, n);
		for (unsigned k = 0; k < n; k++) {
			assert_int_equal(addr_parse(&want, str_of(cases[i].order[k]), 5060), 0);
			if (!addr_eq(&v[k].to, &want))
				fail_msg("case %zu: place %u", i, k);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_weight_of_zero),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
