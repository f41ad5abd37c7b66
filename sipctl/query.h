#ifndef SIPCTL_QUERY_H
#define SIPCTL_QUERY_H

#include "common/str.h"

/*
 * Expressions over the fields of a record:
 *
 *	status >= 500 and (gateway == "teleco1" or not tag in (SIP, SIPC))
 *
 *	or, and, not, ( ); FIELD == != < > <= >= ~ VALUE; FIELD in (VALUE, ...);
 *	FIELD alone: it is there
 *
 * Values are words or stand in double quotes. Two numbers are compared as numbers,
 * texts without regard to case; ~ is a regular expression (common/regexp.h) that looks at
 * the first 512 octets. A field that a record does not have makes every comparison false,
 * != included.
 *
 * At most QUERY_MAX octets, QUERY_NODES parts, QUERY_DEPTH parentheses.
 */
#define QUERY_MAX	4096
#define QUERY_NODES	256
#define QUERY_DEPTH	32

struct query;				/* opaque */

/* NULL after writing what is wrong and at which column. */
struct query *query_parse(struct str text, struct text *error);
void	query_free(struct query *q);	/* NULL is fine */

/* The value of a field; false: there is none. */
typedef bool query_fn(void *arg, struct str field, struct str *value);
bool	query_match(const struct query *q, query_fn *fn, void *arg);

#endif
