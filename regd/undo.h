#ifndef REGD_UNDO_H
#define REGD_UNDO_H

#include "regd/regd.h"

/*
 * Takes back the last import. An account remembers the number of the import that
 * put it as it is; what it was before stands in a table of its own, here and in
 * the store. Whatever is changed by hand afterwards stays as it was changed.
 */
#define BEFORE_MAX	100000	/* accounts that an import changed */

/*
 * An account is about to be put or removed, by the import of that number (0: by
 * hand). False: there is no room to remember it, this cannot be taken back.
 */
bool	undo_note(struct regd *r, struct str aor, uint64_t import);
/* At start: what the store had. False: it is unreadable. */
bool	undo_load(struct regd *r, const struct store_item *i);

extern const struct bus_handler undo_handlers[];

#endif
