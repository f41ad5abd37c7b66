/*
 * restore_test - kill -9 in the middle of calls, and the next process goes on: the
 * same ports, the same sources, and the packets that came in between.
 *
 * This program is the keeper and both phones. It runs itself as the process that
 * is killed ("serve"), which carries out one command per line of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fdstore.h"
#include "common/mono.h"
#include "common/stats.h"
#include "mediad/session.h"

#define RELAY	"127.0.17.1"
#define STORE	1024	/* descriptors */
#define WAIT_MS	20000	/* for anything; the tests fail, not hang */
#define SLOW_STARTS 40	/* of a busy machine */

/* ---- the process that is killed ---- */

struct served {
	struct loop	*loop;
	struct sessions	*ss;
};

static void
on_ended(void *arg, const struct session *s, const char *reason)
{
	(void)arg, (void)s, (void)reason;
}

/* "CALL BRANCH HOW CSEQ HOST PORT": one body; says the code and its port. */
static void
serve_body(struct served *v, char *line)
{
	char		call[64], branch[64], host[64], sdp[512];
	unsigned	how, cseq, port;
	struct rewritten out;
	struct rewrite	q = { .caller_tag = STR("t") };
	ptrdiff_t	at;

	if (sscanf(line, "%63s %63s %u %u %63s %u", call, branch, &how, &cseq,
	    host, &port) != 6)
		abort();
	snprintf(sdp, sizeof(sdp), "v=0\r\nc=IN IP4 %s\r\nm=audio %u RTP/AVP 0\r\n",
	    host, port);
	q.call_id = str_of(call);
	q.branch = str_of(strcmp(branch, "-") == 0 ? "" : branch);
	q.from_caller = !(how & 4);
	q.answer = how & 1;
	q.final = how & 2;
	q.cseq = cseq;
	q.sdp = str_of(sdp);
	if (addr_parse(&q.source, str_of(host), 5060) < 0)
		abort();
	sessions_rewrite(v->ss, &q, loop_now(v->loop), &out);
	at = str_find(out.sdp, STR("m=audio "));
	printf("%d %d\n", out.code, at < 0 ? 0 : atoi(out.sdp.s + at + 8));
}

static void
serve_line(void *arg, unsigned events)
{
	static char	buf[4096];
	static size_t	len;
	struct served	*v = arg;
	ssize_t		n = read(0, buf + len, sizeof(buf) - 1 - len);
	char		*end;

	(void)events;
	if (n <= 0)
		exit(0);
	len += n;
	buf[len] = '\0';
	while ((end = strchr(buf, '\n')) != NULL) {
		*end = '\0';
		if (strcmp(buf, "count") == 0)
			printf("%u %u\n", sessions_count(v->ss),
			    sides_used(sessions_sides(v->ss)));
		else if (strncmp(buf, "end ", 4) == 0)
			printf("%d 0\n", sessions_end(v->ss, str_of(buf + 4),
			    STR("t"), STR("")));
		else
			serve_body(v, buf);
		len -= end + 1 - buf;
		memmove(buf, end + 1, len + 1);
	}
	fflush(stdout);
}

static int
serve(void)
{
	static const struct set_nets lan;
	struct session_limits limits = { .lan = &lan, .sessions = 100, .streams = 8,
	    .timeout = 60000, .setup_timeout = 60000, .hold_timeout = 60000,
	    .learn_window = 3000, .steer = getenv("STEER") != NULL };
	struct served	v;
	struct media_range range = { .port_min = 23000, .port_max = 23399 };
	struct set_media media = { &range, 1 };

	fdstore_adopt();
	stats_thread();
	if (addr_parse(&range.addr, STR(RELAY), 0) < 0)
		abort();
	range.told = range.addr;
	v.loop = loop_new();
	v.ss = sessions_new(v.loop, &media, &limits, on_ended, NULL,
	    NULL);
	if (v.ss == NULL)
		abort();
	fdstore_close_rest();
	loop_io_new(v.loop, 0, LOOP_READ, serve_line, &v);
	printf("%u 0\n", sessions_restored(v.ss));
	fflush(stdout);
	loop_run(v.loop);
	return 0;
}

/* ---- the keeper ---- */

struct keeper {
	char	path[108];
	int	sock;
	int	fds[STORE];
	char	names[STORE][16];
	unsigned n;
	pid_t	child;
	int	to;		/* its input */
	FILE	*from;
};

static void
keeper_drop(struct keeper *k, const char *name)
{
	unsigned	n = 0;

	for (unsigned i = 0; i < k->n; i++) {
		if (strcmp(k->names[i], name) == 0) {
			close(k->fds[i]);
			continue;
		}
		k->fds[n] = k->fds[i];
		memmove(k->names[n++], k->names[i], sizeof(k->names[i]));
	}
	k->n = n;
}

static void
keeper_take(struct keeper *k, struct msghdr *m, const char *text)
{
	const char	*name = strstr(text, "FDNAME=");
	char		 is[16] = "";

	if (name != NULL)
		snprintf(is, sizeof(is), "%.*s", (int)strcspn(name + 7, "\n"),
		    name + 7);
	if (strncmp(text, "FDSTOREREMOVE", 13) == 0)
		keeper_drop(k, is);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		unsigned	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int		fds[253];

		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		for (unsigned i = 0; i < n; i++) {
			assert_true(k->n < STORE);
			k->fds[k->n] = fds[i];
			memcpy(k->names[k->n++], is, sizeof(is));
		}
	}
}

/* Reads what the child stored so far. */
static void
keeper_read(struct keeper *k)
{
	char		text[512], control[CMSG_SPACE(253 * sizeof(int))];
	ssize_t		n;

	for (;;) {
		struct iovec	iov = { text, sizeof(text) - 1 };
		struct msghdr	m = { .msg_iov = &iov, .msg_iovlen = 1,
		    .msg_control = control, .msg_controllen = sizeof(control) };

		n = recvmsg(k->sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0)
			return;
		text[n] = '\0';
		keeper_take(k, &m, text);
	}
}

static void
child_exec(struct keeper *k, int in, int out)
{
	static char	names[STORE * 16 + 16], n[32], pid[32], notify[128];
	char		*argv[] = { (char *)"restore_test", (char *)"serve", NULL };
	int		 high[STORE];

	dup2(in, 0);
	dup2(out, 1);
	/* first out of the way, then to where they are expected */
	for (unsigned i = 0; i < k->n; i++)
		high[i] = fcntl(k->fds[i], F_DUPFD, 3 + STORE);
	names[0] = '\0';
	for (unsigned i = 0; i < k->n; i++) {
		dup2(high[i], 3 + i);
		close(high[i]);
		strcat(names, i > 0 ? ":" : "");
		strcat(names, k->names[i]);
	}
	snprintf(n, sizeof(n), "%u", k->n);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	snprintf(notify, sizeof(notify), "%s", k->path);
	setenv("LISTEN_FDS", n, 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	setenv("NOTIFY_SOCKET", notify, 1);
	for (int fd = 3 + k->n; fd < 3 + 2 * STORE; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* A line "A B" from the child. */
static void
child_says(struct keeper *k, int *a, int *b)
{
	char		line[256];

	alarm(WAIT_MS / 1000);
	if (fgets(line, sizeof(line), k->from) == NULL ||
	    sscanf(line, "%d %d", a, b) != 2)
		fail_msg("the served process ended");
	alarm(0);
	keeper_read(k);
}

/* Returns how many sessions it restored. */
static int
child_start(struct keeper *k)
{
	int	in[2], out[2], restored, none;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	k->child = fork();
	if (k->child == 0)
		child_exec(k, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	k->to = in[1];
	k->from = fdopen(out[0], "r");
	child_says(k, &restored, &none);
	return restored;
}

static void
child_kill(struct keeper *k)
{
	kill(k->child, SIGKILL);
	waitpid(k->child, NULL, 0);
	close(k->to);
	fclose(k->from);
	keeper_read(k);
}

static int
ask(struct keeper *k, int *b, const char *fmt, ...)
{
	char	line[256];
	va_list	ap;
	int	n, a;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_int_equal(write(k->to, line, n), n);
	child_says(k, &a, b);
	return a;
}

static int
setup(void **state)
{
	struct keeper		*k = calloc(1, sizeof(*k));
	struct sockaddr_un	 un = { .sun_family = AF_UNIX };

	snprintf(k->path, sizeof(k->path), "@restore_test.%ld", (long)getpid());
	memcpy(un.sun_path + 1, k->path + 1, strlen(k->path) - 1);
	k->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	*state = k;
	return bind(k->sock, (struct sockaddr *)&un,
	    offsetof(struct sockaddr_un, sun_path) + strlen(k->path));
}

static int
teardown(void **state)
{
	struct keeper	*k = *state;

	child_kill(k);
	for (unsigned i = 0; i < k->n; i++)
		close(k->fds[i]);
	close(k->sock);
	free(k);
	return 0;
}

/* ---- phones ---- */

static int
phone(const char *host, struct addr *at)
{
	int	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(addr_parse(at, str_of(host), 0), 0);
	assert_int_equal(bind(fd, &at->sa, at->len), 0);
	assert_int_equal(getsockname(fd, &at->sa, &at->len), 0);
	return fd;
}

static void
say(int fd, int port, uint8_t n)
{
	uint8_t		p[172] = { 0x80, 0, 0, n };
	struct addr	to;

	assert_int_equal(addr_parse(&to, STR(RELAY), port), 0);
	assert_int_equal(sendto(fd, p, sizeof(p), 0, &to.sa, to.len), sizeof(p));
}

/* The next packet; -1: nothing came. */
static int
hear(int fd, int wait_ms)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };
	uint8_t		p[2048];

	if (poll(&pfd, 1, wait_ms) != 1 || recv(fd, p, sizeof(p), 0) != 172)
		return -1;
	return p[3];
}

struct call {
	int		a, b;		/* phones */
	struct addr	a_at, b_at;
	int		to_a, to_b;	/* relay ports that face them */
};

static void
call_begin(struct keeper *k, struct call *c, const char *id)
{
	c->a = phone("127.0.17.2", &c->a_at);
	c->b = phone("127.0.17.3", &c->b_at);
	assert_int_equal(ask(k, &c->to_b, "%s b1 0 1 127.0.17.2 %u\n", id,
	    addr_port(&c->a_at)), 200);
	assert_int_equal(ask(k, &c->to_a, "%s b1 7 1 127.0.17.3 %u\n", id,
	    addr_port(&c->b_at)), 200);
}

static void
call_talk(struct call *c, uint8_t n)
{
	say(c->a, c->to_a, n);
	assert_int_equal(hear(c->b, WAIT_MS), n);
	say(c->b, c->to_b, n + 1);
	assert_int_equal(hear(c->a, WAIT_MS), n + 1);
}

static void
test_kill(void **state)
{
	struct keeper	*k = *state;
	struct call	 c;
	int		 port, stranger, heard, n = 50;
	struct addr	 at;
	int64_t		 said_ms;

	assert_int_equal(child_start(k), 0);
	call_begin(k, &c, "one");
	call_talk(&c, 10);
	for (int round = 0; round < 3; round++) {
		do {	/* until it is back before the packet is stale */
			child_kill(k);
			said_ms = boot_ms();
			say(c.b, c.to_b, ++n);	/* waits in the kernel */
			assert_int_equal(child_start(k), 1);
		} while (boot_ms() - said_ms > RELAY_STALE_MS / 2 && n < 50 + SLOW_STARTS);
		while ((heard = hear(c.a, WAIT_MS)) != n)
			assert_in_range(heard, 50, n);
		/* the source is still the one that was learnt */
		stranger = phone("127.0.17.2", &at);
		say(stranger, c.to_a, 99);
		call_talk(&c, 20);
		close(stranger);
		/* asked again, the same ports */
		assert_int_equal(ask(k, &port, "one b1 0 1 127.0.17.2 %u\n",
		    addr_port(&c.a_at)), 200);
		assert_int_equal(port, c.to_b);
		assert_int_equal(ask(k, &port, "one b1 7 1 127.0.17.3 %u\n",
		    addr_port(&c.b_at)), 200);
		assert_int_equal(port, c.to_a);
		assert_int_equal(ask(k, &port, "count\n"), 1);
		assert_int_equal(port, 2);
	}
	assert_int_equal(ask(k, &port, "end one\n"), 1);
	child_kill(k);
	assert_int_equal(child_start(k), 0);
	assert_int_equal(ask(k, &port, "count\n"), 0);
	assert_int_equal(port, 0);
	close(c.a);
	close(c.b);
}

/* Killed between offer and answer: the next process takes the answer. */
static void
test_kill_in_setup(void **state)
{
	struct keeper	*k = *state;
	struct call	 c;
	int		 other;

	assert_int_equal(child_start(k), 0);
	c.a = phone("127.0.17.2", &c.a_at);
	c.b = phone("127.0.17.3", &c.b_at);
	assert_int_equal(ask(k, &c.to_b, "two b1 0 1 127.0.17.2 %u\n",
	    addr_port(&c.a_at)), 200);
	assert_int_equal(ask(k, &other, "two b2 0 1 127.0.17.2 %u\n",
	    addr_port(&c.a_at)), 200);
	child_kill(k);
	assert_int_equal(child_start(k), 1);
	assert_int_equal(ask(k, &c.to_a, "two b1 7 1 127.0.17.3 %u\n",
	    addr_port(&c.b_at)), 200);
	call_talk(&c, 10);
	assert_int_equal(ask(k, &other, "count\n"), 1);
	assert_int_equal(other, 2);	/* b2 is gone */
	close(c.a);
	close(c.b);
}

/* Row 147: a call that came back is offered, not answered: the phones are linked then. */
static void
test_kill_in_loop(void **state)
{
	struct keeper	*k = *state;
	struct call	 c;
	int		 out, back;

	assert_int_equal(child_start(k), 0);
	c.a = phone("127.0.17.2", &c.a_at);
	c.b = phone("127.0.17.3", &c.b_at);
	assert_int_equal(ask(k, &out, "one b1 0 1 127.0.17.2 %u\n",
	    addr_port(&c.a_at)), 200);
	assert_int_equal(ask(k, &c.to_b, "two b1 0 1 " RELAY " %u\n", out), 200);
	child_kill(k);
	assert_int_equal(child_start(k), 2);
	assert_int_equal(ask(k, &back, "two b1 7 1 127.0.17.3 %u\n",
	    addr_port(&c.b_at)), 200);
	assert_int_equal(ask(k, &c.to_a, "one b1 7 1 " RELAY " %u\n", back), 200);
	call_talk(&c, 10);
	close(c.a);
	close(c.b);
}

/* One dies while many are set up and ended: none is lost, none left over. */
static void
test_kill_amid_many(void **state)
{
	struct keeper	*k = *state;
	char		 line[128];
	int		 calls, ends, port;

	assert_int_equal(child_start(k), 0);
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 12; i++) {
			int	n = snprintf(line, sizeof(line),
			    "%d-%d b1 0 1 127.0.17.2 4000\n"
			    "%d-%d b1 7 1 127.0.17.3 5000\nend %d-%d\n",
			    round, i, round, i, round, i - 1);

			assert_int_equal(write(k->to, line, n), n);
		}
		child_says(k, &port, &ends);	/* amid the first of them */
		child_kill(k);
		calls = child_start(k);
		assert_in_range(calls, 0, 13 + round);
		assert_int_equal(ask(k, &ends, "count\n"), calls);
		assert_true(ends <= calls * 2);
		assert_int_equal(ask(k, &port, "x%d b1 0 1 127.0.17.2 4000\n",
		    round), 200);
		assert_int_equal(ask(k, &port, "end x%d\n", round), 1);
		assert_int_equal(ask(k, &port, "count\n"), calls);
		assert_int_equal(port, ends);
	}
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_in_setup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_in_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_amid_many, setup, teardown),
	};

	int	failed;

	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		return serve();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	setenv("STEER", "", 1);		/* the other tier, where the kernel steers */
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
