#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include "common/daemon.h"

/*
 * Giving up what is not needed: own user (cordboard-NAME when it exists, else
 * the number CORDBOARD_UID + index of the range that is kept for services without
 * an entry in passwd), group sip likewise, no new privileges, empty capability
 * sets, and a seccomp allow-list for all threads (S53).
 */
#define CORDBOARD_UID	64300

unsigned sandbox_uid(const struct daemon *d);	/* own uid when not root */
unsigned sandbox_gid(void);			/* group sip */
unsigned sandbox_monitor_gid(void);		/* group sip-monitor */
/* Before any thread exists: no new privileges, bounding set, not dumpable. */
int	sandbox_begin(void);
/* Changes user when root, drops capabilities, loads the filter. 0 or -errno. */
int	sandbox_enter(const struct daemon *d);

#endif
