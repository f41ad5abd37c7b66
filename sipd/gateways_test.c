/* gateways_test - who calls, and how many at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/stats.h"
#include "sipd/gateways.h"

static void
publish(const char *name, uint32_t channels, const char *server, const char *contact,
    bool disabled)
{
	gateways_record(&(struct msg_gateway){ .name = str_of(name), .channels = channels,
	    .domain = STR("tele.test"), .server = str_of(server),
	    .contact = str_of(contact), .disabled = disabled });
}

static struct addr
at(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse(&a, str_of(text), 5060), 0);
	return a;
}

static void
test_who_calls(void **state)
{
	struct addr	there = at("192.0.2.1"), elsewhere = at("192.0.2.9");

	gateways_begin();
	publish("one", 0, "udp:192.0.2.1:5060", "sip:line1@here", false);
	publish("two", 0, "udp:192.0.2.1:5060", "sip:line2@here", false);
	publish("off", 0, "udp:192.0.2.1:5060", "sip:line3@here", true);
	gateways_complete();
	assert_true(gateways_synced());
	assert_ptr_equal(gateway_calling(&there, STR("line2")), gateway_find(STR("two")));
	assert_ptr_equal(gateway_calling(&there, STR("line3")), gateway_find(STR("one")));
	assert_ptr_equal(gateway_calling(&there, STR_NONE), gateway_find(STR("one")));
	assert_null(gateway_calling(&elsewhere, STR("line2")));
	/* A snapshot without it: it is gone, its calls go on. */
	gateways_begin();
	publish("one", 0, "udp:192.0.2.1:5060", "sip:line1@here", false);
	gateways_complete();
	assert_ptr_equal(gateway_calling(&there, STR("line2")), gateway_find(STR("one")));
	assert_non_null(gateway_find(STR("two")));
	assert_null(gateway_find(STR("three")));
	assert_null(gateway_named(STR_NONE));
}

static void
test_channels(void **state)
{
	struct gateway		*g;
	struct gateway_shown	 s;
	uint64_t		 cursor = 0;

	publish("full", 2, "", "", false);
	g = gateway_find(STR("full"));
	assert_true(gateway_take(g, false));
	assert_true(gateway_take(g, false));
	assert_false(gateway_take(g, false));
	assert_true(gateway_take(g, true));	/* 112 */
	gateway_give(g);
	assert_false(gateway_take(g, false));
	gateway_give(g);
	assert_true(gateway_take(g, false));
	publish("full", 0, "", "", false);	/* no limit any more */
	assert_true(gateway_take(g, false));
	gateway_result(g, 200);
	gateway_result(g, 486);
	gateway_result(g, 503);
	while (gateways_next(&cursor, &s) && strcmp(s.name, "full") != 0)
		;
	assert_int_equal(s.used, 3);
	assert_int_equal(s.calls, 3);
	assert_int_equal(s.answered, 1);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.full, 2);
	assert_int_equal(s.last_code, 503);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_who_calls),
		cmocka_unit_test(test_channels),
	};
	int			failed;

	stats_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	gateways_close();
	return failed;
}
