/* amplified: who is answered at length, and how often (S33). */
#include "sipd/amplified.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/stats.h"

static struct hop
hop(enum transport t, const char *text)
{
	struct hop	h = { .transport = t };

	assert_int_equal(addr_parse_port(&h.remote, str_of(text)), 0);
	return h;
}

static void
test_budget(void **state)
{
	static const struct {
		int		 at_ms;
		enum transport	 transport;
		const char	*to;
		size_t		 asked, octets;
		bool		 may;
	} cases[] = {	/* two a second */
		{ 1000, TRANSPORT_UDP, "192.0.2.1:5060", 200, 301, true },
		{ 1001, TRANSPORT_UDP, "192.0.2.77:9", 200, 9000, true },
		{ 1002, TRANSPORT_UDP, "192.0.2.1:5060", 200, 301, false },
		{ 1003, TRANSPORT_UDP, "192.0.2.200:1", 200, 301, false },
		{ 1004, TRANSPORT_UDP, "192.0.2.1:5060", 200, 300, true },
		{ 1005, TRANSPORT_TCP, "192.0.2.1:5060", 200, 9000, true },
		{ 1006, TRANSPORT_UDP, "[2001:db8::1]:5060", 200, 301, true },
		{ 1007, TRANSPORT_UDP, "[2001:db8:0:ff::2]:5060", 200, 301, true },
		{ 1008, TRANSPORT_UDP, "[2001:db8:0:1::3]:5060", 200, 301, false },
		{ 1999, TRANSPORT_UDP, "192.0.2.1:5060", 200, 301, false },
		{ 2000, TRANSPORT_UDP, "192.0.2.1:5060", 200, 301, true },
		{ 2001, TRANSPORT_UDP, "192.0.2.1:5060", 0, 1, true },
		{ 2002, TRANSPORT_UDP, "192.0.2.1:5060", 0, 1, false },
	};
	int	dropped = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hop	to = hop(cases[i].transport, cases[i].to);
		struct mono	now = { cases[i].at_ms * INT64_C(1000000) };
		bool		may = amplified_may(&to, cases[i].asked,
				    cases[i].octets, 2, now);

		if (may != cases[i].may)
			fail_msg("case %zu", i);
		dropped += !may;
	}
	assert_int_equal(stats->amplified_dropped, dropped);
}

static void
test_none(void **state)
{
	struct hop	to = hop(TRANSPORT_UDP, "198.51.100.1:5060");
	struct mono	now = { 0 };

	assert_false(amplified_may(&to, 100, 200, 0, now));
	assert_true(amplified_may(&to, 100, 150, 0, now));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_none),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
