#ifndef SIPD_TARGETS_H
#define SIPD_TARGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

struct leg;
struct rec_target;
struct proxy;

/*
 * Makes the legs of p from its decision and sends them; refuses p when there are
 * none. While the replica of the bindings is not in yet, up to 3 s later.
 */
void	targets_start(struct proxy *p);
/*
 * One target more, of a decision about a redirection. False: it leads nowhere new.
 * order is that of its legs; its lowest bits, TARGETS_SUB_MASK, are all set in those
 * of the first decision.
 */
#define TARGETS_SUB_MASK	UINT32_C(1023)
/* In the orders of all but those that wait for the ones before to be out of order. */
#define TARGETS_FIRST		(UINT32_C(1) << 30)
bool	targets_add(struct proxy *p, const struct rec_target *t, uint32_t order);
/*
 * One leg more, at this gateway or (NULL) at none. NULL: it is among them already, or
 * they are too many.
 */
struct gateway;
struct way;
struct leg *targets_leg(struct proxy *p, const struct way *way, struct str uri,
	    struct str route, const struct gateway *at, uint32_t order);
/* t->value is NUMBER@GATEWAY. False: gateways are not known yet. */
bool	targets_gateway(struct proxy *p, const struct rec_target *t, uint32_t order);
/* There is none for p, why: the reason phrase. */
void	targets_no_gateway(struct proxy *p, uint16_t code, const char *why);
/*
 * Sends the legs that there are, in their order. A group of equal order begins
 * when all before it have failed, or rang for "fork-wait".
 */
void	targets_begin(struct proxy *p);
/*
 * The legs of p are those of the last process: what had begun goes on as the group
 * that rings, before targets_next().
 */
void	targets_taken(struct proxy *p);
/* A leg is done: those that are next by now begin. */
void	targets_next(struct proxy *p);
/*
 * g ended so, by its response or (ours) by none: 1 when it is a gateway whose
 * "failover-codes" want others to be tried, 0 when they do not, -1: it has none.
 */
int8_t	targets_pass_on(const struct leg *g, uint16_t code, bool ours);
/* Nobody rings any more: those that are not needed then do not begin. */
void	targets_prune(struct proxy *p);
/* g said 6xx: the others end, but for those that are there for that. */
void	targets_decline(struct proxy *p, struct leg *g);
/*
 * g failed with code, or (ours) did not reach its peer: another flow to the same
 * device takes its place (RFC 5626 section 7). False when there is none.
 */
bool	targets_spare(struct proxy *p, struct leg *g, uint16_t code, bool ours);

#endif
