#ifndef SIPD_LISTENERS_H
#define SIPD_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/settings.h"
#include "sipd/hop.h"
#include "sipd/worker.h"

/*
 * The sockets of "listen": for UDP one a worker (SO_REUSEPORT), for TCP and TLS one
 * on worker 0. Adopted from the descriptor store, where they are u<number>w<worker>,
 * t<number> and s<number>, before new ones are opened.
 */
#define LISTENERS_MAX	64

struct listener {
	unsigned	number;		/* in the names */
	enum transport	transport;
	struct addr	addr;
	bool		wildcard;	/* any address of this host */
	const struct listen *_Atomic rules;	/* who may use it; of the settings */
	int		fds[WORKERS_MAX];	/* -1: none; each its worker's */
	struct listener	*next;		/* all there ever were */
};

/* Immutable: a change of the configuration makes a new one. */
struct listeners {
	uint32_t	 n;
	struct listener	*v[LISTENERS_MAX];
	struct listeners *before;
};

/*
 * Main thread, privileged. 0 or -errno after logging which socket and why; the
 * "listen" settings that cannot be opened all are named.
 */
int	listeners_open(const struct settings *s, unsigned workers);
/* Closes our copies; those in the store stay there. */
void	listeners_close(void);

/* Those in force; any thread. Never NULL after listeners_open(). */
const struct listeners *listeners_now(void);

/*
 * The listener for a message to h: the one of h->local, else a wildcard of that
 * port, else the one on the far end's side; NULL: none of this transport and family.
 */
const struct listener *listener_for(const struct hop *h);

/* May traffic from there use this one? Else it is counted and logged. */
bool	listener_lets_in(const struct listener *l, const struct addr *from);

/*
 * Datagrams that the kernel dropped because a socket of ours was full. Main thread:
 * a system call a socket.
 */
uint64_t listeners_dropped(void);

/* This worker starts and stops reading sockets as listeners_now() says. */
void	listeners_follow(struct worker *w);
/* Worker 0, once it reads: empties and closes sockets that nobody owns now. */
void	listeners_drain(struct worker *w);
/* Opens what the new configuration adds; failures are logged. Worker 0. */
void	listeners_commit(struct worker *w, const struct settings *s);

#endif
