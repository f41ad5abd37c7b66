/*
 * keeper: the parts behind its loop with daemons of a few lines: this program
 * again, under their names.
 */
#include "sipctl/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS	20000

static char		base[] = "/tmp/keeper_test.XXXXXX";
static struct place	place;
static int		sock;

/* ---- the daemon of a few lines ---- */

static void
tell(const char *text, int fd)
{
	union {
		struct cmsghdr	h;
		char		room[CMSG_SPACE(sizeof(int))];
	} c;
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	struct iovec		iov = { (char *)text, strlen(text) };
	struct msghdr		m = { .msg_name = &sa,
				    .msg_namelen = sizeof(sa),
				    .msg_iov = &iov, .msg_iovlen = 1 };
	int			s = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s",
	    getenv("NOTIFY_SOCKET"));
	if (fd != -1) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c.room);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	}
	if (sendmsg(s, &m, 0) == -1)
		exit(9);
	close(s);
}

/* What must not fail: the parent sees the exit code. */
static void
must(bool went)
{
	if (!went)
		exit(6);
}

static void
nothing(int signo)
{
}

/*
 * Keeps a count of its lives in a memfd: "2 2" says second life, two descriptors
 * handed down in the right order.
 */
static void
tiny_daemon(const char *mode)
{
	const char	*n = getenv("LISTEN_FDS");
	char		 text[16] = "0";
	int		 fd = 3;

	if (n == NULL) {
		fd = memfd_create("x", 0);
		tell("FDSTORE=1\nFDNAME=lives\nFDPOLL=0", fd);
		tell("FDSTORE=1\nFDNAME=other", fd);
	} else if (atol(getenv("LISTEN_PID")) != (long)getpid() ||
	    strcmp(getenv("LISTEN_FDNAMES"), "lives:other") != 0 ||
	    strcmp(n, "2") != 0 || fcntl(3, F_GETFD) != 0 ||
	    fcntl(4, F_GETFD) != 0 || fcntl(5, F_GETFD) != -1) {
		exit(8);
	} else {
		must(pread(fd, text, sizeof(text) - 1, 0) > 0);
	}
	snprintf(text, sizeof(text), "%d", atoi(text) + 1);
	must(pwrite(fd, text, strlen(text), 0) > 0);
	if (strcmp(mode, "stubborn") == 0)
		signal(SIGTERM, SIG_IGN);
	tell("READY=1", -1);
	for (;;)
		pause();
}

/* One that was started by another keeper: its lock, SIGUSR1, its descriptor. */
static void
tiny_elder(const char *pidfile)
{
	struct sigaction	a = { .sa_handler = nothing };
	sigset_t		set;
	char			text[16];
	int			fd = open(pidfile, O_RDWR | O_CREAT, 0644);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR1, &a, NULL);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		exit(7);
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	must(pwrite(fd, text, strlen(text), 0) > 0);
	must(write(STDOUT_FILENO, "x", 1) == 1);
	sigemptyset(&set);
	sigsuspend(&set);
	tell("FDSTORE=1\nFDNAME=old", fd);
	for (;;)
		pause();
}

/* ---- the keeper's loop, as far as a test wants it ---- */

static struct child *
child(const char *name)
{
	for (int i = 0; i < DAEMONS; i++)
		if (strcmp(children[i].name, name) == 0)
			return &children[i];
	abort();
}

static void
until_ready(struct child *c)
{
	struct pollfd	p = { sock, POLLIN, 0 };

	while (c->state != CHILD_READY) {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		notify_read(sock);
	}
}

static void
reap(struct child *c)
{
	int	status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	notify_read(sock);
	child_ended(c, &place, status);
}

static const char *
lives(const struct child *c)
{
	static char	text[16];
	ssize_t		n;

	assert_int_equal(c->hold.n, 2);
	n = pread(c->hold.v[0].fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

/* ---- tests ---- */

static void
test_descriptors_survive(void **state)
{
	struct child	*c = child("regd");
	pid_t		 first;

	setenv("TINY", "plain", 1);
	child_start(c, &place);
	assert_int_equal(c->state, CHILD_STARTING);
	until_ready(c);
	assert_string_equal(lives(c), "1");
	first = c->pid;
	kill(c->pid, SIGKILL);
	reap(c);			/* started again at once */
	assert_int_equal(c->state, CHILD_STARTING);
	assert_true(c->pid != first);
	until_ready(c);
	assert_string_equal(lives(c), "2");
	/* Somebody kills it again and again: that is no crash. */
	for (int i = 3; i < 6; i++) {
		kill(c->pid, SIGKILL);
		reap(c);
		until_ready(c);
		assert_int_equal(atoi(lives(c)), i);
	}
	assert_int_equal(c->restarts, 4);
	assert_int_equal(c->delay_ms, 0);
	kill(c->pid, SIGSEGV);
	reap(c);
	assert_int_equal(c->state, CHILD_STARTING);
	/* The same within two seconds: a busy machine needs another try. */
	for (int i = 0; i < 10 && c->state == CHILD_STARTING; i++) {
		until_ready(c);
		kill(c->pid, SIGSEGV);
		reap(c);
	}
	assert_int_equal(c->state, CHILD_WAITING);
	assert_int_equal(c->delay_ms, 100);
	hold_clear(&c->hold);
}

static void
test_crash_loop(void **state)
{
	static const unsigned	delays[] = { 0, 100, 200, 400, 800, 1600, 3200,
				    6400, 10000, 10000 };
	struct child		*c = child("gwregd");
	struct place		 nowhere = place;
	int			 wait, status;

	strcpy(nowhere.bin, "/nonexistent");
	child_start(c, &nowhere);
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
		assert_int_equal(WEXITSTATUS(status), 127);
		child_ended(c, &nowhere, status);
		assert_int_equal(c->delay_ms, delays[i]);
		if (delays[i] == 0)
			continue;
		assert_int_equal(c->state, CHILD_WAITING);
		wait = children_due(&nowhere);
		assert_true(wait >= 0 && wait <= (int)delays[i]);
		c->due_ms = 0;			/* time goes by */
		children_due(&nowhere);
		assert_int_equal(c->state, CHILD_STARTING);
	}
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	/* Another way to die is another matter, and so is a long life. */
	child_ended(c, &nowhere, 5 << 8);
	assert_int_equal(c->delay_ms, 0);
	waitpid(c->pid, &status, 0);
	c->started_ms -= 3000;
	child_ended(c, &nowhere, 5 << 8);
	assert_int_equal(c->delay_ms, 0);
	waitpid(c->pid, &status, 0);
	c->pid = 0;
	c->state = CHILD_DOWN;
}

/* What a daemon wrote of its crash counts however long it lived. */
static void
test_crash_file(void **state)
{
	struct child	*c = child("gwregd");
	struct place	 nowhere = place;
	char		 path[PATH_SIZE];

	strcpy(nowhere.bin, "/nonexistent");
	place_path(path, place.run, "gwregd", ".crash");
	for (int i = 0; i < 3; i++) {
		int fd = open(path, O_WRONLY | O_CREAT, 0600);

		must(write(fd, i == 0 ? "parse.c:17" : "parse.c:99",
		    10) == 10);
		close(fd);
		c->pid = 0;
		c->started_ms = keeper_now_ms() - 60000;
		child_ended(c, &nowhere, SIGABRT);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(c->delay_ms, i == 2 ? 100 : 0);
		if (c->pid != 0)
			waitpid(c->pid, NULL, 0);
	}
	c->pid = 0;
	c->state = CHILD_DOWN;
}

static void
test_adopt(void **state)
{
	struct child	*c = child("routed");
	struct pollfd	 p = { sock, POLLIN, 0 };
	char		 path[PATH_SIZE], x;
	int		 out[2];
	pid_t		 pid;

	assert_false(child_adopt(c, &place));	/* no pid file */
	assert_int_equal(pipe(out), 0);
	if ((pid = fork()) == 0) {
		char program[PATH_SIZE], sockpath[PATH_SIZE];

		dup2(out[1], STDOUT_FILENO);
		setenv("TINY", "elder", 1);
		setenv("PIDFILE", place_path(path, place.run, "routed",
		    ".pid"), 1);
		setenv("NOTIFY_SOCKET", place_path(sockpath, place.run,
		    "keeper.sock", ""), 1);
		execl(place_path(program, place.bin, "routed", ""), "routed",
		    (char *)NULL);
		_exit(1);
	}
	assert_int_equal(read(out[0], &x, 1), 1);
	assert_true(child_adopt(c, &place));
	assert_int_equal(c->pid, pid);
	assert_int_equal(c->state, CHILD_READY);
	while (c->hold.n == 0) {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		notify_read(sock);
	}
	assert_string_equal(c->hold.v[0].name, "old");
	/* Its end is seen, though it is nobody's child here. */
	p.fd = c->pidfd;
	kill(pid, SIGKILL);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	waitpid(pid, NULL, 0);
	hold_clear(&c->hold);
	setenv("TINY", "plain", 1);
	child_ended(c, &place, -1);
	until_ready(c);
	/* The file is still there and its lock is not: nobody to adopt. */
	assert_false(child_adopt(child("mediad"), &place));
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	assert_false(child_adopt(c, &place));
	hold_clear(&c->hold);
	c->pid = 0;
	c->state = CHILD_DOWN;
	close(out[0]);
	close(out[1]);
}

static int
open_fds(void)
{
	int	n = 0;

	for (int fd = 0; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Only our daemons are heard; what others send is closed. */
static void
test_strangers(void **state)
{
	static const char *const	texts[] = {
		"FDSTORE=1\nFDNAME=x", "READY=1", "", "\n\n=\n",
		"FDSTOREREMOVE=1\nFDNAME=x",
	};
	struct child	*c = child("sipd");
	char		 path[PATH_SIZE], big[3000];
	int		 before = open_fds();

	setenv("NOTIFY_SOCKET", place_path(path, place.run, "keeper.sock",
	    ""), 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tell(texts[i], STDIN_FILENO);
	notify_read(sock);
	assert_int_equal(open_fds(), before);
	/* Our own, talking nonsense. */
	c->pid = getpid();
	c->state = CHILD_STARTING;
	memset(big, 'x', sizeof(big));
	memcpy(big, "FDSTORE=1\nFDNAME=", 17);
	big[sizeof(big) - 1] = '\0';
	tell(big, STDIN_FILENO);
	tell("FDSTORE=1", STDIN_FILENO);
	tell("FDNAME=x", STDIN_FILENO);
	tell("FDSTORE=0\nFDNAME=x", STDIN_FILENO);
	tell("XFDSTORE=1\nFDNAME=x", STDIN_FILENO);
	tell("READY=0", -1);
	notify_read(sock);
	assert_int_equal(open_fds(), before);
	assert_int_equal(c->hold.n, 0);
	assert_int_equal(c->state, CHILD_STARTING);
	tell("FDNAME=x\nFDSTORE=1\n", STDIN_FILENO);
	notify_read(sock);
	assert_int_equal(c->hold.n, 1);
	tell("FDSTOREREMOVE=1\nFDNAME=x", -1);
	notify_read(sock);
	assert_int_equal(open_fds(), before);
	c->pid = 0;
	c->state = CHILD_DOWN;
	hold_clear(&c->hold);
}

static void
test_status_file(void **state)
{
	char	path[PATH_SIZE], text[1024];
	ssize_t	n;
	int	fd;

	child("mediad")->status = SIGSEGV;
	child("sipd")->status = 1 << 8;
	status_changed();
	status_write(&place);
	fd = open(place_path(path, place.run, "keeper.status", ""), O_RDONLY);
	assert_true(fd != -1);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	assert_non_null(strstr(text, "mediad 0 down 0 "));
	assert_non_null(strstr(text, " signal-11\n"));
	assert_non_null(strstr(text, " exit-1\n"));
}

/* Last: there is no way back from here. */
static void
test_stop_in_order(void **state)
{
	static const char *const	order[] = { "sipd", "gwregd", "routed",
					    "regd", "mediad" };
	int				status;

	for (int i = 0; i < DAEMONS; i++) {
		setenv("TINY", strcmp(children[i].name, "regd") == 0 ?
		    "stubborn" : "plain", 1);
		child_start(&children[i], &place);
	}
	for (int i = 0; i < DAEMONS; i++)
		until_ready(&children[i]);
	assert_false(children_stopping());
	children_stop();
	for (int i = 0; i < DAEMONS; i++) {
		struct child *c = child(order[i]);
		pid_t pid = c->pid;

		assert_int_equal(c->state, CHILD_STOPPING);
		if (i + 1 < DAEMONS)
			assert_int_equal(child(order[i + 1])->state,
			    CHILD_READY);
		if (strcmp(order[i], "regd") == 0) {
			c->due_ms = 0;		/* five seconds later */
			children_due(&place);
		}
		/* By name: the crash loop may have left one that began late. */
		assert_int_equal(waitpid(pid, &status, 0), pid);
		child_ended(c, &place, status);
		assert_int_equal(c->state, CHILD_DOWN);
	}
	assert_true(children_gone());
	assert_int_equal(WTERMSIG(child("regd")->status), SIGKILL);
	assert_int_equal(WTERMSIG(child("sipd")->status), SIGTERM);
	for (int i = 0; i < DAEMONS; i++)
		hold_clear(&children[i].hold);
}

/* ---- around them ---- */

static int
set_up(void **state)
{
	char	self[PATH_SIZE], path[PATH_SIZE];
	ssize_t	n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	assert_non_null(mkdtemp(base));
	assert_true(place_find(&place, base, base));
	assert_true(place_make(&place));
	place_path(place.bin, base, "bin", "");
	mkdir(place.bin, 0755);
	for (int i = 0; i < DAEMONS; i++) {
		place_path(path, place.bin, children[i].name, "");
		assert_int_equal(symlink(self, path), 0);
	}
	say_open(&place, false);
	sock = notify_open(&place, path);
	assert_true(sock != -1);
	/* A sanitizer that looks for leaks as a daemon ends takes its time. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	return 0;
}

static int
tear_down(void **state)
{
	char	command[128];

	close(sock);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_descriptors_survive),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_crash_file),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_status_file),
		cmocka_unit_test(test_stop_in_order),
	};
	const char	*tiny = getenv("TINY");

	if (tiny != NULL && strcmp(tiny, "elder") == 0)
		tiny_elder(getenv("PIDFILE"));
	if (tiny != NULL)
		tiny_daemon(tiny);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
