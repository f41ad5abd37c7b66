#ifndef COMMON_DAEMON_PARTS_H
#define COMMON_DAEMON_PARTS_H

#include "common/daemon.h"
#include "common/show.h"

/* What daemon.c and the files daemon_*.c show one another. */

/* ---- daemon_config.c ---- */

/* Puts the generation in force into force. 0, or -errno after logging why. */
int	config_start(struct self *self);
/* SIGHUP: the generation in force, if it is another one. */
void	config_reread(struct self *self);
void	config_stop(struct self *self);
/* Settings of a generation, committed or only written. 0, -EBADMSG (c says) or -errno. */
int	config_load(const struct self *self, uint64_t number, bool committed,
	    struct settings **out, struct complaints *c);
/* It was seen on disk that it is committed, or confirmed. */
void	config_committed(struct self *self, uint64_t number);
void	config_confirmed(struct self *self, uint64_t number);
extern const struct bus_handler config_handlers[];

/* ---- daemon_watch.c ---- */

/* While still privileged: who may open nothing later sees it, too. */
void	watch_start(struct self *self);
void	watch_stop(void);

/* ---- daemon_check.c ---- */

/*
 * Checks the generation in force, or etc/ when there is none, for people: complaints
 * to stderr. print: what is in force to stdout. Returns an exit code.
 */
int	config_check(const struct daemon *d, const struct dirs *dirs, bool print);

/* ---- daemon_status.c ---- */

/* While /proc can still be opened. */
void	status_start(struct self *self);
void	status_stop(struct self *self);
extern const struct bus_handler status_handlers[];

/* ---- daemon_raised.c: what is logged in detail for a while (raised.h) ---- */

/* What was named before this process began; still privileged. */
void	raised_start(struct self *self);
void	raised_stop(void);
extern const struct bus_handler raised_handlers[];
extern const struct show_table raised_tables[];	/* "raised" */

/* ---- daemon_build.c ---- */

/*
 * In any thread: the settings of a generation that is written and not committed,
 * after the daemon's own prepare(), whose complaints begin at *own. NULL after
 * complaining.
 */
struct settings *config_build_new(struct self *self, uint64_t generation,
	    struct complaints *c, size_t *own);

/* done takes s; NULL: it is refused. */
typedef void built_fn(struct self *self, struct bus_ticket t, uint64_t generation,
	    int64_t until_ms, struct str by, struct settings *s,
	    const struct complaints *c, size_t own);
void	build_begin(struct self *self, struct bus_ticket t, uint64_t generation,
	    int64_t until_ms, struct str user, built_fn *done);
/* Nobody wants this generation any more. */
void	build_drop(uint64_t generation);
/* Waits for the thread, if there is one: nothing is prepared besides. */
void	build_wait(void);
/* The same; what it made is the caller's. */
struct settings *build_end(void);

#endif
