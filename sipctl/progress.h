#ifndef SIPCTL_PROGRESS_H
#define SIPCTL_PROGRESS_H

#include "common/mono.h"
#include "sipctl/sipctl.h"

/*
 * How far a long job is, to stderr: after half a second, a line that is drawn anew at
 * a terminal, a line every ten seconds elsewhere (SIPCTL.md 1.4). Never with -q.
 */
struct progress {
	const char	*what;		/* "importing" */
	struct mono	 begin, told;
};

void	progress_begin(struct progress *p, const char *what);
/* done of total (0: not known); more is said behind it. */
void	progress_tell(struct progress *p, const struct ctl *c, uint64_t done,
	    uint64_t total, const char *more);
void	progress_end(const struct progress *p);
/* The line as text: for tests. */
void	progress_line(struct text *t, const char *what, uint64_t done, uint64_t total,
	    double seconds, bool utf8, bool bar, const char *more);

#endif
