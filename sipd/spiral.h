#ifndef SIPD_SPIRAL_H
#define SIPD_SPIRAL_H

#include <stdbool.h>

#include "sipd/branch.h"
#include "sipd/msg.h"

/*
 * Requests that come by again (RFC 5393): a loop is one that would go the same
 * way once more, a spiral one that goes another; and Max-Breadth, which bounds
 * how many branches there may be of one request.
 */
#define BREADTH_MAX	60

/* What goes into our branch: the same when the way is the same. */
void	spiral_mark(const struct sip_msg *m, char out[BRANCH_MARK_LEN]);
/* It has been here, and would go the same way: 482. */
bool	spiral_is_loop(const struct sip_msg *m);
/*
 * Branches that may be open at a time, at most BREADTH_MAX; that also for a
 * request which does not say. 0: none, 440.
 */
unsigned spiral_breadth(const struct sip_msg *m);

#endif
