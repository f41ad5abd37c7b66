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
struct busiest {
	struct busy	sources[BUSIEST_MAX], users[BUSIEST_MAX], failures[BUSIEST_MAX];
	size_t		nsources, nusers, nfailures;
};

/* As trace_each(). */
int	busiest_find(const struct ctl *c, struct busiest *out);

#endif
