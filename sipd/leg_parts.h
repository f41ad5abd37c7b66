#ifndef SIPD_LEG_PARTS_H
#define SIPD_LEG_PARTS_H

#include "sipd/proxy_parts.h"
#include "sipd/ringing.h"

/*
 * The inside of a leg, shared by leg.c (its life, CANCEL, responses), leg_out.c (the
 * request), leg_media.c (its SDP), leg_gateway.c (channel and credential) and
 * leg_taken.c (of the last process). Nobody else includes it.
 */
#define T1_FACTOR	64

/* leg.c */
extern const struct txn_user leg_user;
void	leg_mark(struct leg *g, enum ringing_mark mark);
/* The leg is decided: its response, or a code of ours, is on the table. */
void	leg_end(struct leg *g, uint16_t code, struct str bytes);

/* What is left of the time that it may ring, in ms (row 32). */
int64_t	leg_ring_wait(const struct leg *g);
/* Reached over the connection that it registered on, and no other way. */
static inline bool
leg_on_flow(const struct leg *g)
{
	return g->by_flow && hop_is_stream(&g->hop);
}

/* leg_gateway.c */
/*
 * Of a call that begins; false: g has ended for want of one. Emergency calls get one
 * in any case, and go through a gateway that is switched off (row 127).
 */
bool	leg_take_channel(struct leg *g);
/* Does its gateway want a credential before this is sent? */
bool	leg_wants_sign(const struct leg *g);
/* Asks gwregd for it: the request leaves afterwards. */
void	leg_sign(struct leg *g);
/*
 * A challenge of its gateway. True: it is being answered; else it is the end of the
 * leg, and the caller's to see in no case.
 */
bool	leg_challenged(struct leg *g, const struct sip_msg *m);

/* leg_media.c */
/* Do media go through mediad? By what caller, target and policy say; g->media_why tells. */
bool	leg_media(struct leg *g, const struct sip_msg *m);
/* leg_send(), by way of mediad where that is wanted: credentials are there. */
void	leg_go(struct leg *g);

/* leg_out.c */
int	leg_write(struct leg *g, const struct str *sdp, struct text *out,
	    char branch[BRANCH_LEN], struct hop *to);
void	leg_on_next(void *arg);		/* of nexthop_new() */
void	leg_attempt(struct leg *g);	/* to g->hop, which may be a target */
/* The request leaves, with this SDP instead of its own (NULL: with its own). */
void	leg_send(struct leg *g, const struct str *sdp);
/*
 * What was begun is over for us, though its transaction may run on: its reference
 * is the caller's now. False: there was none.
 */
bool	leg_leave(struct leg *g);
bool	leg_still_wanted(const struct leg *g);
/*
 * Another target of its name, in a transaction of its own; code: what became of
 * the last one. False: there is none, or nobody wants it any more.
 */
bool	leg_try_next(struct leg *g, uint16_t code);
/* What was too large for UDP goes by UDP after all: TCP was not answered. */
void	leg_try_udp(struct leg *g);

#endif
