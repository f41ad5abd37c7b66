#ifndef COMMON_CALLER_ID_H
#define COMMON_CALLER_ID_H

#include "common/settings.h"

/*
 * The lines "caller-id PATTERN RESULT" of a gateway: which caller it is shown.
 * PATTERN is a number or user name, or the beginning of one before a "*"; RESULT is
 * what is shown, in which a "*" stands for what the pattern's stood for, or
 * "anonymous" (RFC 3323), or "username": the gateway's own. The first that fits.
 */
#define CALLER_ID_MAX	128	/* octets of a result */

/* All lines; false after complaining. */
bool	caller_ids_check(const struct gateway_settings *set, struct complaints *out);
/*
 * The user to be shown for this one, into buf or a slice of set; empty: as he is.
 * *line: the one that says so, NULL for none.
 */
struct str caller_id_of(const struct gateway_settings *set, struct str user,
	    char buf[CALLER_ID_MAX], const struct set_line **line);

#endif
