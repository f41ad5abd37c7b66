#ifndef MEDIAD_NG_LISTEN_H
#define MEDIAD_NG_LISTEN_H

#include "common/loop.h"
#include "common/settings.h"
#include "mediad/ng.h"

/*
 * The sockets of the setting ng-listen: UDP, a datagram a message; TCP, messages
 * one after the other. They live in the descriptor store as "n", so that what is asked
 * while mediad starts anew is answered then; connections are not kept.
 */
#define NG_CONNECTIONS_MAX	64

struct ng_listen;

/* Every entry is udp:ADDR:PORT or tcp:ADDR:PORT, no wildcard; says what is not. */
bool	ng_listen_check(const struct set_texts *sockets, struct complaints *out);
/*
 * Adopts or opens all of them; a socket that can't be had is logged. n must live as long.
 * NULL and errno on failure.
 */
struct ng_listen *ng_listen_open(struct loop *l, struct ng *n,
	    const struct set_texts *sockets);
/* NULL is fine; the store keeps the sockets. */
void	ng_listen_close(struct ng_listen *all);

#endif
