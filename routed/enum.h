#ifndef ROUTED_ENUM_H
#define ROUTED_ENUM_H

#include "common/dns.h"
#include "common/settings.h"
#include "routed/names.h"
#include "routed/trace.h"

/*
 * ENUM: from a number to a SIP address by DNS (RFC 6116, DDDS of RFC 3401 to 3404;
 * FEATURES.md row 122). What strangers wrote into a zone is bounded everywhere: the
 * rewritten address, the steps, the names asked for, the expression (regexp.h).
 */
#define ENUM_STEPS_MAX	5	/* rules that lead to other rules (S25) */
#define ENUM_URI_MAX	256	/* octets, with NUL */
#define ENUM_DIGITS_MAX	15	/* E.164 */

/*
 * The address of number, which is "+" and digits, below the first root that has one.
 * 0 and *uri in buf; -ENOENT: none has; -EINPROGRESS: see names.h; else why nobody
 * knows. Says in t what was found.
 */
int	enum_find(struct lookup *l, const struct set_texts *roots, struct str number,
	    char buf[ENUM_URI_MAX], struct str *uri, struct trace *t);

/*
 * Applies one rule, "!ERE!REPLACEMENT!FLAGS", to a number (RFC 3402 section 3.2).
 * 0; -ENOENT: it does not match; -EBADMSG: it is malformed; -ELOOP, -E2BIG.
 */
int	enum_apply(struct str rule, struct str number, struct text *out);
/* Does the service of a NAPTR say SIP? "E2U+sip", "E2U+pres+sip:x", "SIP+E2U". */
bool	enum_is_sip(struct str service);

#endif
