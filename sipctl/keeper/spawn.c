/*
 * spawn - from fork to exec: descriptors from 3 on in order, and the environment
 * that goes with them (sd_listen_fds(3)).
 */
#include "sipctl/keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_FD	3
#define STDERR_MAX	(1024 * 1024)	/* of a file that goes on growing */

/* Appended to, unless it has grown too big. */
static int
open_stderr(struct child *c, const struct place *p)
{
	char		path[PATH_SIZE];
	struct stat	st;
	int		fd;

	place_path(path, p->log, c->name, ".stderr");
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_size > STDERR_MAX &&
	    ftruncate(fd, 0) == 0)
		st.st_size = 0;
	if (c->err == -1)
		c->shown = st.st_size;	/* what is old was shown by another */
	else
		close(c->err);
	if (c->shown > st.st_size)
		c->shown = 0;
	c->err = fd;
	return fd;
}

/* What follows runs in the new process, which has one thread and little time. */

static _Noreturn void
child_fail(const char *what)
{
	dprintf(STDERR_FILENO, "cordboard-keeper: %s: %s\n", what,
	    strerror(errno));
	_exit(127);
}

/*
 * Sources may lie where others must go: all are moved out of the way first, then
 * down in order. dup2() clears close-on-exec.
 */
static void
place_fds(const struct hold *h, size_t n)
{
	int	*high = calloc(n > 0 ? n : 1, sizeof(*high));
	int	 above = FIRST_FD + (int)n;

	if (high == NULL)
		child_fail("descriptors");
	for (size_t i = 0; i < n; i++) {
		high[i] = h->v[i].fd >= above ? h->v[i].fd :
		    fcntl(h->v[i].fd, F_DUPFD_CLOEXEC, above);
		if (high[i] == -1)
			child_fail("descriptors");
	}
	for (size_t i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + (int)i) == -1)
			child_fail("descriptors");
	free(high);
}

static void
place_stdio(int err)
{
	int	null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(err != -1 ? err : null, STDOUT_FILENO) == -1 ||
	    dup2(err != -1 ? err : null, STDERR_FILENO) == -1)
		child_fail("/dev/null");
}

static void
set_number(const char *name, long v)
{
	char	text[32];

	snprintf(text, sizeof(text), "%ld", v);
	setenv(name, text, 1);
}

static void
set_environment(const struct place *p, const char *names, size_t n)
{
	char	sock[PATH_SIZE];

	setenv("NOTIFY_SOCKET", place_path(sock, p->run, "keeper.sock", ""), 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	unsetenv("JOURNAL_STREAM");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (n == 0)
		return;
	set_number("LISTEN_PID", (long)getpid());
	set_number("LISTEN_FDS", (long)n);
	setenv("LISTEN_FDNAMES", names, 1);
}

static _Noreturn void
become(struct child *c, const struct place *p, int err)
{
	const char	*names;
	char		 path[PATH_SIZE];
	sigset_t	 none;
	size_t		 n;

	setsid();	/* Ctrl-C is for the keeper, which ends all in order */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	place_stdio(err);
	names = hold_names(&c->hold, &n);
	set_environment(p, names, n);
	place_fds(&c->hold, n);
	place_path(path, p->bin, c->name, "");
	if (p->dir[0] != '\0')
		execl(path, c->name, "-C", p->dir, (char *)NULL);
	else
		execl(path, c->name, (char *)NULL);
	child_fail(path);
}

pid_t
spawn(struct child *c, const struct place *p)
{
	int	err = open_stderr(c, p);
	size_t	n;
	pid_t	pid;

	hold_names(&c->hold, &n);
	if (n < c->hold.n)
		say(3, "%s: the names of %zu descriptors do not fit; they are "
		    "not handed on", c->name, c->hold.n - n);
	pid = fork();
	if (pid == 0)
		become(c, p, err);
	return pid;
}
