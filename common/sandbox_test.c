/* sandbox: what each kind may still do and what not (S53), threads included. */
#include "common/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

static char		base[] = "/tmp/sandbox_test.XXXXXX";
static struct dirs	d;

static int
set_up(void **state)
{
	char	path[4096];

	assert_non_null(mkdtemp(base));
	chmod(base, 0755);
	assert_int_equal(dirs_find(&d, base), 0);
	mkdir(d.run, 0755);
	mkdir(d.state, 0755);
	mkdir(dirs_path(path, d.state, "regd"), 0700);
	if (geteuid() == 0)
		assert_int_equal(chown(path, CORDBOARD_UID + USER_REGD, 0), 0);
	mkdir(dirs_path(path, d.state, "generations"), 0755);
	close(open(dirs_path(path, d.state, "generations/x"), O_CREAT, 0644));
	return 0;
}

static int
tear_down(void **state)
{
	char	command[128];

	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* ---- each try says an errno, 0 when it was possible ---- */

static int
try_open(const char *base_, const char *name, int flags)
{
	char	path[4096];
	int	fd = open(base_ == NULL ? name :
		    dirs_path(path, base_, "%s", name), flags, 0600);

	if (fd != -1)
		close(fd);
	return fd == -1 ? errno : 0;
}

static int
try_socket(int family, int type)
{
	int	fd = socket(family, type, 0);

	if (fd != -1)
		close(fd);
	return fd == -1 ? errno : 0;
}

static int
try_map(int prot)
{
	void	*p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, 4096);
	return 0;
}

static int
try_fork(void)
{
	pid_t	pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid == -1 ? errno : 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t	t;
	int		error = pthread_create(&t, NULL, nothing, NULL);

	if (error == 0)
		pthread_join(t, NULL);
	return error;
}

static int
try_memfd(void)
{
	int	fd = memfd_create("x", MFD_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd == -1 ? errno : 0;
}

#define E(x)	((x) == -1 ? errno : 0)

/* ---- a process that goes in ---- */

#define EXPECT(x, want)							\
	do {								\
		int got_ = (x);						\
									\
		if (got_ != (want)) {					\
			dprintf(report, "%s:%d: %s: %s, not %s\n",	\
			    __FILE__, __LINE__, #x, strerror(got_),	\
			    strerror(want));				\
			_exit(1);					\
		}							\
	} while (0)

static int	report = STDERR_FILENO;
static int	gate[2];	/* a thread from before waits here */

static void *
older_thread(void *arg)
{
	uint64_t	one;

	if (read(gate[0], &one, sizeof(one)) != sizeof(one))
		return (void *)1;
	EXPECT(try_socket(AF_INET, SOCK_RAW), EPERM);
	EXPECT(try_fork(), EPERM);
	return NULL;
}

static void
inside(enum sandbox kind, void (*fn)(void))
{
	const struct daemon	daemon = { .name = "regd", .index = USER_REGD,
				    .sandbox = kind };
	pthread_t		t;
	void			*failed;
	int			status;
	pid_t			pid = fork();

	if (pid == 0) {
		EXPECT(-sandbox_begin(), 0);
		gate[0] = gate[1] = eventfd(0, 0);
		pthread_create(&t, NULL, older_thread, NULL);
		EXPECT(-sandbox_enter(&daemon, &d), 0);
		fn();
		eventfd_write(gate[1], 1);
		pthread_join(t, &failed);
		_exit(failed != NULL);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void
common_rules(void)
{
	char	c = 0;

	EXPECT(try_open(NULL, "/etc/passwd", O_RDONLY) != 0, 1);
	EXPECT(try_open(NULL, "/proc/self/mem", O_RDWR) != 0, 1);
	EXPECT(try_fork(), EPERM);
	EXPECT(try_thread(), 0);
	EXPECT(E(kill(getppid(), 0)), EPERM);
	EXPECT(E(raise(0)), 0);
	EXPECT(try_map(PROT_READ | PROT_WRITE), 0);
	EXPECT(try_map(PROT_READ | PROT_EXEC), EPERM);
	EXPECT(E(mprotect((void *)((uintptr_t)&c & ~4095ul), 4096,
	    PROT_READ | PROT_WRITE | PROT_EXEC)), EPERM);
	EXPECT(try_socket(AF_INET, SOCK_RAW), EPERM);
	EXPECT(try_socket(AF_PACKET, SOCK_DGRAM), EPERM);
	EXPECT(E(setuid(0)), EPERM);
	EXPECT(E(chroot("/")), EPERM);
	EXPECT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == -1 ? errno : 0, EPERM);
	EXPECT(E(close(dup(1))), 0);
}

static void
relay_rules(void)
{
	struct sockaddr_in	sa = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000c01) };
	int			fd;

	common_rules();
	EXPECT(try_open(d.state, "generations/x", O_RDONLY), EPERM);
	EXPECT(try_open(d.state, "regd/new", O_WRONLY | O_CREAT), EPERM);
	EXPECT(try_socket(AF_INET, SOCK_STREAM), EPERM);
	EXPECT(try_socket(AF_UNIX, SOCK_DGRAM), EPERM);
	EXPECT(try_socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	EXPECT(E(bind(fd, (struct sockaddr *)&sa, sizeof(sa))), 0);
	EXPECT(E(connect(fd, (struct sockaddr *)&sa, sizeof(sa))), EPERM);
	EXPECT(try_memfd(), EPERM);
}

static void
store_rules(void)
{
	char	from[4096], to[4096];

	common_rules();
	EXPECT(try_open(d.state, "generations/x", O_RDONLY), 0);
	EXPECT(try_open(d.state, "generations/x", O_RDWR), EACCES);
	EXPECT(try_open(d.state, "generations/y", O_WRONLY | O_CREAT), EACCES);
	EXPECT(try_open(d.state, "regd/new", O_RDWR | O_CREAT), 0);
	EXPECT(try_open(d.state, "regd/../new", O_RDWR | O_CREAT), EACCES);
	dirs_path(from, d.state, "regd/new");
	dirs_path(to, d.state, "regd/newer");
	EXPECT(E(rename(from, to)), 0);
	EXPECT(E(symlink("/etc/passwd", from)), EPERM);
	EXPECT(E(unlink(to)), 0);
	EXPECT(try_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC), 0);
	EXPECT(try_socket(AF_INET, SOCK_DGRAM), EPERM);
	EXPECT(try_socket(AF_INET, SOCK_STREAM), EPERM);
}

/* routed asks name servers: sockets, but nothing to listen with. */
static void
router_rules(void)
{
	struct sockaddr_in	sa = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000c01) };
	int			fd;

	common_rules();
	EXPECT(try_open(d.state, "regd/new", O_RDWR | O_CREAT), 0);
	EXPECT(try_open(d.state, "generations/y", O_WRONLY | O_CREAT), EACCES);
	EXPECT(try_socket(AF_INET6, SOCK_DGRAM), 0);
	EXPECT(try_socket(AF_UNIX, SOCK_DGRAM), EPERM);
	EXPECT(try_socket(AF_NETLINK, SOCK_RAW), EPERM);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EXPECT(fd >= 0 ? 0 : errno, 0);
	EXPECT(E(bind(fd, (struct sockaddr *)&sa, sizeof(sa))), EPERM);
	EXPECT(E(listen(fd, 1)), EPERM);
	EXPECT(try_memfd(), EPERM);
}

static void
net_rules(void)
{
	char	path[4096];

	EXPECT(try_open(NULL, "/etc/passwd", O_RDONLY), EACCES);
	EXPECT(try_open(d.state, "generations/x", O_RDONLY), 0);
	EXPECT(try_open(d.state, "regd/new", O_WRONLY | O_CREAT), EACCES);
	EXPECT(E(unlink(dirs_path(path, d.state, "generations/x"))), EPERM);
	EXPECT(try_socket(AF_INET, SOCK_STREAM), 0);
	EXPECT(try_socket(AF_INET6, SOCK_DGRAM), 0);
	EXPECT(try_socket(AF_UNIX, SOCK_STREAM), 0);
	EXPECT(try_memfd(), 0);
	EXPECT(try_fork(), EPERM);
	EXPECT(try_thread(), 0);
	EXPECT(E(kill(getppid(), 0)), EPERM);
}

static void
test_kinds(void **state)
{
	inside(SANDBOX_RELAY, relay_rules);
	inside(SANDBOX_STORE, store_rules);
	inside(SANDBOX_ROUTER, router_rules);
	inside(SANDBOX_NET, net_rules);
}

static void
nothing_more(void)
{
	char	*argv[] = { (char *)"true", NULL };

	execv("/bin/true", argv);
	_exit(1);
}

/* execve ends the process. */
static void
test_exec(void **state)
{
	const struct daemon	daemon = { .name = "regd", .index = USER_REGD,
				    .sandbox = SANDBOX_NET };
	int			status;
	pid_t			pid = fork();

	if (pid == 0) {
		EXPECT(-sandbox_begin(), 0);
		EXPECT(-sandbox_enter(&daemon, &d), 0);
		nothing_more();
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* A house that the daemon's user cannot reach is told before anything breaks. */
static void
test_unreachable(void **state)
{
	const struct daemon	daemon = { .name = "regd", .index = USER_REGD,
				    .sandbox = SANDBOX_STORE };
	int			status;
	pid_t			pid;

	if (geteuid() != 0)
		skip();
	chmod(base, 0700);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);	/* it complains, and rightly */
		sandbox_begin();
		_exit(-sandbox_enter(&daemon, &d));
	}
	waitpid(pid, &status, 0);
	chmod(base, 0755);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EACCES);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_unreachable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
