/*
 * sandbox - what a daemon may still do once it serves strangers.
 *
 * Three layers, each enough for most of it: an own user without capabilities,
 * Landlock for the files (landlock.c), seccomp for the calls. The lists name
 * what glibc, ZeroMQ, libuv and SQLite were seen to need; what is missing there
 * shows as EPERM, not as a dead daemon.
 */
#include "common/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/landlock.h"
#include "common/log.h"

#ifdef __SANITIZE_ADDRESS__
#define TESTING	1
#else
#define TESTING	0
#endif

static bool	entered;

unsigned
sandbox_uid(const struct daemon *d)
{
	return geteuid() != 0 ? getuid() : users_uid(d->name, d->index);
}

unsigned
sandbox_gid(void)
{
	return geteuid() != 0 ? getgid() : users_gid("sip", CORDBOARD_GID);
}

unsigned
sandbox_monitor_gid(void)
{
	return geteuid() != 0 ? getgid() :
	    users_gid("sip-monitor", CORDBOARD_MONITOR_GID);
}

/* ---- privileges ---- */

int
sandbox_begin(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -errno;
	if (geteuid() != 0)
		return 0;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			return -errno;
	return 0;
}

static int
change_user(const struct daemon *d)
{
	gid_t	gid = sandbox_gid();
	uid_t	uid = sandbox_uid(d);

	if (geteuid() != 0)
		return 0;
	if (uid == 0 || gid == 0)
		return -EINVAL;
	if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return -errno;
	return 0;
}

/* A house below somebody's private directory cannot be reached any more. */
static int
reachable(const struct dirs *dirs)
{
	if (access(dirs->run, X_OK) == 0 && access(dirs->state, X_OK) == 0)
		return 0;
	log_problem("SANDBOX", "%s, %s: not to be reached as uid %u: every "
	    "directory above must be searchable for others (chmod o+x)",
	    dirs->run, dirs->state, (unsigned)getuid());
	return -EACCES;
}

/* This thread's; the others lost theirs with the user. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct	h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct	none[2] = { { 0 }, { 0 } };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &h, none) == -1 ? -errno : 0;
}

static bool
status_clean(int task, const char *tid)
{
	char	name[64], text[4096], *p;
	ssize_t	n;
	int	fd;

	snprintf(name, sizeof(name), "%s/status", tid);
	fd = openat(task, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT;		/* it ended */
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return n == 0 || errno == ESRCH;
	text[n] = '\0';
	for (const char *const *c = (const char *const []){ "\nCapInh:",
	    "\nCapPrm:", "\nCapEff:", NULL }; *c != NULL; c++)
		if ((p = strstr(text, *c)) == NULL ||
		    strtoull(p + strlen(*c), NULL, 16) != 0)
			return false;
	return true;
}

/* Believes the kernel, not what was asked of it: every thread. */
static int
verify_capabilities(void)
{
	DIR		*dir = opendir("/proc/self/task");
	struct dirent	*e;
	int		 error = 0;

	if (dir == NULL)
		return -errno;
	while ((e = readdir(dir)) != NULL && error == 0)
		if (e->d_name[0] != '.' && !status_clean(dirfd(dir), e->d_name))
			error = -EPERM;
	closedir(dir);
	return error;
}

/* May it make sockets of the Internet? */
static bool
has_sockets(const struct daemon *d)
{
	return d->sandbox == SANDBOX_NET || d->sandbox == SANDBOX_ROUTER;
}

/* ---- which files ---- */

static int
confine_files(const struct daemon *d, const struct dirs *dirs)
{
	char	own[4096], generations[4096];
	struct landlock_path paths[13] = { { NULL, 0 } };
	size_t	n = 0;

	if (d->sandbox != SANDBOX_RELAY) {
		dirs_path(generations, dirs->state, "generations");
		paths[n++] = (struct landlock_path){ generations, 0 };
		paths[n++] = (struct landlock_path){ dirs->etc, 0 };
	}
	if (d->sandbox == SANDBOX_STORE || d->sandbox == SANDBOX_ROUTER) {
		dirs_path(own, dirs->state, "%s", d->name);
		paths[n++] = (struct landlock_path){ own, 1 };
	}
	if (has_sockets(d)) {
		/* What a resolver reads; the second is where systemd has it. */
		paths[n++] = (struct landlock_path){ "/etc/resolv.conf", 0 };
		paths[n++] = (struct landlock_path){ "/run/systemd/resolve", 0 };
		paths[n++] = (struct landlock_path){ "/etc/hosts", 0 };
		paths[n++] = (struct landlock_path){ "/etc/host.conf", 0 };
		paths[n++] = (struct landlock_path){ "/etc/nsswitch.conf", 0 };
		/* Where c-ares takes the ids of its questions from (S26). */
		paths[n++] = (struct landlock_path){ "/dev/urandom", 0 };
	}
	if (d->sandbox == SANDBOX_NET)
		/* The authorities of TLS, read again with the certificates. */
		paths[n++] = (struct landlock_path){ "/etc/ssl/certs", 0 };
	if (d->sandbox == SANDBOX_ROUTER)
		paths[n++] = (struct landlock_path){ "/usr/share/zoneinfo", 0 };
	return landlock_enter(paths, has_sockets(d));
}

/* ---- which calls ---- */

#define CALL(name)	SCMP_SYS(name)

static const int always[] = {
	/* descriptors that are there */
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64),
	CALL(pwrite64), CALL(close), CALL(lseek), CALL(fstat), CALL(newfstatat),
	CALL(dup), CALL(dup2), CALL(dup3), CALL(fcntl), CALL(ftruncate),
	CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto),
	CALL(sendmsg), CALL(sendmmsg), CALL(getsockopt), CALL(setsockopt),
	CALL(getsockname), CALL(getpeername), CALL(shutdown), CALL(accept),
	CALL(accept4), CALL(pipe2), CALL(eventfd2),
	/* waiting */
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(epoll_pwait2), CALL(poll), CALL(ppoll),
	CALL(select), CALL(pselect6), CALL(timerfd_create),
	CALL(timerfd_settime), CALL(timerfd_gettime), CALL(nanosleep),
	CALL(clock_nanosleep), CALL(restart_syscall), CALL(futex),
	CALL(sched_yield), CALL(membarrier),
	/* memory */
	CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), CALL(msync),
	/* threads and signals */
	CALL(set_robust_list), CALL(get_robust_list), CALL(rseq),
	CALL(set_tid_address), CALL(exit), CALL(exit_group),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(rt_sigtimedwait), CALL(sigaltstack), CALL(sched_getaffinity),
	CALL(sched_setaffinity), CALL(sched_getparam),
	CALL(sched_getscheduler), CALL(sched_get_priority_max),
	CALL(sched_get_priority_min), CALL(arch_prctl),
	/* looking around */
	CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
	CALL(getgid), CALL(getegid), CALL(getcpu), CALL(clock_gettime),
	CALL(clock_getres), CALL(gettimeofday), CALL(time), CALL(times),
	CALL(getrandom), CALL(getrusage), CALL(getrlimit), CALL(uname),
	CALL(sysinfo),
};

/* Reading files: Landlock and the user say which. */
static const int reading[] = {
	CALL(openat), CALL(open), CALL(stat), CALL(lstat), CALL(statx),
	CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
	CALL(readlinkat), CALL(getdents64), CALL(getcwd), CALL(statfs),
	CALL(fstatfs),
};

static const int writing[] = {
	CALL(unlink), CALL(unlinkat), CALL(rename), CALL(renameat),
	CALL(renameat2), CALL(link), CALL(linkat), CALL(mkdir), CALL(mkdirat),
	CALL(rmdir), CALL(fsync), CALL(fdatasync), CALL(sync_file_range),
	CALL(truncate), CALL(fallocate), CALL(fchmod), CALL(fchmodat),
	CALL(chmod), CALL(fchown), CALL(flock), CALL(utimensat), CALL(umask),
};

static const int networking[] = {
	CALL(socketpair), CALL(bind), CALL(connect),
	CALL(listen), CALL(memfd_create),
};

/* Harmless, and asked for by the sockets of every library. */
static const unsigned long ioctls[] = {
	FIONBIO, FIONREAD, TIOCOUTQ, TCGETS,
};

static int
allow_all(scmp_filter_ctx f, const int *calls, size_t n)
{
	int	error = 0;

	/* A call that this machine's kernel has not is no loss. */
	for (size_t i = 0; i < n && error == 0; i++) {
		error = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
		if (error == -EDOM || error == -EFAULT)
			error = 0;
	}
	return error;
}
#define ALLOW(f, list)	allow_all(f, list, sizeof(list) / sizeof((list)[0]))

/*
 * Calls that are fine with some arguments only. clone3 hides its flags in
 * memory: glibc falls back to clone when told that there is none.
 */
static int
allow_some(scmp_filter_ctx f)
{
	const unsigned	thread = CLONE_VM | CLONE_THREAD;
	int		error = 0;

	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
	error |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 1,
	    SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* Reading a limit, our own: the new one is NULL. */
	error |= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prlimit64), 2,
	    SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
	return error != 0 ? -EIO : 0;
}

static int
allow_family(scmp_filter_ctx f, int family, int type)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 2,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family),
	    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)type));
}

/* mediad: more ports for media, nothing else. */
static int
allow_relay(scmp_filter_ctx f)
{
	static const int	calls[] = { CALL(bind) };
	int			error = ALLOW(f, calls);

	if (error == 0)
		error = allow_family(f, AF_INET, SOCK_DGRAM);
	if (error == 0)
		error = allow_family(f, AF_INET6, SOCK_DGRAM);
	return error;
}

/* regd, routed, gwregd: files, and the bus as one who asks. */
static int
allow_store(scmp_filter_ctx f)
{
	static const int	calls[] = { CALL(connect) };
	int			error = ALLOW(f, reading);

	if (error == 0)
		error = ALLOW(f, writing);
	if (error == 0)
		error = ALLOW(f, calls);
	if (error == 0)
		error = allow_family(f, AF_UNIX, SOCK_STREAM);
	return error;
}

/* routed: the same, and as one who asks name servers. */
static int
allow_router(scmp_filter_ctx f)
{
	static const int	families[] = { AF_INET, AF_INET6 };
	int			error = allow_store(f);

	for (int i = 0; i < 2 && error == 0; i++) {
		error = allow_family(f, families[i], SOCK_DGRAM);
		if (error == 0)
			error = allow_family(f, families[i], SOCK_STREAM);
	}
	return error;
}

/* sipd: the wires, the bus, and netlink for the list of addresses. */
static int
allow_net(scmp_filter_ctx f)
{
	static const int	families[][2] = {
		{ AF_INET, SOCK_DGRAM }, { AF_INET, SOCK_STREAM },
		{ AF_INET6, SOCK_DGRAM }, { AF_INET6, SOCK_STREAM },
		{ AF_UNIX, SOCK_STREAM }, { AF_NETLINK, SOCK_RAW },
	};
	int	error = ALLOW(f, networking);

	if (error == 0)
		error = ALLOW(f, reading);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (error == 0)
			error = allow_family(f, families[i][0],
			    families[i][1]);
	return error;
}

static int
refuse_hard(scmp_filter_ctx f)
{
	static const int calls[] = { CALL(execve), CALL(execveat), CALL(ptrace),
	    CALL(process_vm_readv), CALL(process_vm_writev) };
	int		error = 0;

	/* The probe wants to live and tell: EPERM for all. */
	if (TESTING && getenv("CORDBOARD_SANDBOX_PROBE") != NULL)
		return 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (error == 0)
			error = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS,
			    calls[i], 0);
	return error;
}

static int
confine_calls(const struct daemon *d)
{
	static int	(*const more[])(scmp_filter_ctx) = {
		[SANDBOX_RELAY] = allow_relay,
		[SANDBOX_NET] = allow_net,
		[SANDBOX_STORE] = allow_store,
		[SANDBOX_ROUTER] = allow_router,
	};
	scmp_filter_ctx	f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int		error;

	if (f == NULL)
		return -ENOMEM;
	error = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (error == 0)		/* a binary tree: the list is long */
		seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (error == 0)
		error = ALLOW(f, always);
	if (error == 0)
		error = allow_some(f);
	if (error == 0)
		error = refuse_hard(f);
	if (error == 0)
		error = more[d->sandbox](f);
	if (error == 0)
		error = seccomp_load(f);
	seccomp_release(f);
	return error;
}

/* ---- the test hook ---- */

#if TESTING
/* allowed: where it should not be; "its-work" where it is. */
static const char *
tried(long result, bool its_work)
{
	if (result == -1)
		return strerrorname_np(errno);
	return its_work ? "its-work" : "allowed";
}

static void
probe(const struct daemon *d)
{
	char		line[256];
	struct text	t;
	struct sockaddr	sa = { .sa_family = AF_UNIX };
	char		*argv[] = { (char *)"true", NULL };
	int		fd;

	text_init(&t, line, sizeof(line));
	text_printf(&t, "open=%s", tried(open("/etc/passwd", O_RDONLY), false));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	text_printf(&t, " socket=%s", tried(fd, has_sockets(d)));
	text_printf(&t, " connect=%s", tried(connect(fd, &sa, sizeof(sa)),
	    false));
	text_printf(&t, " execve=%s", tried(execv("/bin/true", argv), false));
	text_printf(&t, " ptrace=%s", tried(ptrace(PTRACE_TRACEME, 0, 0, 0),
	    false));
	text_printf(&t, " kill=%s", tried(kill(getppid(), 0), false));
	log_at(LOG_FAILURE, "SANDBOX", 0, "%s: sandbox probe: %s", d->name,
	    line);
	if (fd != -1)
		close(fd);
}

/* The leak checker would ptrace us; asked at exit. */
int	__lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return entered;
}
#endif

int
sandbox_enter(const struct daemon *d, const struct dirs *dirs)
{
	const char	*off = getenv("CORDBOARD_SANDBOX");
	int		 error;

	if (d->sandbox == SANDBOX_NONE)
		return 0;
	if (TESTING && off != NULL && strcmp(off, "off") == 0)
		return 0;
	if ((error = change_user(d)) < 0 || (error = drop_capabilities()) < 0 ||
	    (error = verify_capabilities()) < 0 ||
	    (error = reachable(dirs)) < 0)
		return error;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -errno;
	if ((error = confine_files(d, dirs)) < 0 ||
	    (error = confine_calls(d)) < 0)
		return error;
	entered = true;
#if TESTING
	if (getenv("CORDBOARD_SANDBOX_PROBE") != NULL)
		probe(d);
#endif
	return 0;
}
