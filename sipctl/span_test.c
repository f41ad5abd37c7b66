/* span_test - moments as people write them. */
#include "sipctl/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_MS	1795874400000LL		/* 2026-11-28T14:00:00Z */
#define HOUR_MS	3600000LL

static const struct {
	const char	*text;
	int64_t		 ms;		/* after NOW_MS; NONE: it is none */
} moments[] = {
#define NONE	INT64_MAX
	{ "now", 0 }, { "today", -14 * HOUR_MS }, { "yesterday", -38 * HOUR_MS },
	{ "14:00", 0 }, { "13:59:30", -30000 },
	{ "14:01", 60000 - 24 * HOUR_MS },	/* still to come: yesterday's */
	{ "10 min ago", -600000 }, { "2h ago", -2 * HOUR_MS },
	{ "90 seconds ago", -90000 }, { "1 day ago", -24 * HOUR_MS },
	{ "2026-11-28T14:00:00Z", 0 }, { "2026-11-28T14:00:00.250Z", 0 },
	{ "2026-11-28T15:00:00+01:00", 0 }, { "2026-11-28T13:30:00-00:30", 0 },
	{ "2026-11-28 12:00", -2 * HOUR_MS }, { "2026-11-28", -14 * HOUR_MS },
	{ "", NONE }, { "noon", NONE }, { "25:00", NONE }, { "14:00x", NONE },
	{ "10 min", NONE }, { "min ago", NONE }, { " ago", NONE }, { "ago", NONE },
	{ "10 moons ago", NONE }, { "999999999999 d ago", NONE },
	{ "2026-11-28T14:00:00+1", NONE }, { "2026-13-01", NONE },
};

static void
test_moments(void **state)
{
	int64_t	ms;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		ms = 7;
		if (when_parse(moments[i].text, NOW_MS, &ms) != (moments[i].ms != NONE) ||
		    ms != (moments[i].ms != NONE ? NOW_MS + moments[i].ms : 7))
			fail_msg("\"%s\": %lld", moments[i].text, (long long)(ms - NOW_MS));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
