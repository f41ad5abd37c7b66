#ifndef ROUTED_ROUTE_H
#define ROUTED_ROUTE_H

#include "common/dialplan.h"
#include "common/messages.h"
#include "common/uri.h"
#include "routed/accounts.h"
#include "routed/directory.h"
#include "routed/domains.h"
#include "routed/gateways.h"
#include "routed/names.h"
#include "routed/records.h"
#include "routed/trace.h"

/* What a decision consults. Borrowed. */
struct route_world {
	const struct settings	*settings;
	const struct domains	*domains;
	const struct accounts	*accounts;
	struct directory	*directory;
	const struct gateways	*gateways;
	const struct records	*records;	/* NULL: there are none */
	struct dialplan		*dialplan;	/* NULL: there is none */
	struct names		*names;		/* NULL: no name server is asked */
	int64_t			 now_ms;	/* wall clock */
};

enum enum_result { ENUM_UNASKED, ENUM_FOUND, ENUM_NONE };

#define ROUTE_KEYS	64
#define ROUTE_STAGES	12
#define ROUTE_TARGETS	48
#define ROUTE_TEXT	32768

/* A decision; big: keep one. What it points to is in it or in the question. */
struct route_decision {
	/* No decision yet: the accounts are not in, or lookup waits for an answer. */
	bool		 waits;
	struct lookup	*lookup;	/* the caller's; NULL before the first name */
	enum enum_result by_enum;
	struct msg_routed m;
	struct rec_stage stages[ROUTE_STAGES];
	struct rec_target targets[ROUTE_TARGETS];
	struct rec_key	 keys[ROUTE_KEYS];
	struct text	 text;		/* what the others point to */
	char		 buf[ROUTE_TEXT];
	struct trace	 trace;
};

/*
 * Where does this request go, and may it? d->m lacks only the id. When it waits for
 * a name it is asked again with the same lookup.
 */
void	route_decide(const struct route_world *w, const struct msg_route *q,
	    struct route_decision *d);

#endif
