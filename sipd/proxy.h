#ifndef SIPD_PROXY_H
#define SIPD_PROXY_H

#include "sipd/admission.h"
#include "sipd/dialog.h"
#include "sipd/inbound.h"

/*
 * The stateful proxy (RFC 3261 section 16): one struct proxy for each request
 * that is being forwarded, with one leg for each target.
 */
struct core;
struct proxy;
struct txn;

/* Where a worker's proxies lie; closed when none is left. NULL members are fine. */
void	proxies_open(struct core *c);
void	proxies_close(struct core *c);

/* A request outside any dialog: asks routed (and regd), forks, answers. */
void	proxy_begin(const struct inbound *in, const struct admission *a,
	    const struct route_plan *r);
/* A request within a dialog of ours: one target, nobody is asked but mediad. */
void	proxy_in_dialog(const struct inbound *in, const struct route_plan *r);
/* CANCEL for the INVITE of this server transaction. False: none of ours. */
bool	proxy_cancel(struct txn *invite);

#endif
