/*
 * child - the daemons: start, death, start again, end in order.
 *
 * One that died is started again at once; only the same crash over and over is
 * slowed down, from 100 ms to 10 s. A SIGKILL of one that was ready is somebody's
 * wish and no crash.
 */
#include "sipctl/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/users.h"
#include "sipctl/keeper/spawn.h"

#define STABLE_MS	2000	/* who lived that long begins anew */
#define DELAY_MIN_MS	100
#define DELAY_MAX_MS	10000
#define STOP_MS		5000	/* then SIGKILL */

struct child children[DAEMONS] = {
	{ .name = "routed", .index = USER_ROUTED, .pidfd = -1, .err = -1 },
	{ .name = "regd", .index = USER_REGD, .pidfd = -1, .err = -1 },
	{ .name = "mediad", .index = USER_MEDIAD, .pidfd = -1, .err = -1 },
	{ .name = "gwregd", .index = USER_GWREGD, .pidfd = -1, .err = -1 },
	{ .name = "sipd", .index = USER_SIPD, .pidfd = -1, .err = -1 },
};

/* Who asks ends before who is asked; media last, for calls to end in. */
static const char *const stop_order[DAEMONS] = {
	"sipd", "gwregd", "routed", "regd", "mediad",
};
static int	stopping = -1;	/* index into stop_order */

int64_t
keeper_now_ms(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
state_set(struct child *c, enum child_state state)
{
	struct timespec	t;

	clock_gettime(CLOCK_REALTIME, &t);
	c->state = state;
	c->since_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	status_changed();
}

struct child *
child_by_pid(pid_t pid)
{
	for (int i = 0; pid > 0 && i < DAEMONS; i++)
		if (children[i].pid == pid)
			return &children[i];
	return NULL;
}

static struct child *
child_by_name(const char *name)
{
	for (int i = 0; i < DAEMONS; i++)
		if (strcmp(children[i].name, name) == 0)
			return &children[i];
	return NULL;
}

/* ---- those that run already ---- */

/* The pid in a pid file whose lock is held, else 0. */
static pid_t
pid_of_holder(const char *path)
{
	char	text[32];
	ssize_t	n;
	pid_t	pid = 0;
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
	    (n = read(fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		pid = (pid_t)strtol(text, NULL, 10);
	}
	close(fd);
	return pid;
}

static bool
runs_as(pid_t pid, const char *name)
{
	char	path[64], comm[32];
	ssize_t	n;
	int	fd;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, comm, sizeof(comm) - 1);
	close(fd);
	if (n <= 0)
		return false;
	comm[n - 1] = '\0';	/* the newline */
	return strcmp(comm, name) == 0;
}

bool
child_adopt(struct child *c, const struct place *p)
{
	char	path[PATH_SIZE];
	pid_t	pid;
	int	pidfd;

	pid = pid_of_holder(place_path(path, p->run, c->name, ".pid"));
	if (pid <= 1 || !runs_as(pid, c->name))
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* Asked again: in between it may have died and its number gone on. */
	if (pidfd == -1 || pid_of_holder(path) != pid) {
		if (pidfd != -1)
			close(pidfd);
		return false;
	}
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	hold_clear(&c->hold);
	c->pid = pid;
	c->pidfd = pidfd;
	c->started_ms = keeper_now_ms();
	c->status = -1;
	c->was_ready = true;
	state_set(c, CHILD_READY);
	say(2, "%s: runs already, pid %ld", c->name, (long)pid);
	syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0);
	return true;
}

/* ---- start ---- */

void
child_start(struct child *c, const struct place *p)
{
	pid_t	pid = spawn(c, p);

	c->started_ms = keeper_now_ms();
	c->was_ready = false;
	if (pid == -1) {
		say(1, "%s: no process: %s", c->name, strerror(errno));
		c->due_ms = c->started_ms + 1000;
		state_set(c, CHILD_WAITING);
		return;
	}
	c->pid = pid;
	state_set(c, CHILD_STARTING);
}

/* ---- death ---- */

static uint64_t
fingerprint_file(const struct child *c, const struct place *p)
{
	char		path[PATH_SIZE], text[256];
	ssize_t		n;
	uint64_t	h = 0;
	int		fd;

	fd = open(place_path(path, p->run, c->name, ".crash"),
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text));
	close(fd);
	unlink(path);
	for (ssize_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211u;
	return h;
}

/* What the crash looks like: 0 for an end that is no crash. */
static uint64_t
fingerprint(const struct child *c, const struct place *p, bool brief)
{
	uint64_t	file = fingerprint_file(c, p);
	bool		killed;

	if (file != 0)
		return file | 1;
	killed = c->status != -1 && WIFSIGNALED(c->status) &&
	    WTERMSIG(c->status) == SIGKILL;
	if (!brief || c->status == -1 ||
	    ((c->status == 0 || killed) && c->was_ready))
		return 0;
	return (uint64_t)(unsigned)c->status << 1 | 1;
}

static void
say_end(const struct child *c, int64_t lived_ms)
{
	if (c->status == -1)
		say(stopping >= 0 ? 2 : 3, "%s: pid %ld has ended", c->name,
		    (long)c->pid);
	else if (WIFSIGNALED(c->status))
		say(3, "%s: pid %ld died of signal %d (%s) after %lld ms",
		    c->name, (long)c->pid, WTERMSIG(c->status),
		    strsignal(WTERMSIG(c->status)), (long long)lived_ms);
	else
		say(WEXITSTATUS(c->status) == 0 ? 2 : 3, "%s: pid %ld ended "
		    "with status %d after %lld ms", c->name, (long)c->pid,
		    WEXITSTATUS(c->status), (long long)lived_ms);
}

static void
delay_set(struct child *c, uint64_t crash)
{
	if (crash == 0 || crash != c->crash)
		c->delay_ms = 0;
	else if (c->delay_ms == 0)
		c->delay_ms = DELAY_MIN_MS;
	else if (c->delay_ms < DELAY_MAX_MS / 2)
		c->delay_ms *= 2;
	else
		c->delay_ms = DELAY_MAX_MS;
	c->crash = crash;
}

static void	stop_next(void);

void
child_ended(struct child *c, const struct place *p, int status)
{
	int64_t	lived = keeper_now_ms() - c->started_ms;

	c->status = status;
	say_end(c, lived);
	c->pid = 0;
	if (c->pidfd != -1)
		close(c->pidfd);
	c->pidfd = -1;
	if (stopping >= 0) {
		state_set(c, CHILD_DOWN);
		stop_next();
		return;
	}
	delay_set(c, fingerprint(c, p, lived < STABLE_MS));
	c->restarts++;
	if (c->delay_ms == 0) {
		child_start(c, p);
		return;
	}
	say(3, "%s: the same again; starts in %u ms, see %s/%s.log", c->name,
	    c->delay_ms, p->log, c->name);
	c->due_ms = keeper_now_ms() + c->delay_ms;
	state_set(c, CHILD_WAITING);
}

/* ---- the end ---- */

static void
stop_next(void)
{
	struct child	*c;

	for (; stopping < DAEMONS; stopping++) {
		c = child_by_name(stop_order[stopping]);
		if (c->pid == 0) {
			state_set(c, CHILD_DOWN);
			continue;
		}
		if (c->state == CHILD_STOPPING)
			return;		/* we wait for it */
		state_set(c, CHILD_STOPPING);
		c->due_ms = keeper_now_ms() + STOP_MS;
		kill(c->pid, SIGTERM);
		return;
	}
}

/* Asked a second time, the patience of all ends. */
void
children_stop(void)
{
	if (stopping >= 0) {
		for (int i = 0; i < DAEMONS; i++)
			if (children[i].pid != 0)
				kill(children[i].pid, SIGKILL);
		return;
	}
	stopping = 0;
	stop_next();
}

bool
children_stopping(void)
{
	return stopping >= 0;
}

bool
children_gone(void)
{
	for (int i = 0; i < DAEMONS; i++)
		if (children[i].pid != 0)
			return false;
	return true;
}

static bool
has_due(const struct child *c)
{
	return c->state == CHILD_WAITING || c->state == CHILD_STOPPING;
}

int
children_due(const struct place *p)
{
	int64_t	now = keeper_now_ms(), next = -1;

	for (int i = 0; i < DAEMONS; i++) {
		struct child *c = &children[i];

		if (has_due(c) && c->due_ms <= now) {
			if (c->state == CHILD_WAITING) {
				child_start(c, p);
			} else {
				say(3, "%s: does not end: killed", c->name);
				kill(c->pid, SIGKILL);
				c->due_ms = now + STOP_MS;
			}
		}
		if (has_due(c) && (next == -1 || c->due_ms < next))
			next = c->due_ms;
	}
	return next == -1 ? -1 : next > now ? (int)(next - now) : 0;
}

/*
 * The daemons write to their files even when we are dead; what is new in there
 * is shown by whoever runs in the foreground.
 */
void
children_show(void)
{
	char	buf[4096];
	ssize_t	n;

	for (int i = 0; i < DAEMONS; i++) {
		struct child *c = &children[i];

		while (c->err != -1 &&
		    (n = pread(c->err, buf, sizeof(buf), c->shown)) > 0) {
			c->shown += n;
			if (write(STDERR_FILENO, buf, (size_t)n) == -1)
				return;
		}
	}
}
