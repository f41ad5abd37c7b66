#ifndef ROUTED_CANDIDATE_H
#define ROUTED_CANDIDATE_H

#include "common/settings.h"
#include "routed/records.h"

/*
 * Records that sipctl wants tried as if they were in force: the last text of them is
 * kept as it was read, since "route diff" asks about thousands of calls with the same.
 * Zeroed: none.
 */
struct candidate {
	char			*text;
	size_t			 len;
	const struct settings	*settings;	/* that it was read with */
	struct records		*records;
};

/* Borrowed until the next call; NULL after complaining. */
const struct records *candidate_find(struct candidate *c, struct str text,
	    const struct settings *s, struct complaints *out);
void	candidate_fini(struct candidate *c);

#endif
