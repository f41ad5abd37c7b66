#ifndef SIPCTL_METRICS_H
#define SIPCTL_METRICS_H

#include "sipctl/overview.h"

/*
 * Families that want more than a figure of "status": of a daemon that answers, from
 * its tables. metrics_tables.c; metrics.c prints the rest.
 */
void	metrics_tables(struct ctl *c, const char *daemon, const struct house_view *h);

/* "# TYPE" and "# HELP"; type: counter, gauge, histogram. */
void	metrics_head(const char *name, const char *type, const char *help);
/* name="value", escaped as OpenMetrics wants it. */
void	metrics_label(const char *name, const char *value);

#endif
