#ifndef SIPD_STUN_H
#define SIPD_STUN_H

#include <stddef.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * STUN Binding on the SIP port (RFC 8489, RFC 5626 section 4.4.2): a server that
 * knows no credentials and no alternatives, as section 14 of the former has it.
 */
#define STUN_ANSWER_MAX	96

/*
 * The answer to the datagram in, seen from `from`, or 0: not a Binding request in
 * perfect order gets none. With headers of IP and UDP it is at most 1.4 times as
 * long as what it answers.
 */
size_t	stun_answer(struct str in, const struct addr *from,
	    char out[STUN_ANSWER_MAX]);

#endif
