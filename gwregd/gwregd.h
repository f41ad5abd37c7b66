#ifndef GWREGD_GWREGD_H
#define GWREGD_GWREGD_H

#include "common/bus.h"
#include "common/daemon.h"
#include "common/map.h"
#include "common/show.h"

/* What gwregd is made of; one of it, on the main loop. */
struct gwregd {
	struct self	*self;
	struct bus_peer	*sipd;
	struct map	*gateways;	/* by name, leaving ones included */
	uint64_t	 version;
	char		 dir[4096];	/* state/gwregd */
	bool		 stopping;
	int64_t		 slot_ms;	/* CLOCK_BOOTTIME: of the last that begins */
};

int	gwregd_start(struct self *self);
int	gwregd_run(struct self *self);
void	gwregd_stop(struct self *self);
bool	gwregd_prepare(struct self *self, const struct settings *next,
	    struct complaints *out);
void	gwregd_commit(struct self *self, const struct settings *old);
void	gwregd_status(struct self *self, struct status_is *out);

/* The next version of a feed record: grows for ever, with the wall clock. */
uint64_t gwregd_version(struct gwregd *g);

/*
 * Milliseconds from now when one more gateway may begin: many that begin at once are
 * spread, so that a start is no burst. The first needs not wait.
 */
int64_t	gwregd_slot(struct gwregd *g);

#endif
