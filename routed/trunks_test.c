/* trunks: which gateway of a group, in which order, and who it is told calls. */
#include "routed/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/route.h"
#include "routed/prices.h"

static struct route_world	 world;
static struct settings		*settings;
static struct route_decision	 decision;

static const char text[] =
    "domain example.com\nlisten udp:127.0.0.1:5060\nleast-cost cheap\n"
    "gateway A { domain a.test\n group [pstn, cheap]\n priority 1\n weight 3\n"
    "  caller-id +44* 0*\n caller-id 7 username\n username line7\n"
    "  password-file x\n}\n"
    "gateway B { domain b.test\n group [pstn, cheap]\n priority 1\n weight 1\n"
    "  failover-codes [486, 6xx]\n}\n"
    "gateway C { domain c.test\n group [pstn, cheap]\n priority 2\n"
    "  failover-codes []\n}\n"
    "gateway D { domain d.test\n group last\n weight 0\n}\n"
    "gateway E { domain e.test\n group last\n weight 1\n}\n"
    "gateway F { domain f.test\n group none\n weight 0\n}\n"
    "gateway G { domain g.test\n group none\n weight 0\n}\n"
    "gateway H { domain h.test\n group none\n weight 0\n}\n";

static unsigned	forgotten;

static void
changed(void *arg, struct str key)
{
	forgotten++;
}

static void
gateway(const char *name, uint8_t state, uint8_t probe, bool disabled)
{
	struct msg_gateway	m = { .name = str_of(name), .state = state,
				    .probe = probe, .disabled = disabled };

	gateways_record((struct gateways *)world.gateways, &m);
}

static int
setup(void **state)
{
	static const char *const	prices[][2] = {
		{ "a/44", "0.02" }, { "a/4420", "0.005" }, { "b/44", "0.01" },
		{ "b/*", "1" }, { "c/4420", "0.005" },
	};
	struct complaints	 out = { 0 };
	struct conf		*c = conf_parse("sip.conf", str_of(text), &out);
	struct accounts		*accounts = accounts_new(changed, NULL);
	struct msg_account	 bo = { STR("bo@example.com"), 1, false, STR("Bo"),
				    STR("+442071234567") };

	settings = settings_build(c, &out);
	assert_non_null(settings);
	conf_free(c);
	complaints_fini(&out);
	world = (struct route_world){ settings, domains_new(), accounts,
	    directory_new(NULL), gateways_new(changed, NULL), NULL };
	domains_set((struct domains *)world.domains, settings, NULL, NULL);
	accounts_begin(accounts);
	accounts_record(accounts, &bo);
	accounts_complete(accounts);
	for (char name[] = "A"; name[0] <= 'H'; name[0]++)
		gateway(name, GATEWAY_OFF, PROBE_NONE, false);
	for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++)
		directory_apply(world.directory, ENTRY_PRICE, str_of(prices[i][0]),
		    str_of(prices[i][1]));
	return 0;
}

static int
teardown(void **state)
{
	world_fini(&world);
	settings_free(settings);
	return 0;
}

static const struct msg_routed *
decide(const char *uri, const char *from)
{
	struct msg_route	q = { .method = STR("INVITE"), .uri = str_of(uri),
				    .from = str_of(from),
				    .source = STR("udp:192.0.2.1:5060"),
				    .listener = STR("udp:127.0.0.1:5060") };

	route_decide(&world, &q, &decision);
	return &decision.m;
}

/* "ABC": the gateways in their order. */
static const char *
order(const char *uri)
{
	static char			 buf[20];
	const struct msg_routed		*m = decide(uri, "sip:x@far.test");
	size_t				 n = 0;

	for (uint32_t i = 0; i < m->targets.n; i++) {
		const struct rec_target	*t = &m->targets.v[i];

		assert_int_equal(t->kind, TARGET_GATEWAY);
		assert_int_equal(t->failover, i > 0);
		assert_int_equal(t->q, 1000 - i);
		buf[n++] = t->value.s[t->value.len - 1];
	}
	buf[n] = '\0';
	return buf;
}

static void
test_orders(void **state)
{
	static const struct {
		const char	*uri, *changes, *order;	/* "Ad": A is disabled */
	} cases[] = {
		/* by price; C and A charge the same for London: priority */
		{ "sip:+442071@cheap.sipgw", "", "ACB" },
		{ "sip:442071@CHEAP.sipgw", "", "ACB" },
		{ "sip:+4477@cheap.sipgw", "", "BAC" },	/* C has no price */
		{ "sip:+4930@cheap.sipgw", "", "BAC" },	/* B for all others */
		{ "sip:+4477@cheap.sipgw", "Bd", "AC" },
		{ "sip:+4477@cheap.sipgw", "Bp", "ACB" },	/* probes say down */
		{ "sip:+4477@cheap.sipgw", "Bf", "ACB" },	/* registration failed */
		{ "sip:+4477@cheap.sipgw", "BfCp", "ABC" },
		{ "sip:+4477@cheap.sipgw", "AdBdCd", "" },
		{ "sip:1@last.sipgw", "", "ED" },	/* weight 0 after the others */
		{ "sip:1@a.sipgw", "", "A" },
		{ "sip:1@a.sipgw", "Af", "A" },		/* nothing else is left */
		{ "sip:1@a.sipgw", "Ad", "" },
		{ "sip:1@nobody.sipgw", "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (char name[] = "A"; name[0] <= 'H'; name[0]++)
			gateway(name, GATEWAY_REGISTERED, PROBE_UP, false);
		for (const char *p = cases[i].changes; *p != '\0'; p += 2)
			gateway((char[]){ p[0], '\0' },
			    p[1] == 'f' ? GATEWAY_FAILED : GATEWAY_REGISTERED,
			    p[1] == 'p' ? PROBE_DOWN : PROBE_UP, p[1] == 'd');
		if (strcmp(order(cases[i].uri), cases[i].order) != 0)
			fail_msg("%s %s: %s", cases[i].uri, cases[i].changes,
			    order(cases[i].uri));
	}
	assert_int_equal(decide("sip:1@a.sipgw", "sip:x@y")->if_not, 407);
	gateway("A", GATEWAY_OFF, PROBE_NONE, true);
	assert_int_equal(decide("sip:1@a.sipgw", "sip:x@y")->if_not, 480);
	assert_int_equal(decide("sip:1@nobody.sipgw", "sip:x@y")->if_not, 404);
}

/* A and B share the calls 3 to 1, C waits for both; no such decision is leased. */
static void
test_weights(void **state)
{
	unsigned	first[2] = { 0, 0 };
	const char	*is;

	for (int i = 0; i < 4000; i++) {
		is = order("sip:1@pstn.sipgw");
		assert_int_equal(is[2], 'C');
		first[is[0] - 'A']++;
	}
	assert_int_equal(decision.m.valid_until, 1);
	assert_in_range(first[0], 2850, 3150);
	order("sip:+4477@cheap.sipgw");
	assert_int_equal(decision.m.valid_until, 0);
}

/* Where all have weight 0 there are no others that they wait for: they share. */
static void
test_no_weights(void **state)
{
	unsigned	first[3] = { 0, 0, 0 };

	for (int i = 0; i < 3000; i++)
		first[order("sip:1@none.sipgw")[0] - 'F']++;
	for (int i = 0; i < 3; i++)
		assert_in_range(first[i], 850, 1150);
}

static void
test_what_they_are_told(void **state)
{
	static const struct {
		const char	*from, *shown;
	} cases[] = {
		{ "sip:+442075551234@far.test", "02075551234" },
		{ "sip:7@far.test", "line7" },
		{ "sip:bo@example.com", "02071234567" },	/* his number */
		{ "sip:anna@example.com", "" },
	};
	const struct msg_routed	*m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = decide("sip:1@a.sipgw", cases[i].from);
		if (!str_eq(m->targets.v[0].caller_id, str_of(cases[i].shown)))
			fail_msg("%s: shown as %.*s", cases[i].from,
			    STR_ARG(m->targets.v[0].caller_id));
		assert_true(m->depends & DEPENDS_CALLER);
		assert_true(str_eq(m->targets.v[0].failover_codes, STR("408 5xx")));
	}
	m = decide("sip:1@b.sipgw", "sip:7@x");
	assert_true(str_eq(m->targets.v[0].failover_codes, STR("486 6xx")));
	assert_int_equal(m->targets.v[0].caller_id.len, 0);
	m = decide("sip:1@c.sipgw", "sip:7@x");
	assert_true(str_eq(m->targets.v[0].failover_codes, STR("none")));
}

/* Decisions are forgotten when a gateway comes up or goes down, not at every word. */
static void
test_changes(void **state)
{
	forgotten = 0;
	gateway("A", GATEWAY_TRYING, PROBE_NONE, false);
	gateway("A", GATEWAY_REGISTERED, PROBE_UP, false);
	assert_int_equal(forgotten, 0);
	gateway("A", GATEWAY_REGISTERED, PROBE_DOWN, false);
	gateway("A", GATEWAY_FAILED, PROBE_DOWN, false);
	assert_int_equal(forgotten, 1);
	gateway("A", GATEWAY_FAILED, PROBE_UP, false);
	assert_int_equal(forgotten, 1);
	gateway("A", GATEWAY_OFF, PROBE_UP, true);
	assert_int_equal(forgotten, 2);
	gateway("A", GATEWAY_OFF, PROBE_UP, true);
	assert_int_equal(forgotten, 2);
}

static void
test_prices(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 price;		/* -1: none */
	} cases[] = {
		{ "0", 0 }, { "1", 1000000 }, { "0.0125", 12500 },
		{ "0.000001", 1 }, { "999999999.999999", 999999999999999 },
		{ "", -1 }, { ".5", -1 }, { "1.", -1 }, { "1.0000001", -1 },
		{ "-1", -1 }, { "1,5", -1 }, { "1e3", -1 }, { "1.2.3", -1 },
		{ "1000000000", -1 },
	};
	static const struct {
		const char	*name, *canonical;	/* NULL: it is none */
	} names[] = {
		{ "Teleco1/+4420", "teleco1/4420" }, { "a/*", "a/*" },
		{ "a/", NULL }, { "a", NULL }, { "/44", NULL }, { "a/44*", NULL },
		{ "a b/44", NULL }, { "a/1234567890123456", NULL }, { "a/+", NULL },
	};
	char	buf[PRICE_NAME_MAX];
	int64_t	price;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		price = -1;
		assert_int_equal(price_parse(str_of(cases[i].text), &price),
		    cases[i].price >= 0);
		assert_int_equal(price, cases[i].price);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (price_name(str_of(names[i].name), buf) !=
		    (names[i].canonical != NULL))
			fail_msg("%s", names[i].name);
		if (names[i].canonical != NULL)
			assert_string_equal(buf, names[i].canonical);
	}
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_orders),
		T(test_weights),
		T(test_no_weights),
		T(test_what_they_are_told),
		T(test_changes),
		T(test_prices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
