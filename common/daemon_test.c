/*
 * daemon: the whole skeleton as a process: options, start and its failures, status,
 * settings in two phases, deadline, drain, signals.
 */
#include "common/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/generation.h"
#include "common/log.h"
#include "common/sandbox.h"

#define PATIENCE_MS	20000	/* of a slow machine; nothing waits that long */

static char		base[] = "/tmp/daemon_test.XXXXXX";
static struct dirs	d;
static char		out[65536];	/* what the last process wrote */

/* ---- the daemon under test ---- */

static unsigned	left = 2;

static int
own_start(struct self *self)
{
	return self->settings->max_contacts == 99 ? -EADDRINUSE : 0;
}

static void
own_stop(struct self *self)
{
	if (self->settings != NULL)	/* a start may fail before there are any */
		log_major("TEST", "stopped with %u contacts",
		    self->settings->max_contacts);
}

static bool
own_prepare(struct self *self, const struct settings *next,
    struct complaints *c)
{
	if (next->max_contacts != 66)
		return true;
	complain(c, false, "sip.conf", 3, 1, "66 will not do");
	return false;
}

static void
own_commit(struct self *self, const struct settings *old)
{
	log_major("TEST", "from %u to %u", old->max_contacts,
	    settings_now()->max_contacts);
}

static void
own_status(struct self *self, struct status_is *s)
{
	status_figure(s, "calls", self->settings->max_contacts);
	status_figure(s, "calls", 7);
	status_warn(s, "sipctl doctor", "something is %s", "odd");
}

static unsigned
own_busy(struct self *self)
{
	return left > 0 ? left-- : 0;
}

static const struct daemon	regd = {
	.name = "regd", .index = USER_REGD, .sandbox = SANDBOX_STORE,
	.start = own_start, .stop = own_stop, .prepare = own_prepare,
	.commit = own_commit, .status = own_status, .busy = own_busy,
};

/* ---- processes ---- */

static int	out_fd = -1;

static pid_t
launch(const char *option)
{
	const char	*argv[] = { "regd", "-C", base, option, NULL };
	int		 fds[2];
	pid_t		 pid;

	fflush(NULL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		exit(daemon_main(&regd, option != NULL ? 4 : 3, (char **)argv));
	}
	close(fds[1]);
	out_fd = fds[0];
	return pid;
}

/* What it wrote until it ended; its exit code. */
static int
ended(pid_t pid)
{
	size_t	n = 0;
	ssize_t	got;
	int	status;

	while (n < sizeof(out) - 1 &&
	    (got = read(out_fd, out + n, sizeof(out) - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(out_fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || strstr(out, "Sanitizer") != NULL)
		print_error("%s", out);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int	notify_sock = -1;

/* The next READY or STOPPING, not the watchdog's. */
static void
hear(const char *what)
{
	struct pollfd	p = { notify_sock, POLLIN, 0 };
	char		text[256];
	ssize_t		n;

	for (;;) {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		n = recv(notify_sock, text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = '\0';
		if (strncmp(text, what, strlen(what)) == 0)
			return;
	}
}

static pid_t
launch_ready(void)
{
	pid_t	pid = launch(NULL);

	hear("READY=1");
	return pid;
}

/* ---- the bus from outside ---- */

static struct loop		*loop;
static struct bus_context	*context;
static struct bus		*bus;
static struct bus_peer		*peer, *monitor;
static bool			 answered;
static int			 answer_error;
static enum msg_type		 answer_type;
static bool			 answer_ok, answer_restart;
static char			 answer_text[256];
static struct msg_status_is	 status;
static int64_t			 status_calls;

static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	answered = true;
	answer_error = error;
	answer_type = type;
	answer_text[0] = '\0';
	if (error == 0 && type == MSG_PREPARED) {
		answer_ok = m->prepared.ok;
		answer_restart = m->prepared.restart;
		if (m->prepared.complaints.n > 0)
			str_copy(answer_text, sizeof(answer_text),
			    m->prepared.complaints.v[0].text);
	} else if (error == 0 && type == MSG_STATUS_IS) {
		status = m->status_is;
		for (uint32_t i = 0; i < m->status_is.figures.n; i++)
			if (str_eq(m->status_is.figures.v[i].name,
			    STR("calls")))
				status_calls = m->status_is.figures.v[i].value;
		if (m->status_is.warnings.n > 0)
			str_copy(answer_text, sizeof(answer_text),
			    m->status_is.warnings.v[0].text);
	}
}

static void
ask(struct bus_peer *p, enum msg_type type, void *m)
{
	answered = false;
	bus_ask(p, type, m, PATIENCE_MS, on_answer, NULL);
	while (!answered)
		loop_once(loop, 100);
}

static void
bus_up(void)
{
	char	end[4200];

	loop = loop_new();
	context = bus_context_new();
	bus = bus_new(context, loop, 77);
	peer = bus_peer_new(bus, "regd", dirs_bus(end, &d, "regd"));
	monitor = bus_peer_new(bus, "regd", dirs_monitor(end, &d, "regd"));
}

static void
bus_down(void)
{
	bus_free(bus);
	bus_context_free(context);
	loop_free(loop);
}

static uint64_t
status_generation(void)
{
	struct msg_status	m = { 0 };

	ask(monitor, MSG_STATUS, &m);
	assert_int_equal(answer_error, 0);
	assert_int_equal(answer_type, MSG_STATUS_IS);
	return status.generation;
}

/* ---- generations ---- */

static char	flat[8192];

static size_t
flatten(unsigned contacts)
{
	struct complaints	 c = { 0 };
	struct conf		*conf;
	struct text		 t;
	char			 path[4096], conf_text[256];

	snprintf(conf_text, sizeof(conf_text), "domain example.com\n"
	    "listen udp:127.0.12.1:5099\nmax-contacts %u\n", contacts);
	assert_int_equal(file_replace(dirs_path(path, d.etc, "sip.conf"),
	    str_of(conf_text), 0644), 0);
	conf = conf_read(d.etc, &c);
	assert_non_null(conf);
	text_init(&t, flat, sizeof(flat));
	conf_flatten(conf, true, &t);
	conf_free(conf);
	complaints_fini(&c);
	return t.len;
}

static void
generation(uint64_t n, unsigned contacts, int64_t until_ms)
{
	struct generation	g = { .number = n };
	size_t			len = flatten(contacts);

	if (until_ms != 0) {
		g.confirm = true;
		g.confirm_until_ms = until_ms;
		snprintf(g.boot, sizeof(g.boot), "%s", boot_id());
	}
	assert_int_equal(generation_write(&d, &g, flat, len), 0);
	assert_int_equal(generation_commit(&d, n), 0);
}

static void
prepare(uint64_t n, unsigned contacts)
{
	struct msg_prepare	m = { .generation = n, .user = STR("anna") };

	m.text = str_make(flat, flatten(contacts));
	ask(peer, MSG_PREPARE, &m);
	assert_int_equal(answer_error, 0);
	assert_int_equal(answer_type, MSG_PREPARED);
}

static enum msg_type
commit(uint64_t n, bool abort_, int64_t until_ms)
{
	struct msg_commit	m = { .generation = n, .abort = abort_,
				    .confirm_until_ms = until_ms };

	ask(peer, MSG_COMMIT, &m);
	assert_int_equal(answer_error, 0);
	return answer_type;
}

static int
fresh(void **state)
{
	char	command[128];

	snprintf(command, sizeof(command), "rm -rf %s/state/* %s/log/*", base,
	    base);
	return system(command);
}

static int
set_up(void **state)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };

	assert_non_null(mkdtemp(base));
	chmod(base, 0755);
	assert_int_equal(dirs_find(&d, base), 0);
	mkdir(d.etc, 0755);
	mkdir(d.run, 0755);
	mkdir(d.state, 0755);
	mkdir(d.log, 0755);
	notify_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%.80s/notify", base);
	assert_int_equal(bind(notify_sock, (struct sockaddr *)&sa,
	    sizeof(sa)), 0);
	chmod(sa.sun_path, 0777);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	return 0;
}

static int
tear_down(void **state)
{
	char	command[128];

	close(notify_sock);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* ---- tests ---- */

static void
test_options(void **state)
{
	static const struct {
		const char	*option;
		int		 code;
		const char	*says;
	} cases[] = {
		{ "-V", 0, "regd " VERSION "\n" },
		{ "--version", 0, "regd " VERSION "\n" },
		{ "-h", 0, "usage: regd" },
		{ "-x", 2, "usage: regd" },
		{ "start", 2, "unexpected argument \"start\"" },
		{ "-n", 0, "is in order; no generation is in force" },
		{ "-p", 0, "max-contacts 4" },
		{ "-f", 1, "run \"sipctl up\"" },
	};

	flatten(4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ended(launch(cases[i].option)),
		    cases[i].code);
		assert_non_null(strstr(out, cases[i].says));
	}
	generation(1, 5, 0);
	flatten(6);		/* etc is not what counts */
	assert_int_equal(ended(launch("-p")), 0);
	assert_non_null(strstr(out, "max-contacts 5"));
	assert_int_equal(ended(launch("-n")), 0);
	assert_non_null(strstr(out, "generation 1 is in order"));
}

static void
test_start_fails(void **state)
{
	char	path[4096];
	pid_t	pid;

	generation(1, 99, 0);
	assert_int_equal(ended(launch(NULL)), 1);

	generation(2, 5, 0);
	pid = launch_ready();
	int first = out_fd;
	assert_int_equal(ended(launch(NULL)), 1);
	snprintf(path, sizeof(path), "already runs on %s/run as pid %ld", base,
	    (long)pid);
	assert_non_null(strstr(out, path));
	out_fd = first;
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);

	/* A generation that nobody can parse is no reason to guess. */
	generation(3, 5, 0);
	assert_int_equal(truncate(dirs_path(path, d.state,
	    "generations/3/conf"), 20), 0);
	assert_int_equal(ended(launch(NULL)), 1);
	assert_non_null(strstr(out, "generation 3 cannot be used"));
}

static void
test_status(void **state)
{
	struct msg_drain	drain = { .by = STR("anna") };
	struct stat		st;
	char			path[4096];
	pid_t			pid;

	generation(4, 5, 0);
	pid = launch_ready();
	bus_up();
	assert_int_equal(status_generation(), 4);
	assert_int_equal(status.state, DAEMON_WARN);
	assert_string_equal(answer_text, "something is odd");
	assert_int_equal(status.pid, pid);
	assert_true(status.rss_bytes > 1000000);
	assert_true(status.cpu_us > 0);
	assert_true(status.epoch >> 16 > 1700000000000);
	assert_int_equal(status_calls, 7);
	/* Who may only look changes nothing. */
	ask(monitor, MSG_DRAIN, &drain);
	assert_int_equal(answer_type, MSG_REFUSED);
	if (geteuid() == 0) {
		assert_int_equal(stat(dirs_path(path, d.run, "bus/regd"), &st),
		    0);
		assert_int_equal(st.st_mode & 0777, 0770);
		assert_int_equal(st.st_gid, sandbox_gid());
		stat(dirs_path(path, d.run, "monitor"), &st);
		assert_int_equal(st.st_mode & 0777, 0750);
		assert_int_equal(st.st_gid, sandbox_monitor_gid());
		stat(dirs_path(path, d.state, "regd"), &st);
		assert_int_equal(st.st_mode & 0777, 0700);
		assert_int_equal(st.st_uid, sandbox_uid(&regd));
	}
	/* Drained: it goes on until busy() says 0, then ends by itself. */
	drain.limit_ms = PATIENCE_MS;
	ask(peer, MSG_DRAIN, &drain);
	assert_int_equal(answer_type, MSG_DONE);
	hear("STOPPING=1");
	assert_int_equal(ended(pid), 0);
	assert_non_null(strstr(out, "stopped with 5 contacts"));
	bus_down();
}

static void
test_two_phases(void **state)
{
	pid_t	pid;

	generation(1, 5, 0);
	pid = launch_ready();
	bus_up();
	prepare(2, 6);
	assert_true(answer_ok && !answer_restart);
	assert_int_equal(status_generation(), 1);
	assert_int_equal(commit(2, true, 0), MSG_DONE);		/* dropped */
	assert_int_equal(commit(2, false, 0), MSG_REFUSED);
	assert_int_equal(status_generation(), 1);

	prepare(2, 66);						/* refused */
	assert_false(answer_ok);
	assert_string_equal(answer_text, "66 will not do");
	assert_int_equal(commit(2, false, 0), MSG_REFUSED);
	prepare(2, 5000);					/* no such number */
	assert_false(answer_ok);
	assert_true(strlen(answer_text) > 0);

	prepare(2, 7);
	assert_int_equal(commit(2, false, 0), MSG_DONE);
	assert_int_equal(commit(2, false, 0), MSG_DONE);	/* repeated */
	assert_int_equal(status_generation(), 2);

	/* COMMIT is a hint: what the disk says counts. */
	generation(2, 7, 0);
	generation(3, 8, 0);
	assert_int_equal(commit(3, false, 0), MSG_DONE);
	assert_int_equal(status_generation(), 3);
	generation(4, 9, 0);
	kill(pid, SIGHUP);
	while (status_generation() != 4)
		;
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	assert_non_null(strstr(out, "from 5 to 7"));
	assert_non_null(strstr(out, "from 7 to 8"));
	assert_non_null(strstr(out, "from 8 to 9"));
	assert_null(strstr(out, "to 6"));
	bus_down();
}

static void
test_deadline(void **state)
{
	pid_t	pid;

	/* By message alone, as mediad has it. */
	generation(1, 5, 0);
	pid = launch_ready();
	bus_up();
	prepare(2, 6);
	assert_int_equal(commit(2, false, boot_ms() + PATIENCE_MS), MSG_DONE);
	assert_int_equal(commit(2, false, 0), MSG_DONE);	/* confirmed */
	generation(2, 6, 0);
	prepare(3, 7);
	assert_int_equal(commit(3, false, boot_ms() + 150), MSG_DONE);
	while (status_generation() != 2)
		;
	/* From disk: what is in force at the start, and what comes after it. */
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	assert_non_null(strstr(out, "generation 3 was not confirmed in time"));
	generation(3, 8, boot_ms() + 400);
	pid = launch_ready();
	while (status_generation() != 2)
		;
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	assert_non_null(strstr(out, "from 8 to 6"));
	bus_down();
}

/* SIGUSR1 is a keeper that asks who is there. */
static void
test_again(void **state)
{
	pid_t	pid;

	generation(1, 5, 0);
	pid = launch_ready();
	kill(pid, SIGUSR1);
	hear("READY=1");
	kill(pid, SIGINT);
	hear("STOPPING=1");
	assert_int_equal(ended(pid), 0);
}

/* Without the sandbox the leak checker may look, too. */
static void
test_leaks(void **state)
{
	pid_t	pid;

	setenv("CORDBOARD_SANDBOX", "off", 1);
	generation(1, 5, 0);
	pid = launch_ready();
	bus_up();
	assert_int_equal(status_generation(), 1);
	prepare(2, 6);
	assert_int_equal(commit(2, false, 0), MSG_DONE);
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	bus_down();
	unsetenv("CORDBOARD_SANDBOX");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup(test_options, fresh),
		cmocka_unit_test_setup(test_start_fails, fresh),
		cmocka_unit_test_setup(test_status, fresh),
		cmocka_unit_test_setup(test_two_phases, fresh),
		cmocka_unit_test_setup(test_deadline, fresh),
		cmocka_unit_test_setup(test_again, fresh),
		cmocka_unit_test_setup(test_leaks, fresh),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
