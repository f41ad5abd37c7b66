/*
 * gateway_checks - what a gateway's block must say, and what gateways must agree
 * about with each other.
 */
#include <stdio.h>
#include <string.h>

#include "common/caller_id.h"
#include "common/codes.h"
#include "common/setting_types.h"
#include "common/uri.h"

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
	return i > 0 && i <= GATEWAY_NAME_MAX;
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
			    "%d", name, GATEWAY_NAME_MAX);
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

/* As gwregd takes it: a URI, or what follows "sip:" in one. False: neither. */
static bool
address_parse(struct uri *u, const char *value, char buf[300])
{
	struct str	v = str_of(value);

	if (str_caseprefix(v, STR("sip:")) || str_caseprefix(v, STR("sips:")))
		return uri_parse(u, v) == 0;
	snprintf(buf, 300, "sip:%s", value);
	return uri_parse(u, str_of(buf)) == 0;
}

/* Who is called, where it is sent to, what is registered. */
static void
check_addresses(const struct gateway_settings *g, const struct conf *c,
    struct complaints *out)
{
	struct uri	u;
	char		buf[300];

	if (g->domain[0] != '\0' && (!address_parse(&u, g->domain, buf) ||
	    u.user.len > 0 || u.params.len > 0 || u.headers.len > 0))
		complain_at(out, false, conf_gateway_find(c, g->name, "domain"),
		    "\"%s\" is no domain and no address", g->domain);
	if (g->via[0] != '\0' && !address_parse(&u, g->via, buf))
		complain_at(out, false, conf_gateway_find(c, g->name, "via"),
		    "\"%s\" is no domain, no address and no SIP URI", g->via);
	if (g->contact[0] != '\0' && !address_parse(&u, g->contact, buf))
		complain_at(out, false, conf_gateway_find(c, g->name, "contact"),
		    "\"%s\" is no SIP URI", g->contact);
	if (g->account[0] != '\0' && strchr(g->account, '@') == NULL)
		complain_at(out, false, conf_gateway_find(c, g->name, "account"),
		    "write the whole account: %s@DOMAIN", g->account);
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
		check_addresses(g, c, out);
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
