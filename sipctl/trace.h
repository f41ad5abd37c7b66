#ifndef SIPCTL_TRACE_H
#define SIPCTL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/recorder_read.h"
#include "sipctl/sipctl.h"

/*
 * The records of the flight recorder as sipctl's commands want them: of all rings
 * of the house, read from their files in run/recorder, which daemons need not live
 * for. trace_read.c; trace.c and its like print them.
 */

/* One record, a copy. */
struct trace_record {
	const struct record *c;		/* with its payload */
	const char	*daemon;	/* "sipd" */
	const char	*ring;		/* "sipd.0": the same for kept copies */
	uint64_t	 position;	/* in that ring: it names the record */
};

struct trace {
	struct trace_record *v;		/* in the order of time */
	size_t		 n, size;
	bool		 lost;		/* a ring was written faster than read */
};

/*
 * Calls fn for each record of each ring; kept copies come before their ring.
 * 0, or an exit code after saying why there is nothing.
 */
typedef void trace_fn(void *arg, const struct trace_record *r);
int	trace_each(const struct ctl *c, trace_fn *fn, void *arg, bool *lost);
/* All records of one call, each once. As trace_each(); trace_fini() in any case. */
int	trace_load(const struct ctl *c, uint64_t call, struct trace *out);
void	trace_fini(struct trace *t);

/*
 * The key of what was typed: a number of "sipctl calls", an ID of "sipctl trace", a
 * Call-ID. 0, or the exit code after saying why there is none.
 */
int	trace_key(struct ctl *c, const char *name, uint64_t *key);

/* ---- the calls ---- */

struct trace_call {
	uint64_t	call;
	int64_t		began_ms, ended_ms;	/* wall clock: first and last record */
	char		*call_id, *from, *to, *method;	/* malloc'd, or NULL */
	char		*reason;	/* of the final response */
	char		*gateway;	/* the last that it was sent to, or NULL */
	int64_t		first_ns;	/* of the request that these are of */
	uint16_t	code;		/* 0: none yet */
	bool		decided;	/* by a result: no later response counts */
	bool		heard;		/* a message of it is left */
};
struct trace_calls {
	struct trace_call **v;		/* the newest first */
	size_t		    n;
	bool		    lost;
};
int	trace_calls(const struct ctl *c, struct trace_calls *out);
void	trace_calls_fini(struct trace_calls *t);
bool	trace_call_is_invite(const struct trace_call *k);
/* Challenges were answered or not; who gives up while it rings is no failure. */
bool	trace_call_failed(const struct trace_call *k);

/* ---- words ---- */

/* "14:01:07.118", or with the day as RFC 3339: UTC, as in the log. */
void	trace_time(int64_t wall_ms, bool day, char buf[40]);
/* The gateway that a decision of routed sends to; empty: none, or another note. */
struct str trace_gateway(const char *tag, struct str note);
/* "udp:192.0.2.1:5060"; "-" when it is not known. */
struct str trace_peer(const struct record_message *m, bool remote,
	    char buf[PEER_TEXT_MAX]);

#endif
