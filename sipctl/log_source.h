#ifndef SIPCTL_LOG_SOURCE_H
#define SIPCTL_LOG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/str.h"

/*
 * The log of one daemon, read as it grows, across what rotates it: a file that is
 * renamed, and one that is copied to NAME.1 and cut (packaging/logrotate).
 */
#define LOG_TAIL_MAX	(64 * 1024 * 1024)	/* octets of a file looked at */

struct log_source {
	const char	*name;		/* of the daemon */
	char		 path[4096];
	int		 fd;		/* -1: there is no file (yet) */
	ino_t		 inode;
	char		*text;		/* read, not yet forgotten */
	size_t		 len, size;
};

/* path is set. history: what was rotated away last comes first. */
void	log_source_open(struct log_source *s, bool history);
void	log_source_close(struct log_source *s);
/* What has been written since. */
void	log_source_read(struct log_source *s);
/* The whole lines of what was read, without the last end of line. */
struct str log_source_lines(const struct log_source *s);
/* Those are done with; half a line stays. */
void	log_source_forget(struct log_source *s);
/*
 * When the file is another one by now: reads the old one's rest, and goes on with the
 * new. False: some records may be missing, for what was cut is nowhere.
 */
bool	log_source_follow(struct log_source *s);

#endif
