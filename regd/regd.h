#ifndef REGD_REGD_H
#define REGD_REGD_H

#include "common/bus.h"
#include "common/daemon.h"
#include "common/pack.h"
#include "common/show.h"
#include "regd/accounts.h"
#include "regd/auth.h"
#include "regd/bans.h"
#include "regd/bindings.h"
#include "regd/guesses.h"
#include "regd/journal.h"
#include "regd/late.h"
#include "regd/rights.h"

/* What regd is made of; one of it, on the main loop. */
struct regd {
	struct self		*self;
	struct accounts		*accounts;
	struct bindings		*bindings;
	struct journal		*journal;
	struct auth		 auth;
	struct guesses		*guesses;
	struct bans		*bans;
	struct rights		*rights;
	struct accounts		*before;	/* the last import: undo.h */
	uint64_t		 last_import;	/* its number, 0: none */
	struct late		*late;
	struct feed		*feed;
	struct loop_timer	*timer;
	bool			 serving;	/* a walk of serving.c runs, and is */
	uint64_t		 serving_at;	/* there */
	struct set_records	 records;	/* scratch: an answer being made */
	struct buf		 packed;	/* and its bindings, packed: */
	const struct aor	*packed_aor;	/* of this AOR, as it was in */
	uint64_t		 packed_version; /* this version, at */
	int64_t			 packed_ms;	/* this time; CLOCK_BOOTTIME */
	uint32_t		 npacked;
	struct buf		 scratch;	/* a question, packed for its hash */
};

int	regd_start(struct self *self);
int	regd_run(struct self *self);
void	regd_stop(struct self *self);
void	regd_commit(struct self *self, const struct settings *old);
void	regd_status(struct self *self, struct status_is *out);
unsigned regd_busy(struct self *self);

/* asked.c: REGISTER; fixed.c: REG_ADD, REG_DEL; users.c: USER_PUT, USER_DEL. */
extern const struct bus_handler asked_handlers[];
extern const struct bus_handler fixed_handlers[];
extern const struct bus_handler users_handlers[];
/* tables.c: SHOW "bindings" and "users". */
extern const struct show_table regd_tables[];
/* Of these sipctl is shown nothing by the monitor's socket: "credentials". */
extern const struct show_table regd_secret_tables[];

/* Is domain one of the settings'? Case does not matter. */
bool	domain_served(const struct settings *set, struct str domain);
/* fixed.c: all contacts of this AOR go, as durably as everything. */
void	asked_forget(struct regd *r, struct str aor);

#endif
