#ifndef SIPCTL_ROUTE_ANSWER_H
#define SIPCTL_ROUTE_ANSWER_H

#include <jansson.h>

#include "common/addr.h"
#include "common/messages.h"
#include "sipctl/sipctl.h"

/* What routed says about an address, as route.c gathers it. */
struct route_answer {
	json_t		*steps;
	json_t		*stages;	/* of objects: when, after_s, targets ... */
	unsigned	 if_confirmed, if_not;
	char		 reason[256];
	char		 uri[1024];
	char		 source[PEER_TEXT_MAX];
};

/* An ask_fn for ROUTE: arg is a route_answer whose steps and stages are arrays. */
void	route_take(void *arg, enum msg_type type, const union msg *m);
/*
 * The records of a file, malloc'd in *text, as ROUTE wants them; NULL: no file, and no
 * records. False after saying why.
 */
bool	route_candidate(const char *file, char **text, struct str *out);
/* What is tried at once; NULL: routed has not answered. */
json_t	*route_targets_now(const struct route_answer *a);
/*
 * route_where.c: adds to each of them "places", and a step for each; without sipd
 * nothing. source: the peer that the request comes from.
 */
void	route_where(struct ctl *c, struct route_answer *a, const char *source);
/*
 * route_pstn.c: who is confirmed as aor may not use each gateway (rows 108, 140c); a
 * step for each, and those that are left.
 */
void	route_pstn(struct ctl *c, struct route_answer *a, const char *aor);
/* code: what it is refused with, 0: routed. */
void	route_print(const struct route_answer *a, unsigned code, uint64_t generation);
void	route_print_json(const struct ctl *c, const struct route_answer *a,
	    unsigned code, uint64_t generation);

#endif
