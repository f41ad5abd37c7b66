#ifndef SIPD_BACK_H
#define SIPD_BACK_H

#include "common/str.h"
#include "sipd/hop.h"

struct worker;

/*
 * Responses whose connection is gone: RFC 3261 section 18.2.2, RFC 3263 section 5.
 *
 * bytes, a whole response, did not leave for `to`, for which it had these flags of
 * wire_send(). It is copied, and tried again at the turn's end: first at the address
 * that its request came from and the port of sent-by, then where the name in sent-by
 * leads, if that may be a target. Bounded: BACK_PER_S a second and worker.
 */
#define BACK_PER_S	50

void	back_lost(struct worker *w, const struct hop *to, unsigned flags,
	    struct str bytes);

#endif
