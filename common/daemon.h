#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/dirs.h"
#include "common/loop.h"
#include "common/settings.h"

/*
 * The skeleton all daemons share: options (-C -f -n -p -V), configuration (the
 * generation in force), log, descriptors, bus, sockets (start, still
 * privileged), privileges given up, "ready", loop, stop. A daemon says only
 * what is its own.
 *
 * The skeleton answers STATUS, PREPARE, COMMIT and DRAIN itself, re-reads the
 * generation in force on SIGHUP, stores its descriptors again on SIGUSR1, ends on
 * SIGTERM and SIGINT, and writes run/NAME.pid (locked: a second one refuses).
 */
struct self;

enum daemon_state {
	DAEMON_OK,
	DAEMON_STARTING,
	DAEMON_WARN,
	DAEMON_DRAINING,
};

/* What the daemon may still do after start (sandbox.c). */
enum sandbox {
	SANDBOX_NONE,
	SANDBOX_RELAY,		/* mediad: no file system, no new sockets but UDP */
	SANDBOX_NET,		/* sipd: sockets, no exec, no file writes */
	SANDBOX_STORE,		/* regd, gwregd: own state directory */
	SANDBOX_ROUTER,		/* routed: that, and sockets to name servers */
};

struct status_is;		/* filled through status_figure() and friends */

struct daemon {
	const char	*name;
	unsigned	 index;		/* its own user: USER_SIPD ... of users.h */
	enum sandbox	 sandbox;
	/*
	 * It wants routes.conf: the next settings are read from disk and built in a
	 * thread of its own, where prepare() runs, too. Else settings.routes is "".
	 */
	bool		 routes;
	bool		 recorder;	/* it has rings of its own: no notes.h */
	const struct bus_handler *handlers;
	/* Opens and adopts; still privileged. 0 or -errno after logging why. */
	int	(*start)(struct self *);
	/* After privileges are given up, before the loop: threads, say. May be NULL. */
	int	(*run)(struct self *);
	/* The same backwards; copes with a half-made start. */
	void	(*stop)(struct self *);
	/*
	 * A new configuration: check what only this daemon can; may be NULL. One at a
	 * time; commit() or the next prepare() follows.
	 */
	bool	(*prepare)(struct self *, const struct settings *next,
		    struct complaints *out);
	/* It is in force: self_settings() is already the new one; old follows. */
	void	(*commit)(struct self *, const struct settings *old);
	/* Figures and warnings for STATUS; may be NULL. */
	void	(*status)(struct self *, struct status_is *out);
	/* Number of things still to finish; at 0 a draining daemon ends. */
	unsigned (*busy)(struct self *);
};

struct self {
	const struct daemon	*daemon;
	struct loop		*loop;
	struct bus_context	*context;
	struct bus		*bus;
	struct bus_server	*server;	/* run/bus/NAME */
	struct bus_server	*monitor;	/* run/monitor/NAME */
	struct feed		*feed;		/* run/bus/NAME.feed: at least a heartbeat */
	struct dirs		 dirs;
	uint64_t		 epoch;		/* of this process: time and random */
	struct mono		 started;
	const struct settings	*settings;	/* main thread; see settings_now() */
	enum daemon_state	 state;		/* DRAINING: refuse new work */
	void			*own;		/* the daemon's own struct */
};

/*
 * Everything from the options to the exit code. While start() runs, state/NAME exists
 * and is the daemon's; what start() opens stays open in the sandbox. OpenSSL's
 * providers and shared objects must be loaded there, too.
 */
int	daemon_main(const struct daemon *d, int argc, char *argv[]);

/*
 * The settings in force, from any thread. A set that was replaced is kept until
 * the process ends (changes are rare, sets are small): no lock, no count.
 */
const struct settings *settings_now(void);

/* name must live as long as the process; the same name again replaces. */
void	status_figure(struct status_is *s, const char *name, int64_t value);
/* command: what to run next, or NULL. The text is copied, cut at 255 octets. */
void	status_warn(struct status_is *s, const char *command, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* Rows for SHOW: see show.h. */

#endif
