#ifndef COMMON_ZONE_H
#define COMMON_ZONE_H

#include <stdint.h>

#include "common/str.h"

/*
 * Time zones as the system has them (RFC 8536), without the process's own zone:
 * several at a time, and no lock.
 */
struct zone;

#define ZONE_NAME_MAX	64

/*
 * "Europe/Berlin", of the system's directory; "UTC" needs no file. -ENOENT: there is
 * none of that name; -EACCES: this process may not read it; -EBADMSG: it is no zone.
 */
int	zone_open(struct zone **out, struct str name);
/* Of a file's text; rule behind its table included. -EBADMSG. */
int	zone_parse(struct zone **out, struct str text);
void	zone_free(struct zone *z);		/* NULL is fine */
/* Days since 1970 of a date in the Gregorian calendar; month and day from 1. */
int64_t	zone_days(int64_t year, unsigned month, unsigned day);
/*
 * Seconds east of Greenwich at t, in seconds since 1970, and when that changes next,
 * if next is not NULL: INT64_MAX, never.
 */
int32_t	zone_offset(const struct zone *z, int64_t t, int64_t *next);

#endif
