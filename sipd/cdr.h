#ifndef SIPD_CDR_H
#define SIPD_CDR_H

#include <stdint.h>

#include "common/daemon.h"

/*
 * Call detail records: one line of JSON in log/cdr.ndjson for each INVITE that began
 * something, when it is over: refused, given up, or answered and hung up. Challenges
 * are not the end of anything.
 *
 * There is one for each, also when this process is killed at the worst moment: what
 * the last process wrote is known by its id, and not written again.
 */
struct cdr {
	struct str	call_id, caller_tag;
	struct str	callee_tag;	/* "" of a refused call */
	struct str	from, to;	/* AORs or URIs */
	struct str	gateway;	/* that it went through, or "" */
	struct str	came_by;	/* that it came from, or "" */
	struct str	route;		/* the steps of its routing that held */
	uint32_t	cseq;		/* of a refused INVITE */
	int64_t		begun_ms;	/* wall clock */
	int64_t		answered_ms;	/* 0: never */
	uint16_t	code;
	struct str	reason;
	/*
	 * "caller", "callee", "silence" of its media, "house": sipctl; "limit", "expired",
	 * "idle": idle.h; "unseen": not by us; "": refused
	 */
	const char	*ended_by;
	bool		proxied;	/* its media */
};

/* The file, still privileged. What goes wrong is logged: calls go on without. */
void	cdr_open(struct self *self);
void	cdr_close(void);
/* From any thread. The file may be cut meanwhile (logrotate's copytruncate). */
void	cdr_write(const struct cdr *c);
/* Did the last process write the record of this dialog? Then it is over. */
bool	cdr_known(struct str call_id, struct str caller_tag, struct str callee_tag);

#endif
