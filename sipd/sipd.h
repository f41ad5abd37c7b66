#ifndef SIPD_SIPD_H
#define SIPD_SIPD_H

#include "common/daemon.h"

/* The parts of the daemon, for daemon_main(). */
extern const struct bus_handler sipd_handlers[];

int	sipd_start(struct self *self);
int	sipd_run(struct self *self);
void	sipd_stop(struct self *self);
bool	sipd_prepare(struct self *self, const struct settings *next,
	    struct complaints *out);
void	sipd_commit(struct self *self, const struct settings *old);
void	sipd_status(struct self *self, struct status_is *out);
unsigned sipd_busy(struct self *self);

#endif
