#ifndef COMMON_DIALPLAN_H
#define COMMON_DIALPLAN_H

#include "common/regexp.h"
#include "common/settings.h"

/*
 * The dial plan without programming (FEATURES.md rows 130 to 134): lines of sip.conf.
 *
 *   dial-from NAME MATCH...         who calls; lines of one name: any of them
 *   dial-number NAME MATCH...       what is called
 *   dial-to NAME TARGET...          where to, in order; lines of one name add up
 *   dial-rule [from NAME] [number NAME] [time NAME] [relay]
 *       [auth] [enum [enum-prefix P]] [forward NAME [prefix P]] | allow | reject
 *
 * MATCH: prefix P (cut off when it is forwarded), head H, tail number|digits|any|none,
 * min-tail N, domain NAME|*|*local; or regexp R, on user@domain. TARGET: an address,
 * in which $1 to $9 are the groups of the expression, $0 all that was matched and $n
 * the number; or "@HOST...", which is the number there.
 */
#define DIALPLAN_TARGETS_MAX	8	/* of one list */
#define DIALPLAN_TEXT_MAX	512	/* octets of a user@domain, and of a target */

enum dial_action {
	DIAL_AUTH	= 1,	/* only for who proves to have an account here */
	DIAL_ENUM	= 2,	/* the address that DNS has for it, if it has one */
	DIAL_FORWARD	= 4,
	DIAL_ALLOW	= 8,	/* leave the dial plan: route as if there were none */
	DIAL_REJECT	= 16,	/* 403 */
};

struct dialplan;		/* opaque; borrows the settings' texts */

struct dial_rule {
	const char	*file;
	uint32_t	 line;
	const char	*text;		/* as it stands there, for people */
	unsigned	 actions;	/* enum dial_action */
	bool		 relay;		/* anybody may be relayed by it */
	const char	*prefix;	/* before what is forwarded */
	const char	*enum_prefix;
	const char	*to;		/* name of its list, or NULL */
	unsigned	 ntargets;
};

/* What is called and by whom. Users unescaped, domains in any case. */
struct dial_query {
	struct str	from_user, from_domain;
	bool		from_local;	/* a domain of ours */
	struct str	user, domain;
	bool		local;
	int64_t		now_s;		/* since 1970 */
};

/* How a rule holds. */
struct dial_match {
	struct str	rest;		/* the number behind the prefix */
	struct str	groups[REGEXP_GROUPS];
	char		text[DIALPLAN_TEXT_MAX];	/* what groups are slices of */
};

enum dial_verdict { DIAL_HOLDS, DIAL_NO_FROM, DIAL_NO_NUMBER, DIAL_NO_TIME };

/* NULL after an error; without lines a plan without rules. */
struct dialplan *dialplan_build(const struct settings *s, struct complaints *out);
void	dialplan_free(struct dialplan *p);	/* NULL is fine */
unsigned dialplan_count(const struct dialplan *p);
const struct dial_rule *dialplan_rule(const struct dialplan *p, unsigned i);
/*
 * Does the i-th rule hold? *until, if a time class was asked, is moved back to when
 * that changes (seconds since 1970). m is written when it holds.
 */
enum dial_verdict dialplan_try(struct dialplan *p, unsigned i,
	    const struct dial_query *q, struct dial_match *m, int64_t *until);
/* Does the rule look at who calls? */
bool	dialplan_wants_caller(const struct dialplan *p, unsigned i);
/* The k-th target of a rule that holds, as an address. 0 or -ENAMETOOLONG. */
int	dialplan_target(const struct dialplan *p, unsigned i, unsigned k,
	    const struct dial_match *m, struct text *out);

#endif
