/*
 * rules_fuzz - signal rules from anywhere: what is in order is within its bounds, and
 * decides about a call without harm.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/route.h"
#include "routed/route.h"
#include "routed/rules.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static char		 main_domain[] = "example.com";
static char		*domain_names[] = { main_domain };
static struct settings	 settings;
static struct route_world world;
static struct route_decision decision;

static void
nobody(void *arg, struct str key)
{
}

static void
open_world(void)
{
	static const char *const	names[] = { "anna@example.com", "bo@example.com" };
	struct accounts			*a = accounts_new(nobody, NULL);
	struct domains			*d = domains_new();

	settings.domains = (struct set_texts){ domain_names, 1 };
	settings.relay_via = (char *)"";
	domains_set(d, &settings, NULL, NULL);
	accounts_begin(a);
	for (size_t i = 0; i < 2; i++)
		accounts_record(a, &(struct msg_account){
		    .aor = str_of(names[i]), .version = i + 1 });
	accounts_complete(a);
	world = (struct route_world){ .settings = &settings, .domains = d,
		.accounts = a, .directory = directory_new(rules_free),
		.gateways = gateways_new(nobody, NULL) };
}

static void
decide(void)
{
	const struct msg_route	q = {
		.method = STR("INVITE"), .uri = STR("sip:anna@example.com"),
		.from = STR("sip:bo@example.com"), .to = STR("sip:anna@example.com"),
		.source = STR("udp:192.0.2.1:5060"), .account = STR("bo"),
		.realm = STR("example.com"), .test = true,
	};

	route_decide(&world, &q, &decision);
	MUST(decision.m.stages.n <= ROUTE_STAGES);
	for (uint32_t i = 0; i < decision.m.targets.n; i++)
		MUST(decision.m.targets.v[i].stage < decision.m.stages.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const	scopes[] = { "anna@example.com", "@example.com", "*" };
	struct complaints		 out = { 0 };
	struct str			 text = str_make((const char *)data, size);
	struct rules			*r;

	if (world.accounts == NULL)
		open_world();
	if (size == 0 || size > ENTRY_VALUE_MAX || memchr(data, '\0', size) != NULL)
		return 0;
	r = rules_parse("rules", text, &out);
	MUST((r == NULL) == (out.errors > 0));
	for (size_t i = 0; r != NULL && i < 3; i++) {
		directory_apply(world.directory, ENTRY_RULES, str_of(scopes[i]), text);
		decide();
	}
	for (size_t i = 0; i < 3; i++)
		directory_apply(world.directory, ENTRY_RULES, str_of(scopes[i]),
		    STR_NONE);
	rules_free(r);
	complaints_fini(&out);
	return 0;
}
