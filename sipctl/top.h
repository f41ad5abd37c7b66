#ifndef SIPCTL_TOP_H
#define SIPCTL_TOP_H

#include "common/mono.h"
#include "sipctl/busiest.h"
#include "sipctl/overview.h"

/* What happens now, sampled once a second: top.c fills it, top_draw.c draws it. */
#define TOP_HISTORY	8	/* samples of a curve */
#define TOP_ROWS	5	/* of each list */

enum top_rate { TOP_MESSAGES, TOP_CALLS, TOP_REGISTERS, TOP_FAILED, TOP_RATES };

struct top_sample {
	struct mono	at;
	int64_t		counters[TOP_RATES];
	double		cpu_s[DAEMONS];
};
struct top {
	struct ctl	*c;
	struct top_sample last;
	double		 now[TOP_RATES];		/* a second; of calls: how many */
	double		 history[TOP_RATES][TOP_HISTORY];
	double		 cpu[DAEMONS];			/* shares of one CPU */
	int64_t		 drops, waiting, p99_us;
	struct busiest	 busiest;
	size_t		 selected;			/* of the failures */
	bool		 by_name;			/* the lists, not by count */
	bool		 paused;
};

/* A frame from the screen's upper left corner. */
void	top_draw(const struct top *t);
/* For scripts: one line. */
void	top_print_line(const struct top *t);

#endif
