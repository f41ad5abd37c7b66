/* route: decisions over a small house, the relay conditions, what they depend on. */
#include "routed/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/route.h"

static char		 main_domain[] = "Example.com", second[] = "second.example";
static char		*domain_names[] = { main_domain, second };
static struct listen	 listens[3];
static struct settings	 settings;
static struct route_world world;
static struct route_decision decision;

static void
changed(void *arg, struct str key)
{
}

static void
account(const char *aor, const char *number, uint64_t version, bool deleted)
{
	struct msg_account	m = { str_of(aor), version, deleted,
				    STR("Some Body"), str_of(number) };

	accounts_record((struct accounts *)world.accounts, &m);
}

static void
settings_fill(void)
{
	memset(&settings, 0, sizeof(settings));
	settings.domains = (struct set_texts){ domain_names, 2 };
	settings.relay_to_non_clients = RELAY_NOBODY;
	settings.relay_via = (char *)"";
	assert_int_equal(nets_parse(&settings.client_networks,
	    STR("192.0.2.0/24, 2001:db8::/32")), 0);
	for (int i = 0; i < 3; i++)
		listens[i].transport = TRANSPORT_UDP;
	assert_int_equal(addr_parse_port(&listens[0].addr,
	    STR("127.0.11.1:5060")), 0);
	assert_int_equal(addr_parse_port(&listens[1].addr, STR("0.0.0.0:5070")), 0);
	assert_int_equal(addr_parse_port(&listens[2].addr, STR("[::1]:5060")), 0);
	settings.listen = (struct set_listens){ listens, 3 };
}

static int
setup(void **state)
{
	static const char *const	aliases[][2] = {
		{ "sales@example.com", "anna@example.com" },
		{ "info@example.com", "sales@example.com" },
		{ "boss@example.com", "carl@elsewhere.example" },
		{ "a@example.com", "b@example.com" },
		{ "b@example.com", "a@example.com" },
		{ "@old.example", "@example.com" },
		{ "@second.example", "@example.com" },
		{ "@round.example", "@round.example" },
	};
	struct accounts		*accounts = accounts_new(changed, NULL);
	struct directory	*a = directory_new(NULL);
	struct domains		*d = domains_new();
	struct gateways		*g = gateways_new(changed, NULL);
	struct msg_gateway	 gw = { .name = STR("Teleco"),
				    .state = GATEWAY_REGISTERED };

	settings_fill();
	domains_set(d, &settings, NULL, NULL);
	world = (struct route_world){ &settings, d, accounts, a, g, NULL };
	gateways_record(g, &gw);
	accounts_begin(accounts);
	account("anna@example.com", "+442071234567", 1, false);
	account("bo@example.com", "201", 2, false);
	account("eva@second.example", "", 3, false);
	accounts_complete(accounts);
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		directory_apply(a, ENTRY_ALIAS, str_of(aliases[i][0]),
		    str_of(aliases[i][1]));
	return 0;
}

static int
teardown(void **state)
{
	world_fini(&world);
	nets_fini(&settings.client_networks);
	return 0;
}

static const struct msg_routed *
decide(const char *uri, const char *source)
{
	struct msg_route	q = {
		.method = STR("INVITE"), .uri = str_of(uri),
		.source = str_of(source),
		.listener = STR("udp:203.0.113.9:5070"),
	};

	route_decide(&world, &q, &decision);
	return &decision.m;
}

static bool
has_key(const char *key)
{
	for (uint32_t i = 0; i < decision.m.keys.n; i++)
		if (str_eq(decision.m.keys.v[i].name, str_of(key)))
			return true;
	return false;
}

#define OUTSIDE	"udp:198.51.100.1:5060"

static void
assert_str(struct str got, const char *want)
{
	char	s[512];

	assert_true(str_copy(s, sizeof(s), got));
	assert_string_equal(s, want);
}

static void
test_decisions(void **state)
{
	static const struct {
		const char		*uri;
		uint16_t		 confirmed, not;
		enum target_kind	 kind;
		const char		*value;
		const char		*key;
	} cases[] = {
	{ "sip:anna@example.com", 0, 0, TARGET_AOR, "anna@example.com", "anna@example.com" },
	{ "sip:Anna@EXAMPLE.com:5060;user=phone", 0, 0, TARGET_AOR, "anna@example.com", "example.com" },
	{ "sips:anna@example.com.", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:%61nna@example.com", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:nobody@example.com", 404, 404, 0, NULL, "nobody@example.com" },
	{ "sip:example.com", 404, 404, 0, NULL, NULL },
	/* our own addresses stand for the main domain */
	{ "sip:anna@127.0.11.1", 0, 0, TARGET_AOR, "anna@example.com", "127.0.11.1" },
	{ "sip:anna@127.0.11.1:5060", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:anna@127.0.11.1:5099", 0, 407, TARGET_URI, "sip:anna@127.0.11.1:5099", NULL },
	{ "sip:anna@203.0.113.9:5070", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:anna@[::1]", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	/* aliases */
	{ "sip:sales@example.com", 0, 0, TARGET_AOR, "anna@example.com", "sales@example.com" },
	{ "sip:info@example.com", 0, 0, TARGET_AOR, "anna@example.com", "sales@example.com" },
	{ "sip:bo@old.example", 0, 0, TARGET_AOR, "bo@example.com", "old.example" },
	{ "sip:bo@OLD.example", 0, 0, TARGET_AOR, "bo@example.com", NULL },
	{ "sip:bo@second.example", 0, 0, TARGET_AOR, "bo@example.com", "bo@second.example" },
	{ "sip:eva@second.example", 0, 0, TARGET_AOR, "eva@second.example", NULL },
	{ "sip:boss@example.com", 0, 0, TARGET_URI, "sip:carl@elsewhere.example", NULL },
	{ "sip:a@example.com", 482, 482, 0, NULL, NULL },
	{ "sip:x@round.example", 482, 482, 0, NULL, NULL },
	/* numbers */
	{ "tel:+442071234567", 0, 0, TARGET_AOR, "anna@example.com", "+442071234567" },
	{ "tel:+44-20-7123-4567", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:+442071234567@example.com;user=phone", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:+44.20.7123.4567@second.example", 0, 0, TARGET_AOR, "anna@example.com", NULL },
	{ "sip:201@example.com", 0, 0, TARGET_AOR, "bo@example.com", "201" },
	{ "tel:201;phone-context=example.com", 0, 0, TARGET_AOR, "bo@example.com", NULL },
	{ "tel:+15550000000", 404, 404, 0, NULL, "+15550000000" },
	{ "sip:202@example.com", 404, 404, 0, NULL, "202" },
	/* outside */
	{ "sip:carl@elsewhere.example", 0, 407, TARGET_URI, "sip:carl@elsewhere.example", "elsewhere.example" },
	{ "sip:carl@198.51.100.7", 0, 407, TARGET_URI, "sip:carl@198.51.100.7", NULL },
	{ "sip:carl@192.0.2.77:5080", 0, 0, TARGET_URI, "sip:carl@192.0.2.77:5080", NULL },
	{ "sip:carl@[2001:db8::7]", 0, 0, TARGET_URI, "sip:carl@[2001:db8::7]", NULL },
	{ "sip:carl@localhost", 404, 404, 0, NULL, NULL },
	{ "sip:+4420@teleco.sipgw", 0, 407, TARGET_GATEWAY, "+4420@Teleco", "teleco.sipgw" },
	{ "sip:+4420@nobody.sipgw", 404, 404, 0, NULL, NULL },
	/* what is no address */
	{ "http://example.com/", 416, 416, 0, NULL, NULL },
	{ "sip:anna@", 400, 400, 0, NULL, NULL },
	{ "", 400, 400, 0, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct msg_routed	*m = decide(cases[i].uri, OUTSIDE);

		if (m->if_confirmed != cases[i].confirmed ||
		    m->if_not != cases[i].not)
			fail_msg("%s: %u %u", cases[i].uri, m->if_confirmed,
			    m->if_not);
		assert_int_equal(m->targets.n, cases[i].value != NULL);
		assert_true(m->steps.n > 0);
		if (cases[i].key != NULL)
			assert_true(has_key(cases[i].key));
		if (cases[i].confirmed != 0)
			assert_true(m->reason.len > 0);
		if (cases[i].value == NULL)
			continue;
		assert_int_equal(m->targets.v[0].kind, cases[i].kind);
		assert_str(m->targets.v[0].value, cases[i].value);
		assert_int_equal(m->stages.n, 1);
		assert_int_equal(m->stages.v[0].when, STAGE_NOW);
	}
}

static void
test_relay(void **state)
{
	static const struct {
		uint8_t		 setting;
		const char	*source;
		uint16_t	 not;
		uint32_t	 depends;
	} cases[] = {
		{ RELAY_NOBODY, OUTSIDE, 407, 0 },
		{ RELAY_NOBODY, "udp:192.0.2.5:5060", 407, 0 },
		{ RELAY_CLIENTS, OUTSIDE, 407, DEPENDS_SOURCE },
		{ RELAY_CLIENTS, "udp:192.0.2.5:5060", 0, DEPENDS_SOURCE },
		{ RELAY_CLIENTS, "tcp:[2001:db8::5]:99", 0, DEPENDS_SOURCE },
		{ RELAY_CLIENTS, "192.0.2.5", 0, DEPENDS_SOURCE },
		{ RELAY_CLIENTS, "", 407, DEPENDS_SOURCE },
		{ RELAY_ANYBODY, OUTSIDE, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct msg_routed	*m;

		settings.relay_to_non_clients = cases[i].setting;
		m = decide("sip:carl@elsewhere.example", cases[i].source);
		assert_int_equal(m->if_confirmed, 0);
		assert_int_equal(m->if_not, cases[i].not);
		assert_int_equal(m->depends, cases[i].depends);
	}
	settings.relay_to_non_clients = RELAY_NOBODY;
}

static void
test_relay_via(void **state)
{
	settings.relay_via = (char *)"edge.example:5062";
	assert_str(decide("sip:c@elsewhere.example", OUTSIDE)->targets.v[0].next_hop,
	    "sip:edge.example:5062");
	assert_str(decide("sip:anna@example.com", OUTSIDE)->targets.v[0].next_hop,
	    "");
	settings.relay_via = (char *)"sips:edge.example";
	assert_str(decide("sip:c@elsewhere.example", OUTSIDE)->targets.v[0].next_hop,
	    "sips:edge.example");
	settings.relay_via = (char *)"";
}

static void
test_steps(void **state)
{
	const struct msg_routed	*m = decide("sip:sales@example.com", OUTSIDE);
	static const struct {
		const char	*text, *why;
		bool		 matched;
	} want[] = {
		{ "address", "sip:sales@example.com", true },
		{ "domain", "example.com is served here", true },
		{ "account", "there is no account sales@example.com", false },
		{ "alias", "sales@example.com means anna@example.com", true },
		{ "domain", "example.com is served here", true },
		{ "account", "anna@example.com", true },
		{ "result", "the devices of anna@example.com", true },
	};

	assert_int_equal(m->steps.n, sizeof(want) / sizeof(want[0]));
	for (uint32_t i = 0; i < m->steps.n; i++) {
		assert_str(m->steps.v[i].text, want[i].text);
		assert_str(m->steps.v[i].why, want[i].why);
		assert_int_equal(m->steps.v[i].matched, want[i].matched);
	}
}

/* Before the accounts are in nobody hears 404; who goes outside need not wait. */
static void
test_waits(void **state)
{
	struct accounts	*empty = accounts_new(changed, NULL);
	struct accounts	*full = (struct accounts *)world.accounts;

	world.accounts = empty;
	decide("sip:anna@example.com", OUTSIDE);
	assert_true(decision.waits);
	decide("sip:anna@old.example", OUTSIDE);
	assert_true(decision.waits);
	decide("tel:+442071234567", OUTSIDE);
	assert_true(decision.waits);
	decide("sip:carl@elsewhere.example", OUTSIDE);
	assert_false(decision.waits);
	world.accounts = full;
	accounts_free(empty);
}

/* As big as an address can come: nothing overflows, the answer fits a message. */
static void
test_long(void **state)
{
	static char	uri[MSG_STR_MAX + 1];
	struct buf	b = { 0 };
	struct unpack	u;
	union msg	m;

	memset(uri, 'a', sizeof(uri) - 1);
	memcpy(uri, "sip:", 4);
	memcpy(uri + 7000, "@old.example", 12);
	uri[7012] = '\0';
	assert_int_equal(decide(uri, OUTSIDE)->if_not, 414);
	memset(uri, 'a', sizeof(uri) - 1);
	memcpy(uri, "sip:", 4);
	memcpy(uri + sizeof(uri) - 13, "@old.example", 12);
	assert_int_equal(decide(uri, OUTSIDE)->if_not, 414);
	msg_pack(&b, MSG_ROUTED, &decision.m);
	unpack_init(&u, b.s, b.len);
	assert_int_equal(msg_unpack(&u, &m), MSG_ROUTED);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relay_via),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
