#ifndef COMMON_DAEMON_PARTS_H
#define COMMON_DAEMON_PARTS_H

#include "common/daemon.h"

/* What daemon.c, daemon_config.c and daemon_status.c show one another. */

/* ---- daemon_config.c ---- */

/*
 * Checks the generation in force, or etc/ when there is none, for people: complaints
 * to stderr. print: what is in force to stdout. Returns an exit code.
 */
int	config_check(const struct daemon *d, const struct dirs *dirs, bool print);
/* Puts the generation in force into force. 0, or -errno after logging why. */
int	config_start(struct self *self);
/* SIGHUP: the generation in force, if it is another one. */
void	config_reread(struct self *self);
void	config_stop(struct self *self);
extern const struct bus_handler config_handlers[];

/* ---- daemon_status.c ---- */

/* While /proc can still be opened. */
void	status_start(void);
void	status_stop(struct self *self);
extern const struct bus_handler status_handlers[];

#endif
