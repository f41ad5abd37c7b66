/*
 * up - starts the keeper, which starts the daemons; on a stopped house the edits
 * of etc/ are applied before. down.c ends them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mono.h"
#include "sipctl/edition.h"
#include "sipctl/house.h"
#include "sipctl/pause.h"
#include "sipctl/preflight.h"

#define KEEPER		"cordboard-keeper"
#define WAIT_S		30
#define LOOK_MS		25
#define LOST_RESTARTS	3

/* ---- the configuration of a stopped house ---- */

/* Writes the next generation when etc/ is not what is in force. */
static int
put_in_force(struct ctl *c, const struct edition *next)
{
	struct edition		now;
	struct generation	g, fresh = { 0 };
	int			e = edition_in_force(&now, c, &g);
	bool			same = e == 0 && edition_equal(&now, next);

	edition_fini(&now);
	if (same)
		return CTL_DONE;
	fresh.based_on = g.number;
	snprintf(fresh.why, sizeof(fresh.why), "sipctl up");
	if ((e = generation_put(c, next, &fresh)) < 0)
		return no(e == -EACCES || e == -EPERM ? CTL_DENIED : CTL_NO,
		    "cannot write %s/generations/%llu: %s", c->dirs.state,
		    (unsigned long long)fresh.number, strerror(-e));
	done(c, "generation %llu is in force", (unsigned long long)fresh.number);
	return CTL_DONE;
}

static int
apply_etc(struct ctl *c)
{
	struct complaints out = { 0 };
	struct edition	  next;
	int		  code = CTL_NO;
	bool		  good = edition_read(&next, c, NULL, &out);

	complaints_say(c, &out, "Nothing was started.");
	if (good && house_make_dirs(c) == 0 &&
	    (code = preflight(c, next.settings)) == CTL_DONE)
		code = put_in_force(c, &next);
	complaints_fini(&out);
	edition_fini(&next);
	return code;
}

/* ---- the keeper ---- */

static bool
keeper_path(char buf[4096])
{
	char	*slash;
	ssize_t	 n = readlink("/proc/self/exe", buf, 4095 - sizeof(KEEPER));

	if (n > 0) {
		buf[n] = '\0';
		if ((slash = strrchr(buf, '/')) != NULL) {
			strcpy(slash + 1, KEEPER);
			if (access(buf, X_OK) == 0)
				return true;
		}
	}
	snprintf(buf, 4096, "%s/%s", LIBEXECDIR, KEEPER);
	if (access(buf, X_OK) == 0)
		return true;
	say("the keeper is missing: %s: %s", buf, strerror(errno));
	return false;
}

/* Becomes the keeper; returns only when that fails. */
static void
become_keeper(const struct ctl *c, const char *path, bool background)
{
	const char	*argv[6] = { KEEPER };
	int		 n = 1;

	if (background)
		argv[n++] = "-d";
	if (c->dir != NULL) {
		argv[n++] = "-C";
		argv[n++] = c->dir;
	}
	execv(path, (char *const *)argv);
	say("cannot run %s: %s", path, strerror(errno));
}

/* ---- waiting ---- */

static bool
all_ready(const struct house_view *h)
{
	int	i;

	for (i = 0; i < DAEMONS; i++)
		if (!daemon_ready(&h->daemons[i]))
			return false;
	return true;
}

static int
tell_why(const struct house_view *h)
{
	const struct daemon_view *d;
	int			  i;

	for (i = 0; i < DAEMONS; i++) {
		d = &h->daemons[i];
		if (!daemon_ready(d))
			say("%s is not ready: %s", d->name,
			    d->reason[0] != '\0' ? d->reason : d->state);
	}
	return CTL_NO;
}

/* Is there nothing to wait for any more? */
static bool
hopeless(const struct ctl *c, const struct house_view *h)
{
	int	i;

	if (pid_of(c, "keeper") == 0) {
		say("the keeper has ended; next: sipctl log --last 5m");
		return true;
	}
	for (i = 0; i < DAEMONS; i++)
		if (!daemon_ready(&h->daemons[i]) &&
		    h->daemons[i].restarts >= LOST_RESTARTS)
			return true;
	return false;
}

static int
wait_ready(struct ctl *c, int64_t limit_ms)
{
	struct mono		until = mono_add_ms(mono_now(), limit_ms);
	struct house_view	h;
	int			code;

	for (;;) {
		house_look(c, &h, 500);
		if (all_ready(&h)) {
			house_fini(&h);
			return CTL_DONE;
		}
		if (hopeless(c, &h) || mono_before(until, mono_now())) {
			code = tell_why(&h);
			house_fini(&h);
			return code;
		}
		house_fini(&h);
		pause_ms(LOOK_MS);
	}
}

/* The seconds of --wait, or of the argument behind it. -1: say nothing more. */
static int
wait_seconds(const struct line *l)
{
	const char	*v = line_option(l, "wait");
	uint32_t	 s = WAIT_S;

	if (l->nargs > 0 && (v == NULL || v[0] != '\0'))
		return -no(CTL_USAGE, "\"%s\" is one argument too many", l->args[0]);
	if (l->nargs > 0)
		v = l->args[0];
	if (v != NULL && v[0] != '\0' && (str_u32(str_of(v), &s) < 0 || s == 0 ||
	    s > 3600))
		return -no(CTL_USAGE, "--wait wants seconds, not \"%s\"", v);
	return (int)s;
}

/* The keeper's first process ends when it is in the background, or has failed. */
static int
detach(struct ctl *c, const struct line *l, const char *keeper, int seconds)
{
	pid_t	child;
	int	status;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return no(CTL_NO, "cannot fork: %s", strerror(errno));
	if (child == 0) {
		become_keeper(c, keeper, true);
		_exit(CTL_NO);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return CTL_NO;		/* it said why */
	if (line_option(l, "wait") == NULL)
		return CTL_DONE;
	return wait_ready(c, (int64_t)seconds * 1000);
}

COMMAND(cmd_up)
{
	char	keeper[4096];
	int	code, pid = pid_of(c, "keeper"), seconds = wait_seconds(l);

	if (seconds < 0)
		return -seconds;
	if (pid > 0)
		return no(CTL_NO, "it is running already: the keeper is pid %d; "
		    "next: sipctl status", pid);
	if (!keeper_path(keeper))
		return CTL_NO;
	if (!house_lives(c) && (code = apply_etc(c)) != CTL_DONE)
		return code;
	if (line_flag(l, "detach"))
		return detach(c, l, keeper, seconds);
	fflush(NULL);
	become_keeper(c, keeper, false);
	return CTL_NO;
}
