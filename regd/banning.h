#ifndef REGD_BANNING_H
#define REGD_BANNING_H

#include "regd/regd.h"

/*
 * Who is banned, and until when: by wrong passwords (S03, pain 18) and by the
 * administrator. What changes goes to the store and to sipd.
 */

/* wrong: passwords from source that were, or were not judged, since its last right one. */
void	banning_wrong(struct regd *r, struct str source, uint32_t wrong);
/* From time to time: bans that are over go, suspects are judged. True: more waits. */
bool	banning_turn(struct regd *r);
/* At start: what the store had. False: it is unreadable. */
bool	banning_load(struct regd *r, const struct store_item *i);
/* guesses_note_fn: banned until when, not answered, or when that user signed in. */
struct str banning_note(void *arg, struct str source, struct str user, bool muted,
	    char buf[64]);

extern const struct bus_handler banning_handlers[];

/* Is a contact of a (NULL is fine) registered from there? source: guesses_source(). */
bool	aor_lives_at(const struct aor *a, struct str source);

#endif
