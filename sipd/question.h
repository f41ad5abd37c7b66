#ifndef SIPD_QUESTION_H
#define SIPD_QUESTION_H

#include "common/messages.h"
#include "sipd/hop.h"
#include "sipd/msg.h"

struct proxy;

/*
 * About p's request, which is m: slices of m, and the texts of the peers in remote and
 * local; all of them are the caller's to keep until it was sent. Says in p->led whether a
 * Route of somebody else leads on (RFC 3261 section 16.6, step 7).
 */
struct msg_route question_of(struct proxy *p, const struct sip_msg *m,
	    char remote[PEER_TEXT_MAX], char local[PEER_TEXT_MAX]);

#endif
