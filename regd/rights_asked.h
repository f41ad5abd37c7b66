#ifndef REGD_RIGHTS_ASKED_H
#define REGD_RIGHTS_ASKED_H

#include "regd/regd.h"

/* At start: what the store had. False: it is unreadable. */
bool	rights_load(struct regd *r, const struct store_item *i);

extern const struct bus_handler rights_handlers[];

#endif
