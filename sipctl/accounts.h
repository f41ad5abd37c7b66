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
		char		 field[16];	/* of it that is wrong, or "" */
		char		 why[256];
	} v[BATCH_MAX];
	uint32_t		 n;
};

/* "pstn off; max-contacts 5" as lines, in buf. False: it does not fit. */
bool	settings_lines(struct str typed, char *buf, size_t size, struct str *out);
#define SETTINGS_MAX	2048	/* octets of an account's own settings */

/* undo.c: takes back the last import. The exit code. */
int	import_undo(struct ctl *c, bool dry_run);

/* How a batch is put, and what came of it. */
struct putting {
	enum user_mode	 mode;
	bool		 dry_run;
	uint64_t	 import;	/* its number, 0: by hand */
	uint32_t	 put;		/* accounts */
	uint32_t	 lasting;	/* changes of the import that stay for good */
	struct refusals	*refused;
};
/* The exit code after saying why when regd could not be asked. */
int	accounts_put(struct ctl *c, const struct batch *b, struct putting *p);

#endif
