#ifndef COMMON_PIDFILE_H
#define COMMON_PIDFILE_H

/*
 * One process a name: a file that holds its pid and is locked as long as it
 * lives. The kernel lets go of the lock when the process dies, however it dies.
 */
/* The descriptor, kept open for ever; -EBUSY and *holder (0: unknown); -errno. */
int	pidfile_take(const char *path, long *holder);

#endif
