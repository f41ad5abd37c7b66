/*
 * method_rule - one word about a method and where its requests go.
 *
 * "authenticate-methods" is a list of such words for sipd's door, a group of rights
 * one for regd.
 */
#include "common/method_rule.h"

/* The method, and what stands behind the colon: "all" when nothing does. */
static struct str
scope_of(struct str rule, struct str *method)
{
	struct str	rest = rule;

	if (str_chr(rule, ':') < 0) {
		*method = rule;
		return STR("all");
	}
	(void)str_cut(&rest, ':', method);
	return rest;
}

/* RFC 3261 section 25.1: token. */
static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.s[i] >= 'a' && s.s[i] <= 'z') ||
		    (s.s[i] >= 'A' && s.s[i] <= 'Z') ||
		    (s.s[i] >= '0' && s.s[i] <= '9') ||
		    (s.s[i] != '\0' && strchr("-.!%*_+`'~", s.s[i]) != NULL)))
			return false;
	return s.len > 0 && s.len <= METHOD_RULE_MAX;
}

bool
method_rule_ok(struct str rule)
{
	struct str	method, scope = scope_of(rule, &method);

	return is_token(method) && (str_eq(scope, STR("all")) ||
	    str_eq(scope, STR("local")) || str_eq(scope, STR("other")));
}

bool
method_rule_fits(struct str rule, struct str method, bool local)
{
	struct str	of, scope = scope_of(rule, &of);

	return (str_eq(of, STR("*")) || str_eq(of, method)) &&
	    (str_eq(scope, STR("all")) ||
	    str_eq(scope, local ? STR("local") : STR("other")));
}
