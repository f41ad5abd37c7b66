#ifndef SIPD_FORWARD_H
#define SIPD_FORWARD_H

#include <stdbool.h>

#include "common/str.h"
#include "sipd/branch.h"
#include "sipd/cookie.h"
#include "sipd/hop.h"
#include "sipd/msg.h"

struct trunk;
struct worker;

/*
 * What a request becomes on its way on (RFC 3261 section 16.6): an edit list
 * over the original bytes, written once. Everything that is not named here stays
 * byte-exact and in order.
 */
struct forward {
	const struct sip_msg *m;
	const struct hop *from;		/* where it came from: received, rport */
	struct hop	 to;
	const struct hop *dialog;	/* what Record-Route speaks of; NULL: to */
	struct str	 uri;		/* the new Request-URI */
	struct str	 route;		/* values to put first in Route, or "" */
	unsigned	 pop_routes;	/* values of Route that were ours */
	const struct cookie *cookie;	/* NULL: no Record-Route */
	bool		 path;		/* of a REGISTER: Path, to where it came from */
	const char	*branch;	/* BRANCH_LEN octets; NULL: made here */
	const char	*target;	/* forward_target() of it; NULL: made here */
	unsigned	 breadth;	/* Max-Breadth; 0: all that it came with */
	bool		 new_body;
	struct str	 body;
	const struct trunk *trunk;	/* a gateway is at one end; NULL: none */
	bool		 ours;		/* it did not come in: its Via gives way to ours */
	bool		 trusted;	/* what came says who calls: that is believed */
};

/* Names this target: the same for every repetition of the request. */
void	forward_target(const struct forward *f, char out[BRANCH_TARGET_LEN]);
/*
 * Appends the request to out and sets branch. 0; -EADDRNOTAVAIL: no socket
 * reaches f->to; -EMSGSIZE.
 */
int	forward_write(struct worker *w, const struct forward *f, struct text *out,
	    char branch[BRANCH_LEN]);
/*
 * Writes and sends without a transaction (ACK of a 2xx). 0 or -errno. What may
 * be sent to is checked here and in proxy.c: see forward_allowed().
 */
int	forward_stateless(struct worker *w, const struct forward *f);

/* May traffic that came in by `from` go there? Counts what may not (S24, S26). */
bool	forward_allowed(const struct hop *from, const struct hop *to);

/*
 * The response without our Via (section 16.7), with another body if body is not
 * NULL, as the request of t asked (NULL: as it is), appended to out. 0 or -EMSGSIZE.
 */
int	forward_response(const struct sip_msg *m, const struct str *body,
	    const struct trunk *t, struct text *out);
/* What our branch in a response was bound to; false without a Via below ours. */
bool	forward_response_input(const struct sip_msg *m, struct branch_input *out,
	    struct via *below);

#endif
