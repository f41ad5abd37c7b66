#ifndef ROUTED_NAMES_H
#define ROUTED_NAMES_H

#include "common/dns.h"
#include "common/settings.h"

/*
 * What routing decisions ask name servers. A decision does not wait within itself:
 * where it needs an answer that is not there it ends with "-EINPROGRESS", and is made
 * again from its beginning when the answer is in. What was answered once stays the
 * answer for that decision, so that it ends.
 */
struct names;			/* opaque: the resolver */
struct lookup;			/* opaque: what one decision asks */

#define LOOKUP_QUESTIONS_MAX	32	/* of one decision (S25) */
#define LOOKUP_WAIT_MS		2500	/* at most: who asked routed waits 3 s */
#define LOOKUP_FAILED_MS	2000	/* what is built on a failure is good for */

struct names *names_new(struct loop *l, const struct settings *s);
void	names_configure(struct names *n, const struct settings *s);
void	names_free(struct names *n);	/* NULL is fine; no lookup is left */

/* Something that was waited for is in, or will not come: decide again. */
typedef void lookup_fn(void *arg);

struct lookup *lookup_new(struct names *n);
/* Forgets it and what it asks; fn will not be called. NULL is fine. */
void	lookup_free(struct lookup *l);
/* Whom to call; before the loop turns. */
void	lookup_wait(struct lookup *l, lookup_fn *fn, void *arg);

/*
 * 0 and *out, good until lookup_free(); -EINPROGRESS; else as dns_ask(), and -ELOOP
 * when this decision asked for too many.
 */
int	lookup_ask(struct lookup *l, enum dns_type type, struct str name,
	    const struct dns_set **out);
/*
 * The name of an address, with buf's memory: one that leads back to it (RFC 1912
 * section 2.1), for who owns the address can let it have any name. 0, -ENOENT,
 * -EINPROGRESS or why it is not known.
 */
int	lookup_name(struct lookup *l, const struct addr *a,
	    char buf[DNS_NAME_MAX + 1], struct str *name);
/* For how long all that was answered is good; INT64_MAX: nothing was asked. */
int64_t	lookup_valid_ms(const struct lookup *l);
/* Is an answer waited for? */
bool	lookup_pending(const struct lookup *l);

#endif
