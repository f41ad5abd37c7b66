#ifndef SIPD_TCP_H
#define SIPD_TCP_H

#include <stdint.h>

#include "sipd/hop.h"
#include "sipd/worker.h"

/*
 * Connections of TCP and TLS: accepted on worker 0, owned by the worker that the hash of
 * the remote end names. A connection is read with MSG_PEEK until a whole message
 * is there, which is then consumed: a killed process leaves the rest in the
 * kernel for the next one. Those of TCP that carry bindings (flows.h) are kept in
 * the descriptor store and adopted at start; TLS ends with the process.
 */
struct tcp;
struct listener;

struct tcp *tcp_new(struct worker *w);
void	tcp_free(struct tcp *t);	/* NULL is fine; closes our copies */

/* A connection that others began: accepted, or adopted from the descriptor store. */
struct arrival {
	int		fd;
	int		slot;		/* in the store as f<slot>; -1: it is not */
	struct hop	from;		/* transport and remote end */
	unsigned	listener;	/* by which tally.h has counted it */
	uint8_t		verify;		/* a TLS_VERIFY_ word */
};
/* Takes its descriptor. */
void	tcp_take(struct worker *w, const struct arrival *a);

/* The worker that owns connections to that remote end. */
unsigned tcp_owner(const struct hop *h);

/* Any worker; see wire_send(). The owner does the rest. */
int	tcp_send(struct worker *w, const struct hop *to, struct str bytes,
	    unsigned flags, uint64_t token);

/*
 * The peer asks that requests to that port of its host come by this connection
 * (RFC 5923): granted when it showed whose it is. Any worker.
 */
void	tcp_alias(struct worker *w, const struct hop *from, uint16_t port);

/* The first binding of a flow came or the last went (flows.c). Any thread. */
void	tcp_flow_changed(const struct hop *h);

/* Before the end of the turn: reads those whose turn it is. */
void	tcp_serve(struct tcp *t);
/* At the end of the turn: closes what broke in it. */
void	tcp_turn(struct tcp *t);

/* This worker's connections. */
uint32_t tcp_count(const struct tcp *t);

#endif
