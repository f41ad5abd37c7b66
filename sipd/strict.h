#ifndef SIPD_STRICT_H
#define SIPD_STRICT_H

#include "sipd/inbound.h"

/*
 * A request that a strict router (RFC 2543) has sent us: our Record-Route stands in
 * the Request-URI, the target is the last Route. Writes it anew as a loose router
 * would have sent it; malloc'd, *len octets, the caller's. NULL: it is not such a
 * request.
 */
char	*strict_undo(const struct inbound *in, size_t *len);

#endif
