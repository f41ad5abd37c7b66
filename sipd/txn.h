#ifndef SIPD_TXN_H
#define SIPD_TXN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "sipd/hop.h"
#include "sipd/wheel.h"

/*
 * Transactions: the four machines of RFC 3261 section 17 with the Accepted
 * states of RFC 6026 and the silence of RFC 4320, as tables (txn_rules.c).
 *
 * A transaction belongs to one worker. It keeps what it may have to send again,
 * absorbs retransmissions, and tells its user - the layer above - what matters.
 * It outlives its user: txn_forget() cuts the tie and the machine runs to its end.
 */
struct sip_msg;
struct packet;
struct worker;
struct txns;
struct txn;

enum txn_kind {
	TXN_INVITE_SERVER,
	TXN_SERVER,
	TXN_INVITE_CLIENT,
	TXN_CLIENT,
	TXN_KINDS
};

enum txn_state {
	ST_NONE,		/* in a rule: the event is of no interest */
	ST_TRYING,		/* non-INVITE; INVITE client: Calling */
	ST_PROCEEDING,
	ST_COMPLETED,
	ST_CONFIRMED,
	ST_ACCEPTED,
	ST_TERMINATED,
	NSTATES
};

enum txn_event {
	EV_BEGIN,		/* client: send the request */
	EV_REQUEST,		/* the same request again */
	EV_ACK,
	EV_TU_1XX,
	EV_TU_2XX,
	EV_TU_FINAL,		/* 300-699 */
	EV_RX_1XX,
	EV_RX_2XX,
	EV_RX_FINAL,		/* 300-699 */
	EV_RETRANSMIT,		/* timers A, E, G; "trying-delay" */
	EV_TIMEOUT,		/* timers B, F, H */
	EV_END,			/* timers D, I, J, K, L, M */
	EV_SEND_FAILED,
	NEVENTS
};

enum txn_action {
	DO_SEND		= 1 << 0,	/* what was given with the event */
	DO_KEEP		= 1 << 1,	/* and keep it, to be sent again */
	DO_RESEND	= 1 << 2,	/* what is kept */
	DO_ABSORB	= 1 << 3,	/* count a retransmission, nothing else */
	DO_PASS		= 1 << 4,	/* the response to the user */
	DO_ACK		= 1 << 5,	/* build, keep and send the ACK */
	DO_FAIL		= 1 << 6,	/* tell the user: time-out or not sent */
	DO_DROP		= 1 << 7,	/* what is kept is not needed any more */
	START_A		= 1 << 8,	/* T1, doubling */
	START_E		= 1 << 9,	/* T1, doubling up to T2: E and G */
	START_E_SLOW	= 1 << 10,	/* T2 */
	START_B		= 1 << 11,
	START_FH	= 1 << 12,	/* 64*T1 */
	START_D		= 1 << 13,	/* 64*T1, or at once on a stream */
	START_IK	= 1 << 14,	/* T4, or at once on a stream */
	START_J		= 1 << 15,	/* 64*T1, or at once on a stream */
	START_LM	= 1 << 16,	/* 64*T1 */
	STOP_RETRANSMIT	= 1 << 17,
	STOP_TIMEOUT	= 1 << 18,
	DO_TRYING	= 1 << 19,	/* the user is to give a 100, if nothing was sent */
};

struct txn_rule {
	uint8_t		next;
	uint32_t	actions;
};
extern const struct txn_rule txn_rules[TXN_KINDS][NSTATES][NEVENTS];
extern const char *const txn_states[NSTATES];	/* "proceeding" */

struct txn_user {
	/* Client: a response to pass up; m and p are borrowed. */
	void	(*response)(void *arg, struct txn *t, const struct sip_msg *m,
		    const struct packet *p);
	/* Client: no answer (-ETIMEDOUT) or not sent. INVITE server: no ACK. */
	void	(*failed)(void *arg, struct txn *t, int error);
	/* t is about to be freed. */
	void	(*ended)(void *arg, struct txn *t);
	/* INVITE server: nothing was sent so far, and now a 100 is due. */
	void	(*trying)(void *arg, struct txn *t);
};

/* The transactions of one worker. */
struct txns *txns_new(struct worker *w);
/* Sends nothing; every user is told the end, servers' users first. */
void	txns_free(struct txns *x);
/* Those that count against the limit: not yet answered. */
uint32_t txns_active(const struct txns *x);
uint32_t txns_count(const struct txns *x, bool server);

/*
 * What identifies a transaction (RFC 3261 section 17.2.3): for a server branch,
 * sent-by and method, for a client branch and method. A server's also has what
 * is the same in every repetition, ACK and CANCEL: Call-ID, From-tag and CSeq
 * number. So a client that uses a branch again is not taken for one that repeats
 * itself. One keyed hash.
 */
typedef uint64_t txn_key;
/* ACK and CANCEL: with the method of what they belong to, INVITE. */
txn_key	txn_server_key(const struct sip_msg *m, struct str method);
txn_key	txn_client_key(struct str branch, struct str method);

struct txn *txn_find(struct txns *x, txn_key key, bool server);

/*
 * Begins a server transaction for a request just received; back is where its
 * responses go. NULL when there are too many. flags: TXN_INVITE; TXN_URGENT for
 * what no limit stops (row 127).
 */
#define TXN_INVITE	1u
#define TXN_OURS	2u		/* its request is our own: nobody is answered */
#define TXN_URGENT	(1u << 16)	/* also beside the flags of wire_send() */
struct txn *txn_server_new(struct txns *x, txn_key key, unsigned flags,
	    const struct hop *back, const struct txn_user *user, void *arg);
/*
 * Begins a client transaction and sends request (kept) to `to`. flags as for
 * wire_send(). NULL when there are too many. A failure to send is told by
 * failed(), never from within.
 */
struct txn *txn_client_new(struct txns *x, struct str branch, struct str method,
	    const struct hop *to, unsigned flags, struct str request,
	    const struct txn_user *user, void *arg);
/*
 * Transactions that another process of ours began; nothing is sent. An INVITE
 * client that had a provisional response, for the request as it was sent;
 * NULL when there are too many. And a server just made, which goes on as after
 * this provisional response, or, accepted, after a 2xx.
 */
struct txn *txn_client_taken(struct txns *x, struct str branch,
	    const struct hop *to, struct str request, const struct txn_user *user,
	    void *arg);
void	txn_server_taken(struct txn *t, struct str provisional, bool accepted);
void	txn_forget(struct txn *t);		/* no more calls to its user */
/*
 * Server, not INVITE: ends with its final response instead of waiting for timer
 * J, because its user gives the same answer again when it is asked again.
 */
void	txn_brief(struct txn *t);
/*
 * Client: does not count against the limit any more: nobody waits for it (a leg
 * that was given up before its first response).
 */
void	txn_quiet(struct txn *t);
/*
 * Client without a final response: how long it goes on waiting for one, from now,
 * instead of timer B or F.
 */
void	txn_patience(struct txn *t, int64_t ms);
/*
 * Ends at once; tells its user. A server without any answer (RFC 4320 section
 * 4.2), a client that nothing will come for.
 */
void	txn_abandon(struct txn *t);
/* The user's own, as given; NULL when another user or none. */
void	*txn_arg(const struct txn *t, const struct txn_user *user);

/*
 * INVITE server: nothing was sent so far; if that is still so in ms, or when the
 * request comes again, the user's trying() is called.
 */
void	txn_trying_in(struct txn *t, int64_t ms);

/*
 * Server: nothing is repeated by itself, only when the request comes again. For
 * whom it is not known whether he is where he says (S33).
 */
void	txn_never_repeat(struct txn *t);
/* Server: sends a response (100..699). False when the state has no use for it. */
bool	txn_reply(struct txn *t, uint16_t code, struct str bytes);
/* A request or ACK that belongs to t arrived again. */
void	txn_request_again(struct txn *t, bool ack);
/* Client: a response arrived. */
void	txn_response(struct txn *t, const struct sip_msg *m, const struct packet *p);
/* wire's core_send_failed() with the token of a transaction. */
void	txns_send_failed(struct txns *x, uint64_t token, int error);

enum txn_kind txn_kind(const struct txn *t);
enum txn_state txn_state(const struct txn *t);
const struct hop *txn_hop(const struct txn *t);
/* The key of its call, as it was recorded when it began. */
uint64_t txn_call(const struct txn *t);
/* Client: the request as it was sent, while it is kept; else empty. */
struct str txn_kept(const struct txn *t);

/* One after another, in no order; begin with *cursor 0. NULL at the end. */
const struct txn *txns_next(const struct txns *x, bool server, size_t *cursor);
txn_key	txn_id(const struct txn *t);
struct mono txn_began(const struct txn *t);
/* The last response, sent or received; 0: none yet. */
uint16_t txn_last_code(const struct txn *t);
/* The letter of the timer that fires next, with what is left; 0: none runs. */
char	txn_next_timer(const struct txn *t, int64_t *left_ms);

#endif
