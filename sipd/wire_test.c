/*
 * The wire half as a whole: workers with sockets on loopback, an upper half that
 * echoes, and peers made of plain sockets.
 */
#include "sipd/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/conf.h"
#include "common/daemon_parts.h"
#include "common/fdstore.h"
#include "common/generation.h"
#include "common/stats.h"
#include "sipd/replica.h"
#include "sipd/tally.h"
#include "sipd/tcp.h"

#define PORT	25060
#define HOST	"127.0.15.1"
#define LISTEN	"listen udp:" HOST ":25060\nlisten tcp:" HOST ":25060\n"

static struct self	self;
static char		dir[64];
static int		notify = -1;		/* we play the keeper */

/* What the upper half saw. */
static _Atomic int	packets, wrong_worker, failed, closed;
static _Atomic int	last_error, last_too_big;
static _Atomic uint64_t	last_token;
static _Atomic int	returned;
static char		returned_bytes[1024];
static struct hop	last_from;
static char		last_bytes[MESSAGE_MAX];
static size_t		last_len;
static bool		echo;

static void
on_packet(struct worker *w, const struct packet *p)
{
	if (worker_for(w, p->bytes) != w->index)
		atomic_fetch_add(&wrong_worker, 1);
	if (workers_count() == 1) {
		last_from = p->from;
		memcpy(last_bytes, p->bytes.s, p->bytes.len);
		last_len = p->bytes.len;
		atomic_store(&last_too_big, p->too_big);
	}
	if (echo)
		(void)wire_send(w, &p->from, p->bytes, 0, 1);
	atomic_fetch_add(&packets, 1);
}

static void
on_failed(struct worker *w, uint64_t token, int error)
{
	atomic_store(&last_token, token);
	atomic_store(&last_error, error);
	atomic_fetch_add(&failed, 1);
}

static void
on_returned(struct worker *w, struct str bytes, int error)
{
	atomic_store(&last_error, error);
	str_copy(returned_bytes, sizeof(returned_bytes), bytes);
	atomic_fetch_add(&returned, 1);
}

static void
on_closed(struct worker *w, const struct hop *h)
{
	atomic_fetch_add(&closed, 1);
}

static int
on_start(struct worker *w)
{
	return 0;
}

static void
nothing(struct worker *w)
{
}

static void
on_response_lost(struct worker *w, const struct hop *h, unsigned flags,
    struct str bytes)
{
}

static const struct upper hooks = {
	.start = on_start,
	.stop = nothing,
	.packet = on_packet,
	.send_failed = on_failed,
	.returned = on_returned,
	.flow_closed = on_closed,
	.response_lost = on_response_lost,
	.turn = nothing,
};

/* ---- a house of one daemon ---- */

static void
configure(const char *text)
{
	struct complaints	 c = { 0 };
	struct generation	 g = { .number =
				    generation_last(&self.dirs) + 1 };
	static char		 flat[65536];
	struct text		 t;
	struct conf		*conf;
	char			 path[4096];

	snprintf(flat, sizeof(flat), "domain example.com\n%s%s", text,
	    strstr(text, "processors") == NULL ? "processors 1\n" : "");
	dirs_path(path, self.dirs.etc, "sip.conf");
	assert_int_equal(file_replace(path, str_of(flat), 0600), 0);
	assert_non_null(conf = conf_read(self.dirs.etc, &c));
	text_init(&t, flat, sizeof(flat));
	conf_flatten(conf, &t);
	conf_free(conf);
	assert_int_equal(generation_write(&self.dirs, &g, t.s, t.len), 0);
	assert_int_equal(generation_commit(&self.dirs, g.number), 0);
	complaints_fini(&c);
}

static void
make_dirs(void)
{
	static const char *const parts[] = { "etc", "run", "run/bus",
	    "run/monitor", "state", "state/generations", "log" };
	char	path[256];

	strcpy(dir, "/tmp/wire_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(dirs_find(&self.dirs, dir), 0);
}

static void
house_open(const char *text)
{
	static const struct daemon d = { .name = "sipd" };

	upper = &hooks;
	packets = wrong_worker = failed = closed = returned = last_error = last_too_big = 0;
	last_token = 0;
	echo = true;
	self.daemon = &d;
	self.loop = loop_new();
	self.context = bus_context_new();
	self.bus = bus_new(self.context, self.loop, 1);
	self.epoch = 1;
	configure(text);
	assert_int_equal(config_start(&self), 0);
}

static void
house_run(const char *text)
{
	house_open(text);
	assert_int_equal(workers_open(&self), 0);
	assert_int_equal(workers_run(), 0);
}

static void
house_close(void)
{
	workers_stop();
	config_stop(&self);
	bus_free(self.bus);
	bus_context_free(self.context);
	loop_free(self.loop);
}

/* Turns the loop until cond is true: at most five seconds. */
#define wait_for(cond)	do {						\
	bool ok_ = false;						\
	for (int i_ = 0; i_ < 500 && !(ok_ = (cond)); i_++)		\
		loop_once(self.loop, 10);				\
	if (!ok_)							\
		fail_msg("in vain: %s", #cond);				\
} while (0)

static bool
readable(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static struct addr
addr(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse_port(&a, str_of(text)), 0);
	return a;
}

static int
peer(int type, const char *to)
{
	struct addr	a = addr(to);
	int		fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &a.sa, a.len), 0);
	return fd;
}

/* A request of so many octets of body. */
static size_t
request(char *buf, size_t size, int call, size_t body)
{
	int	n = snprintf(buf, size, "OPTIONS sip:x SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP h;branch=z9hG4bK%d\r\n"
		    "Call-ID: call-%d@h\r\nContent-Length: %zu\r\n\r\n",
		    call, call, body);

	memset(buf + n, 'b', body);
	return (size_t)n + body;
}

static void
say(int fd, const char *s, size_t n)
{
	assert_int_equal(send(fd, s, n, MSG_NOSIGNAL), n);
}

/* The same octets come back. */
static void
hear(int fd, const char *want, size_t n)
{
	char	got[MESSAGE_MAX + 1];
	size_t	have = 0;

	while (have < n) {
		wait_for(readable(fd));
		ssize_t r = recv(fd, got + have, sizeof(got) - have,
		    MSG_DONTWAIT);
		assert_true(r > 0);
		have += (size_t)r;
	}
	assert_int_equal(have, n);
	assert_memory_equal(got, want, n);
}

static void
hear_end(int fd)
{
	char	c[64];

	for (;;) {
		wait_for(readable(fd));
		if (recv(fd, c, sizeof(c), MSG_DONTWAIT) <= 0)
			return;
	}
}

/* ---- the keeper ---- */

/* The next datagram to the keeper; its descriptor, if any, through *fd. */
static bool
keeper_hears(char *text, size_t size, int *fd)
{
	char		 control[CMSG_SPACE(sizeof(int))];
	struct iovec	 iov = { text, size - 1 };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr	*c;
	ssize_t		 n = recvmsg(notify, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return false;
	text[n] = '\0';
	*fd = -1;
	if ((c = CMSG_FIRSTHDR(&m)) != NULL)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return true;
}

static bool
keeper_gets(const char *command, const char *name, int *out)
{
	char	text[512], want[64];
	int	fd;

	snprintf(want, sizeof(want), "FDNAME=%s\n", name);
	while (keeper_hears(text, sizeof(text), &fd)) {
		strcat(text, "\n");
		if (strstr(text, command) != NULL &&
		    strstr(text, want) != NULL) {
			*out = fd;
			return true;
		}
		if (fd >= 0)
			close(fd);
	}
	return false;
}

/* What it was sent holds sockets open until it is read. */
static void
keeper_forgets(void)
{
	char	text[512];
	int	fd;

	while (keeper_hears(text, sizeof(text), &fd))
		if (fd >= 0)
			close(fd);
}

/* ---- UDP ---- */

static void
udp_echoes(void **state)
{
	static char	buf[MESSAGE_MAX];
	char		want[512];
	int		fd;
	size_t		n;

	house_run(LISTEN);
	fd = peer(SOCK_DGRAM, HOST ":25060");
	for (int i = 0; i < 100; i++)
		say(fd, buf, request(buf, sizeof(buf), i, 10));
	for (int i = 0; i < 100; i++)
		hear(fd, want, request(want, sizeof(want), i, 10));
	assert_int_equal(packets, 100);
	assert_int_equal(last_from.transport, TRANSPORT_UDP);
	assert_int_equal(addr_port(&last_from.local), PORT);
	n = request(buf, sizeof(buf), 1, 60000);
	say(fd, buf, n);
	hear(fd, buf, n);
	close(fd);
	house_close();
}

static void
udp_ignores_what_is_no_sip(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		bool		 taken;
	} cases[] = {
		{ "", 0, false },
		{ "\r\n", 2, false },
		{ "\r\n\r\n", 4, false },
		{ "\0\0\0\0", 4, false },
		{ "\0\1\0\0!\022\244B", 8, false },	/* STUN */
		{ "\xff\xff", 2, false },
		{ "<xml/>", 6, false },
		{ "\r\nOPTIONS sip:x SIP/2.0\r\n\r\n", 27, true },
		{ "garbage", 7, true },
	};
	int	fd, want = 0;

	house_run(LISTEN);
	fd = peer(SOCK_DGRAM, HOST ":25060");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say(fd, cases[i].bytes, cases[i].len);
		say(fd, "mark", 4);
		want += 1 + cases[i].taken;
		wait_for(packets == want);
	}
	assert_int_equal(stats->parse_errors, 2);
	close(fd);
	house_close();
}

static void
udp_answers_from_where_it_was_asked(void **state)
{
	struct sockaddr_in	from;
	struct addr		to = addr("127.0.15.7:25061");
	socklen_t		len = sizeof(from);
	struct hop		h = { .transport = TRANSPORT_UDP };
	struct addr		ours;
	char			buf[512], got[512];
	int			fd;

	house_run("listen udp:0.0.0.0:25061\n");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(sendto(fd, buf, request(buf, sizeof(buf), 1, 0), 0, &to.sa,
	    to.len) > 0);
	wait_for(readable(fd));
	assert_true(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&from,
	    &len) > 0);
	assert_int_equal(from.sin_addr.s_addr, to.in.sin_addr.s_addr);
	assert_true(addr_eq(&last_from.local, &to));
	h.remote = addr("127.0.15.9:5060");
	assert_int_equal(wire_local(worker_get(0), &h, &ours), 0);
	assert_false(addr_is_wildcard(&ours));
	assert_int_equal(addr_port(&ours), 25061);
	close(fd);
	house_close();
}

/*
 * RFC 3261 section 18.4. What goes elsewhere in the same vectors leaves all the
 * same: the errors that come in between are nobody's but the closed port's.
 */
static void
udp_hears_of_closed_ports(void **state)
{
	struct hop	gone = { .transport = TRANSPORT_UDP,
			    .remote = addr("127.0.15.9:9") };
	struct hop	there = { .transport = TRANSPORT_UDP };
	char		buf[512], got[512];
	int		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t		n = request(buf, sizeof(buf), 1, 0);

	house_run(LISTEN);
	there.remote = addr("127.0.15.8:25062");
	assert_int_equal(bind(fd, &there.remote.sa, there.remote.len), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(wire_send(worker_get(0), &gone,
		    str_make(buf, n), 0, 1), 0);
		assert_int_equal(wire_send(worker_get(0), &there,
		    str_make(buf, n), 0, 2), 0);
	}
	loop_turn_again(self.loop);
	for (int i = 0; i < 10; i++) {
		wait_for(readable(fd));
		assert_int_equal(recv(fd, got, sizeof(got), 0), n);
	}
	wait_for(returned == 10);
	assert_int_equal(last_error, -ECONNREFUSED);
	assert_int_equal(strlen(returned_bytes), n);
	assert_memory_equal(returned_bytes, buf, n);
	assert_int_equal(failed, 0);
	assert_int_equal(stats->udp_send_failed, 0);
	/* Receiving goes on too. */
	say(fd = peer(SOCK_DGRAM, HOST ":25060"), buf, n);
	hear(fd, buf, n);
	close(fd);
	house_close();
}

static void
udp_taken_port(void **state)
{
	struct addr	a = addr(HOST ":25060");
	int		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int		one = 1;

	/* Even one that would let us in. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	house_open(LISTEN);
	assert_int_equal(workers_open(&self), -EADDRINUSE);
	house_close();
	keeper_forgets();
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	assert_int_equal(listen(fd, 1), 0);
	house_open(LISTEN);
	assert_int_equal(workers_open(&self), -EADDRINUSE);
	house_close();
	close(fd);
}

static void
udp_unreachable_is_told(void **state)
{
	struct hop	h = { .transport = TRANSPORT_UDP };

	house_run(LISTEN);
	h.remote = addr("255.255.255.255:5060");
	assert_int_equal(wire_send(worker_get(0), &h, STR("x"), 0, 77), 0);
	wait_for(failed == 1);
	assert_int_equal(last_token, 77);
	assert_true(last_error < 0);
	h.remote = addr("[::1]:5060");
	assert_int_equal(wire_send(worker_get(0), &h, STR("x"), 0, 78),
	    -EADDRNOTAVAIL);
	house_close();
}

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

/* ---- several workers ---- */

static void
workers_share(void **state)
{
	enum { N = 200 };
	char	buf[512];
	int	udp, tcp[8];

	house_run(LISTEN "processors 3\n");
	assert_int_equal(workers_count(), 3);
	udp = peer(SOCK_DGRAM, HOST ":25060");
	for (int i = 0; i < 8; i++)
		tcp[i] = peer(SOCK_STREAM, HOST ":25060");
	for (int i = 0; i < N; i++) {
		say(udp, buf, request(buf, sizeof(buf), i, 0));
		hear(udp, buf, request(buf, sizeof(buf), i, 0));
		say(tcp[i % 8], buf, request(buf, sizeof(buf), i + N, 0));
		hear(tcp[i % 8], buf, request(buf, sizeof(buf), i + N, 0));
	}
	assert_int_equal(packets, 2 * N);
	assert_int_equal(wrong_worker, 0);
	for (int i = 0; i < 8; i++)
		close(tcp[i]);
	wait_for(closed == 8 * 3);
	close(udp);
	house_close();
}

static void
listeners_change(void **state)
{
	struct settings	*before;
	char		 buf[512];
	int		 old, new;
	size_t		 n;

	house_run(LISTEN "processors 2\n");
	old = peer(SOCK_DGRAM, HOST ":25060");
	n = request(buf, sizeof(buf), 1, 0);
	say(old, buf, n);
	hear(old, buf, n);
	before = (struct settings *)(uintptr_t)self.settings;
	configure("listen udp:" HOST ":25063\nlisten tcp:" HOST ":25060\n"
	    "processors 2\n");
	config_reread(&self);
	workers_commit(before);
	new = peer(SOCK_DGRAM, HOST ":25063");
	for (int i = 0; i < 20; i++) {
		n = request(buf, sizeof(buf), i, 0);
		say(new, buf, n);
		hear(new, buf, n);
	}
	/* The old port is free again. */
	close(old);
	for (int i = 0; i < 500; i++) {
		struct addr a = addr(HOST ":25060");

		keeper_forgets();
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int ok = bind(fd, &a.sa, a.len);

		close(fd);
		if (ok == 0)
			break;
		assert_true(i < 499);
		loop_once(self.loop, 10);
	}
	close(new);
	house_close();
}

/* ---- */

static int
begin(void **state)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };

	make_dirs();
	stats_thread();
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", dir);
	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify < 0 || bind(notify, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	fdstore_adopt();
	return 0;
}

static int
each(void **state)
{
	keeper_forgets();
	memset(stats, 0, sizeof(*stats));
	return 0;
}

static int
end(void **state)
{
	char	command[128];

	close(notify);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(udp_echoes, each),
		cmocka_unit_test_setup(udp_ignores_what_is_no_sip, each),
		cmocka_unit_test_setup(udp_answers_from_where_it_was_asked, each),
		cmocka_unit_test_setup(udp_hears_of_closed_ports, each),
		cmocka_unit_test_setup(udp_taken_port, each),
		cmocka_unit_test_setup(udp_unreachable_is_told, each),
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
		cmocka_unit_test_setup(workers_share, each),
		cmocka_unit_test_setup(listeners_change, each),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
