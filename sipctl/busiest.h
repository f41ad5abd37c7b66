#ifndef SIPCTL_BUSIEST_H
#define SIPCTL_BUSIEST_H

#include "sipctl/trace.h"

/*
 * Who is busy, from the flight recorder: addresses by the messages that came from them
 * in the last 10 s, users by their calls in the last minute, and the last failures.
 */
#define BUSIEST_MAX	8

struct busy {
	char		name[128];
	unsigned	n;
};
struct failure {
	uint64_t	call;
	char		text[128];	/* "14:03:20 486 bo@example.com Busy Here" */
};
struct busiest {
	struct busy	sources[BUSIEST_MAX], users[BUSIEST_MAX];
	struct failure	failures[BUSIEST_MAX];
	size_t		nsources, nusers, nfailures;
	unsigned	calls, failed;	/* of the last minute */
};
#define BUSIEST_SOURCES_S	10	/* what the sources' counts are of */

/* As trace_each(). */
int	busiest_find(const struct ctl *c, struct busiest *out);

#endif
