#ifndef COMMON_FDSTORE_H
#define COMMON_FDSTORE_H

#include <stddef.h>

/*
 * Descriptors that outlive the process: systemd's FDSTORE or sipctl's keeper,
 * one protocol (sd_notify with FDSTORE=1, back by LISTEN_FDS and LISTEN_FDNAMES).
 * Without NOTIFY_SOCKET everything here does nothing and succeeds. Main thread at
 * start; fdstore_put() and fdstore_remove() from any thread.
 *
 * Names are short, without ':'; several descriptors may share one.
 */
/* Collects what was handed down; call once, first thing. */
void	fdstore_adopt(void);
/* The next adopted descriptor of this name, or -1. The caller's from now on. */
int	fdstore_take(const char *name);
/* The next one whose name begins with prefix; name receives it. */
int	fdstore_take_prefix(const char *prefix, char *name, size_t size);
/* What nobody took: removed from the store and closed. Returns how many. */
int	fdstore_close_rest(void);

/*
 * Stores n descriptors (in batches); they stay open here as well. 0 or -errno. A
 * keeper that is down just now is no error: it gets them when it is back. Before
 * one of them is closed its name must be removed.
 */
int	fdstore_put(const char *name, const int *fds, size_t n);
/* All of this name leave the store. */
void	fdstore_remove(const char *name);
/* Stores everything again: a new keeper asked for it (SIGUSR1). */
void	fdstore_again(void);

void	notify_ready(void);
void	notify_status(const char *text);
void	notify_watchdog(void);
void	notify_stopping(void);

/*
 * A memfd of size octets, mapped shared and stored under name: adopted when the
 * store has one of that name and at least that size (*adopted true), else made
 * new and zero. It stays mapped and open until the process ends. NULL and errno on
 * failure.
 */
void	*fdstore_memory(const char *name, size_t size, int *adopted);

#endif
