/* connection_test - c= lines, as they come and as they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/connection.h"

static void
test_values(void **state)
{
	static const struct { const char *value, *host; } cases[] = {
		{ "IN IP4 192.0.2.1", "192.0.2.1" },
		{ "IN IP6 2001:db8::1", "2001:db8::1" },
		{ "in ip4 192.0.2.1", "192.0.2.1" },
		{ "IN  IP4  192.0.2.1 ", "192.0.2.1" },
		{ "IN IP4 224.2.1.1/127/3", "224.2.1.1" },
		{ "IN IP4 0.0.0.0", "0.0.0.0" },
		{ "IN IP4 phone.example.com", NULL },
		{ "IN IP4 2001:db8::1", NULL },
		{ "IN IP6 192.0.2.1", NULL },
		{ "ATM NSAP 47.0091", NULL },
		{ "IN IP4", NULL }, { "IN", NULL }, { "", NULL }, { "   ", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr	a;
		char		buf[ADDR_TEXT_MAX];
		bool		fine = connection_parse(&a, str_of(cases[i].value));

		if (fine != (cases[i].host != NULL) ||
		    (fine && !str_eq(addr_print_host(&a, buf), str_of(cases[i].host))))
			fail_msg("case %zu: %s", i, cases[i].value);
	}
}

static void
test_bodies(void **state)
{
	static const struct { const char *body, *host; } cases[] = {
		{ "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.1" },
		{ "v=0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.2\n", "192.0.2.2" },
		{ "c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n", "192.0.2.1" },
		{ "c=IN IP4 192.0.2.1", "192.0.2.1" },
		{ "v=0\r\ns=c=IN IP4 192.0.2.1\r\n", NULL },
		{ "\r\n\r\n", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr	a;
		char		buf[ADDR_TEXT_MAX];
		bool		fine = connection_first(&a, str_of(cases[i].body));

		if (fine != (cases[i].host != NULL) ||
		    (fine && !str_eq(addr_print_host(&a, buf), str_of(cases[i].host))))
			fail_msg("case %zu: %s", i, cases[i].body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
