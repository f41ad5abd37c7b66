#ifndef COMMON_REGEXP_H
#define COMMON_REGEXP_H

#include <stdbool.h>

#include "common/str.h"

/*
 * Extended regular expressions (POSIX 1003.2 section 9.4, as RFC 3402 wants them)
 * with bounds: whoever writes the expression or the text, an answer takes no more
 * than a millisecond or so. The only door to PCRE2.
 *
 * It differs from POSIX in this: of several matches from one place the first
 * alternative counts, not the longest. Not understood, and refused: references
 * back into the expression, "\" before a letter or digit, "(?", "(*", two
 * repetitions in a row.
 */
#define REGEXP_PATTERN_MAX	255	/* octets; a NAPTR has no more */
#define REGEXP_SUBJECT_MAX	512	/* octets */
#define REGEXP_GROUPS		10	/* \0 is all, \1 to \9 */

struct regexp;				/* opaque; not for two threads at once */

/* 0; -EINVAL: why says what is wrong, *at where, octets from 0. */
int	regexp_new(struct regexp **out, struct str pattern, bool any_case,
	    const char **why, size_t *at);
void	regexp_free(struct regexp *r);		/* NULL is fine */
/*
 * Anywhere in subject. 0 and the groups, slices of subject, empty where one did not
 * take part; -ENOENT: no; -E2BIG: the subject is too long; -ELOOP: given up, which
 * is counted.
 */
int	regexp_match(const struct regexp *r, struct str subject,
	    struct str groups[REGEXP_GROUPS]);
/*
 * Writes by with the groups in it: mark and a digit, mark twice is mark itself. 0;
 * -EINVAL: mark before anything else.
 */
int	regexp_expand(struct text *out, struct str by, char mark,
	    const struct str groups[REGEXP_GROUPS]);
/* The groups an expression has, without the whole. */
unsigned regexp_groups(const struct regexp *r);

#endif
