#ifndef ROUTED_COST_H
#define ROUTED_COST_H

#include <stdint.h>

#include "common/mono.h"

/*
 * How long pieces of work took: a histogram whose steps are an eighth of what they
 * measure. Zeroed: nothing yet.
 */
#define COST_STEPS	8	/* of one doubling */
#define COST_BUCKETS	(COST_STEPS * 40)

struct cost {
	uint64_t	count;
	uint64_t	longest_ns, sum_ns;
	uint64_t	n[COST_BUCKETS];
};

void	cost_add(struct cost *c, struct mono begin, struct mono end);
/* What so many of a thousand stay below, in ns, rounded up to a step; 0: none yet. */
uint64_t cost_below(const struct cost *c, unsigned per_thousand);
/* How many took no longer than ns, rounded down to a step. */
uint64_t cost_within(const struct cost *c, uint64_t ns);

#endif
