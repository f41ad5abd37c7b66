#ifndef SIPCTL_SETUP_H
#define SIPCTL_SETUP_H

#include "sipctl/sipctl.h"

/*
 * What the global options ask for: fills *c. -1: go on with the command; else the
 * exit code, because help, version, a wrong option or another host was all.
 */
int	setup(struct ctl *c, const struct line *l, int argc, char *argv[]);

/*
 * watch.c: the command of the line every so often, as --watch says, until SIGINT; the exit
 * code of the last time.
 */
int	watch(struct ctl *c, const struct line *l);

/* remote.c: the same line on another host; returns only when that fails. */
int	remote(const char *host, int argc, char *argv[]);

#endif
