/*
 * select_test - which requests a fixed contact is for (row 103).
 */
#include "sipd/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "sipd/header.h"

static void
test_select(void **state)
{
	static const struct {
		const char	*params;
		enum method	 method;
		bool		 sdp, fits;
	} cases[] = {
		{ "", METHOD_INVITE, true, true },
		{ "", METHOD_OTHER, false, true },
		{ "methods=\"INVITE,BYE\"", METHOD_INVITE, false, true },
		{ "methods=\"invite, BYE\"", METHOD_BYE, false, true },
		{ "methods=\"INVITE,BYE\"", METHOD_MESSAGE, false, false },
		{ "methods=\"INVITE\"", METHOD_OTHER, false, false },
		{ "audio", METHOD_INVITE, true, true },
		{ "video;x=1", METHOD_INVITE, true, true },
		{ "audio", METHOD_MESSAGE, false, false },
		{ "audio", METHOD_SUBSCRIBE, false, true },
		{ "+sip.message", METHOD_MESSAGE, false, true },
		{ "+sip.message", METHOD_INVITE, true, false },
		{ "+sip.message", METHOD_INVITE, false, true },
		{ "audio;+sip.message", METHOD_MESSAGE, false, true },
		{ "audio;methods=\"MESSAGE\"", METHOD_INVITE, true, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (select_fits(str_of(cases[i].params), cases[i].method,
		    cases[i].sdp) != cases[i].fits)
			fail_msg("case %zu: %s", i, cases[i].params);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
