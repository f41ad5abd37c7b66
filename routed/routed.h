#ifndef ROUTED_ROUTED_H
#define ROUTED_ROUTED_H

#include <pthread.h>

#include "common/bus.h"
#include "common/daemon.h"
#include "common/show.h"
#include "routed/candidate.h"
#include "routed/cost.h"
#include "routed/route.h"

/* What a generation says about ways. */
struct routes {
	uint64_t	 generation;
	struct records	*records;	/* NULL: there are none */
	struct dialplan	*dialplan;
};

/* What routed is made of; one of it, on the main loop. */
struct routed {
	struct self		*self;
	struct domains		*domains;
	struct accounts		*accounts;
	struct directory	*directory;
	struct routes		 routes;	/* of the generation in force */
	struct routes		 next;		/* a PREPARE's, in its own thread */
	pthread_t		 freer;		/* of those before, while freeing */
	bool			 freeing;
	struct gateways		*gateways;
	struct feed		*feed;
	struct bus_peer		*regd;
	struct bus_peer		*gwregd;
	struct names		*names;
	struct held		*held;		/* questions that wait: held.c */
	struct route_decision	 decision;	/* scratch */
	struct candidate	 candidate;
	struct cost		 cost;		/* of decisions, without the bus */
	int64_t			 commit_us;	/* how long the last COMMIT took */
};

int	routed_start(struct self *self);
int	routed_run(struct self *self);
void	routed_stop(struct self *self);
bool	routed_prepare(struct self *self, const struct settings *next,
	    struct complaints *out);
void	routed_commit(struct self *self, const struct settings *old);
void	routed_status(struct self *self, struct status_is *out);
unsigned routed_busy(struct self *self);

/* changes.c: DIRECTORY_PUT. */
void	on_directory_put(void *arg, struct bus_ticket t, const union msg *m);

/* handlers.c: ROUTE. */
extern const struct bus_handler routed_handlers[];
/* Answers q, or holds it; lookup, taken, is what it asked for before, or NULL. */
void	routed_route(struct routed *r, struct bus_ticket t, const struct msg_route *q,
	    struct lookup *lookup);

/*
 * held.c. A question waits for the accounts, or for the answer to lookup, which is
 * taken: then it is routed anew.
 */
void	held_add(struct routed *r, struct bus_ticket t, const struct msg_route *q,
	    struct lookup *lookup);
/* The accounts are in: the questions that waited for them are answered. */
void	held_answer(struct routed *r);
uint32_t held_count(const struct routed *r);
void	held_free(struct routed *r);

/* routes.c: for the settings in force, at the start and when they are others. */
void	routes_start(struct routed *r);
void	routes_commit(struct routed *r);
/* Until what was replaced is freed. */
void	routes_wait(struct routed *r);
void	routes_fini(struct routes *r);

/* publish.c */
void	publish_domain(void *arg, struct str name, uint64_t version, bool deleted);
/* An alias "@old.example" came or went: sipd takes its users for those it means. */
void	publish_alias(struct routed *r, struct str name);
/* What is served is not the same any more: aliases of domains, each once more. */
void	publish_aliases(struct routed *r);
void	publish_forget(void *arg, struct str key);
/* Decisions that led to this gateway or group. */
void	publish_forget_trunk(struct routed *r, struct str name);
uint64_t publish_walk(void *arg, uint64_t cursor, struct feed *f);

/* tables.c: SHOW "domains", "aliases", "groups" ... */
extern const struct show_table routed_tables[];

#endif
