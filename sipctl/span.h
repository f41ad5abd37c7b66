#ifndef SIPCTL_SPAN_H
#define SIPCTL_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "sipctl/line.h"

/* From when to when somebody wants to see: wall clock, milliseconds since 1970. */
struct span {
	int64_t	since_ms;	/* 0: from the beginning */
	int64_t	until_ms;	/* INT64_MAX: up to now and on */
};

/* From --last, --since and --until; of the first two the later. False after saying what is wrong. */
bool	span_read(const struct line *l, struct span *s);
bool	span_has(const struct span *s, int64_t ms);

/*
 * A moment as people write it, in UTC as everything here is: RFC 3339 (also with an
 * offset, without seconds, or only its date), "14:00" and "14:00:05" (the last time it was
 * so late), "10 min ago", "2h ago", "now", "today", "yesterday" (both at midnight). False:
 * it is none; *ms is untouched.
 */
bool	when_parse(const char *text, int64_t now_ms, int64_t *ms);

#endif
