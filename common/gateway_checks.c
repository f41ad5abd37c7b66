/*
 * gateway_checks - what a gateway's block must say, and what gateways must agree
 * about with each other.
 */
#include <string.h>

#include "common/caller_id.h"
#include "common/codes.h"
#include "common/setting_types.h"

#define PROBE_MIN_MS	5000

bool
gateway_name_ok(const char *name)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t	i;

	for (i = 0; name[i] != '\0'; i++)
		if (strchr(alnum, name[i]) == NULL &&
		    (i == 0 || strchr("-_.", name[i]) == NULL))
			return false;
	return i > 0 && i <= 63;
}

static bool
is_group(const struct settings *s, struct str name)
{
	for (size_t i = 0; i < s->ngateways; i++)
		for (size_t k = 0; k < s->gateways[i].groups.n; k++)
			if (str_caseeq(str_of(s->gateways[i].groups.v[k]), name))
				return true;
	return false;
}

/* A group is called like a gateway: NAME.sipgw. */
static void
check_groups(const struct settings *s, const struct gateway_settings *g,
    const struct conf_node *node, struct complaints *out)
{
	const char	*name;

	for (size_t i = 0; i < g->groups.n; i++) {
		name = g->groups.v[i];
		if (!gateway_name_ok(name))
			complain_at(out, false, node, "\"%s\" cannot be a group's "
			    "name: letters, digits, \"-\", \"_\" and \".\", at most "
			    "63", name);
		for (size_t k = 0; k < s->ngateways; k++)
			if (str_caseeq(str_of(s->gateways[k].name), str_of(name)))
				complain_at(out, false, node, "group \"%s\" has the "
				    "name of a gateway", name);
	}
}

static void
check_codes(const struct gateway_settings *g, const struct conf_node *node,
    struct complaints *out)
{
	for (size_t i = 0; i < g->failover_codes.n; i++)
		if (!code_word_ok(str_of(g->failover_codes.v[i])))
			complain_at(out, false, node, "\"%s\" is no response code; "
			    "write 503, or 5xx for all of them",
			    g->failover_codes.v[i]);
}

static void
check_account(const struct gateway_settings *g, const struct conf_node *block,
    struct complaints *out)
{
	if (g->username[0] != '\0' && g->password_file[0] == '\0')
		complain_at(out, true, block, "gateway %s has a username but no "
		    "password-file: it cannot answer a challenge", g->name);
	if (g->username[0] == '\0' && g->password_file[0] != '\0')
		complain_at(out, true, block, "gateway %s has a password-file but no "
		    "username: it is not registered", g->name);
}

void
gateways_check(const struct settings *s, const struct conf *c, struct complaints *out)
{
	const struct gateway_settings	*g;
	const struct conf_node		*block;
	size_t				 i;

	for (i = 0; i < s->ngateways; i++) {
		g = &s->gateways[i];
		block = conf_gateway_find(c, g->name, NULL);
		if (g->domain[0] == '\0' &&
		    conf_gateway_find(c, g->name, "domain") == NULL)
			complain_at(out, false, block, "gateway %s has no domain",
			    g->name);
		check_account(g, block, out);
		check_groups(s, g, conf_gateway_find(c, g->name, "group"), out);
		check_codes(g, conf_gateway_find(c, g->name, "failover-codes"), out);
		(void)caller_ids_check(g, out);
		if (g->probe_every > 0 && g->probe_every < PROBE_MIN_MS)
			complain_at(out, false, conf_gateway_find(c, g->name,
			    "probe-every"), "a gateway is probed every 5s at most");
	}
	for (i = 0; i < s->least_cost.n; i++)
		if (!is_group(s, str_of(s->least_cost.v[i])))
			complain_at(out, true, conf_node_find(c, "least-cost"),
			    "no gateway belongs to group \"%s\"", s->least_cost.v[i]);
}
