#ifndef SIPD_KEPT_H
#define SIPD_KEPT_H

#include "sipd/worker.h"

/*
 * Connections in the descriptor store, as f<slot>: they outlive the process.
 */

/* Collects those of the last process. Main thread, at start. */
void	kept_open(void);
void	kept_close(void);
/* Gives this worker the collected ones that it owns. */
void	kept_adopt(struct worker *w);

/* Stores fd; the slot, or -1 when the store does not take it. Any thread. */
int	kept_put(int fd);
void	kept_drop(int slot);

#endif
