/*
 * The wire half: connections, and what outlives the process.
 */
#define HOST	"127.0.16.1"
#include "sipd/wire_test.h"

/* ---- TCP ---- */

static void
tcp_frames(void **state)
{
	char	buf[4096];
	size_t	n;
	int	fd;

	house_run(LISTEN);
	fd = peer(SOCK_STREAM, HOST ":25060");
	/* In three pieces. */
	n = request(buf, sizeof(buf), 1, 100);
	say(fd, buf, 20);
	wait_for(tcp_count(worker_get(0)->tcp) == 1);
	loop_once(self.loop, 20);
	say(fd, buf + 20, n - 60);
	loop_once(self.loop, 20);
	assert_int_equal(packets, 0);
	say(fd, buf + n - 40, 40);
	hear(fd, buf, n);
	assert_int_equal(last_from.transport, TRANSPORT_TCP);
	/* Two and a half at once, then the rest. */
	n = request(buf, sizeof(buf), 2, 0);
	n += request(buf + n, sizeof(buf) - n, 3, 7);
	say(fd, buf, n);
	say(fd, buf, 30);
	hear(fd, buf, n);
	say(fd, buf + 30, n - 30);
	hear(fd, buf, n);
	/* Pings, and blank lines before a message. */
	say(fd, "\r\n\r\n", 4);
	hear(fd, "\r\n", 2);
	n = request(buf, sizeof(buf), 4, 0);
	say(fd, "\r\n", 2);
	say(fd, buf, n);
	hear(fd, buf, n);
	assert_int_equal(packets, 6);
	close(fd);
	wait_for(closed == 1);
	assert_int_equal(tcp_count(worker_get(0)->tcp), 0);
	assert_int_equal(tally_total(), 0);
	house_close();
}

static void
tcp_half_message_and_gone(void **state)
{
	char	buf[512];
	int	fd;

	house_run(LISTEN);
	fd = peer(SOCK_STREAM, HOST ":25060");
	say(fd, buf, request(buf, sizeof(buf), 1, 50) - 10);
	wait_for(tcp_count(worker_get(0)->tcp) == 1);
	loop_once(self.loop, 20);
	close(fd);
	wait_for(closed == 1);
	assert_int_equal(packets, 0);
	house_close();
}

static void
tcp_refuses_what_it_cannot_frame(void **state)
{
	static const struct {
		const char	*text;
		int		 packets;
	} cases[] = {
		{ "OPTIONS sip:x SIP/2.0\r\nCall-ID: a\r\n"
		  "Content-Length: -1\r\n\r\nOPTIONS sip:hidden SIP/2.0\r\n\r\n",
		  1 },
		{ "OPTIONS sip:x SIP/2.0\r\nCall-ID: a\r\nContent-Length: 1\r\n"
		  "l: 2\r\n\r\nOPTIONS sip:hidden SIP/2.0\r\n\r\n", 1 },
		{ "OPTIONS sip:x SIP/2.0\r\nCall-ID: a\r\n"
		  "Content-Length: 99999\r\n\r\nxx", 1 },
	};
	int	fd;

	house_run(LISTEN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		packets = 0;
		fd = peer(SOCK_STREAM, HOST ":25060");
		say(fd, cases[i].text, strlen(cases[i].text));
		hear_end(fd);
		assert_int_equal(packets, cases[i].packets);
		assert_int_equal(last_too_big, i == 2);
		close(fd);
	}
	assert_int_equal(stats->tcp_framing_errors, 3);
	house_close();
}

static void
tcp_endless_head(void **state)
{
	static char	junk[MESSAGE_MAX + 1000];
	int		fd;

	house_run(LISTEN "message-limit 4k\n");
	fd = peer(SOCK_STREAM, HOST ":25060");
	memset(junk, 'A', sizeof(junk));
	say(fd, junk, 10000);
	wait_for(closed == 1);
	assert_int_equal(packets, 0);
	close(fd);
	house_close();
}

static void
tcp_slow_head(void **state)
{
	int	fd, quiet;

	house_run(LISTEN "tcp-head-timeout 1s\n");
	fd = peer(SOCK_STREAM, HOST ":25060");
	quiet = peer(SOCK_STREAM, HOST ":25060");
	say(fd, "OPTIONS", 7);
	hear_end(fd);
	hear_end(quiet);
	assert_int_equal(stats->tcp_timeouts, 2);
	close(fd);
	close(quiet);
	house_close();
}

static void
tcp_limits(void **state)
{
	int	fd[4];

	house_run(LISTEN "tcp-connections-per-address 3\n");
	for (int i = 0; i < 4; i++)
		fd[i] = peer(SOCK_STREAM, HOST ":25060");
	hear_end(fd[3]);
	assert_int_equal(tally_total(), 3);
	close(fd[0]);
	wait_for(tally_total() == 2);
	close(fd[3]);
	fd[3] = peer(SOCK_STREAM, HOST ":25060");
	wait_for(tally_total() == 3);
	for (int i = 1; i < 4; i++)
		close(fd[i]);
	house_close();
	assert_int_equal(tally_total(), 0);
}

static void
tcp_connects(void **state)
{
	struct hop	h = { .transport = TRANSPORT_TCP };
	struct worker	*w;
	int		 l, fd;
	struct addr	 a = addr("127.0.15.2:25099");
	int		 one = 1;

	house_run(LISTEN);
	w = worker_get(0);
	h.remote = a;
	assert_int_equal(wire_send(w, &h, STR("one"), 0, 5), 0);
	wait_for(failed == 1);
	assert_int_equal(last_error, -ENOTCONN);
	assert_int_equal(last_token, 5);
	assert_int_equal(wire_send(w, &h, STR("one"), WIRE_MAY_CONNECT, 6), 0);
	wait_for(failed == 2);
	assert_int_equal(last_error, -ECONNREFUSED);
	assert_int_equal(last_token, 6);
	l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(l, &a.sa, a.len), 0);
	assert_int_equal(listen(l, 5), 0);
	assert_int_equal(wire_send(w, &h, STR("one"), WIRE_MAY_CONNECT, 7), 0);
	assert_int_equal(wire_send(w, &h, STR("two"), WIRE_MAY_CONNECT, 8), 0);
	wait_for(readable(l));
	fd = accept(l, NULL, NULL);
	hear(fd, "onetwo", 6);
	/* The same connection for what names no local end. */
	assert_int_equal(wire_send(w, &h, STR("three"), 0, 9), 0);
	hear(fd, "three", 5);
	assert_int_equal(tcp_count(w->tcp), 1);
	assert_int_equal(failed, 2);
	close(fd);
	wait_for(closed >= 1);
	close(l);
	house_close();
}

static void
tcp_reader_that_never_reads(void **state)
{
	static char	big[60000];
	char		buf[512];
	struct worker	*w;
	int		 fd, sent = 0;

	house_run(LISTEN);
	echo = false;
	w = worker_get(0);
	fd = peer(SOCK_STREAM, HOST ":25060");
	say(fd, buf, request(buf, sizeof(buf), 1, 0));
	wait_for(packets == 1);
	memset(big, 'x', sizeof(big));
	while (closed == 0 && sent < 2000) {
		(void)wire_send(w, &last_from, str_make(big, sizeof(big)), 0,
		    (uint64_t)++sent);
		loop_once(self.loop, 0);
	}
	assert_int_equal(closed, 1);
	assert_int_equal(stats->tcp_queue_full, 1);
	wait_for(failed > 0);
	close(fd);
	house_close();
}

/* ---- the descriptor store ---- */

static void
hand_down(const char *count, const char *names)
{
	char	pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	unsetenv("NOTIFY_SOCKET");
	fdstore_adopt();
}

static int
child_says(pid_t pid)
{
	int	status = -1;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Finds the flow, reads what waits there, and answers. */
static int
process_with_flow(int flow)
{
	if (flow != 3 && dup2(flow, 3) < 0)
		return 10;
	hand_down("1", "f7");
	house_open("listen tcp:" HOST ":25062\n");
	if (workers_open(&self) < 0 || workers_run() < 0)
		return 11;
	for (int i = 0; i < 500 && packets == 0; i++)
		loop_once(self.loop, 10);
	return packets == 1 && last_from.transport == TRANSPORT_TCP ? 0 : 12;
}

static void
flow_outlives_the_process(void **state)
{
	struct rec_binding	b = { .uri = STR("sip:a@h"),
				    .expires_ms = 60000 };
	char			remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];
	char			buf[512];
	int			fd, flow = -1, other;
	size_t			n;
	pid_t			pid;

	house_run(LISTEN);
	fd = peer(SOCK_STREAM, HOST ":25060");
	n = request(buf, sizeof(buf), 1, 0);
	say(fd, buf, n);
	hear(fd, buf, n);
	b.received = hop_print_remote(&last_from, remote);
	b.listener = hop_print_local(&last_from, local);
	assert_true(replica_apply(STR("a@h"), 1, &b, 1, mono_now()));
	wait_for(keeper_gets("FDSTORE=1", "f0", &flow));
	assert_true(flow >= 0);
	/* The last binding goes, and another one comes. */
	assert_true(replica_apply(STR("a@h"), 2, NULL, 0, mono_now()));
	replica_begin();
	replica_complete();	/* before, nothing leaves the store */
	assert_true(replica_apply(STR("a@h"), 3, &b, 1, mono_now()));
	assert_true(replica_apply(STR("a@h"), 4, NULL, 0, mono_now()));
	wait_for(keeper_gets("FDSTOREREMOVE=1", "f0", &other));
	/* Half a message waits in the kernel while there is no process. */
	n = request(buf, sizeof(buf), 2, 0);
	say(fd, buf, 30);
	loop_once(self.loop, 20);
	house_close();
	say(fd, buf + 30, n - 30);
	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(process_with_flow(flow));
	assert_int_equal(child_says(pid), 0);
	assert_int_equal(recv(fd, buf + 256, n, MSG_WAITALL), n);
	assert_memory_equal(buf, buf + 256, n);
	close(flow);
	close(fd);
}

enum { SOURCES = 40 };

static void
from_many(void)
{
	char	buf[512];
	int	fd;

	for (int i = 0; i < SOURCES; i++) {
		fd = peer(SOCK_DGRAM, HOST ":25064");
		say(fd, buf, request(buf, sizeof(buf), i, 0));
		close(fd);
	}
}

/* Has one worker for the sockets of two. */
static int
process_with_one_worker(int first, int second)
{
	int	wanted[2] = { dup(first), dup(second) };

	if (dup2(wanted[0], 3) < 0 || dup2(wanted[1], 4) < 0)
		return 10;
	for (int fd = 5; fd < 64; fd++)
		close(fd);
	hand_down("2", "u5w0:u5w1");
	house_open("listen udp:" HOST ":25064\n");
	echo = false;
	if (workers_open(&self) < 0 || workers_run() < 0)
		return 11;
	for (int i = 0; i < 500 && packets < SOURCES; i++)
		loop_once(self.loop, 10);
	if (packets != SOURCES)
		return 12;
	from_many();
	for (int i = 0; i < 500 && packets < 2 * SOURCES; i++)
		loop_once(self.loop, 10);
	return packets == 2 * SOURCES ? 0 : 13;
}

/* What waited in the socket of a worker that is no more is handled too. */
static void
fewer_workers(void **state)
{
	struct addr	a = addr(HOST ":25064");
	int		fd[2], one = 1;
	pid_t		pid;

	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(fd[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		assert_int_equal(bind(fd[i], &a.sa, a.len), 0);
	}
	from_many();
	assert_true(readable(fd[0]) && readable(fd[1]));
	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(process_with_one_worker(fd[0], fd[1]));
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(child_says(pid), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tcp_frames, each),
		cmocka_unit_test_setup(tcp_half_message_and_gone, each),
		cmocka_unit_test_setup(tcp_refuses_what_it_cannot_frame, each),
		cmocka_unit_test_setup(tcp_endless_head, each),
		cmocka_unit_test_setup(tcp_slow_head, each),
		cmocka_unit_test_setup(tcp_limits, each),
		cmocka_unit_test_setup(tcp_connects, each),
		cmocka_unit_test_setup(tcp_reader_that_never_reads, each),
		cmocka_unit_test_setup(flow_outlives_the_process, each),
		cmocka_unit_test_setup(fewer_workers, each),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
