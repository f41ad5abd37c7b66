/*
 * route: a table of addresses over small houses, each with where it goes and which
 * steps led there. The rows are FEATURES.md's; S1 and S3 are the samples of the
 * manuals.
 */
#include "routed/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/mono.h"
#include "common/route.h"
#include "routed/rules.h"

#define STRANGER	"udp:198.51.100.1:5060"

static struct settings	 settings;
static struct listen	 listens[2];
static struct route_decision decision;

static const char *const accounts_all[][2] = {
	{ "anna@example.com", "+442071234567" },
	{ "bo@example.com", "201" },
	{ "carl@example.com", "" },
	{ "eva@second.example", "" },
	{ "anna@second.example", "" },
	{ "postmaster@example.com", "" },
};
static const struct {
	enum entry_kind	 kind;
	const char	*name, *value;
} entries_all[] = {
	{ ENTRY_ALIAS, "sales@example.com", "anna@example.com" },
	{ ENTRY_ALIAS, "info@example.com", "sales@example.com" },
	{ ENTRY_ALIAS, "301@example.com", "carl@example.com" },
	{ ENTRY_ALIAS, "301@second.example", "eva@second.example" },
	{ ENTRY_ALIAS, "@old.example", "@example.com" },
	{ ENTRY_ALIAS, "@moved.example", "@elsewhere.example" },
	{ ENTRY_ALIAS, "@round.example", "@round.example" },
	{ ENTRY_ALIAS, "loop1@example.com", "loop2@example.com" },
	{ ENTRY_ALIAS, "loop2@example.com", "loop1@example.com" },
	{ ENTRY_FORWARDER, "boss@example.com", "boss@elsewhere.example" },
	{ ENTRY_FORWARDER, "desk@example.com", "+15551230000@telnum" },
	{ ENTRY_FORWARDER, "uri@example.com", "sip:u@elsewhere.example:5070;transport=tcp" },
	{ ENTRY_GROUP, "all@example.com", "anna@example.com\nbo@example.com\nboss@example.com" },
	{ ENTRY_GROUP, "nested@example.com", "all@example.com\ncarl@example.com" },
	{ ENTRY_GROUP, "self@example.com", "self@example.com\nanna@example.com" },
	{ ENTRY_GROUP, "nobody@example.com", "x@example.com\ny@example.com" },
	{ ENTRY_NUMBER, "+4930123456", "carl@example.com" },
	{ ENTRY_NUMBER, "+4930999", "carl@elsewhere.example" },
};

/* ---- houses: the records, and what they are tried with ---- */

struct one {
	const char	*uri;
	const char	*goes;	/* "aor X", "gw U@G", "uri U [at HOP]", "404"; "+407": strangers */
	const char	*by;	/* matched steps; L3: a record of line 3 */
};
struct house {
	const char	*what;
	const char	*records;
	const struct one *cases;
};

#include "routed/route_cases.h"

static void
nobody(void *arg, struct str key)
{
}

static char	 d_main[] = "Example.com", d_second[] = "second.example";
static char	*d_all[] = { d_main, d_second };
static char	 emergency[] = "112";
static char	*e_all[] = { emergency };

static struct route_world	world;

static void
open_house(const struct house *h)
{
	static const char *const	gateways[] = { "Provider1", "IntlProvider",
					    "LocProvider", "teleco" };
	struct accounts		*accounts = accounts_new(nobody, NULL);
	struct domains		*domains = domains_new();
	struct gateways		*gws = gateways_new(nobody, NULL);
	struct directory	*directory = directory_new(rules_free);
	struct complaints	 out = { 0 };
	struct records		*records;

	domains_set(domains, &settings, NULL, NULL);
	for (size_t i = 0; i < sizeof(gateways) / sizeof(gateways[0]); i++) {
		struct msg_gateway	m = { .name = str_of(gateways[i]),
					    .state = GATEWAY_REGISTERED };

		gateways_record(gws, &m);
	}
	accounts_begin(accounts);
	for (size_t i = 0; i < sizeof(accounts_all) / sizeof(accounts_all[0]); i++) {
		struct msg_account	m = { str_of(accounts_all[i][0]), i + 1, false,
					    STR(""), str_of(accounts_all[i][1]) };

		accounts_record(accounts, &m);
	}
	accounts_complete(accounts);
	for (size_t i = 0; i < sizeof(entries_all) / sizeof(entries_all[0]); i++)
		directory_apply(directory, entries_all[i].kind,
		    str_of(entries_all[i].name), str_of(entries_all[i].value));
	records = records_build("routes.conf", str_of(h->records), &settings, &out);
	if (records == NULL)
		fail_msg("%s: %u:%u: %s", h->what, out.v[0].line, out.v[0].column,
		    out.v[0].text);
	world = (struct route_world){ &settings, domains, accounts, directory, gws,
	    records };
}

static void
close_house(void)
{
	world_fini(&world);
}

static int
setup(void **state)
{
	settings.domains = (struct set_texts){ d_all, 2 };
	settings.relay_to_non_clients = RELAY_NOBODY;
	settings.relay_via = (char *)"";
	settings.emergency_numbers = (struct set_texts){ e_all, 1 };
	listens[0].transport = TRANSPORT_UDP;
	assert_int_equal(addr_parse_port(&listens[0].addr,
	    STR("203.0.113.9:5060")), 0);
	assert_int_equal(addr_parse_port(&listens[1].addr,
	    STR("[2001:db8::9]:5060")), 0);
	settings.listen = (struct set_listens){ listens, 2 };
	return 0;
}

static void
print_goes(struct text *t)
{
	const struct msg_routed	*m = &decision.m;

	if (m->if_confirmed != 0) {
		text_printf(t, "%u", m->if_confirmed);
		return;
	}
	for (uint32_t i = 0; i < m->targets.n; i++) {
		const struct rec_target	*g = &m->targets.v[i];

		text_printf(t, "%s%s %.*s", i > 0 ? ", " : "",
		    g->kind == TARGET_AOR ? "aor" : g->kind == TARGET_GATEWAY ? "gw" :
		    "uri", STR_ARG(g->value));
		if (g->next_hop.len > 0)
			text_printf(t, " at %.*s", STR_ARG(g->next_hop));
	}
	if (m->if_not != 0)
		text_printf(t, " +%u", m->if_not);
}

/* What everything begins and ends with is left out. */
static void
print_by(struct text *t)
{
	static const char *const	dull[] = { "address", "result", "relay", NULL };
	const struct msg_routed		*m = &decision.m;
	int				 i;

	for (uint32_t k = 0; k < m->steps.n; k++) {
		const struct rec_step	*s = &m->steps.v[k];

		for (i = 0; dull[i] != NULL && !str_eq(s->text, str_of(dull[i])); i++)
			;
		if (!s->matched || dull[i] != NULL)
			continue;
		if (t->len > 0)
			text_ch(t, ' ');
		if (s->line > 0)
			text_printf(t, "L%u", s->line);
		else
			text_add(t, s->text);
	}
}

static const struct msg_route call = {
	.method = STR("INVITE"), .source = STR(STRANGER),
	.listener = STR("udp:203.0.113.9:5060"),
};

static void
test_cases(void **state)
{
	bool		 print = getenv("PRINT") != NULL;
	char		 goes_buf[4096], by_buf[1024];
	unsigned	 n = 0;

	for (const struct house *h = houses; h->what != NULL; h++) {
		open_house(h);
		if (print)
			printf("\n/* %s */\n", h->what);
		for (const struct one *c = h->cases; c->uri != NULL; c++, n++) {
			struct msg_route	q = call;
			struct text		goes, by;

			q.uri = str_of(c->uri);
			route_decide(&world, &q, &decision);
			text_init(&goes, goes_buf, sizeof(goes_buf));
			print_goes(&goes);
			text_init(&by, by_buf, sizeof(by_buf));
			print_by(&by);
			if (print)
				printf("\t{ \"%s\", \"%s\",\n\t    \"%s\" },\n", c->uri,
				    goes_buf, by_buf);
			else if (strcmp(goes_buf, c->goes) != 0 ||
			    strcmp(by_buf, c->by) != 0)
				fail_msg("%s: %s: %s by \"%s\"", h->what, c->uri,
				    goes_buf, by_buf);
			/* The explanation is longer, the decision the same. */
			q.test = true;
			route_decide(&world, &q, &decision);
			text_init(&goes, goes_buf, sizeof(goes_buf));
			print_goes(&goes);
			if (!print)
				assert_string_equal(goes_buf, c->goes);
		}
		close_house();
	}
	if (!print)
		assert_true(n >= 200);
}

/* ---- what a decision costs ---- */

#define ROUNDS	20000

static int
by_time(const void *a, const void *b)
{
	int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* A number that a record sends to a gateway, one of 1 000; printed, loosely bounded. */
static void
test_cost(void **state)
{
	static int64_t	took[ROUNDS];
	char		text[65536], uri[64];
	struct house	h = { "1 000 records", text, NULL };
	struct text	t;

	text_init(&t, text, sizeof(text));
	for (int i = 0; i < 1000; i++)
		text_printf(&t, "NoRelay:S:<+%d*> = %d*@teleco.sipgw\n",
		    44000 + i, i);
	assert_false(t.full);
	open_house(&h);
	for (int i = 0; i < ROUNDS; i++) {
		struct msg_route	q = call;
		struct mono		begin;

		snprintf(uri, sizeof(uri), "sip:+%d5551234@example.com",
		    44000 + i % 1000);
		q.uri = str_of(uri);
		begin = mono_now();
		route_decide(&world, &q, &decision);
		took[i] = mono_now().ns - begin.ns;
		assert_int_equal(decision.m.targets.n, 1);
	}
	close_house();
	qsort(took, ROUNDS, sizeof(took[0]), by_time);
	printf("1 000 records: a decision takes %.1f us, p99 %.1f us\n",
	    (double)took[ROUNDS / 2] / 1000, (double)took[ROUNDS / 100 * 99] / 1000);
	assert_true(took[ROUNDS / 2] < 1000000);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup(test_cases, setup),
		cmocka_unit_test_setup(test_cost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
