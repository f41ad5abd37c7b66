#ifndef SIPCTL_ASK_H
#define SIPCTL_ASK_H

#include <jansson.h>

#include "common/messages.h"
#include "sipctl/sipctl.h"

/*
 * Questions to the daemons: sends them, runs a loop until all are answered or the
 * time is over. A daemon whose socket nobody listens on is not waited for.
 */
typedef void ask_fn(void *arg, enum msg_type type, const union msg *m);

struct question {
	const char	*daemon;
	enum msg_type	 type;
	void		*body;		/* struct msg_...; id and deadline are filled in */
	ask_fn		*fn;		/* called with the answer; may be NULL */
	void		*arg;
	/* the result */
	int		 error;		/* 0, -ECONNREFUSED (not running), -EACCES,
					   -ETIMEDOUT, or what REFUSED said, negative */
	bool		 refused;	/* the error is the daemon's own */
	char		 text[512];	/* of REFUSED, or of DONE */
};

/* All at once. shows: the monitor's socket will do. */
void	ask_all(struct ctl *c, struct question *q, size_t n, uint32_t ms, bool shows);
/*
 * One question; when it fails says so and returns the exit code (3 naming the
 * daemon and what to run next, 4, or 1 with the daemon's reason), else 0.
 */
int	ask_one(struct ctl *c, struct question *q, uint32_t ms, bool shows);
/* What ask_one() would say and return for this failed question. */
int	ask_failed(const struct question *q);

/*
 * All rows of a daemon's table as an array of objects; args ends with NULL, or is
 * NULL. 0, or the exit code after saying why.
 */
int	ask_show(struct ctl *c, const char *daemon, const char *what,
	    const char *const *args, json_t **rows);

/* Asks for a table and prints it; an exit code. */
int	ask_table(struct ctl *c, const char *daemon, const char *what,
	    const struct column *columns);

/* Is somebody listening? 0, -ECONNREFUSED, -EACCES. */
int	daemon_probe(const struct ctl *c, const char *daemon, bool monitor);
void	ask_free(struct ask *a);	/* NULL is fine */

#endif
