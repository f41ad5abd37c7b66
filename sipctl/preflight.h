#ifndef SIPCTL_PREFLIGHT_H
#define SIPCTL_PREFLIGHT_H

#include "sipctl/sipctl.h"

/*
 * Before a stopped house is started: what would make a daemon fail is found here,
 * where it can be said in one sentence. 0, or the exit code after saying it.
 */
int	preflight(const struct ctl *c, const struct settings *s);

#endif
