#ifndef SIPCTL_TAR_H
#define SIPCTL_TAR_H

#include <stdint.h>
#include <stdio.h>

#include "common/str.h"

/* Writing an archive in the ustar format of POSIX.1-2001: plain files only. */

/* name: at most 99 octets. Times are now, the mode 0600. */
void	tar_add(FILE *f, const char *name, struct str content);
void	tar_end(FILE *f);

#endif
