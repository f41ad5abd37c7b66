#ifndef SIPCTL_TRACE_SHOW_H
#define SIPCTL_TRACE_SHOW_H

#include "sipctl/trace.h"

/*
 * Prints one call in the form that the line asks for: the ladder, one message, the
 * difference of two, a picture, a capture, the bare texts. name: what was typed, for
 * hints. Rows of -o json and the like are trace.c's: then trace_has_form() is false.
 */
bool	trace_has_form(const struct ctl *c, const struct line *l);
int	trace_show(struct ctl *c, const struct line *l, const struct trace *t,
	    const char *name);
/* The cause of its failure in one sentence; CTL_NO when something is wrong. */
int	trace_why(struct ctl *c, const struct line *l, const struct trace *t);

#endif
