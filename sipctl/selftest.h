#ifndef SIPCTL_SELFTEST_H
#define SIPCTL_SELFTEST_H

#include "sipctl/sipctl.h"
#include "sipctl/testphone.h"

/*
 * Has the media proxy carry n packets each way between the two, in a session of its
 * own; how many were heard. The exit code after saying why it could not.
 */
int	selftest_relay(struct ctl *c, struct testphone *a, struct testphone *b, unsigned n,
	    unsigned heard[2]);

#endif
