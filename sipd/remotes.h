#ifndef SIPD_REMOTES_H
#define SIPD_REMOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * How the two sides of an established call are reached by a request of ours: remote
 * target and Route set (RFC 3261 section 12). It stands beside the call table, in
 * memfds that outlive the process: 256 octets a call, and 4 kB more only where Route
 * sets or Contacts need them. One worker writes an entry, that of the call, and
 * nobody else reads it.
 */
#define REMOTES_TEXT_MAX 4096	/* both Contacts and both Route sets of a call */

struct call;

struct remote {
	struct str	contact;	/* URI, or "": it is not known */
	struct str	route;		/* values of Route as we send them, or "" */
	bool		by_flow;	/* without route: to its hop, whatever the Contact */
};

/* Main thread, still privileged, after calls_open(). 0 or -errno. */
int	remotes_open(void);
void	remotes_close(void);	/* the memory stays in the descriptor store */

/* Copies both. Too long: counted, logged, and nothing is kept of this call. */
void	remotes_put(const struct call *k, const struct remote *caller,
	    const struct remote *callee);
/* A target refresh (section 12.2): this side has another Contact. "": it has not. */
void	remotes_moved(const struct call *k, bool caller, struct str contact);
/*
 * A request of that side was sent on. The call's record has those alone that were
 * accepted (S21); this is for what we send after them.
 */
void	remotes_sent(const struct call *k, bool from_caller, uint32_t cseq);
/* The highest of them, or 0. */
uint32_t remotes_cseq(const struct call *k, bool from_caller);
/* Slices until the entry changes; false: nothing is known of it. */
bool	remotes_read(const struct call *k, bool caller, struct remote *out);

#endif
