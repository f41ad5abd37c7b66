#ifndef SIPD_TARGETS_H
#define SIPD_TARGETS_H

struct proxy;

/*
 * Makes the legs of p from its decision and sends them; refuses p when there are
 * none. While the replica of the bindings is not in yet, up to 3 s later.
 */
void	targets_start(struct proxy *p);

#endif
