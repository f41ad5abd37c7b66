#ifndef SIPD_PROXY_PARTS_H
#define SIPD_PROXY_PARTS_H

#include "sipd/calls.h"
#include "sipd/cookie.h"
#include "sipd/decision.h"
#include "sipd/leg.h"
#include "sipd/proxy.h"

/*
 * The inside of the proxy, shared by proxy.c (the request's life), decision.c
 * and question.c (routed and regd), targets.c (the target set), best.c (the best response),
 * leg.c (one target: request out, responses in, CANCEL) and relay.c (responses
 * going up, with SDP rewritten). Nobody else includes it.
 */
struct answer;
struct ringing;
struct ringing_branch;

/* Slices of the request that is kept: its end does not need it parsed again. */
struct proxy_bye {
	struct str	call_id, from_tag, to_tag;
	uint32_t	cseq;
};

struct proxy {
	struct worker	*w;
	unsigned	 refs;
	uint64_t	 call;
	struct txn	*server;	/* NULL: it has ended */
	struct hop	 from;		/* where the request came from */
	struct hop	 back;		/* where responses go */
	enum method	 method;
	bool		 urgent;	/* an emergency call: no limit */
	bool		 ours;		/* in the name of a side: nobody is answered */
	bool		 trying;	/* a 100 was sent, or is due */
	bool		 shown;		/* as ringing, in the call table */
	bool		 cancelled;
	bool		 finished;	/* a final response went up */
	bool		 unreached;	/* a leg ended by a transport error */
	uint16_t	 final;		/* which */
	bool		 plain;		/* as in struct recording */

	/* outside dialogs: the questions */
	unsigned	 open;
	bool		 needed;	/* a credential is needed */
	bool		 failed;	/* routed did not answer */
	uint8_t		 verdict;	/* enum verdict; 0: nothing was asked */
	bool		 no_pstn;	/* the account may use no gateway (row 108) */
	char		*dial_classes;	/* the account's, or NULL */
	bool		 from_local;
	struct gateway	*came_by;	/* the caller's, or NULL */
	bool		 channel;	/* one of it is taken */
	bool		 trusted;	/* what it says of the caller is believed */
	bool		 led;		/* a Route of somebody else says where to */
	bool		 to_flow;	/* a Path of ours does */
	uint16_t	 challenge;
	char		*realm;
	char		*from_aor;
	char		*account;	/* confirmed by regd, or NULL */
	uint32_t	 pending;	/* of pending_take() */
	char		*from_is;	/* the account From names, "" for none; NULL: not asked */
	struct decision	*decision;	/* routed's, until the legs are made */
	char		 route[CALL_ROUTE_MAX];	/* its steps, for the call's record */
	uint8_t		 route_len;
	struct wheel_timer wait;	/* for the replica, then for a group of legs */
	struct wheel_timer stage_time;	/* until the next stage after a time */
	struct mono	 stages_since;	/* when the first targets began */
	unsigned	 waited;
	unsigned	 redirections;	/* Contacts that were followed */
	unsigned	 breadth;	/* what is left of Max-Breadth */
	unsigned	 reserve;	/* of breadth, for the groups after this one */
	uint32_t	 order;		/* of the legs begun last */
	bool		 beginning;	/* legs */
	int8_t		 pass_on;	/* the gateway that ended last says so; -1: nothing */

	/* within dialogs */
	bool		 in_dialog;
	bool		 from_caller;
	struct cookie	 cookie;

	unsigned	 pop_routes;
	unsigned	 nlegs;
	struct leg	*legs[LEGS_MAX];
	uint16_t	 best_code;
	uint16_t	 why_code;	/* the code that why is the reason phrase of */
	const char	*why;		/* NULL: the usual one */
	char		*best;		/* its text, or NULL: ours to write */
	size_t		 best_len;
	char		*challenges;	/* of the other 401 and 407; best.c's */
	size_t		 challenges_len;

	int64_t		 begun_ms;	/* wall clock */
	int64_t		 asked_ms;	/* Expires of an INVITE; 0: none */
	bool		 offered;	/* the request carries SDP */
	struct proxy_bye bye;		/* of a BYE: what its call is found by */
	uint64_t	 serial;	/* names bytes to core_reparse() */
	size_t		 len;
	char		*bytes;		/* the request; NULL once it is answered */
	/*
	 * Of an INVITE: its record, in which the request lies instead.
	 * NULL: none, or all is over that a restart would have to go on with.
	 */
	struct ringing	*ring;
};

/*
 * With a server transaction, whose the first reference is. ring is its record if
 * the last process left one, and is then p's. NULL when there are too many:
 * refused.
 */
struct proxy *proxy_new(const struct inbound *in, const struct route_plan *r,
	    struct ringing *ring);

void	proxy_ref(struct proxy *p);
void	proxy_unref(struct proxy *p);
/* Parsed again; not after the final response. Until a branch is recorded. */
const struct sip_msg *proxy_request(struct proxy *p);
static inline bool
proxy_is_invite(const struct proxy *p)
{
	return p->method == METHOD_INVITE;
}
/* The tag of the side that began the dialog. */
struct str proxy_caller_tag(const struct proxy *p, const struct sip_msg *m);
/* The 100, when p is an INVITE: after "trying-delay", if nothing else was sent by then. */
void	proxy_trying(struct proxy *p);
/*
 * Final answers of our own; without effect after another one. They may end the
 * server transaction: hold a reference. A refusal with 503 has a Retry-After.
 */
void	proxy_answer(struct proxy *p, const struct answer *a);
void	proxy_refuse(struct proxy *p, uint16_t code);
/* The reason phrase, should p be refused with this code of ours; a literal. */
void	proxy_why(struct proxy *p, uint16_t code, const char *why);
void	proxy_challenge(struct proxy *p, bool stale);
void	proxy_mute(struct proxy *p);
/* Into the record of p, if it has one: a branch, whose handle or -1 is returned... */
int	proxy_record(struct proxy *p, const struct ringing_branch *b);
/* ... and the text of the best response, empty for one of ours. */
void	proxy_record_best(struct proxy *p, struct str text);
/* A leg ended without winning: bytes is its response, empty for one of ours. */
void	proxy_leg_done(struct proxy *p, struct leg *g, uint16_t code, struct str bytes);
/* A 2xx arrived: the other legs are not needed. */
void	proxy_cancel_others(struct proxy *p, struct leg *winner, struct str reason);
/* A final response went up. */
void	proxy_finish(struct proxy *p, uint16_t code);
/* All legs are done, so the best response goes up. */
bool	proxy_all_done(const struct proxy *p);
/* Something is over: perhaps the record is not needed any more. */
void	proxy_settle(struct proxy *p);

#endif
