#ifndef SIPCTL_LOG_RAISE_H
#define SIPCTL_LOG_RAISE_H

#include "common/raised.h"
#include "sipctl/sipctl.h"

/*
 * Logging in detail what somebody is in (common/raised.h), asked for by options of the
 * line: --call-id, --user, --gw, --ip, the first of them that is there.
 */

/* False: none of them is there, or it is longer than a name may be. */
bool	log_raise_of(const struct line *l, struct raised *r);
/*
 * Tells all daemons that run: for ms from now; 0: no longer. The exit code, after
 * saying why not.
 */
int	log_raise_tell(struct ctl *c, struct raised *r, int64_t ms, bool aloud);

#endif
