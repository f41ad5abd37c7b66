#ifndef COMMON_METHOD_RULE_H
#define COMMON_METHOD_RULE_H

#include <stdbool.h>

#include "common/str.h"

/*
 * "INVITE", "MESSAGE:local", "*:other": a method, or any, and where its requests go:
 * to domains of ours, to others, or to "all", which need not be written (rows 27,
 * 46, 47).
 */
#define METHOD_RULE_MAX	63	/* octets of the method */

bool	method_rule_ok(struct str rule);
bool	method_rule_fits(struct str rule, struct str method, bool local);

#endif
