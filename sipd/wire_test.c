/*
 * The wire half: datagrams, several workers, listeners that change.
 */
#define HOST	"127.0.15.1"
#include "sipd/wire_test.h"

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
		cmocka_unit_test_setup(workers_share, each),
		cmocka_unit_test_setup(listeners_change, each),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
