#ifndef SIPD_LEG_H
#define SIPD_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/branch.h"
#include "sipd/hop.h"
#include "sipd/msg.h"
#include "sipd/nexthop.h"
#include "sipd/txn.h"
#include "sipd/wheel.h"

/*
 * One target of a request that is being forwarded: the request out, responses in,
 * CANCEL. A part of the proxy (proxy_parts.h).
 */
#define LEGS_MAX	16		/* targets of one request */

struct proxy;
struct ringing_branch;

struct leg {
	struct proxy	*p;
	struct txn	*txn;		/* NULL: not begun, or ended */
	struct hop	 hop;		/* once it is known */
	struct nexthop	*next;		/* the targets of a name; NULL: hop alone */
	char		*uri;		/* new Request-URI */
	char		*route;		/* values of Route to put first, or "" */
	char		*where;		/* a URI with the name; NULL: hop alone */
	char		 target[BRANCH_TARGET_LEN];	/* names it to mediad */
	uint32_t	 order;		/* the higher are tried before */
	uint64_t	 contact;	/* names it in closed.h; 0: none of ours, or no UDP */
	struct leg	*spare;		/* another flow to the same device, or NULL */
	unsigned	 breadth;	/* its share of Max-Breadth while it is open */
	bool		 begun;
	bool		 following;	/* its 3xx is being judged: redirect.c */
	struct trunk	*trunk;		/* it goes to a gateway, or from one; or NULL */
	bool		 by_flow;	/* reached over the flow it registered from */
	bool		 peer;		/* no contact of ours: black list (row 33) */
	bool		 media;		/* mediad is between */
	uint8_t		 media_why;	/* enum media_why */
	bool		 stays;		/* we are in the dialog: Record-Route */
	bool		 explicit;	/* the transport is what was written */
	bool		 switched;	/* this once by TCP, for its size (row 15) */
	bool		 hurried;	/* waits shorter: there are other targets */
	uint16_t	 failed;	/* why there is another target now; or 0 */
	bool		 provisional;	/* something came back */
	bool		 cancel;	/* CANCEL it as soon as that may be */
	bool		 cancelled;	/* CANCEL was sent */
	bool		 rang_out;	/* its time is over: its 487 means 408 */
	bool		 done;		/* final response, or failed */
	bool		 won;		/* with a 2xx */
	uint64_t	 dialog;	/* hash of the To-tag that was recorded; 0: none */
	uint8_t		 asking;	/* responses that wait for mediad */
	int		 record;	/* handle in the proxy's record, or -1 */
	bool		 nowhere;	/* its record was made before the look-up */
	struct mono	 began;		/* when the request left */
	struct wheel_timer timer_c;
};

/* All is copied. NULL: too many. */
struct leg *leg_new(struct proxy *p, const struct way *way, struct str uri,
	    struct str route);
void	leg_free(struct leg *g);
/* Its 2xx is in the call table: the call has the gateway's channel from here on. */
void	leg_answered(struct leg *g);
/*
 * Sends the request, after its name has been looked up and mediad has rewritten
 * its SDP where they must. A name's targets are tried in order until one answers
 * anything but 503 (RFC 3263 section 4.3, row 34).
 */
void	leg_start(struct leg *g);
/*
 * The others have begun and this one waits, for its turn, for name servers or as the
 * spare of another one (NULL: of none): from here on it is in the record.
 */
void	leg_keep(struct leg *g, const struct leg *spare_of);
void	leg_cancel(struct leg *g, struct str reason);
/*
 * A leg of the last process, from its record; and, when all of them are there, those
 * that had begun go on: the request is sent again if nothing came back, CANCEL if it
 * was sent.
 */
struct leg *leg_taken(struct proxy *p, int record, const struct ringing_branch *b);
bool	leg_is_spare(const struct ringing_branch *b);	/* still */
void	leg_go_on(struct leg *g, const struct ringing_branch *b);
/* It rang for long enough: nobody waits for it any more, whatever it says. */
void	leg_time_out(struct leg *g);

/* ---- relay.c -------------------------------------------------------------- */

/* A response (1xx or 2xx) goes up. */
void	relay_response(struct leg *g, const struct sip_msg *m, const struct hop *from);

#endif
