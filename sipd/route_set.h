#ifndef SIPD_ROUTE_SET_H
#define SIPD_ROUTE_SET_H

#include "sipd/remotes.h"

struct hop;
struct leg;
struct sip_msg;

/*
 * What an INVITE and its 2xx say of how the two sides are reached from here, as a
 * proxy in the middle sees it (RFC 3261 sections 12.1 and 16): toward the caller
 * by the Record-Route that came with the INVITE, in its order, toward the callee by what
 * was put above ours in the 2xx, the last one first.
 */
struct route_texts {
	char	contact[2][REMOTES_TEXT_MAX];
	char	route[2][REMOTES_TEXT_MAX];
};

/* The INVITE as it came. Copied into buf. */
void	route_set_caller(const struct sip_msg *m, struct route_texts *buf,
	    struct remote *caller);
/*
 * The 2xx, between these hops, which tell our Record-Route from others of ours; it also
 * says who is reached by his flow. Without it both are.
 */
void	route_set_callee(const struct sip_msg *m, const struct hop *from,
	    const struct hop *to, struct route_texts *buf, struct remote *caller,
	    struct remote *callee);

/* m, a 2xx to g's INVITE, began k: kept. Parses the INVITE again: m is gone, if it was. */
void	route_set_learn(struct leg *g, const struct call *k, const struct sip_msg *m);
/* The Contact of m, a request of that side or its 2xx to the other's, if it has one. */
void	route_set_refresh(const struct call *k, bool caller, const struct sip_msg *m);

#endif
