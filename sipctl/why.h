#ifndef SIPCTL_WHY_H
#define SIPCTL_WHY_H

#include "sipctl/ladder.h"

/*
 * The cause of a failed or bad call in one sentence, with the command to run next.
 * Found by a table of signatures (why.c), the most telling first; each looks at the
 * messages and decisions of the trace and at nothing else.
 */
#define WHY_TEXT_MAX	512

struct why {
	const char	*cause;			/* "wrong-password"; "none": nothing is wrong */
	char		 sentence[WHY_TEXT_MAX];
	char		 command[WHY_TEXT_MAX];	/* "sipctl reg show anna"; may be "" */
};

/* l was made from t. Both are escaped by who prints. */
void	why_find(const struct ladder *l, struct why *out);

#endif
