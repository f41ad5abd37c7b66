#ifndef ROUTED_RELAY_H
#define ROUTED_RELAY_H

#include "common/addr.h"
#include "common/settings.h"
#include "common/uri.h"
#include "routed/trace.h"

/*
 * May a request that leaves for a domain that is not ours be relayed? FEATURES.md
 * (a.2) A: an open relay is what this prevents.
 */
struct relay_question {
	const struct settings	*settings;
	struct str		 target;	/* the host it is sent to */
	const struct addr	*source;	/* NULL: not known */
	struct str		 source_name;	/* confirmed, or empty: names.h */
	struct str		 target_name;
	bool			 by_us;		/* the directory or rules of ours led there */
	bool			 by_record;	/* a record without NoRelay: did */
	bool			 withheld;	/* but another one had that prefix */
	bool			 urgent;	/* an emergency number: row 127 */
};

struct relay_verdict {
	uint16_t	if_confirmed;	/* codes of ROUTED: 0 is yes */
	uint16_t	if_not;
	uint32_t	depends;	/* enum route_depends */
	struct str	reason;
};

void	relay_judge(const struct relay_question *q, struct relay_verdict *out,
	    struct trace *t);

#endif
