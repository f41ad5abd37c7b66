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
/* A challenge within the call was answered: CSeq toward that side is so much higher. */
void	trunks_shift(const struct call *k, bool to_callee, uint32_t shift);
/* By so much, so far. */
uint32_t trunks_raised(const struct call *k, bool to_callee);
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
/* The same of whatever call the request is in. */
struct calls;
struct trunk *trunks_find(struct calls *c, const struct sip_msg *m);

#endif
