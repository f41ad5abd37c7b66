/*
 * relay_test - two phones as sockets: packets arrive, strangers' do not. Each test runs
 * over both tiers; where the kernel does not steer for us, over the one.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/stats.h"
#include "mediad/relay.h"

#define WINDOW	3000

struct house {
	struct loop		*loop;
	struct relay		*relay;
	int			 phone[2], stranger;
	struct addr		 phone_at[2], relay_at[2], stranger_at;
	struct flow		 flow[2];
	struct flow_count	 count[2];
	unsigned		 moved;
	struct addr		 own;	/* a source that is taken for ours */
	struct addr		 local;
};

static int
udp(struct addr *at, const char *host)
{
	int	fd, on = 1;

	assert_int_equal(addr_parse(at, str_of(host), 0), 0);
	fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, &at->sa, at->len), 0);
	assert_int_equal(getsockname(fd, &at->sa, &at->len), 0);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return fd;
}

static void
on_moved(void *arg, struct flow *f)
{
	struct house	*h = arg;

	(void)f;
	h->moved++;
}

static bool
is_own(void *arg, const struct addr *from)
{
	struct house	*h = arg;

	return h->own.len != 0 && addr_eq(&h->own, from);
}

/* At these addresses: relay, two phones, a stranger. */
static int
setup_at(void **state, const char *const host[4])
{
	struct house	*h = calloc(1, sizeof(*h));

	stats_thread();
	h->loop = loop_new();
	h->relay = relay_new(h->loop, on_moved, is_own, h);
	h->stranger = udp(&h->stranger_at, host[3]);
	for (int i = 0; i < 2; i++) {
		h->phone[i] = udp(&h->phone_at[i], host[1 + i]);
		h->flow[i].fd = udp(&h->relay_at[i], host[0]);
		h->flow[i].port = addr_port(&h->relay_at[i]);
		h->flow[i].local = &h->local;
		h->flow[i].count = &h->count[i];
		h->flow[i].is_rtp = true;
		h->flow[i].to = &h->flow[!i];
		learn_signal(&h->flow[i].learn, &h->phone_at[i], &h->phone_at[i],
		    loop_now(h->loop), WINDOW);
	}
	h->local = h->relay_at[0];
	addr_set_port(&h->local, 0);
	*state = h;
	return 0;
}

static int
setup(void **state)
{
	return setup_at(state, (const char *const []){ "127.0.17.1", "127.0.17.2",
	    "127.0.17.3", "127.0.17.9" });
}

static int
setup_steered(void **state)
{
	struct house	*h;

	setup(state);
	h = *state;
	return relay_steer(h->relay, &h->local, 0);
}

/* IPv6: its addresses are compared by four words. */
static int
setup_steered6(void **state)
{
	struct house	*h;

	setup_at(state, (const char *const []){ "::1", "::1", "::1", "::1" });
	h = *state;
	return relay_steer(h->relay, &h->local, 0);
}

static void
add_both(struct house *h, bool adopted)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(relay_add(h->relay, &h->flow[i], adopted), 0);
}

static int
teardown(void **state)
{
	struct house	*h = *state;

	for (int i = 0; i < 2; i++) {
		relay_remove(h->relay, &h->flow[i]);
		close(h->flow[i].fd);
		close(h->phone[i]);
	}
	close(h->stranger);
	relay_free(h->relay);
	loop_free(h->loop);
	free(h);
	return 0;
}

static void
rtp(uint8_t p[172], uint16_t seq)
{
	memset(p, 0, 172);
	p[0] = 0x80;
	p[2] = seq >> 8;
	p[3] = seq & 0xff;
	p[11] = 7;	/* SSRC */
}

static void
say(int fd, const struct addr *to, uint16_t seq)
{
	uint8_t	p[172];

	rtp(p, seq);
	assert_int_equal(sendto(fd, p, sizeof(p), 0, &to->sa, to->len), sizeof(p));
}

static uint64_t
seen(void)
{
	return stats->rtp_relayed + stats->rtp_dropped + stats->rtp_no_peer +
	    stats->rtp_dropped_source + stats->rtp_dropped_old;
}

/* Turns the loop until n packets more were judged. */
static void
turn(struct house *h, uint64_t from, uint64_t n)
{
	for (int i = 0; i < 1000 && seen() < from + n; i++)
		loop_once(h->loop, 100);
	assert_int_equal(seen(), from + n);
}

/* What the phone hears: the sequence number, or -1. */
static int
hear(int fd, struct addr *from)
{
	uint8_t	p[2048];
	ssize_t	n;

	from->len = sizeof(from->in6);
	n = recvfrom(fd, p, sizeof(p), MSG_DONTWAIT, &from->sa, &from->len);
	return n == 172 ? p[2] << 8 | p[3] : -1;
}

static void
test_both_ways(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 s = seen();

	add_both(h, false);
	for (int i = 0; i < 40; i++) {
		say(h->phone[0], &h->relay_at[0], i);
		say(h->phone[1], &h->relay_at[1], 100 + i);
	}
	turn(h, s, 80);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(hear(h->phone[1], &from), i);
		assert_true(addr_eq(&from, &h->relay_at[1]));
		assert_int_equal(hear(h->phone[0], &from), 100 + i);
		assert_true(addr_eq(&from, &h->relay_at[0]));
	}
	assert_int_equal(h->count[0].packets, 40);
	assert_int_equal(h->count[0].octets, 40 * 172);
	assert_int_equal(flow_lost(&h->count[0]), 0);
	assert_int_equal(h->moved, 2);
}

static void
test_stranger(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 s = seen(), dropped = stats->rtp_dropped_source;

	add_both(h, false);
	for (int i = 0; i < 10; i++)
		say(h->stranger, &h->relay_at[0], i);
	say(h->phone[1], &h->relay_at[1], 500);
	turn(h, s, 11);
	assert_int_equal(stats->rtp_dropped_source, dropped + 10);
	assert_int_equal(hear(h->phone[1], &from), -1);
	assert_int_equal(hear(h->stranger, &from), -1);
	assert_int_equal(hear(h->phone[0], &from), 500);
}

/* Our own ports are no source, even where the host would be right (S44). */
static void
test_own_source(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 s = seen();

	h->own = h->phone_at[0];
	add_both(h, false);
	say(h->phone[0], &h->relay_at[0], 1);
	say(h->phone[0], &h->relay_at[0], 2);
	turn(h, s, 2);
	assert_int_equal(hear(h->phone[1], &from), -1);
	assert_int_equal(h->moved, 0);
}

static void
test_no_peer(void **state)
{
	struct house	*h = *state;
	uint64_t	 s = seen(), before = stats->rtp_no_peer;

	h->flow[0].to = NULL;
	h->flow[0].learn.mute = true;
	add_both(h, false);
	say(h->phone[0], &h->relay_at[0], 1);	/* nobody yet */
	say(h->phone[1], &h->relay_at[1], 1);	/* held */
	turn(h, s, 2);
	assert_int_equal(stats->rtp_no_peer, before + 2);
}

/* What an earlier call left is thrown away; what waited for us is relayed. */
static void
test_drain(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 old = stats->rtp_dropped_old;

	say(h->phone[0], &h->relay_at[0], 1);
	assert_int_equal(relay_add(h->relay, &h->flow[0], false), 0);
	loop_once(h->loop, 0);
	assert_int_equal(hear(h->phone[1], &from), -1);

	for (int i = 0; i < 20; i++)	/* more than one vector */
		say(h->phone[1], &h->relay_at[1], 700 + i);
	assert_int_equal(relay_add(h->relay, &h->flow[1], true), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(hear(h->phone[0], &from), 700 + i);
	assert_int_equal(stats->rtp_dropped_old, old);
}

/* Older than RELAY_STALE_MS: dropped and counted. Waits for the age itself. */
static void
test_drain_old(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 old = stats->rtp_dropped_old;

	say(h->phone[1], &h->relay_at[1], 700);
	assert_int_equal(poll(NULL, 0, RELAY_STALE_MS + 5), 0);
	say(h->phone[1], &h->relay_at[1], 701);
	assert_int_equal(relay_add(h->relay, &h->flow[0], true), 0);
	assert_int_equal(relay_add(h->relay, &h->flow[1], true), 0);
	assert_int_equal(hear(h->phone[0], &from), 701);
	assert_int_equal(hear(h->phone[0], &from), -1);
	assert_int_equal(stats->rtp_dropped_old, old + 1);
}

/* Stopped for a while: the same rule. */
static void
test_stalled(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 old = stats->rtp_dropped_old, s = seen();

	add_both(h, false);
	relay_beat(h->relay, loop_now(h->loop));
	for (int i = 0; i < 20; i++)
		say(h->phone[1], &h->relay_at[1], 700 + i);
	assert_int_equal(poll(NULL, 0, RELAY_STALE_MS + 5), 0);
	say(h->phone[1], &h->relay_at[1], 800);
	turn(h, s, 21);
	assert_int_equal(hear(h->phone[0], &from), 800);
	assert_int_equal(stats->rtp_dropped_old, old + 20);
	relay_beat(h->relay, loop_now_fresh(h->loop));
	say(h->phone[1], &h->relay_at[1], 801);
	turn(h, s + 21, 1);
	assert_int_equal(hear(h->phone[0], &from), 801);
}

static void
test_rtcp_is_sound(void **state)
{
	static const struct {
		uint8_t	p[12];
		size_t	len;
		bool	pass;
	} cases[] = {
		{ { 0x80, 200, 0, 1, 0, 0, 0, 7 }, 8, true },
		{ { 0x81, 207, 0, 2, 0, 0, 0, 7 }, 12, true },
		{ { 0x80, 200, 0, 1 }, 4, false },
		{ { 0x80, 0, 0, 1, 0, 0, 0, 7 }, 12, false },	/* RTP */
		{ { 22, 254, 253, 0, 0, 0, 0, 0 }, 12, true },	/* DTLS */
	};
	struct house	*h = *state;
	uint64_t	 s = seen();
	uint8_t		 p[64];

	h->flow[0].rtcp = true;
	add_both(h, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sendto(h->phone[0], cases[i].p, cases[i].len, 0,
		    &h->relay_at[0].sa, h->relay_at[0].len);
		turn(h, s + i, 1);
		assert_int_equal(recv(h->phone[1], p, sizeof(p), MSG_DONTWAIT),
		    cases[i].pass ? (ssize_t)cases[i].len : -1);
	}
}

/* Above the rate nothing is lost, and below it packets pass at once again. */
static void
test_tick(void **state)
{
	struct house	*h = *state;
	struct addr	 from;
	uint64_t	 s = seen();
	struct mono	 begin = loop_now_fresh(h->loop);
	unsigned	 sent = 0, heard = 0;

	add_both(h, false);
	while (mono_ms_between(begin, loop_now_fresh(h->loop)) < 400) {
		for (int i = 0; i < 20; i++)
			say(h->phone[0], &h->relay_at[0], sent++);
		loop_once(h->loop, 5);
		while (hear(h->phone[1], &from) >= 0)
			heard++;
	}
	turn(h, s, sent);
	while (hear(h->phone[1], &from) >= 0)
		heard++;
	assert_int_equal(heard, sent);
	assert_int_equal(flow_lost(&h->count[0]), 0);
	begin = loop_now_fresh(h->loop);
	while (mono_ms_between(begin, loop_now_fresh(h->loop)) < 250)
		loop_once(h->loop, 50);
	say(h->phone[0], &h->relay_at[0], sent);
	turn(h, s, sent + 1);
	assert_int_equal(hear(h->phone[1], &from), sent & 0xffff);
}

static void
test_loss(void **state)
{
	static const struct {
		uint16_t	seq[8];
		unsigned	n;
		uint64_t	lost;
	} cases[] = {
		{ { 1, 2, 3, 4 }, 4, 0 },
		{ { 1, 2, 4, 5 }, 4, 1 },
		{ { 1, 3, 2, 4 }, 4, 0 },		/* late, not lost */
		{ { 1, 2, 2, 2 }, 4, 0 },		/* repeated */
		{ { 65534, 65535, 0, 1 }, 4, 0 },	/* around */
		{ { 65534, 1 }, 2, 2 },
		{ { 10, 12, 30000, 30001 }, 4, 1 },	/* began anew */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_count	c = { 0 };
		uint8_t			p[172];

		for (unsigned k = 0; k < cases[i].n; k++) {
			rtp(p, cases[i].seq[k]);
			flow_count(&c, p, sizeof(p), true, 0, 1);
		}
		assert_int_equal(c.packets, cases[i].n);
		if (flow_lost(&c) != cases[i].lost)
			fail_msg("case %zu: %d", i, (int)flow_lost(&c));
	}
}

/*
 * The kernel stamps packets from some time after the first socket asked for it:
 * holds one that asks, until a packet that waited shows its age.
 */
static void
timestamps_on(void)
{
	struct addr	 at;
	int		 fd = udp(&at, "127.0.17.1");
	int64_t		 age_ns = 0;
	char		 octet, control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec	 iov = { &octet, 1 };
	struct timespec	 stamp, now;

	while (age_ns < 1000000) {
		struct msghdr	 h = { .msg_iov = &iov, .msg_iovlen = 1,
		    .msg_control = control, .msg_controllen = sizeof(control) };

		sendto(fd, "", 1, 0, &at.sa, at.len);
		poll(NULL, 0, 2);
		assert_int_equal(recvmsg(fd, &h, 0), 1);
		assert_non_null(CMSG_FIRSTHDR(&h));
		memcpy(&stamp, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof(stamp));
		clock_gettime(CLOCK_REALTIME, &now);
		age_ns = (now.tv_sec - stamp.tv_sec) * 1000000000LL +
		    now.tv_nsec - stamp.tv_nsec;
	}
}

/* Octet by octet, short and long. */
static void
test_long(void **state)
{
	struct house	*h = *state;
	struct addr	 from = { .len = sizeof(from.in6) };
	uint64_t	 s = seen();
	uint8_t		 p[9000], got[9001];

	add_both(h, false);
	memset(p, 0x5a, sizeof(p));
	for (size_t len = 1; len <= sizeof(p); len = len * 3 + 1) {
		assert_int_equal(sendto(h->phone[0], p, len, 0, &h->relay_at[0].sa,
		    h->relay_at[0].len), len);
		turn(h, s++, 1);
		from.len = sizeof(from.in6);
		assert_int_equal(recvfrom(h->phone[1], got, sizeof(got), MSG_DONTWAIT,
		    &from.sa, &from.len), len);
		assert_memory_equal(got, p, len);
		assert_true(addr_eq(&from, &h->relay_at[1]));
	}
}

/* A port that is given back is its own socket's again, and others always were. */
static void
test_back(void **state)
{
	struct house	*h = *state;
	struct addr	 from, other_at;
	int		 other = udp(&other_at, "127.0.17.1");
	uint64_t	 s = seen();

	add_both(h, false);
	say(h->phone[0], &other_at, 3);
	assert_int_equal(hear(other, &from), 3);
	say(h->phone[0], &h->relay_at[0], 4);
	turn(h, s, 1);
	relay_remove(h->relay, &h->flow[0]);
	say(h->phone[0], &h->relay_at[0], 5);
	loop_once(h->loop, 0);
	assert_int_equal(hear(h->flow[0].fd, &from), 5);
	assert_int_equal(seen(), s + 1);
	close(other);
}

/* Does the kernel steer for us? */
static bool
may_steer(void)
{
	void	*state = NULL;
	int	 error = setup_steered(&state);

	if (error < 0)
		printf("SKIPPED: the tier that is steered: %s\n", strerror(-error));
	teardown(&state);
	return error == 0;
}

int
main(void)
{
#define T(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
#define S(t)	cmocka_unit_test_setup_teardown(t, setup_steered, teardown)
#define S6(t)	cmocka_unit_test_setup_teardown(t, setup_steered6, teardown)
	const struct CMUnitTest tests[] = {
		T(test_both_ways),
		T(test_stranger),
		T(test_own_source),
		T(test_no_peer),
		T(test_drain),
		T(test_drain_old),
		T(test_stalled),
		T(test_rtcp_is_sound),
		T(test_tick),
		T(test_long),
		T(test_back),
		cmocka_unit_test(test_loss),
	};
	const struct CMUnitTest steered[] = {
		S(test_both_ways),
		S(test_stranger),
		S(test_own_source),
		S(test_no_peer),
		S(test_drain),
		S(test_drain_old),
		S(test_stalled),
		S(test_rtcp_is_sound),
		S(test_tick),
		S(test_long),
		S(test_back),
		S6(test_both_ways),
		S6(test_long),
	};
	int	failed;

	timestamps_on();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (may_steer())
		failed += cmocka_run_group_tests(steered, NULL, NULL);
	return failed;
}
