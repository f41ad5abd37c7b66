#ifndef SIPD_ALIAS_H
#define SIPD_ALIAS_H

#include <stdbool.h>

#include "sipd/hop.h"

/*
 * Connections that stand for where their peer listens (RFC 5923): a TLS client
 * that showed a verified certificate, and "alias" in its Via, gets requests for
 * the domains of that certificate on the connection that it opened. Others get
 * nothing by it (S15). Bounded; any thread.
 */

/*
 * Requests for domain (hostname.h) to the host of conn->remote at port go by conn,
 * a connection that others opened, from now on. The caller has seen to it that the
 * peer is of that domain.
 */
void	alias_put(const struct hop *conn, uint16_t port, uint32_t domain);
/* All of this connection are over. */
void	alias_drop(const struct hop *conn);
/* The connection that stands for to: *out names it. False: none does. */
bool	alias_find(const struct hop *to, struct hop *out);

#endif
