#ifndef REGD_BINDINGS_H
#define REGD_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regd/index.h"
#include "regd/set.h"
#include "regd/store.h"

/*
 * All registrations: the map from AOR to its set of contacts, and the wheel by
 * which contacts expire. Only what is durable stands here as the present set; a
 * change on its way to the disk is the AOR's pending set, which later changes
 * build upon. Owned by the loop's thread.
 *
 * An AOR whose last contact went stays, empty, until the store has folded that
 * away (dirty); so its version is never forgotten too early.
 */
struct bindings;

/*
 * Links are numbers of AORs (index.h), AOR_NONE where there is none. An AOR takes 34
 * octets beside its text, its place in the index and its set.
 */
#define AOR_NONE	INDEX_NONE

struct aor {
	union {
		struct set	*set;		/* NULL: no contact */
		struct pending	*pending;	/* while there are changes */
	};
	uint64_t	 version;
	uint32_t	 number;
	uint32_t	 next, back;	/* in its slot of the wheel, see bindings.c */
	uint32_t	 dirty_next;	/* in a list of fold.c */
	bool		 changing : 1;
	bool		 dirty : 1;	/* in that list */
	uint8_t		 folding : 2;	/* in a part that is being written */
	uint8_t		 len;
	char		 text[];
};

/* Changes on their way. */
struct pending {
	struct set	*present;
	const struct set *newest;	/* journal.c owns it */
	uint32_t	 changes;
};

/* An AOR's set became another one: expired. */
typedef void bindings_fn(void *arg, struct aor *a);

struct bindings *bindings_new(bindings_fn *expired, void *arg);
void	bindings_free(struct bindings *b);	/* NULL is fine */

static inline struct str
aor_text(const struct aor *a)
{
	return str_make(a->text, a->len);
}
/* The AOR of that number. */
struct aor *bindings_at(const struct bindings *b, uint32_t number);
/* NULL when it was never registered. */
struct aor *bindings_find(const struct bindings *b, struct str aor);
/* Found or made, empty. aor: less than AOR_MAX octets. */
struct aor *bindings_get(struct bindings *b, struct str aor);
/* set is taken, the one before freed; the wheel learns the new expiry. */
void	bindings_set(struct bindings *b, struct aor *a, struct set *set,
	    uint64_t version, int64_t now_ms);
/* Frees an AOR that has no contact, no change on its way, and is not dirty. */
void	bindings_forget(struct bindings *b, struct aor *a);
/* The present set; NULL: no contact. */
static inline const struct set *
aor_set(const struct aor *a)
{
	return a->changing ? a->pending->present : a->set;
}
/* What later changes build upon: the pending set, or the present one. */
static inline const struct set *
aor_newest(const struct aor *a)
{
	return a->changing ? a->pending->newest : a->set;
}
/* One more change is on its way, whose set stays the caller's. */
void	aor_change_begins(struct aor *a, const struct set *newest);
/* One is done, or has failed (then newest is the one before, or all fail). */
void	aor_change_ends(struct aor *a);

/*
 * Turns the wheel to now_ms (CLOCK_BOOTTIME): contacts past their time go and
 * expired() is called for each AOR that lost some. An AOR with changes on
 * their way is left until they are done. At most max AORs; true: there are more.
 */
bool	bindings_expire(struct bindings *b, int64_t now_ms, unsigned max);

/*
 * The next version: grows for ever, also across restarts (it follows the wall
 * clock, and *cell, in memory that outlives the process, when the clock was
 * set back). seen: versions that were loaded.
 */
uint64_t bindings_version(struct bindings *b);
void	bindings_version_seen(struct bindings *b, uint64_t version);
void	bindings_version_cell(struct bindings *b, uint64_t *cell);

/*
 * A record from the store: newer versions win, contacts whose time is over are
 * left out. NULL when it is not a BINDINGS message (then it is ignored).
 */
struct aor *bindings_load(struct bindings *b, const struct store_stamp *stamp,
	    struct str packed, int64_t now_ms, int64_t wall_now_ms);

size_t	bindings_count(const struct bindings *b);	/* AORs with contacts */
size_t	bindings_contacts(const struct bindings *b);
/* Walks in parts, empty ones included. */
struct aor *bindings_next(const struct bindings *b, uint64_t *cursor);

#endif
