#ifndef SIPD_CAME_BY_H
#define SIPD_CAME_BY_H

#include <stdbool.h>

struct gateway;
struct proxy;

/*
 * A call that comes from a gateway (FEATURES.md row 140a): a part of the proxy.
 */
/* It is g's; false: p was refused for want of a channel. Once for each p. */
bool	came_by_take(struct proxy *p, struct gateway *g);
/* A gateway may be known by the account that its calls sign in with: p's. */
void	came_by_account(struct proxy *p);
/* p's channel back. Once it is answered the call has one: see calls.h. */
void	came_by_give(struct proxy *p);

#endif
