#ifndef COMMON_STATS_H
#define COMMON_STATS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Counters: each thread adds to its own set without a lock; readers sum them.
 * Use: stats->udp_received += n;
 */
struct stats {
#define COUNTER(name, help)	uint64_t name;
#define GAUGE(name, help)	int64_t name;
#include "common/stats.def"
};

/*
 * This thread's set: made and registered with the first use of stats_thread(),
 * which every thread calls once at its start (the main thread in daemon_main).
 */
extern _Thread_local struct stats *stats;
void	stats_thread(void);
/* Sum over all threads, those that ended included; of a PEAK the greatest. Relaxed reads. */
void	stats_sum(struct stats *out);

struct stats_info {
	const char	*name;
	const char	*help;
	uint32_t	 offset;
	bool		 gauge;
	bool		 peak;
};
extern const struct stats_info stats_table[];	/* ends with name NULL */
int64_t	stats_value(const struct stats *s, const struct stats_info *i);

#endif
