#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * keeper - starts the daemons where no systemd does, starts them again when they
 * die, and holds their descriptors meanwhile.
 *
 * A program of its own, linked with libc and libbsd only, that never looks into
 * what it holds: there is little in it that could fail. If it is killed, the
 * daemons run on; the next one finds them by their pid files.
 */
#define DAEMONS		5
#define PATH_SIZE	4096

/* ---- place.c: where things lie ---- */

struct place {
	char	dir[PATH_SIZE];	/* for -C of the daemons; "" without */
	char	run[PATH_SIZE];
	char	state[PATH_SIZE];
	char	log[PATH_SIZE];
	char	bin[PATH_SIZE];	/* the daemons' programs */
};

/* dir and bin may be NULL. False after saying why on stderr. */
bool	place_find(struct place *p, const char *dir, const char *bin);
bool	place_make(const struct place *p);
/* "BASE/name" in buf; names are ours and short. Returns buf. */
const char *place_path(char buf[PATH_SIZE], const char *base, const char *name,
	    const char *suffix);

/* ---- say.c: log/keeper.log, and stderr in the foreground ---- */

void	say_open(const struct place *p, bool foreground);
void	say(int level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* ---- hold.c: descriptors of one daemon ---- */

#define HOLD_NAME	64	/* with NUL */
#define HOLD_MAX	65536	/* of one daemon */

struct held {
	int		fd;
	uint32_t	hash;
	char		name[HOLD_NAME];
};
struct hold {
	struct held	*v;	/* in the order they came */
	size_t		 n, size;
};

/* Takes fd; closes it and returns false when name or number are too much. */
bool	hold_add(struct hold *h, const char *name, int fd);
void	hold_remove(struct hold *h, const char *name);
void	hold_clear(struct hold *h);
/*
 * "a:b:c" for LISTEN_FDNAMES in a buffer of its own, and in *n how many fit into
 * one environment string.
 */
const char *hold_names(const struct hold *h, size_t *n);

/* ---- child.c: the daemons ---- */

enum child_state {
	CHILD_DOWN,		/* ended, or never begun */
	CHILD_STARTING,
	CHILD_READY,
	CHILD_WAITING,		/* died, starts again after a delay */
	CHILD_STOPPING,
};

struct child {
	const char	*name;
	unsigned	 index;		/* users.h */
	enum child_state state;
	pid_t		 pid;		/* 0: none */
	int		 pidfd;		/* of one we did not start, else -1 */
	int		 err;		/* log/NAME.stderr, as far as it was shown */
	off_t		 shown;
	struct hold	 hold;
	unsigned	 restarts;
	int64_t		 since_ms;	/* wall clock of the last change of state */
	int64_t		 started_ms;	/* monotonic */
	int64_t		 due_ms;	/* monotonic; of start or SIGKILL */
	unsigned	 delay_ms;
	uint64_t	 crash;		/* fingerprint of the last crash, 0: none */
	int		 status;	/* of wait(2), of the last end; -1 unknown */
	bool		 was_ready;
};

extern struct child children[DAEMONS];	/* in the order they are started */

struct child *child_by_pid(pid_t pid);
/* Finds one that runs already and asks it to store its descriptors. */
bool	child_adopt(struct child *c, const struct place *p);
void	child_start(struct child *c, const struct place *p);
/* It ended with status (-1: not known); decides when it starts again. */
void	child_ended(struct child *c, const struct place *p, int status);
/* Begins the end of all, one after the other. */
void	children_stop(void);
bool	children_stopping(void);
bool	children_gone(void);
/* What is due by now; returns milliseconds until the next, or -1. */
int	children_due(const struct place *p);
/* New octets of the daemons' stderr, to ours. */
void	children_show(void);
int64_t	keeper_now_ms(void);

/* ---- status.c ---- */

/* run/keeper.status anew, when something changed. */
void	status_changed(void);
void	status_write(const struct place *p);

/* ---- notify.c: run/keeper.sock ---- */

/* -1 after saying why. */
int	notify_open(const struct place *p, char path[PATH_SIZE]);
/* All that is waiting there. */
void	notify_read(int sock);

#endif
