#ifndef SIPD_ICMP_H
#define SIPD_ICMP_H

#include "sipd/worker.h"

/*
 * What the network returned: ICMP errors for datagrams that a socket sent (RFC
 * 3261 section 18.4). They name no message; what they bring back of it does.
 */

/* Asks the kernel for them; on a socket that was kept, once more. */
void	icmp_want(int fd, int family);
/*
 * Reads what has come, a bounded number, and hands unreachables to
 * upper->returned(). Returns how many errors of whatever kind were read: 0 means
 * that none is pending.
 */
unsigned icmp_read(struct worker *w, int fd);

#endif
