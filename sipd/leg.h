#ifndef SIPD_LEG_H
#define SIPD_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "sipd/branch.h"
#include "sipd/cookie.h"
#include "sipd/hop.h"
#include "sipd/msg.h"
#include "sipd/txn.h"
#include "sipd/wheel.h"

/*
 * The inside of the proxy, shared by proxy.c (the request: decision, best
 * response, end), leg.c (one target: request out, responses in, CANCEL) and
 * relay.c (responses going up, with SDP rewritten).
 */
#define LEGS_MAX	16		/* targets of one request */
#define DECISION_TARGETS_MAX 16

struct leg {
	struct proxy	*p;
	struct txn	*txn;		/* NULL: not begun, or ended */
	struct hop	 hop;
	char		*uri;		/* new Request-URI */
	char		*route;		/* values of Route to put first, or "" */
	char		 target[BRANCH_TARGET_LEN];	/* names it to mediad */
	bool		 by_flow;	/* reached over the flow it registered from */
	bool		 media;		/* mediad is between */
	bool		 stays;		/* we are in the dialog: Record-Route */
	bool		 provisional;	/* something came back */
	bool		 cancel;	/* CANCEL it as soon as that may be */
	bool		 cancelled;	/* CANCEL was sent */
	bool		 rang_out;	/* timer C: its 487 means 408 */
	bool		 done;		/* final response, or failed */
	bool		 won;		/* with a 2xx */
	uint8_t		 asking;	/* responses that wait for mediad */
	struct mono	 began;		/* when the request left */
	struct wheel_timer timer_c;
};

/* One target of routed's decision, copied. */
struct choice {
	uint8_t	 kind;
	char	*value;
	char	*next_hop;
};

struct decision {
	uint16_t	if_confirmed;
	uint16_t	if_not;
	char		reason[64];
	unsigned	n;
	struct choice	choices[DECISION_TARGETS_MAX];
};

struct proxy {
	struct worker	*w;
	unsigned	 refs;
	uint64_t	 call;
	struct txn	*server;	/* NULL: it has ended */
	struct hop	 from;		/* where the request came from */
	struct hop	 back;		/* where responses go */
	enum method	 method;
	bool		 trying;	/* 100 was sent */
	bool		 cancelled;
	bool		 finished;	/* a final response went up */

	/* outside dialogs: the questions */
	unsigned	 open;
	bool		 needed;	/* a credential is needed */
	bool		 failed;	/* routed did not answer */
	uint8_t		 verdict;	/* enum verdict; 0: nothing was asked */
	bool		 from_local;
	uint16_t	 challenge;
	char		*realm;
	char		*from_aor;
	char		*account;	/* confirmed by regd, or NULL */
	struct decision	*decision;	/* routed's, until the legs are made */
	struct wheel_timer wait;	/* for the replica's first snapshot */
	unsigned	 waited;

	/* within dialogs */
	bool		 in_dialog;
	bool		 from_caller;
	struct cookie	 cookie;

	unsigned	 pop_routes;
	unsigned	 nlegs;
	struct leg	*legs[LEGS_MAX];
	uint16_t	 best_code;
	char		*best;		/* its text, or NULL: ours to write */
	size_t		 best_len;

	bool		 offered;	/* the request carries SDP */
	uint64_t	 serial;	/* names bytes to core_reparse() */
	size_t		 len;
	char		*bytes;		/* the request; NULL once it is answered */
};

/* ---- proxy.c -------------------------------------------------------------- */

void	proxy_ref(struct proxy *p);
void	proxy_unref(struct proxy *p);
/* Parsed again; not after the final response. */
const struct sip_msg *proxy_request(struct proxy *p);
static inline bool
proxy_is_invite(const struct proxy *p)
{
	return p->method == METHOD_INVITE;
}
/* The tag of the side that began the dialog. */
struct str proxy_caller_tag(const struct proxy *p, const struct sip_msg *m);
/* A leg ended without winning: bytes is its response, empty for one of ours. */
void	proxy_leg_done(struct proxy *p, struct leg *g, uint16_t code, struct str bytes);
/* A 2xx arrived: the other legs are not needed. */
void	proxy_cancel_others(struct proxy *p, struct leg *winner, struct str reason);
/* A final response went up. */
void	proxy_finish(struct proxy *p, uint16_t code);

/* ---- leg.c ---------------------------------------------------------------- */

/* uri and route are copied. NULL: too many. */
struct leg *leg_new(struct proxy *p, const struct hop *to, struct str uri,
	    struct str route);
void	leg_free(struct leg *g);
/* Sends the request, after mediad has rewritten its SDP where it must. */
void	leg_start(struct leg *g);
void	leg_cancel(struct leg *g, struct str reason);

/* ---- relay.c -------------------------------------------------------------- */

/* A response (1xx or 2xx) goes up. */
void	relay_response(struct leg *g, const struct sip_msg *m, const struct hop *from);

#endif
