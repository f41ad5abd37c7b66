#ifndef SIPD_WHERE_H
#define SIPD_WHERE_H

#include "common/bus.h"

/*
 * WHERE of sipctl: the places that a request to a URI would be sent to, in their
 * order, found as those of live requests are (nexthop.h); nothing is sent.
 */
extern const struct bus_handler where_handlers[];

#endif
