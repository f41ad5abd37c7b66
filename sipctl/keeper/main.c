/*
 * main - the keeper's loop: signals, what the daemons say, what is due.
 */
#include "sipctl/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum source {		/* in epoll's data; a child's pidfd is CHILD + index */
	SIGNALS,
	NOTIFY,
	OUTPUT,
	CHILD,
};

static struct place	place;
static int		poller, signals, notify_sock, output = -1;

static void
usage(FILE *f)
{
	fprintf(f, "usage: cordboard-keeper [-dhV] [-b BINDIR] [-C DIR]\n"
	    "  -b BINDIR  where the daemons are; else beside this program\n"
	    "  -C DIR     etc, run, state and log lie in DIR\n"
	    "  -d         go to the background once the daemons are started\n"
	    "  -V         print the version and end\n"
	    "  -h         print this and end\n");
}

static void
watch(int fd, unsigned source)
{
	struct epoll_event	e = { .events = EPOLLIN, .data.u32 = source };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) == -1)
		say(3, "epoll: %s", strerror(errno));
}

/* ---- one keeper a directory ---- */

/* The descriptor of the locked pid file; ends the process without it. */
static int
lock(void)
{
	char	path[PATH_SIZE], text[32];
	ssize_t	n;
	int	fd;

	place_path(path, place.run, "keeper.pid", "");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1) {
		fprintf(stderr, "cordboard-keeper: %s: %s\n", path,
		    strerror(errno));
		exit(1);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fprintf(stderr, "cordboard-keeper: %s is in use: a keeper runs there "
	    "as pid %s; end it with \"sipctl down\" or choose another "
	    "directory with -C\n", place.run, text[0] != '\0' ? text : "?");
	exit(1);
}

static void
write_pid(int fd)
{
	char	text[32];
	int	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)n, 0) != n)
		say(3, "keeper.pid: %s", strerror(errno));
}

/*
 * The lock is the open file's and goes along. The parent waits until the socket
 * is there, so that its exit code means something.
 */
static int
detach(void)
{
	int	fds[2], null;
	char	c;
	pid_t	pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		fprintf(stderr, "cordboard-keeper: %s\n", strerror(errno));
		exit(1);
	}
	if (pid != 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) == 1 ? 0 : 1);
	}
	setsid();
	signal(SIGHUP, SIG_IGN);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) != -1) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	return fds[1];
}

static void
detached(int fd)
{
	int	null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1)
		dup2(null, STDERR_FILENO);
	if (write(fd, "", 1) == 1)
		close(fd);
}

/* ---- events ---- */

static void
reap(void)
{
	struct child	*c;
	int		 status;
	pid_t		 pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if ((c = child_by_pid(pid)) != NULL) {
			/* What it said last comes before its successor. */
			notify_read(notify_sock);
			child_ended(c, &place, status);
		}
}

static void
on_signal(bool foreground)
{
	struct signalfd_siginfo	s;

	while (read(signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGCHLD) {
			reap();
		} else if (s.ssi_signo != SIGHUP || foreground) {
			say(2, "ends, for signal %u", s.ssi_signo);
			children_stop();
		}
	}
}

static void
on_adopted_end(struct child *c)
{
	int	status;

	if (c->pidfd == -1)
		return;
	/* It may have become our child when its parent went. */
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		status = -1;
	notify_read(notify_sock);
	child_ended(c, &place, status);
}

static void
on_output(void)
{
	char	buf[4096] __attribute__((aligned(8)));

	while (read(output, buf, sizeof(buf)) > 0)
		;
	children_show();
}

static void
loop(bool foreground)
{
	struct epoll_event	e[8];
	int			n, wait;

	while (!children_stopping() || !children_gone()) {
		wait = children_due(&place);
		status_write(&place);
		n = epoll_wait(poller, e, 8, wait);
		for (int i = 0; i < n; i++) {
			if (e[i].data.u32 == SIGNALS)
				on_signal(foreground);
			else if (e[i].data.u32 == NOTIFY)
				notify_read(notify_sock);
			else if (e[i].data.u32 == OUTPUT)
				on_output();
			else
				on_adopted_end(&children[e[i].data.u32 - CHILD]);
		}
	}
}

/* ---- start and end ---- */

static void
open_all(bool foreground)
{
	struct rlimit	l;
	sigset_t	set;

	/* As many as we may: we hold what all the daemons have. */
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* What a daemon leaves behind becomes ours, and no zombie. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	poller = epoll_create1(EPOLL_CLOEXEC);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (poller == -1 || signals == -1) {
		say(1, "no descriptors: %s", strerror(errno));
		exit(1);
	}
	watch(signals, SIGNALS);
	watch(notify_sock, NOTIFY);
	if (!foreground)
		return;
	output = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (output != -1) {
		inotify_add_watch(output, place.log, IN_MODIFY);
		watch(output, OUTPUT);
	}
}

static void
start_all(void)
{
	for (int i = 0; i < DAEMONS; i++) {
		struct child *c = &children[i];

		c->status = -1;
		if (child_adopt(c, &place))
			watch(c->pidfd, CHILD + (unsigned)i);
		else
			child_start(c, &place);
	}
}

static void
keep(bool foreground, int told)
{
	char	sock[PATH_SIZE], path[PATH_SIZE];

	notify_sock = notify_open(&place, sock);
	if (notify_sock == -1)
		exit(1);
	open_all(foreground);
	say(2, "keeps %s, pid %ld", place.run, (long)getpid());
	start_all();
	status_write(&place);
	if (told != -1)
		detached(told);
	loop(foreground);
	children_show();
	status_write(&place);
	unlink(sock);
	unlink(place_path(path, place.run, "keeper.status", ""));
	say(2, "all daemons have ended");
}

int
main(int argc, char *argv[])
{
	const char	*dir = NULL, *bin = NULL;
	bool		 background = false;
	int		 c, locked, told = -1;

	while ((c = getopt(argc, argv, "b:C:dhV")) != -1)
		switch (c) {
		case 'b':
			bin = optarg;
			break;
		case 'C':
			dir = optarg;
			break;
		case 'd':
			background = true;
			break;
		case 'V':
			printf("cordboard-keeper %s\n", VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	umask(0022);
	if (!place_find(&place, dir, bin) || !place_make(&place))
		return 1;
	locked = lock();
	if (background)
		told = detach();
	write_pid(locked);
	say_open(&place, !background);
	keep(!background, told);
	return ftruncate(locked, 0) == -1;
}
