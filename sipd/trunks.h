#ifndef SIPD_TRUNKS_H
#define SIPD_TRUNKS_H

#include "sipd/calls.h"
#include "sipd/trunk.h"

/*
 * What requests within a call through a gateway need: who the parties are on either
 * side, and by how much CSeq was raised. It stands beside the call table, in a memfd
 * that outlives the process; only calls with gateways use any of it.
 */

/* Main thread, still privileged, after calls_open(). 0 or -errno. */
int	trunks_open(void);
void	trunks_close(void);	/* the memory stays in the descriptor store */

/*
 * The call went through t, or came from a gateway (t NULL). Names that are too long
 * for their room are not kept: they are then within the call as they come.
 */
void	trunks_put(const struct call *k, const struct trunk *t);
/*
 * A challenge to the request of t within the call is answered: its shift, so that CSeq
 * is higher than all that went to that side, be it of requests that overlap with it.
 */
uint32_t trunks_raise(const struct call *k, bool to_callee, const struct trunk *t,
	    bool invite);
/*
 * For a request within k, m, sent by its caller or its callee; NULL: it goes on as it
 * is, there is no gateway.
 */
struct trunk *trunks_of(const struct call *k, const struct sip_msg *m,
	    bool from_caller);
/*
 * For a response within k to a request of its caller or its callee, of the last
 * process: what its sender has asked. NULL: it goes back as it is.
 */
struct trunk *trunks_back(const struct call *k, const struct sip_msg *m,
	    bool from_caller);
/* As trunks_of(), of whatever call the request is in: it is sent. */
struct calls;
struct trunk *trunks_find(struct calls *c, const struct sip_msg *m);

#endif
