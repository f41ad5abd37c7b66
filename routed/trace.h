#ifndef ROUTED_TRACE_H
#define ROUTED_TRACE_H

#include <stdbool.h>

#include "common/messages.h"
#include "common/str.h"

/*
 * What a decision looked at, step by step, for people: the steps of a ROUTED
 * message. Bounded: what does not fit is left out.
 */
#define TRACE_STEPS	192
#define TRACE_TEXT	24576

struct trace {
	struct rec_step	v[TRACE_STEPS];
	uint32_t	n;
	struct text	text;
	char		buf[TRACE_TEXT];
};

void	trace_init(struct trace *t);
/* what: "address", "domain", "alias" ...; a constant. */
void	trace_step(struct trace *t, const char *what, bool matched,
	    const char *why, ...) __attribute__((format(printf, 4, 5)));
/* The same about a line of a file; file and what outlive the trace. */
void	trace_line(struct trace *t, const char *file, uint32_t line,
	    const char *what, bool matched, const char *why, ...)
	    __attribute__((format(printf, 6, 7)));

#endif
