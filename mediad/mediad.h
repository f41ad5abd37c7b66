#ifndef MEDIAD_MEDIAD_H
#define MEDIAD_MEDIAD_H

#include "common/bus.h"
#include "common/daemon.h"
#include "common/show.h"
#include "mediad/ng_listen.h"
#include "mediad/session.h"

/* The daemon's own: what self->own points to. */
struct mediad {
	struct self		*self;
	struct sessions		*sessions;
	struct ng		*ng;
	struct ng_listen	*ng_listen;
	struct loop_timer	*sweep;
};

/* mediad.c: see daemon.h for what each may do. */
int	mediad_start(struct self *self);
void	mediad_stop(struct self *self);
bool	mediad_prepare(struct self *self, const struct settings *next,
	    struct complaints *out);
void	mediad_commit(struct self *self, const struct settings *old);
void	mediad_status(struct self *self, struct status_is *out);

/* handlers.c: arg is the struct self. */
extern const struct bus_handler mediad_handlers[];

/* show_media.c: arg is the struct mediad. */
extern const struct show_table mediad_tables[];

#endif
