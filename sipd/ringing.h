#ifndef SIPD_RINGING_H
#define SIPD_RINGING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"
#include "common/str.h"
#include "sipd/branch.h"
#include "sipd/hop.h"

/*
 * What a restart must not forget about an INVITE that is under way: the request,
 * its branches and the best refusal so far, as one record in a memfd that
 * outlives the process. revive.c goes on from it.
 *
 * A record is a journal: what is added is written behind what is there and
 * becomes valid by one store, what changes is one word, so a kill never tears
 * it. Nothing here makes a system call but the very first touch of a page. One
 * worker writes a record; nobody else reads it.
 */
#define RINGING_REQUEST_MAX	14000	/* octets; a longer one is not kept */

struct ringing;			/* a record: valid until ringing_end() */
struct ringings;		/* those of one worker */

/* What is known of the whole. */
struct ringing_call {
	struct str	request;	/* as it was received */
	struct hop	from;
	uint8_t		pop_routes;	/* values of Route that were ours */
	bool		cancelled;	/* by the caller */
	uint16_t	final;		/* went up; 0: none yet */
	uint16_t	best;		/* code of the best refusal; 0: none yet */
	struct str	best_text;	/* empty: ours to write */
};

/* One target of the request. */
struct ringing_branch {
	struct hop	to;		/* remote.len 0: not looked up yet */
	struct str	uri;		/* the new Request-URI */
	struct str	route;		/* put first in Route, or "" */
	struct str	where;		/* a URI whose name leads there, or "" */
	struct str	trunk;		/* trunk_print(), or "" */
	uint32_t	order;		/* as in struct leg */
	bool		by_flow;
	bool		peer;
	bool		media;
	bool		confirmed;	/* its sender has shown an account */
	int		spare_of;	/* handle of the other flow; 0: of none */
	/* What came later; not for ringing_add(). */
	unsigned	marks;
	const char	*branch;	/* once it was sent: BRANCH_LEN octets */
	struct mono	began;
	unsigned	breadth;
	struct mono	deadline;	/* timer C, in whole milliseconds */
};

/* What happens to a branch: never undone. */
enum ringing_mark {
	RINGING_SENT		= 1 << 0,
	RINGING_PROVISIONAL	= 1 << 1,	/* something came back */
	RINGING_CANCEL		= 1 << 2,	/* is to be cancelled */
	RINGING_CANCELLED	= 1 << 3,	/* CANCEL was sent */
	RINGING_RANG_OUT	= 1 << 4,	/* by timer C */
	RINGING_DONE		= 1 << 5,	/* a final response came, or none will */
	RINGING_BEGUN		= 1 << 6,	/* else it waits for its turn */
	RINGING_MOVED		= 1 << 7,	/* its 3xx is being judged */
};

/*
 * Maps or adopts the records. Main thread, still privileged, after the number of
 * workers is known. 0 or -errno.
 */
int	ringing_open(unsigned workers);
void	ringing_close(void);	/* the memory stays in the descriptor store */
/*
 * This process has lived for RINGING_CALM_MS. What was found and was there at the
 * last RINGING_STARTS_MAX starts, none of which lived so long, is dropped: it may
 * be what killed them (S54).
 */
#define RINGING_CALM_MS		2000
#define RINGING_STARTS_MAX	3
void	ringing_calm(void);
struct ringings *ringing_of(unsigned worker);
/*
 * This worker stops: nothing is changed any more, ringing_end() leaves the record
 * to the next process.
 */
void	ringing_seal(struct ringings *c);

/*
 * Keeps a request just received. NULL, and counted: too long, or no room; it
 * is then proxied without a record.
 */
struct ringing *ringing_begin(struct ringings *c, struct str request,
	    const struct hop *from, unsigned pop_routes);
/* Valid until something is added. */
struct str ringing_request(const struct ringing *r);
void	ringing_end(struct ringings *c, struct ringing *r);	/* NULL is fine */

/*
 * Adds a branch, or the best refusal: *r may move. The handle of the branch, or
 * -1, and counted, when it does not fit. A text that does not fit is left out,
 * its code stays.
 */
int	ringing_add(struct ringings *c, struct ringing **r,
	    const struct ringing_branch *b);
void	ringing_best(struct ringings *c, struct ringing **r, uint16_t code,
	    struct str text);
/* For all these: a handle of -1 and r NULL are fine, nothing is done. */
void	ringing_sent(struct ringings *c, struct ringing *r, int handle,
	    const char branch[BRANCH_LEN], unsigned breadth, struct mono now);
void	ringing_mark(struct ringings *c, struct ringing *r, int handle,
	    enum ringing_mark mark);
/* A provisional response came: timer C runs until deadline. */
void	ringing_provisional(struct ringings *c, struct ringing *r, int handle,
	    struct mono deadline);
/* What ringing_sent() was told; NULL: it was not sent. */
const char *ringing_branch_of(const struct ringing *r, int handle);
void	ringing_cancelled(struct ringings *c, struct ringing *r);
void	ringing_final(struct ringings *c, struct ringing *r, uint16_t code);

/* What the last process left to this worker, one after the other; then NULL. */
struct ringing *ringing_found(struct ringings *c);
/* The slices point into the record: valid until something is added. */
void	ringing_read(const struct ringing *r, struct ringing_call *out);
/* Its branches: *handle is -1 at first; false at the end. */
bool	ringing_next(const struct ringing *r, int *handle,
	    struct ringing_branch *b);

#endif
