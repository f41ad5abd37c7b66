#ifndef COMMON_TIMECLASS_H
#define COMMON_TIMECLASS_H

#include "common/settings.h"

/*
 * Time classes, by which lines of the dial plan hold or do not (FEATURES.md row 134):
 *
 *   time-class NAME [DAYS] [HH:MM-HH:MM] [DATE[..DATE]] [zone ZONE]
 *
 * DAYS are mon ... sun, separated by commas, or from-to; every day, if left out. The
 * end of the time is not in it; one that is not after the beginning is of the next
 * day. The end of the dates is in. The lines of one name add up. Without a zone the
 * time is UTC.
 */
#define TIMECLASS_LINES_MAX	16	/* of one name */

struct timeclass;
struct timeclasses;

/* All of the settings' lines; NULL after an error. */
struct timeclasses *timeclasses_build(const struct settings *s,
	    struct complaints *out);
void	timeclasses_free(struct timeclasses *t);	/* NULL is fine */
/* Borrowed; any case; NULL: there is none of that name. */
struct timeclass *timeclass_find(struct timeclasses *t, struct str name);
/* The nearest name, for "did you mean", or NULL. */
const char *timeclass_nearest(const struct timeclasses *t, struct str name);
/*
 * Does it hold at t, in seconds since 1970, and until when is that so? *until is at
 * most eight days ahead.
 */
bool	timeclass_holds(struct timeclass *c, int64_t t, int64_t *until);

#endif
