#ifndef SIPCTL_EDITION_H
#define SIPCTL_EDITION_H

#include "common/generation.h"
#include "sipctl/sipctl.h"

/*
 * One state of the configuration: its files, their meaning and the flat text by
 * which two are compared and sent. From etc/, from a generation, or edited.
 */
struct edition {
	struct conf	*conf;		/* NULL when it does not parse */
	struct settings	*settings;	/* NULL when there are errors */
	char		*flat;
	size_t		 len;
};

/* Reads and checks dir (NULL: etc/). False when complaints has errors. */
bool	edition_read(struct edition *e, const struct ctl *c, const char *dir,
	    struct complaints *out);
/* The same of etc/ as it would be with text in this file; nothing is written. */
bool	edition_read_with(struct edition *e, const struct ctl *c, const char *file,
	    const char *text, struct complaints *out);
/* Of a generation; 0, or -errno. */
int	edition_of(struct edition *e, const struct ctl *c, uint64_t number);
/* The one in force: 0 with *g filled in, -ENOENT, -errno. */
int	edition_in_force(struct edition *e, const struct ctl *c,
	    struct generation *g);
void	edition_fini(struct edition *e);
bool	edition_equal(const struct edition *a, const struct edition *b);

/* What an apply is asked for. */
struct apply {
	const char	*why;
	int64_t		 confirm_ms;	/* 0: for good */
	uint64_t	 based_on;	/* 0: whatever is in force */
	bool		 anyway;	/* a file beside the texts changed */
	bool		 dry_run;	/* all are asked, and it ends there */
};
/* From --confirm, -m, --based-on, --dry-run; false after saying what is wrong. */
bool	apply_options_read(const struct line *l, struct apply *a);
/*
 * Two phases over all daemons that live, see apply.c. Returns the exit code after
 * saying what happened.
 */
int	apply_edition(struct ctl *c, const struct edition *next,
	    const struct apply *a);
/* Tells this daemon alone once more what is in force, whatever stands in etc/. The exit code. */
int	apply_retry(struct ctl *c, const char *daemon);
/* Writes the next generation and commits it, asking nobody. 0 or -errno. */
int	generation_put(const struct ctl *c, const struct edition *next,
	    struct generation *g);

/*
 * Replaces a file below etc/ by text after checking that the whole configuration
 * then is no worse than before. 0, or the exit code after saying why; *before
 * (may be NULL) is the old text, malloc'd, NULL when there was none.
 */
int	etc_replace(const struct ctl *c, const char *file, const char *text,
	    char **before);
/* Text of a file below etc/, "" when there is none; malloc'd. NULL after saying why. */
char	*etc_read(const struct ctl *c, const char *file);

/*
 * Refuses to go on, with the exit code, while etc/ has edits that are not in force:
 * they would come into force with what a command edits.
 */
int	etc_nothing_pending(const struct ctl *c);
/*
 * Replaces a file below etc/ and applies; takes it back when that is refused. With
 * how->dry_run the file stays as it is. The exit code.
 */
int	etc_apply(struct ctl *c, const char *file, const char *text,
	    const struct apply *how);

/* Drains a daemon and waits for its next process. The exit code. */
int	restart_daemon(struct ctl *c, const char *name);

#endif
