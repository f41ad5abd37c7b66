#ifndef SIPCTL_LOG_FILTER_H
#define SIPCTL_LOG_FILTER_H

#include "common/log.h"
#include "sipctl/sipctl.h"

/* Records of the daemons' logs, and the options of "sipctl log" that choose them. */

struct log_record {
	struct str	 time, level, tag, id, text;
	const char	*source;
	bool		 hit;		/* it passed, not only one of its call */
};

#define LOG_CALLS_MAX	1024

struct log_filter {
	const char	*since;		/* "" or a time to compare with */
	enum log_level	 level;
	const char	*tags, *call_id, *user, *from, *to, *ip, *gw, *method, *status, *grep,
			*daemon;
	char		 since_text[40], until[40];
	char		 call[20];	/* the key of call_id, as records have it */
	struct query	*query;		/* or NULL */
	bool		 whole_calls;	/* one hit shows all records of its call */
	/* From one record on that names who was asked for, its call's pass, too. */
	bool		 sticky;
	char		 calls[LOG_CALLS_MAX][20];
	unsigned	 ncalls;	/* counted on: the oldest are forgotten */
};

/* Slices of line; false: it is none of ours. source is the caller's to set. */
bool	log_record_parse(struct str line, struct log_record *r);
/* False after saying what is wrong; log_filter_fini() in any case. */
bool	log_filter_read(const struct line *l, struct log_filter *f);
void	log_filter_fini(struct log_filter *f);
bool	log_filter_passes(const struct log_filter *f, const struct log_record *r);
/* For a sticky one: all records that there are, before they are asked about. */
void	log_filter_learn(struct log_filter *f, const struct log_record *r);

#endif
