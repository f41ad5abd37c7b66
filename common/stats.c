/*
 * stats - a set of counters for each thread, summed when somebody reads.
 *
 * Sets are never freed: what a thread counted stays counted after it ended. A
 * thread that was never introduced counts into a shared set, which may lose an
 * increment but no more.
 */
#include "common/stats.h"

#include <pthread.h>
#include <stddef.h>

#include "common/str.h"

struct set {
	struct stats	 stats;		/* first: stats points here */
	struct set	*next;
};

#define WORDS	(sizeof(struct stats) / sizeof(uint64_t))

static struct set	 shared;
static struct set	*sets = &shared;
static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;

_Thread_local struct stats *stats = &shared.stats;

const struct stats_info stats_table[] = {
#define COUNTER(name, help)	{ #name, help, offsetof(struct stats, name), \
				    false, false },
#define GAUGE(name, help)	{ #name, help, offsetof(struct stats, name), \
				    true, false },
#define PEAK(name, help)	{ #name, help, offsetof(struct stats, name), \
				    true, true },
#include "common/stats.def"
	{ .name = NULL }
};

void
stats_thread(void)
{
	struct set	*s;

	if (stats != &shared.stats)
		return;
	s = xcalloc(1, sizeof(*s));
	pthread_mutex_lock(&lock);
	s->next = sets;
	sets = s;
	pthread_mutex_unlock(&lock);
	stats = &s->stats;
}

void
stats_sum(struct stats *out)
{
	uint64_t	*sum = (uint64_t *)out, one;

	*out = (struct stats){ 0 };
	pthread_mutex_lock(&lock);
	for (const struct set *s = sets; s != NULL; s = s->next)
		for (size_t i = 0; i < WORDS; i++) {	/* a row of the table each */
			one = __atomic_load_n((const uint64_t *)&s->stats + i,
			    __ATOMIC_RELAXED);
			if (!stats_table[i].peak)
				sum[i] += one;
			else if (one > sum[i])
				sum[i] = one;
		}
	pthread_mutex_unlock(&lock);
}

int64_t
stats_value(const struct stats *s, const struct stats_info *i)
{
	return *(const int64_t *)((const char *)s + i->offset);
}
