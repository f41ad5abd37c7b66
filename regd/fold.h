#ifndef REGD_FOLD_H
#define REGD_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pack.h"
#include "regd/bindings.h"

/*
 * Folding keeps the journal short without unpacking it. Every AOR that changed
 * is in the dirty list; folding writes their present state to the store's
 * table, part by part, and the last part cuts the journal up to the commit that
 * was last when folding began. What changed since is in the journal behind
 * that, and dirty again.
 */
#define FOLD_PART	512		/* AORs in one transaction */

struct dirty {
	uint32_t	 first, last;	/* numbers of AORs, or AOR_NONE */
};

struct fold {
	struct bindings	*bindings;
	struct dirty	 dirty;		/* changed since folding began */
	struct dirty	 rest;		/* still to be written by this folding */
	bool		 runs;
	uint64_t	 through;	/* the last commit when it began */
	uint64_t	 octets;	/* of the journal then */
	int64_t		 not_before;	/* after a failure; CLOCK_BOOTTIME ms */
	/* The part that is being written. */
	struct aor	*part[FOLD_PART];
	struct store_record records[FOLD_PART];
	uint32_t	 n;
	struct buf	 packed;
	struct set_records scratch;
};

void	fold_init(struct fold *f, struct bindings *b);
void	fold_fini(struct fold *f);
/* The table does not have this AOR as it is. */
void	fold_dirty(struct fold *f, struct aor *a);
bool	fold_wanted(const struct fold *f);	/* something is dirty */
/* Not while a batch is being written: its AORs are not dirty yet. */
void	fold_begin(struct fold *f, uint64_t last_commit, uint64_t octets);
/* The next part, to be written; borrowed until fold_part_done(). */
void	fold_part(struct fold *f, int64_t boot_ms, struct store_fold *out);
/*
 * The part is written, or it failed and all of it is dirty again. Returns the
 * octets by which the journal is shorter: not 0 after the last part.
 */
uint64_t fold_part_done(struct fold *f, int error, bool last, int64_t boot_ms);

#endif
