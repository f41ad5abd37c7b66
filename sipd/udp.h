#ifndef SIPD_UDP_H
#define SIPD_UDP_H

#include <stdint.h>

#include "common/str.h"
#include "sipd/hop.h"
#include "sipd/worker.h"

/*
 * One worker's UDP sockets: datagrams come in a vector a call, what is to be
 * sent leaves in one call a socket at the turn's end.
 */
struct udp;
struct listener;
struct listeners;

struct udp *udp_new(struct worker *w);
void	udp_free(struct udp *u);	/* NULL is fine */

/* Reads the sockets of this table from now on, and closes others. */
void	udp_follow(struct udp *u, const struct listeners *t);
/* Handles what fd still holds; fd stays open. */
void	udp_drain(struct udp *u, int fd, const struct addr *local);

/* See wire_send(). */
int	udp_send(struct udp *u, const struct listener *l, const struct hop *to,
	    struct str bytes, uint64_t token);
/* At the turn's end. */
void	udp_flush(struct udp *u);

#endif
