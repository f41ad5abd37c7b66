#ifndef SIPCTL_ACCOUNTS_H
#define SIPCTL_ACCOUNTS_H

#include "common/messages.h"
#include "common/route.h"
#include "sipctl/sipctl.h"

#define BATCH_MAX	200	/* accounts in one question */

/* Strings of u are borrowed; row is the line of a file, 0 for one typed. */
struct batch {
	struct rec_user		 v[BATCH_MAX];
	uint32_t		 n;
};

/* What was refused of it, and why. */
struct refusals {
	struct {
		uint32_t	 row;
		char		 why[256];
	} v[BATCH_MAX];
	uint32_t		 n;
};

/*
 * Puts a batch. The exit code after saying why when regd could not be asked; *put
 * counts those done.
 */
int	accounts_put(struct ctl *c, const struct batch *b, enum user_mode mode,
	    bool dry_run, uint32_t *put, struct refusals *out);

#endif
