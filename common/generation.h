#ifndef COMMON_GENERATION_H
#define COMMON_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dirs.h"

/*
 * Numbered generations of the configuration: state/generations/N/ holds "conf" (the
 * flattened text) and "meta" (who, when, why, based on, confirm-until). A directory N
 * without the suffix ".new" is committed: the rename commits. In force is the highest
 * committed N that has no confirm-until, is confirmed, or is before its deadline
 * (boot id + CLOCK_BOOTTIME). The last 50 are kept.
 */
struct generation {
	uint64_t	number;
	int64_t		when_ms;	/* wall clock */
	char		user[64];
	char		why[256];
	uint64_t	based_on;
	bool		confirm;	/* has a deadline that is not confirmed */
	int64_t		confirm_until_ms;	/* CLOCK_BOOTTIME */
	char		boot[40];
};

/* The one in force. 0, -ENOENT when there is none, -errno. */
int	generation_in_force(const struct dirs *d, struct generation *out);
/*
 * What would be in force if number were not and no deadline were confirmed: what
 * a daemon keeps in memory for the moment a deadline passes.
 */
int	generation_fallback(const struct dirs *d, uint64_t number,
	    struct generation *out);
/* Its text; malloc'd and terminated. */
int	generation_read(const struct dirs *d, uint64_t number, char **text,
	    uint64_t *len);
/* The same of one that is written and not committed yet. */
int	generation_read_new(const struct dirs *d, uint64_t number, char **text,
	    uint64_t *len);
/*
 * Writes state/generations/N.new; generation_commit() renames it. -EEXIST:
 * somebody else is applying just now, or did.
 */
int	generation_write(const struct dirs *d, const struct generation *g,
	    const char *text, uint64_t len);
int	generation_commit(const struct dirs *d, uint64_t number);
int	generation_abort(const struct dirs *d, uint64_t number);
/* Takes the deadline off: it stays in force. */
int	generation_confirm(const struct dirs *d, uint64_t number);
/* Highest number that exists in any form, 0 when none. */
uint64_t generation_last(const struct dirs *d);
/* The newest first; at most max. Returns how many. */
int	generation_list(const struct dirs *d, struct generation *out, int max);

#endif
