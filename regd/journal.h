#ifndef REGD_JOURNAL_H
#define REGD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "regd/accounts.h"
#include "regd/bindings.h"
#include "regd/writer.h"

/*
 * Changes on their way to the disk. A commit begins when the one before ended,
 * with whatever has gathered (at the end of a turn of the loop); a change is in
 * force, published and answered only when its commit is durable, so many a turn of
 * the loop (JOURNAL_TURN): behind a slow disk tens of thousands gather. When a commit
 * fails, everything that waits fails with it and nothing has changed.
 *
 * It also folds: in quiet moments, or when the journal has grown large, the
 * AORs that changed are written to the store's table and the journal is cut.
 */
struct journal;
struct change;
#define JOURNAL_TURN	400

/* error 0: in force. Else -errno: nothing has changed. c is freed afterwards. */
typedef void change_fn(void *arg, struct change *c, int error);

struct change {
	struct change	*next;
	struct aor	*aor;
	struct set	*set;		/* journal's until it is in force */
	uint64_t	 version;
	change_fn	*done;
	/* The asker's: */
	struct bus_ticket ticket;
	uint64_t	 nonce;		/* for nc_settle_hash(); 0: none */
	uint64_t	 fingerprint;
};

struct journal_owner {
	/* This AOR's set has changed: tell the followers. */
	void	(*changed)(void *arg, struct aor *a);
	/* now NULL: the account aor is gone. */
	void	(*account)(void *arg, struct str aor, const struct account *now);
	void	*arg;
};

struct journal *journal_new(struct loop *l, const struct store_driver *driver,
	    struct store *store, struct bindings *b, struct accounts *a,
	    const struct journal_owner *owner);
/* What is being written is finished; what has only gathered is dropped. */
void	journal_free(struct journal *j);	/* NULL is fine */
/* What store_load() told: where to go on. */
void	journal_loaded(struct journal *j, uint64_t last_number, uint64_t octets);

/*
 * set (taken) becomes the AOR's. A filled-in copy of *c comes back with done().
 * -ENOBUFS: too much waits; set is freed. relaxed: in force at once.
 */
int	journal_change(struct journal *j, struct aor *a, struct set *set,
	    bool relaxed, const struct change *c);
/*
 * An account was changed in memory: old is what accounts_put() or
 * accounts_take() returned (taken), now what stands there (NULL: none). Undone
 * if the commit fails.
 */
void	journal_account(struct journal *j, struct str aor,
	    const struct account *now, struct account *old);
/* An item is to be kept so, or removed; its owner changes it in memory himself. */
void	journal_item(struct journal *j, const struct store_item *i);
/* fn once everything given so far is durable (0) or has failed. */
typedef void journal_fn(void *arg, int error);
void	journal_when_durable(struct journal *j, journal_fn *fn, void *arg);

/* The store does not have this AOR as it is: write it with the next folding. */
void	journal_dirty(struct journal *j, struct aor *a);
/* From time to time: begins folding when it is quiet or overdue. */
void	journal_tick(struct journal *j, int64_t boot_ms);
/* Changes that wait. */
uint32_t journal_waiting(const struct journal *j);
/* Why the last commit failed, in words; NULL when it did not. */
const char *journal_trouble(const struct journal *j);
/* Octets of the journal that are not folded yet. */
uint64_t journal_octets(const struct journal *j);

#endif
