#ifndef SIPD_BEST_H
#define SIPD_BEST_H

#include <stdint.h>

#include "common/str.h"

struct proxy;

/*
 * A final response other than 2xx came in: kept (copied) when it is better than
 * what p has. bytes is empty for a code of our own.
 */
void	best_keep(struct proxy *p, uint16_t code, struct str bytes);
/* Another way is tried: what came of the one before does not count any more. */
void	best_forget(struct proxy *p);
/* Nothing more is expected: the best goes up. It may end p's server transaction. */
void	best_send(struct proxy *p);

#endif
