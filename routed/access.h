#ifndef ROUTED_ACCESS_H
#define ROUTED_ACCESS_H

#include "routed/route.h"

/*
 * What an address means for who signs in or calls, rather than for who is called
 * (rows 44, 81, 119): records of class Access, then aliases of domains and of
 * users, forwarders, numbers. In buf, in lower case; empty for what is no address.
 * It need not be an account's.
 */
struct str access_find(const struct route_world *w, struct str uri, char buf[AOR_MAX]);

#endif
