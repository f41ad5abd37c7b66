#ifndef SIPD_CONN_READY_H
#define SIPD_CONN_READY_H

#include <stdbool.h>

/*
 * Whose turn it is: the connections of one worker that have something to be read,
 * or a handshake to go on with. A turn serves them for a bounded time, those first
 * that ask for little (S30).
 */
struct conn;
struct ready;				/* opaque */

struct ready *ready_new(void);
void	ready_free(struct ready *r);	/* NULL is fine; the connections stay */

/* c waits for its turn; once, however often it is said. */
void	ready_put(struct ready *r, struct conn *c);
void	ready_remove(struct ready *r, struct conn *c);	/* no-op unless it waits */

bool	ready_any(const struct ready *r);
/* Serves those whose turn it is: conn_serve(). True when others are left. */
bool	ready_serve(struct ready *r);

#endif
