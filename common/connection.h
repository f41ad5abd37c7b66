#ifndef COMMON_CONNECTION_H
#define COMMON_CONNECTION_H

#include "common/addr.h"

/*
 * Connection data of SDP (RFC 4566 section 5.7): where media are wanted. All of SDP that
 * others than mediad read: sipd, to see who is behind a NAT.
 */

/*
 * "IN IP4 192.0.2.1/127/3": the host, without what multicast appends. False: no
 * address that could be sent to (a name, another net); out is as it was or not.
 */
bool	connection_parse(struct addr *out, struct str value);
/* Of the first c= line of a body. False: there is none, or as above. */
bool	connection_first(struct addr *out, struct str body);

#endif
