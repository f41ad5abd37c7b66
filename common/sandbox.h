#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include "common/daemon.h"
#include "common/users.h"

/*
 * Giving up what is not needed: own user and group (users.h), no new privileges,
 * empty capability sets, Landlock where the kernel has it, and a seccomp
 * allow-list for all threads (S53). What is not on the list fails with EPERM;
 * execve and ptrace end the process.
 *
 * A build with the address sanitizer looks for leaks at exit by ptrace of itself;
 * that is off once the sandbox was entered. Such a build knows two variables for
 * the tests: CORDBOARD_SANDBOX=off enters none (and looks for leaks), and
 * CORDBOARD_SANDBOX_PROBE=1 logs what still can be done from inside.
 */
unsigned sandbox_uid(const struct daemon *d);	/* own uid when not root */
unsigned sandbox_gid(void);			/* group sip; own gid when not root */
unsigned sandbox_monitor_gid(void);		/* group sip-monitor, likewise */
/* Before any thread exists: no new privileges, empty bounding set. 0 or -errno. */
int	sandbox_begin(void);
/*
 * Changes user when root, drops capabilities, loads the filters. 0 or -errno; after
 * an error the process must not go on.
 */
int	sandbox_enter(const struct daemon *d, const struct dirs *dirs);

#endif
