#ifndef REGD_SERVING_H
#define REGD_SERVING_H

#include "regd/regd.h"

/*
 * Who has lost SIP service by a new configuration stays registered no longer (row
 * 45). Accounts that lose it by themselves are users.c's.
 */
void	serving_begin(struct regd *r);		/* settings are new */
/* A bounded part of the walk. True: there is more. */
bool	serving_turn(struct regd *r);

#endif
