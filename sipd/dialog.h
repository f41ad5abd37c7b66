#ifndef SIPD_DIALOG_H
#define SIPD_DIALOG_H

#include <stdbool.h>

#include "sipd/cookie.h"
#include "sipd/inbound.h"
#include "sipd/nameaddr.h"
#include "sipd/nexthop.h"

/*
 * Routing by Route (RFC 3261 section 16.4 and 16.12): which values at the top are
 * ours, what the cookie in them says, and what comes next.
 */
struct route_plan {
	unsigned	 pop;		/* values that are ours */
	bool		 in_dialog;	/* a cookie of ours, good for this dialog; or a
					 * call of the table */
	bool		 stranger;	/* names a call, from elsewhere: 481 */
	bool		 forged;	/* a cookie, but not a good one (S14) */
	bool		 to_flow;	/* by a Path of ours: to this flow */
	struct hop	 flow;
	struct cookie	 cookie;
	bool		 from_caller;
	bool		 has_next;	/* a Route of somebody else follows */
	struct nameaddr	 next;
	struct str	 uri;		/* where it goes, "" for the Request-URI;
					 * borrowed until the turn's end */
	bool		 bad;		/* a Route that cannot be read, or too long: 400 */
};

void	route_plan_read(struct route_plan *r, const struct inbound *in);
/* The Request-URI with which it goes on. */
struct str route_plan_uri(const struct route_plan *r, const struct inbound *in);

/* Its way is the flow that the phone keeps open, and no other (RFC 5626). */
bool	route_plan_by_flow(const struct route_plan *r);

/*
 * Where an in-dialog request goes: the next Route, else the hop of the cookie
 * (a stream, or behind a NAT), else where the Request-URI says. 0, or
 * -EHOSTUNREACH when that is no SIP URI.
 */
int	dialog_target(const struct route_plan *r, const struct inbound *in,
	    struct way *out);

/* An ACK of a 2xx: goes on without a transaction (section 16.10, row 19). */
void	dialog_ack(const struct inbound *in, const struct route_plan *r);

#endif
