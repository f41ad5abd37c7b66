/*
 * fdstore: against a small store of our own: what it is told, what comes back, and
 * nothing at all without one.
 */
#include "common/fdstore.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char	dir[] = "/tmp/fdstore_test.XXXXXX";
static char	path[64];
static int	sock;

/* One datagram: its text, and how many descriptors came; fds may be NULL. */
static char	said[1024];

static int
hear(int *fds)
{
	union {
		struct cmsghdr	h;
		char		room[CMSG_SPACE(253 * sizeof(int))];
	} c;
	struct iovec	iov = { said, sizeof(said) - 1 };
	struct msghdr	m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &c, .msg_controllen = sizeof(c) };
	ssize_t		n = recvmsg(sock, &m, MSG_DONTWAIT);
	int		got[253], nfds = 0;

	said[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		return -1;
	if (CMSG_FIRSTHDR(&m) != NULL) {
		nfds = (int)((c.h.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(got, CMSG_DATA(&c.h), (size_t)nfds * sizeof(int));
	}
	for (int i = 0; i < nfds; i++) {
		if (fds != NULL)
			fds[i] = got[i];
		else
			close(got[i]);
	}
	return nfds;
}

static void
sock_new(void)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };

	unlink(path);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(sa.sun_path, path);
	assert_int_equal(bind(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

static int
set_up(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	return 0;
}

static int
tear_down(void **state)
{
	return rmdir(dir);
}

static int
sock_up(void **state)
{
	sock_new();
	return 0;
}

static int
sock_down(void **state)
{
	close(sock);
	return unlink(path);
}

/*
 * Each test is a process of its own: the store is one a process. It has memfds from
 * 3 on as if handed down, each holding its own index, with these names.
 */
static void
in_child(void (*fn)(void), const char *names)
{
	int	status, n = 0;
	char	text[16];
	pid_t	pid = fork();

	if (pid != 0) {
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
		return;
	}
	sock = fcntl(sock, F_DUPFD_CLOEXEC, 500);
	for (const char *p = names; p != NULL; n++) {
		int fd = memfd_create("x", 0);

		dprintf(fd, "%d", n);
		if (fd != 3 + n) {
			dup2(fd, 3 + n);
			if (fd > 3 + 40)
				close(fd);
		}
		p = strchr(p, ':');
		if (p != NULL)
			p++;
	}
	if (names != NULL) {
		snprintf(text, sizeof(text), "%d", n);
		setenv("LISTEN_FDS", text, 1);
		snprintf(text, sizeof(text), "%ld", (long)getpid());
		setenv("LISTEN_PID", text, 1);
		setenv("LISTEN_FDNAMES", names, 1);
	}
	setenv("NOTIFY_SOCKET", path, 1);
	fdstore_adopt();
	fn();
	_exit(0);
}

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s; said \"%s\"\n",	\
			    __FILE__, __LINE__, #x, said);		\
			_exit(1);					\
		}							\
	} while (0)

static int
index_of(int fd)
{
	char	text[8] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1;
}

static bool
closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1;
}

static void
adopts(void)
{
	char	name[16];

	CHECK(getenv("LISTEN_FDS") == NULL);
	CHECK((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK(index_of(fdstore_take("r")) == 0);
	CHECK(index_of(fdstore_take("r")) == 2);
	CHECK(index_of(fdstore_take("u1")) == 1);
	CHECK(fdstore_take("u1") == -1);
	CHECK(fdstore_take("nobody") == -1);
	CHECK(index_of(fdstore_take_prefix("f", name, sizeof(name))) == 3);
	CHECK(strcmp(name, "f1") == 0);
	CHECK(index_of(fdstore_take_prefix("f", name, sizeof(name))) == 4);
	CHECK(strcmp(name, "f12") == 0);
	CHECK(fdstore_take_prefix("f", name, sizeof(name)) == -1);
	/* Left: one r, and x. */
	CHECK(fdstore_close_rest() == 2);
	CHECK(hear(NULL) == 0);
	CHECK(strcmp(said, "FDSTOREREMOVE=1\nFDNAME=r") == 0);
	CHECK(hear(NULL) == 2);		/* those in use go back */
	CHECK(strcmp(said, "FDSTORE=1\nFDNAME=r\nFDPOLL=0") == 0);
	CHECK(hear(NULL) == 0);
	CHECK(strcmp(said, "FDSTOREREMOVE=1\nFDNAME=x") == 0);
	CHECK(hear(NULL) == -1);
	CHECK(closed(8) && closed(9) && !closed(3) && !closed(5));
	CHECK(fdstore_close_rest() == 0);
	fdstore_again();
	CHECK(hear(NULL) > 0 && hear(NULL) > 0 && hear(NULL) > 0 &&
	    hear(NULL) > 0 && hear(NULL) == -1);
}

static void
test_adopts(void **state)
{
	in_child(adopts, "r:u1:r:f1:f12:r:x");
}

/* New ones of a name that still has some nobody took. */
static void
puts_beside_untaken(void)
{
	int	fd = memfd_create("new", MFD_CLOEXEC);

	CHECK(index_of(fdstore_take("r")) == 0);
	CHECK(fdstore_put("r", &fd, 1) == 0);
	CHECK(hear(NULL) == 1);
	CHECK(index_of(fdstore_take("r")) == 1);
	CHECK(fdstore_close_rest() == 1);
	CHECK(hear(NULL) == 0);
	CHECK(hear(NULL) == 3);
	CHECK(!closed(fd) && closed(5));
}

static void
test_puts_beside_untaken(void **state)
{
	in_child(puts_beside_untaken, "r:r:r");
}

static void
puts_and_removes(void)
{
	int	fds[600], two[2], back[253];
	struct stat a, b;

	for (int i = 0; i < 600; i++)
		CHECK((fds[i] = memfd_create("x", MFD_CLOEXEC)) != -1);
	CHECK(fdstore_put("many", fds, 600) == 0);
	CHECK(hear(NULL) == 253 && hear(NULL) == 253 && hear(NULL) == 94);
	CHECK(fdstore_put("many", fds, 600) == 0);	/* known already */
	CHECK(hear(NULL) == -1);
	two[0] = fds[0];
	two[1] = memfd_create("y", MFD_CLOEXEC);
	CHECK(fdstore_put("many", two, 2) == 0);
	CHECK(hear(back) == 1);
	CHECK(fstat(two[1], &a) == 0 && fstat(back[0], &b) == 0);
	CHECK(a.st_ino == b.st_ino);
	fdstore_remove("nobody");
	CHECK(hear(NULL) == -1);
	fdstore_remove("many");
	CHECK(hear(NULL) == 0);
	CHECK(strcmp(said, "FDSTOREREMOVE=1\nFDNAME=many") == 0);
	CHECK(!closed(fds[5]));		/* the caller closes */
	CHECK(fdstore_put("again", fds, 1) == 0 && hear(NULL) == 1);
	CHECK(fdstore_put("a:b", fds, 1) == -EINVAL);
	CHECK(fdstore_put("", fds, 1) == -EINVAL);
	fds[0] = -1;
	CHECK(fdstore_put("x", fds, 1) == -EBADF);
	CHECK(hear(NULL) == -1);
}

static void
test_puts_and_removes(void **state)
{
	in_child(puts_and_removes, NULL);
}

/* K12: the store dies, its successor comes under the same path. */
static void
comes_again(void)
{
	int	fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = memfd_create("x", MFD_CLOEXEC);
	CHECK(fdstore_put("a", fds, 2) == 0 && hear(NULL) == 2);
	close(sock);
	CHECK(fdstore_put("b", fds + 2, 1) == 0);	/* nobody hears it */
	sock_new();
	close(fds[1]);		/* somebody forgot to remove it */
	fdstore_again();
	CHECK(hear(NULL) == 1 && hear(NULL) == 1 && hear(NULL) == -1);
}

static void
test_comes_again(void **state)
{
	in_child(comes_again, NULL);
}

static void
says(void)
{
	char	ready[64];

	notify_ready();
	CHECK(hear(NULL) == 0);
	snprintf(ready, sizeof(ready), "READY=1\nMAINPID=%ld", (long)getpid());
	CHECK(strcmp(said, ready) == 0);
	notify_status("draining");
	CHECK(hear(NULL) == 0 && strcmp(said, "STATUS=draining") == 0);
	notify_watchdog();		/* nobody asked for it */
	CHECK(hear(NULL) == -1);
	notify_stopping();
	CHECK(hear(NULL) == 0 && strcmp(said, "STOPPING=1") == 0);
	setenv("WATCHDOG_USEC", "1000000", 1);
	fdstore_adopt();
	notify_watchdog();
	CHECK(hear(NULL) == 0 && strcmp(said, "WATCHDOG=1") == 0);
}

static void
test_says(void **state)
{
	in_child(says, NULL);
}

static void
makes_memory(void)
{
	int	had = 7, fd[253];
	char	*p = fdstore_memory("s", 10000, &had), *q;

	CHECK(p != NULL && had == 0 && p[0] == 0 && p[9999] == 0);
	CHECK(hear(fd) == 1);
	CHECK(strcmp(said, "FDSTORE=1\nFDNAME=s\nFDPOLL=0") == 0);
	memset(p, 'x', 10000);
	q = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd[0], 0);
	CHECK(q != MAP_FAILED && q[9999] == 'x');
}

/* Handed down are t (one octet of text) and big. */
static void
adopts_memory(void)
{
	int	had = 7;
	char	*p;

	CHECK(ftruncate(4, 10000) == 0);
	p = fdstore_memory("big", 10000, &had);
	CHECK(p != NULL && had == 1 && p[0] == '1' && p[9999] == 0);
	CHECK(hear(NULL) == -1);
	p = fdstore_memory("t", 10000, &had);	/* too small: made anew */
	CHECK(p != NULL && had == 0 && p[0] == 0);
	CHECK(hear(NULL) == 0);
	CHECK(strcmp(said, "FDSTOREREMOVE=1\nFDNAME=t") == 0);
	CHECK(hear(NULL) == 1);
	CHECK(fdstore_close_rest() == 0);
}

static void
test_memory(void **state)
{
	in_child(makes_memory, NULL);
	in_child(adopts_memory, "t:big");
}

static void
without_store(void)
{
	int	had = 7, fd = memfd_create("x", MFD_CLOEXEC);

	CHECK(fdstore_put("x", &fd, 1) == 0);
	fdstore_remove("x");
	fdstore_again();
	notify_ready();
	CHECK(fdstore_memory("s", 100, &had) != NULL && had == 0);
	CHECK(fdstore_take("x") == -1);
	CHECK(fdstore_close_rest() == 0);
}

static void
test_without_store(void **state)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		unsetenv("NOTIFY_SOCKET");
		setenv("LISTEN_PID", "1", 1);	/* for somebody else */
		setenv("LISTEN_FDS", "1", 1);
		fdstore_adopt();
		without_store();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, sock_up, sock_down)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_adopts),
		TEST(test_puts_beside_untaken),
		TEST(test_puts_and_removes),
		TEST(test_comes_again),
		TEST(test_says),
		TEST(test_memory),
		TEST(test_without_store),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
