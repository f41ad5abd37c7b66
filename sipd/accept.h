#ifndef SIPD_ACCEPT_H
#define SIPD_ACCEPT_H

#include "sipd/worker.h"

/*
 * Accepts connections, on worker 0, within the limits, and gives each to the
 * worker that owns it.
 */
struct listeners;

/* Listens on the stream sockets of this table from now on. */
void	accept_follow(struct worker *w, const struct listeners *t);
void	accept_stop(void);

#endif
