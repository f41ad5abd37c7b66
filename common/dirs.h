#ifndef COMMON_DIRS_H
#define COMMON_DIRS_H

/*
 * Where everything lies (SIPCTL.md part 0). With -C DIR or $CORDBOARD_DIR: DIR/etc,
 * DIR/run, DIR/state, DIR/log; else /etc/cordboard, /run/cordboard,
 * /var/lib/cordboard, /var/log/cordboard.
 */
struct dirs {
	char	etc[4096];
	char	run[4096];
	char	state[4096];
	char	log[4096];
};

/* dir may be NULL. 0, or -ENAMETOOLONG (a unix socket's path has 107 octets). */
int	dirs_find(struct dirs *d, const char *dir);
/* buf gets "base/fmt..."; dies when too long. Returns buf. */
const char *dirs_path(char buf[4096], const char *base, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* "ipc://RUN/bus/NAME", "ipc://RUN/monitor/NAME", "ipc://RUN/bus/NAME.feed". */
const char *dirs_bus(char buf[4200], const struct dirs *d, const char *name);
const char *dirs_monitor(char buf[4200], const struct dirs *d, const char *name);
const char *dirs_feed(char buf[4200], const struct dirs *d, const char *name);

#endif
