#ifndef REGD_BATCH_H
#define REGD_BATCH_H

#include "regd/journal.h"

/*
 * Changes that become durable together, or fail together: sets of AORs as packed
 * BINDINGS messages, accounts, small items; and who waits for that.
 */
struct account_change {
	const struct account	*now;	/* NULL: removed */
	struct account		*old;
	char			*aor;
};

struct waiter {
	journal_fn	*fn;
	void		*arg;
};

struct batch {
	struct buf		 packed;
	struct change		*first, **last;
	uint32_t		 nchanges;
	uint32_t		 npacked;
	struct account_change	*accounts;
	size_t			 naccounts, accounts_size;
	struct store_item	*items;		/* their texts are ours */
	size_t			 nitems, items_size;
	struct waiter		*waiters;
	size_t			 nwaiters, waiters_size;
};

/* Empties it, what it points to is forgotten; also the first thing done to one. */
void	batch_clear(struct batch *b);
bool	batch_empty(const struct batch *b);
/* As journal_account(), journal_item(), journal_when_durable(). */
void	batch_account(struct batch *b, struct str aor, const struct account *now,
	    struct account *old);
void	batch_item(struct batch *b, const struct store_item *i);
void	batch_waiter(struct batch *b, journal_fn *fn, void *arg);
/* Its accounts as the store wants them, for free(); NULL when there are none. */
struct store_account *batch_rows(const struct batch *b);
void	batch_tell(const struct batch *b, int error);
/* Drops it with all that it has: nothing of it was written. */
void	batch_fini(struct batch *b);

#endif
