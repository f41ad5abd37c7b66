#ifndef SIPD_REPLICA_H
#define SIPD_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/messages.h"
#include "common/mono.h"
#include "common/str.h"
#include "sipd/hop.h"

/*
 * The bindings, as regd last said: one replica for all workers. The set of an
 * AOR is one immutable block; writers (any worker) put a new one in its place,
 * readers take no lock. An old set lives until every worker has ended the turn
 * in which it may have looked.
 */
#define CONTACT_PATHS_MAX	4
#define AOR_CONTACTS_MAX		100	/* an AOR */

/* A contact, unpacked; its texts are the set's. */
struct contact {
	struct str	 uri;
	struct str	 params;	/* of a fixed one: other header parameters, as set */
	struct str	 instance;	/* of one with a reg-id */
	struct str	 paths[CONTACT_PATHS_MAX];	/* the first is the nearest to us */
	uint32_t	 npaths;
	uint32_t	 reg_id;	/* 0: none */
	uint16_t	 q;		/* 0..1000 */
	bool		 fixed;		/* the administrator's (row 103) */
	struct mono	 expires;	/* skip it from then on */
	struct hop	 flow;		/* transport NONE when regd knew none */
};

/* A set: packed, see contacts.c. */
struct aor {
	uint64_t	 version;
	uint32_t	 mark;		/* replica.c's */
	uint8_t		 n;		/* contacts */
	uint8_t		 len;		/* of the name */
	uint8_t		 data[];
};

/* Canonical. */
static inline struct str
aor_name(const struct aor *a)
{
	return str_make((const char *)a->data, a->len);
}

/* The next contact of a (NULL: there is none), *at 0 at first; false at the end. */
bool	contact_next(const struct aor *a, uint32_t *at, struct contact *out);

static inline bool
contact_alive(const struct contact *c, struct mono now)
{
	return mono_before(now, c->expires);
}

void	replica_open(void);
void	replica_close(void);	/* after all workers left */

/*
 * This thread will read; the mark "looked, may be freed" is set at the end of
 * each of the loop's turns. l NULL: by replica_quiesce() alone (tests).
 */
void	replica_join(struct loop *l);
void	replica_leave(void);
void	replica_quiesce(void);

/*
 * The next set from *cursor on, 0 at first. NULL: the end, and *cursor is 0 again; or
 * *slots, which are counted down, are used up. What changes meanwhile may be missed or
 * come twice. Borrowed as below.
 */
const struct aor *replica_walk(uint64_t *cursor, unsigned *slots);

/* The set with at least one contact, or NULL. Borrowed until the turn's end. */
const struct aor *replica_find(struct str aor);

/*
 * Newer wins; no binding means that the AOR has none left. False when the
 * replica already had this version or a later one, or name is no AOR. Any worker.
 */
bool	replica_apply(struct str aor, uint64_t version,
	    const struct rec_binding *bindings, uint32_t n, struct mono now);

/*
 * Has it this version or a later one? The feed brings again what the answer to
 * a REGISTER brought first: that need not be unpacked. Any worker.
 */
bool	replica_knows(struct str aor, uint64_t version);

/* Worker 0: follows regd's feed, until the peer is gone or told otherwise. */
void	replica_follow(struct bus_peer *regd, struct loop *l);
void	replica_unfollow(void);	/* before the loop is freed */
/*
 * Some snapshot has been complete since this process started. Until then an
 * AOR that is not found is not known, rather than not registered.
 */
bool	replica_synced(void);

uint64_t replica_aors(void);
uint64_t replica_contacts(void);

/* ---- the follower's steps, for replica_feed.c and tests ---- */

void	replica_begin(void);
void	replica_complete(void);
/* Starts a round of clearing up when it is time for one. */
void	replica_tidy(struct mono now);
/* A step of that round, or of the one after a snapshot; false: nothing is left. */
bool	replica_sweep(void);

#endif
