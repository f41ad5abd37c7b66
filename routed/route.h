#ifndef ROUTED_ROUTE_H
#define ROUTED_ROUTE_H

#include "common/messages.h"
#include "common/uri.h"
#include "routed/accounts.h"
#include "routed/aliases.h"
#include "routed/domains.h"
#include "routed/gateways.h"
#include "routed/trace.h"

/* What a decision consults. Borrowed. */
struct route_world {
	const struct settings	*settings;
	const struct domains	*domains;
	const struct accounts	*accounts;
	const struct aliases	*aliases;
	const struct gateways	*gateways;
};

#define ROUTE_KEYS	48
#define ROUTE_URI_MAX	MSG_STR_MAX

/* A decision; big: keep one. What it points to is in it or in the question. */
struct route_decision {
	bool		 waits;		/* the accounts are not in: no decision */
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

/* Where does this request go, and may it? d->m lacks only the id. */
void	route_decide(const struct route_world *w, const struct msg_route *q,
	    struct route_decision *d);

#endif
