#ifndef COMMON_RAISED_FILE_H
#define COMMON_RAISED_FILE_H

#include "common/dirs.h"
#include "common/raised.h"

/*
 * What is named for longer than one run of sipctl, in state/generations/raised: a
 * daemon that begins meanwhile finds it there. sipctl writes it, under the lock of
 * that directory; those whose time is over, or of another boot, are not read.
 */
#define RAISED_FILE	"generations/raised"

/* How many were read, at most RAISED_MAX; 0 when there is no file. -errno. */
int	raised_read(const struct dirs *d, struct raised out[RAISED_MAX]);
int	raised_write(const struct dirs *d, const struct raised *list, size_t n);

#endif
