#ifndef COMMON_LANDLOCK_H
#define COMMON_LANDLOCK_H

#include <stdint.h>

/*
 * Landlock, as far as the running kernel has it: which files this thread, and
 * those it makes from now on, may still open. Needs no_new_privs.
 */
struct landlock_path {
	const char	*path;		/* what is missing is skipped */
	int		 write;		/* else only read */
};

/*
 * Nothing but beneath the paths (ended by path NULL); tcp: TCP sockets may still
 * be bound and connected. 0, also where the kernel knows nothing of it; -errno.
 */
int	landlock_enter(const struct landlock_path *paths, int tcp);

#endif
