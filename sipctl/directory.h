#ifndef SIPCTL_DIRECTORY_H
#define SIPCTL_DIRECTORY_H

#include "common/messages.h"
#include "common/route.h"
#include "sipctl/sipctl.h"

/* A kind of entries of routed's directory: the noun, its table, its two columns. */
struct directory_kind {
	const char	*noun;		/* "alias" */
	const char	*table;		/* of SHOW: "aliases" */
	const char	*name;		/* of the key: "alias", "prefix" */
	const char	*value;		/* "target" */
	enum entry_kind	 kind;
};
/* Of the line's noun. */
const struct directory_kind *directory_kind_of(const struct line *l);

#define ENTRIES_MAX	500	/* in one question */

/* Strings are borrowed; values have a member a line. */
struct entries {
	struct rec_entry	 v[ENTRIES_MAX];
	uint32_t		 n;
};
/* Is called for each that was refused. */
typedef void entries_refused_fn(void *arg, uint32_t row, struct str why);
/* The exit code after saying why routed could not be asked; *put counts those done. */
int	entries_put(struct ctl *c, enum entry_kind kind, const struct entries *e,
	    enum user_mode mode, bool dry_run, uint32_t *put,
	    entries_refused_fn *refused, void *arg);

#endif
