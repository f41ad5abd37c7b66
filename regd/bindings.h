#ifndef REGD_BINDINGS_H
#define REGD_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct aor {
	struct aor	*next, **back;	/* in its slot of the wheel */
	struct aor	*dirty_next;
	struct set	*set;		/* NULL: no contact */
	const struct set *pending;	/* newest on its way; journal.c owns it */
	uint64_t	 version;
	uint32_t	 changes;	/* on their way; 0: pending means nothing */
	uint32_t	 slot;
	bool		 dirty;		/* in a list of journal.c */
	uint8_t		 folding;	/* in a part that is being written */
	uint16_t	 len;
	char		 text[];
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
/* NULL when it was never registered. */
struct aor *bindings_find(const struct bindings *b, struct str aor);
/* Found or made, empty. aor: at most AOR_MAX octets. */
struct aor *bindings_get(struct bindings *b, struct str aor);
/* set is taken, the one before freed; the wheel learns the new expiry. */
void	bindings_set(struct bindings *b, struct aor *a, struct set *set,
	    uint64_t version, int64_t now_ms);
/* Frees an AOR that has no contact, no change on its way, and is not dirty. */
void	bindings_forget(struct bindings *b, struct aor *a);
/* What later changes build upon: the pending set, or the present one. */
static inline const struct set *
aor_newest(const struct aor *a)
{
	return a->changes > 0 ? a->pending : a->set;
}

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
