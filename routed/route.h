#ifndef ROUTED_ROUTE_H
#define ROUTED_ROUTE_H

#include "common/messages.h"
#include "common/uri.h"
#include "routed/accounts.h"
#include "routed/aliases.h"
#include "routed/domains.h"
#include "routed/gateways.h"
#include "routed/names.h"
#include "routed/trace.h"

/* What a decision consults. Borrowed. */
struct route_world {
	const struct settings	*settings;
	const struct domains	*domains;
	const struct accounts	*accounts;
	const struct aliases	*aliases;
	const struct gateways	*gateways;
	struct names		*names;		/* NULL: no name server is asked */
	int64_t			 now_ms;	/* wall clock */
};

enum enum_result { ENUM_UNASKED, ENUM_FOUND, ENUM_NONE };


#define ROUTE_KEYS	48
#define ROUTE_URI_MAX	MSG_STR_MAX

/* A decision; big: keep one. What it points to is in it or in the question. */
struct route_decision {
	/* No decision yet: the accounts are not in, or lookup waits for an answer. */
	bool		 waits;
	struct lookup	*lookup;	/* the caller's; NULL before the first name */
	enum enum_result by_enum;
	struct msg_routed m;
	struct rec_stage stage;
	struct rec_target target;
	struct rec_key	 keys[ROUTE_KEYS];
	char		 key_text[ROUTE_KEYS * 64];
	size_t		 key_used;
	char		 uri[2][ROUTE_URI_MAX];	/* rewritten, in turn */
	char		 value[AOR_MAX];
	char		 next_hop[512];
	struct trace	 trace;
};

/*
 * Where does this request go, and may it? d->m lacks only the id. When it waits for
 * a name it is asked again with the same lookup.
 */
void	route_decide(const struct route_world *w, const struct msg_route *q,
	    struct route_decision *d);

#endif
