#ifndef ROUTED_ALIASES_H
#define ROUTED_ALIASES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "common/str.h"

/*
 * Aliases: "sales@example.com" means "anna@example.com", "@old.example" means the
 * same user "@new.example". All in memory; changes are on disk before they hold,
 * written by a thread of their own.
 */
struct aliases;

struct alias {
	char		*name;		/* canonical AOR, or "@domain" */
	char		*target;	/* of the same kind */
	uint32_t	 place;
};

#define ALIASES_MAX	1000000
#define ALIASES_WAITING	256		/* changes on their way to the disk */

struct aliases *aliases_new(void);
/* Stops the writer after what is under way. NULL is fine. */
void	aliases_free(struct aliases *a);
/* Reads the database at path, makes it if missing, starts the writer. */
int	aliases_open(struct aliases *a, struct loop *l, const char *path);
const struct alias *aliases_find(const struct aliases *a, struct str name);
uint32_t aliases_count(const struct aliases *a);
const struct alias *aliases_next(const struct aliases *a, uint64_t *at);

/* error: 0, or -errno of the disk, and nothing has changed. */
typedef void aliases_done_fn(void *arg, int error, struct str name);
/*
 * Sets an alias, or removes it (target empty), durably: done comes later. name and
 * target are canonical. 0; -EAGAIN: too many changes wait; -ENOSPC: too many.
 */
int	aliases_change(struct aliases *a, struct str name, struct str target,
	    aliases_done_fn *done, void *arg);
uint32_t aliases_waiting(const struct aliases *a);
/* In memory only; the tests' way in. */
void	aliases_apply(struct aliases *a, struct str name, struct str target);

#endif
