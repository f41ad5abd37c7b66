/*
 * staged: the text of rules and its faults; conditions, actions and their order (rows
 * 93 to 100).
 */
#include "routed/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/route.h"
#include "routed/rules.h"

static char	 main_domain[] = "example.com";
static char	*domain_names[] = { main_domain };
static struct settings settings;
static struct route_world world;
static struct route_decision decision;
static struct route_decision	*d = &decision;

static void
nobody(void *arg, struct str key)
{
}

static int
setup(void **state)
{
	static const char *const	names[] = { "anna", "bo", "carl", "dora" };
	struct accounts			*a = accounts_new(nobody, NULL);
	struct domains			*domains = domains_new();
	char				 aor[64];

	settings.domains = (struct set_texts){ domain_names, 1 };
	settings.relay_to_non_clients = RELAY_NOBODY;
	settings.relay_via = (char *)"";
	domains_set(domains, &settings, NULL, NULL);
	accounts_begin(a);
	for (size_t i = 0; i < 4; i++) {
		struct msg_account	m = { .version = i + 1 };

		snprintf(aor, sizeof(aor), "%s@example.com", names[i]);
		m.aor = str_of(aor);
		accounts_record(a, &m);
	}
	accounts_complete(a);
	world = (struct route_world){ .settings = &settings, .domains = domains,
		.accounts = a, .directory = directory_new(rules_free),
		.gateways = gateways_new(nobody, NULL) };
	return 0;
}

static int
teardown(void **state)
{
	world_fini(&world);
	return 0;
}

static void
rules(const char *scope, const char *text)
{
	struct complaints	 out = { 0 };
	struct rules		*r = text[0] != '\0' ?
				    rules_parse("rules", str_of(text), &out) : NULL;

	if (r == NULL && text[0] != '\0')
		fail_msg("%s: %u: %s", text, out.v[0].line, out.v[0].text);
	rules_free(r);
	directory_apply(world.directory, ENTRY_RULES, str_of(scope), str_of(text));
}

/* "aor bo; after 20000: instead aor carl; busy: 486" */
static void
print(char out[4096])
{
	static const char *const	names[] = { "", "after", "busy", "no-answer",
	    "error", "unregistered" };
	const struct msg_routed		*m = &d->m;
	struct text			 t;

	text_init(&t, out, 4096);
	if (m->if_confirmed != 0) {
		text_printf(&t, "%u %.*s", m->if_confirmed, STR_ARG(m->reason));
		return;
	}
	for (uint32_t s = 0; s < m->stages.n; s++) {
		if (s > 0)
			text_printf(&t, "; %s %u:%s", names[m->stages.v[s].when],
			    m->stages.v[s].after_ms,
			    m->stages.v[s].replaces ? " instead" : "");
		if (m->stages.v[s].code != 0)
			text_printf(&t, " %u", m->stages.v[s].code);
		for (uint32_t i = 0; i < m->targets.n; i++)
			if (m->targets.v[i].stage == s)
				text_printf(&t, "%s%.*s", t.len > 0 ? " " : "",
				    STR_ARG(m->targets.v[i].value));
	}
	if (m->if_not != 0)
		text_printf(&t, " +%u", m->if_not);
}

static const struct msg_route call = {
	.method = STR("INVITE"), .uri = STR("sip:anna@example.com"),
	.from = STR("sip:bo@example.com"), .to = STR("sip:anna@example.com"),
	.source = STR("udp:198.51.100.1:5060"), .media = MEDIA_KIND_AV,
	.from_name = STR("Bo B."), .payload = STR("application/sdp"),
	.account = STR("bo"), .realm = STR("example.com"),
};

static void
assert_goes(const char *want, const char *what)
{
	char	got[4096];

	route_decide(&world, &call, d);
	print(got);
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", what, got, want);
}

static void
test_actions(void **state)
{
	static const struct {
		const char	*server, *domain, *account, *goes;
	} cases[] = {
	{ "", "", "", "anna@example.com" },
	/* the short form: row 100 */
	{ "", "", "ring bo", "anna@example.com bo@example.com" },
	{ "", "", "ring [bo, anna, carl]", "anna@example.com bo@example.com carl@example.com" },
	{ "", "", "after 20s carl", "anna@example.com; after 20000: instead carl@example.com" },
	{ "", "", "busy carl\nno-answer dora\nerror [carl, dora]\nunregistered bo",
	    "anna@example.com; busy 0: instead carl@example.com; no-answer 0: instead "
	    "dora@example.com; error 0: instead carl@example.com dora@example.com; "
	    "unregistered 0: instead bo@example.com" },
	{ "", "", "busy \"<sip:x@elsewhere.example;transport=tcp>\"",
	    "anna@example.com; busy 0: instead sip:x@elsewhere.example;transport=tcp" },
	{ "", "", "busy \"#voicemail\"", "anna@example.com" },
	{ "", "", "busy nobody", "anna@example.com" },
	/* row 93, 99 */
	{ "", "", "rule r { redirect bo }", "bo@example.com" },
	{ "", "", "rule r { redirect [bo, carl] }", "bo@example.com carl@example.com" },
	{ "", "", "ring carl\nrule r { redirect bo }", "bo@example.com" },
	{ "", "", "rule r { redirect bo }\nring carl", "bo@example.com carl@example.com" },
	{ "", "", "rule r { redirect nobody }", "480 Nobody To Call" },
	{ "", "", "rule r { reject 603 Never }", "603 Never" },
	{ "", "", "rule r { fork bo\nstop }\nring carl", "anna@example.com bo@example.com" },
	{ "", "", "rule r { stage after 5s\nfork bo }", "anna@example.com; after 5000: bo@example.com" },
	{ "", "", "rule r { stage busy\nreject 486 }", "anna@example.com; busy 0: instead 486" },
	{ "", "", "rule r { stage busy\nstop }\nbusy bo", "anna@example.com" },
	/* row 96: server and domain above 5, the account, the others */
	{ "", "rule d { priority 6\nreject 480 domain }", "rule a { reject 486 account }", "480 domain" },
	{ "", "rule d { priority 5\nreject 480 domain }", "rule a { reject 486 account }", "486 account" },
	{ "", "rule d { priority 5\nreject 480 domain }", "rule a { priority 1\nreject 486 account }", "486 account" },
	{ "", "", "rule a { priority 2\nreject 480 low }\nrule b { priority 3\nreject 486 high }", "486 high" },
	{ "rule s { priority 1\nreject 403 server }", "rule d { priority 9\nreject 480 domain }", "", "403 server" },
	{ "rule s { stage busy\npriority 6\nredirect bo }", "rule d { stage busy\npriority 6\nredirect carl }",
	    "busy dora", "anna@example.com; busy 0: instead bo@example.com; busy 0: instead "
	    "carl@example.com; busy 0: instead dora@example.com" },
	{ "rule s { stage busy\nredirect bo }", "rule d { stage busy\nredirect carl }",
	    "busy dora", "anna@example.com; busy 0: instead dora@example.com; busy 0: instead "
	    "carl@example.com; busy 0: instead bo@example.com" },
	/* the server's at once run before the account is known, and may replace it */
	{ "rule s { redirect carl }", "", "rule a { reject 486 account }", "carl@example.com" },
	{ "rule s { fork carl }", "", "", "carl@example.com anna@example.com" },
	/* everybody of the domain to one of them: he is not led round */
	{ "", "rule d { redirect bo }", "", "bo@example.com" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rules("*", cases[i].server);
		rules("@example.com", cases[i].domain);
		rules("anna@example.com", cases[i].account);
		assert_goes(cases[i].goes, cases[i].account[0] != '\0' ?
		    cases[i].account : cases[i].server[0] != '\0' ?
		    cases[i].server : cases[i].domain);
	}
	rules("*", "");
	rules("@example.com", "");
	rules("anna@example.com", "");
}

static void
test_conditions(void **state)
{
	static const struct {
		const char	*when;
		bool		 holds;
		uint32_t	 depends;
	} cases[] = {
	{ "operation is INVITE", true, DEPENDS_METHOD },
	{ "operation is invite", true, DEPENDS_METHOD },
	{ "operation is-not INVITE", false, DEPENDS_METHOD },
	{ "operation in [MESSAGE, INVITE]", true, DEPENDS_METHOD },
	{ "operation not-in [MESSAGE, INVITE]", false, DEPENDS_METHOD },
	{ "operation not-in [MESSAGE, OPTIONS]", true, DEPENDS_METHOD },
	{ "call-type is AV", true, DEPENDS_MEDIA },
	{ "call-type is IM", false, DEPENDS_MEDIA },
	{ "call-type is \"\"", false, DEPENDS_MEDIA },
	{ "from is bo@example.com", true, DEPENDS_CALLER },
	{ "from is bo", false, DEPENDS_CALLER },
	{ "from is *@example.com", true, DEPENDS_CALLER },
	{ "from in [x@y, b*@*.com]", true, DEPENDS_CALLER },
	{ "from is-not *@elsewhere.example", true, DEPENDS_CALLER },
	{ "to is anna@example.com", true, DEPENDS_TO },
	{ "to is bo@example.com", false, DEPENDS_TO },
	{ "from-name is \"Bo*\"", true, DEPENDS_CALLER },
	{ "from-name is Boss", false, DEPENDS_CALLER },
	{ "payload is application/*", true, DEPENDS_MEDIA },
	{ "payload is \"\"", false, DEPENDS_MEDIA },
	{ "authenticated is yes", true, DEPENDS_CALLER },
	{ "authenticated is no", false, DEPENDS_CALLER },
	{ "submitter is bo@example.com", true, DEPENDS_CALLER },
	{ "submitter is carl@example.com", false, DEPENDS_CALLER },
	};
	char	text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "rule r { when %s\nreject 486 Held }",
		    cases[i].when);
		rules("anna@example.com", text);
		route_decide(&world, &call, d);
		if ((d->m.if_confirmed == 486) != cases[i].holds ||
		    d->m.depends != cases[i].depends)
			fail_msg("%s: %u, %u", cases[i].when, d->m.if_confirmed,
			    d->m.depends);
	}
	rules("anna@example.com", "rule r { when from is carl@example.com\n"
	    "when operation is INVITE\nreject 486 Held }");
	assert_goes("anna@example.com", "all conditions hold, or none of it does");
	rules("anna@example.com", "");
}

/* A member that refuses, or is elsewhere, is no affair of the others. */
static void
test_group(void **state)
{
	static const struct {
		const char	*rules, *goes;
	} cases[] = {
	{ "", "anna@example.com bo@example.com carl@example.com" },
	{ "rule r { reject 486 }", "anna@example.com carl@example.com" },
	{ "rule r { redirect dora }", "anna@example.com dora@example.com carl@example.com" },
	{ "rule r { redirect nobody }", "anna@example.com carl@example.com" },
	{ "ring dora", "anna@example.com bo@example.com dora@example.com carl@example.com" },
	};
	struct msg_route	q = call;
	char			got[4096];

	directory_apply(world.directory, ENTRY_GROUP, STR("all@example.com"),
	    STR("anna@example.com\nbo@example.com\ncarl@example.com"));
	q.uri = STR("sip:all@example.com");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rules("bo@example.com", cases[i].rules);
		route_decide(&world, &q, d);
		print(got);
		assert_string_equal(got, cases[i].goes);
	}
	rules("bo@example.com", "");
}

/* A claim is good for who proves it: everybody else is asked. */
static void
test_claims(void **state)
{
	rules("anna@example.com", "rule r { when authenticated is no\nreject 403 }");
	assert_goes("anna@example.com +407", "claimed");
	rules("anna@example.com", "ring bo");
	rules("bo@example.com", "rule r { when submitter is carl@example.com\nreject 403 }");
	assert_goes("anna@example.com bo@example.com +407", "claimed, of another's rules");
	rules("bo@example.com", "");
	rules("anna@example.com", "");
}

/* Row 119: who calls is who Access records and aliases say. */
static void
test_access(void **state)
{
	struct complaints	out = { 0 };

	rules("anna@example.com", "rule r { when from is boss@example.com\nreject 486 Boss }");
	world.records = records_build("routes.conf", STR("Access:<bo> = boss\n"),
	    &settings, &out);
	assert_non_null(world.records);
	assert_goes("486 Boss", "a record for access");
	rules("anna@example.com", "");
}

static void
test_faults(void **state)
{
	static const struct {
		const char	*text;
		uint32_t	 line;
		const char	*said;
	} cases[] = {
	{ "rings bo", 1, "unknown word \"rings\"; did you mean \"ring\"?" },
	{ "after 5s", 1, "where to? It wants an address, or [a, b]" },
	{ "ring", 1, "where to? It wants an address, or [a, b]" },
	{ "ring \"a@@\"", 1, "bad address \"a@@\"; an address looks like local@domain" },
	{ "after bo", 1, "how long? It looks like: after 20s, from 1s to 10m" },
	{ "after 2h bo", 1, "how long? It looks like: after 20s, from 1s to 10m" },
	{ "busy { }", 1, "only a rule has a block; did you mean \"rule busy\"?" },
	{ "rule x", 1, "a rule looks like: rule NAME { ... }" },
	{ "rule x { }", 1, "it does nothing; it wants redirect, fork, reject or stop" },
	{ "rule x {\n  prority 3\n  stop\n}", 2, "unknown word \"prority\" in a rule; did you mean \"priority\"?" },
	{ "rule x {\n  priority 11\n  stop\n}", 2, "a priority is 1 to 10" },
	{ "rule x {\n  stage bussy\n  stop\n}", 2, "there is no stage \"bussy\"; did you mean \"busy\"?" },
	{ "rule x {\n  stage after\n  stop\n}", 2, "how long? It looks like: after 20s, from 1s to 10m" },
	{ "rule x {\n  when form is a\n  stop\n}", 2, "there is no \"form\" to look at; did you mean \"from\"?" },
	{ "rule x {\n  when from iss a\n  stop\n}", 2, "\"iss\" compares nothing; did you mean \"is\"?" },
	{ "rule x {\n  when from is [a, b]\n  stop\n}", 2, "\"is\" compares with one value; did you mean \"in\"?" },
	{ "rule x {\n  when from is\n  stop\n}", 2, "a condition looks like: when from is anna@example.com" },
	{ "rule x {\n  when from is *a*b*c*d*\n  stop\n}", 2, "more than 4 wildcards in one pattern" },
	{ "rule x {\n  reject 200\n}", 2, "it looks like: reject 486 \"Busy Here\", with 400 to 699" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct complaints	out = { 0 };

		assert_null(rules_parse("rules", str_of(cases[i].text), &out));
		if (out.v[0].line != cases[i].line ||
		    strcmp(out.v[0].text, cases[i].said) != 0)
			fail_msg("%s: %u: %s", cases[i].text, out.v[0].line,
			    out.v[0].text);
		complaints_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
