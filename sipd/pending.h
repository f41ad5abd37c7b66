#ifndef SIPD_PENDING_H
#define SIPD_PENDING_H

#include <stdint.h>

#include "common/str.h"

/*
 * How many requests of a user are under way, over all workers (S35): whoever has an
 * account shall not fill the tables with requests that never end. Any thread.
 *
 * Users are counted in PENDING_SLOTS places chosen by a keyed hash: two of them may
 * share one, and then the limit.
 */
#define PENDING_SLOTS	65536

void	pending_init(void);		/* before threads: the hash's key */
/* One more of this account; 0: it has max already. max 0: no limit. */
uint32_t pending_take(struct str account, uint32_t max);
void	pending_give(uint32_t taken);	/* 0 is fine */

#endif
