#ifndef SIPCTL_TRACE_HTML_H
#define SIPCTL_TRACE_HTML_H

#include <stdio.h>

#include "sipctl/ladder.h"

/*
 * One call as one page that needs nothing else: the ladder as a picture, below it
 * each message in full, folded.
 */
void	trace_html(const struct ladder *l, FILE *f);

#endif
