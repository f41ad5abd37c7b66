#ifndef SIPCTL_HOUSE_H
#define SIPCTL_HOUSE_H

#include <jansson.h>

#include "sipctl/sipctl.h"

/* What all daemons say of themselves, and what the keeper says of the silent. */
struct daemon_view {
	const char	*name;
	bool		 answered;
	bool		 alive;		/* a process is there */
	char		 state[16];	/* ok, starting, warn, draining, down, silent */
	char		 reason[512];
	uint64_t	 generation;
	uint32_t	 pid;
	unsigned	 restarts;	/* by this keeper, while it is down */
	double		 uptime_s, cpu_s;
	uint64_t	 rss_bytes;
	json_t		*figures;	/* object */
	json_t		*warnings;	/* array of {text, command} */
};

struct house_view {
	struct daemon_view	daemons[DAEMONS];	/* as in daemon_names */
};

/* Asks all at once; waits at most ms. */
void	house_look(struct ctl *c, struct house_view *h, uint32_t ms);
void	house_fini(struct house_view *h);
bool	daemon_ready(const struct daemon_view *d);
int64_t	house_figure(const struct house_view *h, const char *daemon,
	    const char *name);
/* Does any process of this house live? */
bool	house_lives(const struct ctl *c);

#endif
