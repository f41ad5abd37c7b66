/*
 * dial: what lines of the dial plan make of a decision (rows 127, 130 to 136): targets
 * and their order, who has to prove himself, on what it depends and until when it holds.
 */
#include "routed/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/route.h"
#include "routed/rules.h"

static struct route_world	world;
static struct route_decision	decision;
static struct settings		*settings;

static void
nobody(void *arg, struct str key)
{
}

/* A house with Anna and Bo, and these lines of sip.conf. */
static void
begin(const char *lines)
{
	static const char *const	names[] = { "anna@example.com", "bo@example.com",
					    "eva@second.example" };
	struct complaints	 out = { 0 };
	struct accounts		*a = accounts_new(nobody, NULL);
	struct domains		*domains = domains_new();
	char			 text[2048];
	struct conf		*c;

	snprintf(text, sizeof(text), "domain [example.com, second.example]\nlisten udp:127.0.0.1:5060\n"
	    "dial-plan on\nemergency-numbers 112\n%s", lines);
	c = conf_parse("sip.conf", str_of(text), &out);
	assert_non_null(c);
	settings = settings_build(c, &out);
	if (settings == NULL)
		fail_msg("%s: %s", lines, out.v[0].text);
	conf_free(c);
	domains_set(domains, settings, NULL, NULL);
	accounts_begin(a);
	for (size_t i = 0; i < 3; i++)
		accounts_record(a, &(struct msg_account){ .aor = str_of(names[i]),
		    .number = str_of(names[i][0] == 'e' ? "201" : ""),
		    .version = i + 1 });
	accounts_complete(a);
	world = (struct route_world){ .settings = settings, .domains = domains,
		.accounts = a, .directory = directory_new(rules_free),
		.gateways = gateways_new(nobody, NULL),
		.dialplan = dialplan_build(settings, &out) };
	assert_non_null(world.dialplan);
	complaints_fini(&out);
}

static void
end(void)
{
	world_fini(&world);
	settings_free(settings);
}

/* "a | b +407": targets in their order, "|" before those that wait for a failure. */
static void
print(char out[1024])
{
	const struct msg_routed	*m = &decision.m;
	struct text		 t;

	text_init(&t, out, 1024);
	if (m->if_confirmed != 0)
		text_printf(&t, "%u", m->if_confirmed);
	for (uint32_t i = 0; i < m->targets.n; i++) {
		text_printf(&t, "%s%s%.*s", i > 0 ? " " : "",
		    m->targets.v[i].failover ? "| " : "",
		    STR_ARG(m->targets.v[i].value));
		if (i > 0 && m->targets.v[i].failover)
			assert_true(m->targets.v[i].q < m->targets.v[i - 1].q);
	}
	if (m->if_confirmed == 0 && m->if_not != 0)
		text_printf(&t, " +%u", m->if_not);
}

#define TO	"\ndial-to out @192.0.2.1 @192.0.2.2:5070\ndial-to bo bo@example.com\n"
static void
test_decisions(void **state)
{
	static const struct {
		const char	*lines, *uri, *from, *want;
		uint32_t	 depends;
	} cases[] = {
		{ "dial-number n prefix 9" TO "dial-rule number n forward out", "9123@example.com",
		    "x@y.example", "sip:123@192.0.2.1 | sip:123@192.0.2.2:5070 +407" },
		{ "dial-number n prefix 9" TO "dial-rule number n forward out relay",
		    "9123@example.com", "x@y.example",
		    "sip:123@192.0.2.1 | sip:123@192.0.2.2:5070" },
		{ "dial-number n prefix 9" TO "dial-rule number n auth forward bo",
		    "9123@example.com", "x@y.example", "bo@example.com +407" },
		{ "dial-number n prefix 9" TO "dial-rule number n forward out", "8123@example.com",
		    "x@y.example", "404" },
		/* An extension is its own domain's. */
		{ TO "dial-rule forward bo", "201@example.com", "x@y.example",
		    "bo@example.com" },
		{ TO "dial-rule forward bo", "201@second.example", "x@y.example",
		    "eva@second.example" },
		/* Row 135: who is here comes first, or the plan. */
		{ TO "dial-rule forward bo", "anna@example.com", "x@y.example",
		    "anna@example.com" },
		{ TO "routing-order dial-plan\ndial-rule forward bo", "anna@example.com",
		    "x@y.example", "bo@example.com" },
		/* Where dns-override leads, before the plan and before who is here. */
		{ TO "dns-override far.example 192.0.2.9\ndial-number n domain far.example\n"
		    "dial-rule number n forward bo", "x@far.example", "x@y.example",
		    "bo@example.com" },
		{ TO "dns-override far.example 192.0.2.9\ndial-number n domain far.example\n"
		    "routing-order dns-override\ndial-rule number n forward bo", "x@far.example",
		    "x@y.example", "sip:x@far.example +407" },
		{ TO "dns-override second.example 192.0.2.9\nrouting-order dns-override",
		    "eva@second.example", "x@y.example", "sip:eva@second.example +407" },
		{ TO "dns-override second.example 192.0.2.9", "eva@second.example", "x@y.example",
		    "eva@second.example" },
		/* The plan is left, and not entered again by what it forwards to. */
		{ TO "routing-order dial-plan\ndial-rule allow\n", "anna@example.com", "x@y.example",
		    "anna@example.com" },
		{ TO "routing-order dial-plan\ndial-rule forward bo\ndial-rule reject", "bo@example.com",
		    "x@y.example", "bo@example.com" },
		{ TO "dial-rule auth allow", "8@example.com", "x@y.example", "404" },
		/* Other domains. */
		{ "dial-number n domain far.example" TO "dial-rule number n forward bo",
		    "x@far.example", "x@y.example", "bo@example.com" },
		{ "dial-number n head x" TO "dial-rule number n forward bo", "x@far.example",
		    "x@y.example", "sip:x@far.example +407" },
		/* Callers: the decision is theirs alone. */
		{ "dial-from in domain *local" TO "dial-rule from in forward bo", "8@example.com",
		    "anna@example.com", "bo@example.com", DEPENDS_CALLER },
		{ "dial-from in domain *local" TO "dial-rule from in forward bo", "8@example.com",
		    "x@y.example", "404", DEPENDS_CALLER },
		/* Row 127 */
		{ TO "dial-rule reject", "113@example.com", "x@y.example", "403" },
		{ TO "dial-rule reject\ndial-rule forward out", "112@example.com", "x@y.example",
		    "sip:112@192.0.2.1 | sip:112@192.0.2.2:5070" },
		/* A list of which one address leads nowhere, and one of which none does. */
		{ "dial-to l nobody@example.com bo@example.com\ndial-rule forward l",
		    "8@example.com", "x@y.example", "bo@example.com" },
		{ "dial-to l nobody@example.com @gw.sipgw\ndial-rule forward l", "8@example.com",
		    "x@y.example", "404" },
		/* Without a name server ENUM has no answer. */
		{ TO "dial-rule enum forward bo", "+49123@example.com", "x@y.example",
		    "bo@example.com" },
		/* Row 131 */
		{ TO "dial-plan fallback\ndial-rule forward bo", "anna@example.com", "x@y.example",
		    "anna@example.com | bo@example.com" },
		{ TO "dial-plan fallback\ndial-rule forward bo", "8@example.com", "x@y.example",
		    "404" },
		{ TO "dial-plan fallback\ndial-rule reject", "anna@example.com", "x@y.example",
		    "anna@example.com" },
		{ TO "dial-plan fallback\ndial-rule forward out", "anna@example.com", "x@y.example",
		    "anna@example.com | sip:anna@192.0.2.1 | sip:anna@192.0.2.2:5070 +407" },
		{ TO "dial-plan off\ndial-rule forward bo", "8@example.com", "x@y.example", "404" },
	};
	char	got[1024], uri[128], from[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg_route	q = { .method = STR("INVITE"),
			.source = STR("udp:198.51.100.1:5060") };

		begin(cases[i].lines);
		snprintf(uri, sizeof(uri), "sip:%s", cases[i].uri);
		snprintf(from, sizeof(from), "sip:%s", cases[i].from);
		q.uri = q.to = str_of(uri);
		q.from = str_of(from);
		route_decide(&world, &q, &decision);
		print(got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s: %s, not %s", cases[i].lines, cases[i].uri, got,
			    cases[i].want);
		assert_int_equal(decision.m.depends & DEPENDS_CALLER, cases[i].depends);
		assert_int_equal(decision.m.valid_until, 0);
		end();
	}
}

/* Who gets the number or the name later is called then: the decision is forgotten. */
static void
test_keys(void **state)
{
	struct msg_route	q = {
		.method = STR("INVITE"), .uri = STR("sip:+49-12@Example.com"),
		.to = STR("sip:+49-12@example.com"), .from = STR("sip:x@y.example"),
		.source = STR("udp:198.51.100.1:5060"),
	};
	static const char *const	keys[] = { "+4912", "+49-12@example.com",
	    "example.com", "bo@example.com" };

	begin("dial-to bo bo@example.com\ndial-rule forward bo\n");
	route_decide(&world, &q, &decision);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool	found = false;

		for (uint32_t k = 0; k < decision.m.keys.n; k++)
			found |= str_eq(decision.m.keys.v[k].name, str_of(keys[i]));
		if (!found)
			fail_msg("%s is no key", keys[i]);
	}
	end();
}

/* Row 134: until the next edge of what was looked at, whether it holds or not. */
static void
test_valid_until(void **state)
{
	static const struct {
		int		 hour;		/* of a Thursday, UTC */
		const char	*want;
		int		 until;		/* hours since then */
	} cases[] = {
		{ 7, "404", 8 }, { 8, "bo@example.com", 12 }, { 11, "bo@example.com", 12 },
		{ 12, "anna@example.com", 14 }, { 15, "404", 32 },
	};
	struct msg_route	q = {
		.method = STR("INVITE"), .uri = STR("sip:8@example.com"),
		.to = STR("sip:8@example.com"), .from = STR("sip:x@y.example"),
		.source = STR("udp:198.51.100.1:5060"),
	};
	char			got[1024];

	begin("dial-to bo bo@example.com\ndial-to anna anna@example.com\n"
	    "time-class early mon-fri 08:00-12:00\ntime-class noon mon-fri 12:00-14:00\n"
	    "dial-rule time early forward bo\ndial-rule time noon forward anna\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.now_ms = cases[i].hour * INT64_C(3600000) + 1;
		route_decide(&world, &q, &decision);
		print(got);
		assert_string_equal(got, cases[i].want);
		assert_int_equal(decision.m.valid_until,
		    cases[i].until * UINT64_C(3600000));
	}
	end();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_valid_until),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
