#ifndef REGD_PUBLISH_H
#define REGD_PUBLISH_H

#include "regd/regd.h"

/*
 * regd's feed: BINDINGS for sipd, ACCOUNT for routed, on one feed; a follower
 * ignores what it has no use for.
 */
void	publish_aor(struct regd *r, const struct aor *a);
/* now NULL: the account is gone. */
void	publish_account(struct regd *r, struct str aor, const struct account *now);
/* The snapshot: accounts, then bindings. */
uint64_t publish_walk(void *arg, uint64_t cursor, struct feed *f);

/*
 * The bindings of a, packed: they go to the feed and into the answer, one right
 * after the other. Sets *n and returns the elements, borrowed until the next call.
 */
struct str publish_packed(struct regd *r, const struct aor *a, uint32_t *n);

#endif
