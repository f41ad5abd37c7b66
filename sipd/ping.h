#ifndef SIPD_PING_H
#define SIPD_PING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "sipd/hop.h"

struct worker;
struct sip_msg;
struct packet;

/*
 * Pings to registered contacts (FEATURES.md row 155): so that the binding of a NAT stays,
 * and to know who is still there. A worker pings the flows that hash to it, at times
 * spread over the interval; what is known of them is shared, under one lock.
 *
 * Where the method has an answer (OPTIONS, STUN) the round trip is measured. A contact
 * that used to answer and then does not, "ping-misses" times in a row, is dead: it is
 * shown, and passed over by calls, until it answers or registers anew.
 */
void	ping_open(void);
void	ping_close(void);		/* after all workers stopped */
void	ping_start(struct worker *w);
void	ping_stop(struct worker *w);

/* A response to one of ours? Then it is for nobody else. */
bool	ping_response(struct worker *w, const struct sip_msg *m, const struct packet *p);
bool	ping_stun(struct worker *w, struct str bytes, const struct hop *from);

/* Any thread. */
bool	ping_is_dead(const struct hop *flow);

/* ---- for show.c ---- */

struct ping_shown {
	struct hop	flow;
	int64_t		rtt_us;		/* -1: not measured */
	unsigned	missed;
	bool		dead;
};
/* Walks, *cursor 0 at first; what changes meanwhile may be missed. */
bool	ping_next(uint64_t *cursor, struct ping_shown *out);

/* A NAT: an address from which contacts behind it are seen. */
struct nat_shown {
	struct addr	host;
	unsigned	contacts;
	int64_t		interval_ms;	/* between pings, as it is now */
	unsigned	moved;		/* bindings that were lost between pings */
};
bool	ping_next_nat(uint64_t *cursor, struct nat_shown *out);

#endif
