/* cost - how long decisions take, for those who want to know before it hurts. */
#include "routed/cost.h"

/* 8 to 15 ns is the first doubling, in steps of one; below it all is one step. */
static unsigned
bucket_of(uint64_t ns)
{
	unsigned	doubling, at;

	if (ns < COST_STEPS)
		return 0;
	doubling = 63 - (unsigned)__builtin_clzll(ns) - 3;
	at = doubling * COST_STEPS + (unsigned)(ns >> doubling) - COST_STEPS;
	return at < COST_BUCKETS ? at : COST_BUCKETS - 1;
}

static uint64_t
bucket_end(unsigned at)
{
	return (uint64_t)(at % COST_STEPS + COST_STEPS + 1) << at / COST_STEPS;
}

void
cost_add(struct cost *c, struct mono begin, struct mono end)
{
	uint64_t	ns = end.ns > begin.ns ? (uint64_t)(end.ns - begin.ns) : 0;

	c->count++;
	c->sum_ns += ns;
	c->n[bucket_of(ns)]++;
	if (ns > c->longest_ns)
		c->longest_ns = ns;
}

uint64_t
cost_below(const struct cost *c, unsigned per_thousand)
{
	uint64_t	want = (c->count * per_thousand + 999) / 1000, sum = 0;

	for (unsigned i = 0; i < COST_BUCKETS && want > 0; i++)
		if ((sum += c->n[i]) >= want)
			return bucket_end(i);
	return 0;
}

uint64_t
cost_within(const struct cost *c, uint64_t ns)
{
	uint64_t	sum = 0;

	for (unsigned i = 0; i < COST_BUCKETS && bucket_end(i) <= ns + 1; i++)
		sum += c->n[i];
	return sum;
}
