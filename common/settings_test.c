/* settings_test - values, bounds, defaults, cross checks, and printing back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/setting_types.h"

#define HEAD	"domain example.com\nlisten udp:127.0.0.1:5060\n"

static struct settings *
build(const char *text, struct complaints *out)
{
	struct conf	*c = conf_parse("sip.conf", str_of(text), out);
	struct settings *s;

	if (c == NULL)
		return NULL;
	s = settings_build(c, out);
	conf_free(c);
	return s;
}

static struct settings *
must_build(const char *text)
{
	struct complaints out = { 0 };
	struct settings	 *s = build(text, &out);

	if (s == NULL)
		fail_msg("%s: %s", text, out.n > 0 ? out.v[0].text : "?");
	complaints_fini(&out);
	return s;
}

/* Every row's default is a legal value of its type. */
static void
test_defaults(void **state)
{
	const struct setting_info *i;
	struct settings		  *s = must_build(HEAD);

	assert_int_equal(s->timer_b, 10000);
	assert_int_equal(s->message_max, 65536);
	assert_int_equal(s->authenticate, AUTHENTICATE_LOCAL);
	assert_true(s->force_dialog_relaying);
	assert_int_equal(s->relay_to_non_clients, RELAY_NOBODY);
	assert_int_equal(s->nated_networks.n, 5);
	assert_int_equal(s->lan_networks.n, 0);
	assert_int_equal(s->digest_algorithms.n, 1);
	assert_int_equal(s->media.v[0].port_min, 30000);
	assert_string_equal(s->relay_via, "");
	assert_string_equal(s->routes, "");
	settings_free(s);
	for (i = settings_table; i->name != NULL; i++) {
		struct complaints out = { 0 };
		char		  text[1024];

		if (i->def[0] == '\0' || i->block != BLOCK_NONE)
			continue;
		snprintf(text, sizeof(text), HEAD "%s %s\n", i->name, i->def);
		s = build(text, &out);
		if (s == NULL || out.n > 0)
			fail_msg("%s: %s", text, out.v[0].text);
		settings_free(s);
	}
}

/* Row 139. */
static void
test_networks(void **state)
{
	static const char	 text[] = HEAD
	    "network-list office [10.0.0.0/8, !10.0.0.5] # or not\n"
	    "network-list Office 192.0.2.5-192.0.2.9\n"
	    "network-list all [\"#OFFICE\", \"2001:db8::/32 ; there\"]\n"
	    "client-networks [\"#all\", !10.1.0.0/16, \"#@*.phones.example.com\"]\n"
	    "lan-networks \"#office\"\n";
	struct settings		*s = must_build(text), *again;
	static const struct {
		const char	*addr;
		bool		 client, lan;
	} cases[] = {
		{ "10.0.0.4", true, true }, { "10.0.0.5", false, false },
		{ "10.1.2.3", false, true }, { "192.0.2.9", true, true },
		{ "192.0.2.10", false, false }, { "2001:db8::1", true, false },
	};
	struct addr	a;
	char		buf[8192];
	struct text	t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(addr_parse(&a, str_of(cases[i].addr), 0), 0);
		assert_int_equal(nets_have(&s->client_networks, &a),
		    cases[i].client);
		assert_int_equal(nets_have(&s->lan_networks, &a), cases[i].lan);
	}
	assert_true(nets_want_name(&s->client_networks));
	text_init(&t, buf, sizeof(buf));
	settings_print(s, true, &t);
	again = must_build(buf);
	assert_true(nets_equal(&s->client_networks, &again->client_networks));
	assert_int_equal(again->network_lists.n, 2);
	settings_free(again);
	settings_free(s);
}

static void
test_values(void **state)
{
	struct settings *s = must_build(
	    "domain [Example.com, b.example]\ndomain c.example\n"
	    "listen udp 127.0.0.1:5070\nlisten tcp:[::1]:5070\nlisten udp:127.0.0.2\n"
	    "timer-b 8s\ntimer-c 2m\nmin-expires 1h # x\ndefault-expires 2h\n"
	    "max-expires 1d\nmessage-limit 4k\nforce-dialog-relaying off\n"
	    "media-policy never\nmedia [::1]:20000-20999\n"
	    "digest-algorithms [sha-256, md5]\nlan-networks [10.0.0.0/8, ::1]\n"
	    "nated-networks []\nrelay-via \"out.example\"\n"
	    "gateway one {\n domain one.example\n username u\n"
	    " password-file f\n register-every 30s\n channels 3\n"
	    " calls-authenticate proxy-authorization\n}\n");

	assert_int_equal(s->domains.n, 3);
	assert_string_equal(s->domains.v[0], "example.com");
	assert_int_equal(s->listen.n, 3);
	assert_int_equal(s->listen.v[0].transport, TRANSPORT_UDP);
	assert_int_equal(addr_port(&s->listen.v[1].addr), 5070);
	assert_int_equal(addr_port(&s->listen.v[2].addr), 5060);
	assert_int_equal(s->timer_b, 8000);
	assert_int_equal(s->min_expires, 3600000);
	assert_int_equal(s->message_max, 4096);
	assert_false(s->force_dialog_relaying);
	assert_int_equal(s->media_policy, MEDIA_NEVER);
	assert_int_equal(s->media.v[0].port_max, 20999);
	assert_int_equal(s->digest_algorithms.v[0], 1);
	assert_int_equal(s->lan_networks.n, 2);
	assert_int_equal(s->nated_networks.n, 0);
	assert_string_equal(s->relay_via, "out.example");
	assert_int_equal(s->ngateways, 1);
	assert_string_equal(s->gateways[0].name, "one");
	assert_int_equal(s->gateways[0].register_every, 30000);
	assert_int_equal(s->gateways[0].calls_authenticate, CALLS_AUTH_PROXY);
	assert_string_equal(s->gateways[0].via, "");
	settings_free(s);
}

static void
test_complaints(void **state)
{
	static const struct {
		const char *text;
		unsigned    line, column;
		const char *says;
	} bad[] = {
		{ HEAD "  timer-b   8sec", 3, 13,
		    "bad duration \"8sec\"; units are ms, s, m, h, d" },
		{ HEAD "timer-b 8", 3, 9, "units are" },
		{ HEAD "timer-b 99999999999999999999s", 3, 9, "range" },
		{ HEAD "timer-b 9223372036854775807d", 3, 9, "range" },
		{ HEAD "timer-b 2h", 3, 9, "from 500ms to 64s" },
		{ HEAD "timer-b", 3, 1, "wants a value" },
		{ HEAD "timer-b 8s 9s", 3, 12, "takes one value" },
		{ HEAD "timer-b { x }", 3, 1, "not a block" },
		{ HEAD "timr-b 8s", 3, 1, "did you mean \"timer-b\"?" },
		{ HEAD "qqqqqqqq 8s", 3, 1, "unknown setting \"qqqqqqqq\"" },
		{ HEAD "channels 8", 3, 1, "belongs into a block" },
		{ HEAD "gatway x { domain y }", 3, 1, "did you mean \"gateway\"?" },
		{ HEAD "processors -1", 3, 12, "digits only" },
		{ HEAD "processors 65", 3, 12, "from 0 to 64" },
		{ HEAD "message-limit 4x", 3, 15, "bad size" },
		{ HEAD "force-dialog-relaying yes", 3, 23, "neither on nor off" },
		{ HEAD "media-policy alway", 3, 14, "did you mean \"always\"?" },
		{ HEAD "media-policy zzz", 3, 14, "auto|always|never" },
		{ HEAD "lan-networks 10.0.0.1/8", 3, 14, "host bits zero" },
		{ HEAD "lan-networks [10.0.0.0/8, x]", 3, 27, "bad network \"x\"" },
		{ HEAD "lan-networks 192.0.2.9-192.0.2.1", 3, 14, "ends before it begins" },
		{ HEAD "lan-networks #office", 3, 1, "stands in quotes" },
		{ HEAD "network-list office 10.0.0.0/8\nlan-networks \"#ofice\"", 4, 14,
		    "no network-list \"ofice\"; did you mean \"#office\"?" },
		{ HEAD "network-list a \"#b\"\nnetwork-list b \"#A\"", 4, 16,
		    "leads back to itself" },
		{ HEAD "network-list \"a b\" 10.0.0.0/8", 3, 14, "bad name" },
		{ HEAD "lan-networks \"#@*.example.com\"", 3, 14, "by its address" },
		{ HEAD "listen udp:127.0.0.1:5062 {\n allow \"#@x\"\n}", 4, 8,
		    "by its address" },
		{ HEAD "dns-override 192.0.2.1 192.0.2.2", 3, 14, "name a domain" },
		{ HEAD "dns-override far.test", 3, 14, "host that requests go to is missing" },
		{ HEAD "dns-override far.test a:0", 3, 23, "is no host" },
		{ HEAD "dns-override far.test a tpc", 3, 25, "did you mean \"tcp\"?" },
		{ HEAD "dns-override far.test a priority", 3, 25, "is missing" },
		{ HEAD "log-tag SIPX all", 3, 9, "did you mean \"SIP\"?" },
		{ HEAD "log-tag SIPC", 3, 9, "a level is missing" },
		{ HEAD "log-tag SIPC loud", 3, 14, "is no level" },
		{ HEAD "log-tag SIPC all too", 3, 18, "nothing follows" },
		{ HEAD "dns-override far.test a weight 65536", 3, 32, "from 0 to 65535" },
		{ HEAD "digest-algorithms []", 3, 1, "cannot be empty" },
		{ HEAD "digest-algorithms [md5, md5]", 3, 25, "twice" },
		{ HEAD "media 127.0.0.1:30001-39998", 3, 7, "even" },
		{ HEAD "media 0.0.0.0:30000-39998", 3, 7, "wildcard" },
		{ HEAD "media x", 3, 7, "bad media address" },
		{ HEAD "media 10.0.0.1=::1:30000-39998", 3, 7, "bad media address" },
		{ HEAD "media-session-timer 60s", 3, 21, "90s or more" },
		{ HEAD "media []", 3, 1, "wants an address" },
		{ HEAD "media 10.0.0.1:30000-30998\nmedia 10.0.0.1:30998-31999", 4, 7,
		    "in another range" },
		{ HEAD "media 127.0.0.1:5000-5100", 3, 7, "include 127.0.0.1:5060" },
		{ HEAD "listen udp:127.0.0.1:5060\nlisten tcp:127.0.0.1:5060", 3, 8, "two sockets listen" },
		{ HEAD "listen [tcp:0.0.0.0:5060, udp:0.0.0.0:5060]", 3, 27, "all addresses" },
		{ HEAD "listen udp:127.0.0.1:5062 { told ::1 }", 3, 8, "of the socket's family" },
		{ HEAD "listen tls:127.0.0.1:5061", 3, 8, "needs a certificate" },
		{ HEAD "tls-certificate a b c", 3, 21, "a line of its own" },
		{ HEAD "listen sctp:127.0.0.1:5061", 3, 8, "bad address" },
		{ HEAD "listen udp:127.0.0.1:0", 3, 8, "bad address" },
		{ HEAD "min-expires 2h", 3, 13, "longer than default-expires" },
		{ HEAD "max-expires 10m", 3, 13,
		    "default-expires (1h) is longer than max-expires (10m)" },
		{ HEAD "domain -x-", 3, 8, "not the name" },
		{ HEAD "dns-servers [192.0.2.53, ns.example.com]", 3, 26,
		    "\"ns.example.com\" is not the address of a name server" },
		{ HEAD "dns-servers 192.0.2.53:70000", 3, 13, "a name server" },
		{ HEAD "dns-servers [::1]:0", 3, 13, "a name server" },
		{ HEAD "dns-servers 0.0.0.0", 3, 13, "a name server" },
		{ HEAD "gateway x { via y }", 3, 9, "has no domain" },
		{ HEAD "gateway x {\n domain y\n chanels 2\n}", 5, 2,
		    "did you mean \"channels\"?" },
		{ HEAD "gateway x {\n domain y\n timer-b 2s\n}", 5, 2,
		    "does not belong into a gateway" },
		{ HEAD "gateway x { domain y }\ngateway x { domain y }", 4, 9,
		    "already" },
		{ HEAD "gateway x { domain y }\ngateway X { domain y }", 4, 9,
		    "already" },
		{ HEAD "gateway x { domain y\n group X }", 4, 8, "name of a gateway" },
		{ HEAD "gateway x { domain y\n group \"a b\" }", 4, 8,
		    "cannot be a group" },
		{ HEAD "gateway x { domain \"y z\" }", 3, 20, "no domain and no" },
		{ HEAD "gateway x { domain sip:a@y }", 3, 20, "no domain and no" },
		{ HEAD "gateway x { domain y\n via \"sip:[::\" }", 4, 6, "no SIP URI" },
		{ HEAD "gateway x { domain y\n via \"a b\" }", 4, 6, "no SIP URI" },
		{ HEAD "gateway x { domain y\n contact \"sip:x y\" }", 4, 10,
		    "no SIP URI" },
		{ HEAD "gateway x { domain y\n account z }", 4, 10, "z@DOMAIN" },
		{ HEAD "gateway x { domain y\n failover-codes 7xx }", 4, 17,
		    "no response code" },
		{ HEAD "gateway x { domain y\n probe-every 4s }", 4, 14, "every 5s" },
		{ HEAD "gateway x { domain y\n caller-id 4*4 33\n }", 4, 12,
		    "neither a number" },
		{ HEAD "gateway x", 3, 1, "gateway NAME {" },
		{ HEAD "gateway \"x y\" { domain y }", 3, 1, "gateway NAME {" },
		{ "listen udp:127.0.0.1:5060", 0, 0, "no domain" },
		{ "domain x.y", 0, 0, "no socket" },
	};
	size_t	i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct complaints out = { 0 };

		assert_null(build(bad[i].text, &out));
		assert_int_equal(out.errors, 1);
		if (strstr(out.v[0].text, bad[i].says) == NULL ||
		    out.v[0].line != bad[i].line || out.v[0].column != bad[i].column)
			fail_msg("%s: %u:%u: %s", bad[i].text, out.v[0].line,
			    out.v[0].column, out.v[0].text);
		complaints_fini(&out);
	}
}

static void
test_all_at_once(void **state)
{
	struct complaints out = { 0 };

	assert_null(build("timer-b 8sec\nidle-timout 4s\nmedia-policy x\n", &out));
	assert_int_equal(out.errors, 5);	/* and no domain, no listen */
	complaints_fini(&out);
}

static void
test_warnings(void **state)
{
	static const struct {
		const char *text, *says;
	} warn[] = {
		{ HEAD "timer-b 8s\ntimer-b 9s", "set again" },
		{ HEAD "domain EXAMPLE.com", "twice" },
		{ HEAD "gateway x { domain y\n username z\n }", "no password-file" },
		{ HEAD "gateway x { domain y\n password-file z\n }", "but no username" },
		{ HEAD "media 127.0.0.1:30000-30099\nmedia-sessions-limit 2000",
		    "suffice for 25" },
	};
	size_t	i;

	for (i = 0; i < sizeof(warn) / sizeof(warn[0]); i++) {
		struct complaints out = { 0 };
		struct settings	 *s = build(warn[i].text, &out);

		assert_non_null(s);
		if (i == 0)
			assert_int_equal(s->timer_b, 9000);
		assert_int_equal(out.errors, 0);
		assert_int_equal(out.n, 1);
		assert_non_null(strstr(out.v[0].text, warn[i].says));
		settings_free(s);
		complaints_fini(&out);
	}
}

static void
print(const struct settings *s, bool changed, char *buf, size_t size)
{
	struct text	t;

	text_init(&t, buf, size);
	settings_print(s, changed, &t);
	assert_false(t.full);
	text_ch(&t, '\0');
}

static void
test_prints_back(void **state)
{
	static const char *const texts[] = {
		HEAD,
		"domain [a.b, c.d]\nlisten [udp:[::1]:5060, tcp:127.0.0.1:5060]\n"
		"media [::1]:20000-20999\nmedia 10.0.0.1=192.0.2.1:20000-20999\n"
		"nated-networks []\nlan-networks ::1/128\n"
		"relay-via \"a b\"\nmin-expires 90s\ntimer-t1 501ms\n"
		"message-limit 1501\ndigest-algorithms [sha-512-256, sha-256]\n"
		"dns-override far.test \"[::1]:5070\" tcp\ndns-override b.test c weight 5\n"
		"network-list n [!10.0.0.1, \"#m\"]\nnetwork-list m ::1\n"
		"gateway g-1 { domain x.y\n substitute-from on\n }\n"
		"gateway g-2 { domain x.y\n caller-id 1* 2*\n caller-id 3 4\n"
		" group [h, i]\n networks ::1/128\n failover-codes 503\n }\n",
	};
	static char	 first[65536], second[65536];
	struct settings *s;
	size_t		 i;
	int		 changed;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (changed = 0; changed < 2; changed++) {
			s = must_build(texts[i]);
			print(s, changed, first, sizeof(first));
			settings_free(s);
			s = must_build(first);
			print(s, changed, second, sizeof(second));
			assert_string_equal(first, second);
			print(s, true, second, sizeof(second));
			settings_free(s);
		}
	s = must_build(HEAD "timer-b 10s\nnonce-life 5m\n");
	print(s, true, first, sizeof(first));
	assert_string_equal(first, HEAD);
	settings_free(s);
}

static void
test_restarts(void **state)
{
	static const struct {
		const char *text, *names;
	} steps[] = {
		{ HEAD "timer-b 9s", "" },
		{ HEAD "processors 2", "sipd" },
		{ HEAD "processors 2\ncalls-limit 100\nmedia-sessions-limit 5",
		    "sipd mediad" },
		{ HEAD "media 127.0.0.1:30000-39996", "mediad" },
	};
	struct settings *a = must_build(HEAD), *b;
	char		 buf[64];
	struct text	 t;
	size_t		 i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		b = must_build(steps[i].text);
		text_init(&t, buf, sizeof(buf));
		settings_restarts(a, b, &t);
		assert_true(str_eq(text_str(&t), str_of(steps[i].names)));
		settings_free(b);
	}
	settings_free(a);
}

static void
test_find(void **state)
{
	assert_non_null(setting_find(STR("timer-b"), BLOCK_NONE));
	assert_null(setting_find(STR("timer-b"), BLOCK_GATEWAY));
	assert_non_null(setting_find(STR("channels"), BLOCK_GATEWAY));
	assert_string_equal(setting_nearest(STR("timerb"), BLOCK_NONE)->name, "timer-b");
	assert_string_equal(setting_nearest(STR("max-expire"), BLOCK_NONE)->name,
	    "max-expires");
	assert_null(setting_nearest(STR("something-else"), BLOCK_NONE));
}

static void
test_distance(void **state)
{
	assert_int_equal(edit_distance(STR(""), STR("")), 0);
	assert_int_equal(edit_distance(STR("abc"), STR("")), 3);
	assert_int_equal(edit_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(edit_distance(STR("timout"), STR("timeout")), 1);
}

/* Row 49: by the whole address, or by the name alone. */
static void
test_may_claim(void **state)
{
	static const struct {
		struct str	from;
		bool		address, name;
	} rows[] = {
		{ STR("anna@a.test"), true, true },
		{ STR("anna@b.test"), false, true },
		{ STR("bert@a.test"), false, false },
		{ STR("annab@a.test"), false, false },
		{ STR("a.test"), false, false },
		{ STR(""), false, false },
	};
	struct settings	s = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.user_matching = MATCH_ADDRESS;
		assert_int_equal(settings_may_claim(&s, STR("anna@a.test"),
		    rows[i].from), rows[i].address);
		s.user_matching = MATCH_NAME;
		assert_int_equal(settings_may_claim(&s, STR("anna@a.test"),
		    rows[i].from), rows[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_prints_back),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_may_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
