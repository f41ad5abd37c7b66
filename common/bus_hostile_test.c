/*
 * bus: S49's table of bad frames, and strangers. Raw ZeroMQ sockets send what our
 * own code would not.
 */
#include "common/bus_test.h"

#include <zmq.h>

static long
rss_kb(void)
{
	long	 size = 0, rss = 0;
	FILE	*f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &rss), 2);
	fclose(f);
	return rss * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A stranger: a raw socket, connected to the daemon. */
struct stranger {
	struct house	*h;
	void		*context;
	void		*zmq;
};

static void
stranger_connect(struct stranger *s)
{
	int	linger = 0;

	if (s->zmq != NULL)
		zmq_close(s->zmq);
	s->zmq = zmq_socket(s->context, ZMQ_DEALER);
	zmq_setsockopt(s->zmq, ZMQ_LINGER, &linger, sizeof(linger));
	assert_int_equal(zmq_connect(s->zmq, s->h->endpoint), 0);
}

/*
 * Sends p and then, on the same connection, an honest question: its answer shows
 * that the daemon has read p.
 */
static void
stranger_send(struct stranger *s, const void *p, size_t n)
{
	struct msg_status	 q = { .id = 4711, .deadline_ms = 3000 };
	struct buf		 b = { 0 };
	char			 in[256];
	size_t			 mark;
	struct house		*h = s->h;
	int			 r = -1;

	assert_int_equal(zmq_send(s->zmq, p, n, 0), n);
	pack_u64(&b, 1);
	mark = pack_bin_begin(&b);
	msg_pack(&b, MSG_STATUS, &q);
	pack_bin_end(&b, mark);
	assert_int_equal(zmq_send(s->zmq, b.s, b.len, 0), b.len);
	h->asked = 0;
	until(h, (h->asked >= 1));
	until(h, (r = zmq_recv(s->zmq, in, sizeof(in), ZMQ_DONTWAIT)) > 0);
	while (zmq_recv(s->zmq, in, sizeof(in), ZMQ_DONTWAIT) > 0)
		;
	buf_fini(&b);
}

/* A frame with this as its one message. */
static void
stranger_send_message(struct stranger *s, const struct buf *message)
{
	struct buf	b = { 0 };

	pack_u64(&b, 1);
	pack_bin(&b, str_make(message->s, message->len));
	stranger_send(s, b.s, b.len);
	buf_fini(&b);
}

/* Every octet of a rich question is where it may be cut. */
static void
stranger_cuts(struct stranger *s)
{
	struct rec_contact	contacts[3] = {
		{ .uri = STR("sip:anna@192.0.2.1:5060"), .q = 500 },
		{ .uri = STR("sip:anna@[2001:db8::1]"), .expires_s = -1 },
		{ .uri = STR("tel:+49") },
	};
	struct rec_digest	digest = { .username = STR("anna"),
				    .nonce = STR("0123456789abcdef") };
	struct msg_registration	q = { .id = 1, .deadline_ms = 1000,
				    .aor = STR("anna@example.com"),
				    .digests = { &digest, 1 },
				    .contacts = { contacts, 3 } };
	struct buf		b = { 0 }, cut = { 0 };
	uint64_t		bad;

	msg_pack(&b, MSG_REGISTER, &q);
	bad = figures(s->h->daemon).bad_frames;
	for (size_t i = 0; i < b.len; i++) {
		buf_clear(&cut);
		buf_add(&cut, b.s, i);
		stranger_send_message(s, &cut);
	}
	assert_int_equal(figures(s->h->daemon).bad_frames - bad, b.len);
	buf_fini(&b);
	buf_fini(&cut);
}

static void
test_s49(void **state)
{
	static const struct {
		const char	*s;
		size_t		 n;
	} cases[] = {
#define CASE(octets)	{ octets, sizeof(octets) - 1 }
		CASE(""),
		CASE("\xc1"),
		CASE("\xa3" "abc"),			/* epoch: a text */
		CASE("\xff\xc4\x01\x00"),		/* epoch: negative */
		CASE("\x01\x01"),			/* no bin */
		CASE("\x01\xa3" "abc"),			/* a str */
		CASE("\x01\xc6\xff\xff\xff\xff"),	/* a huge bin */
		CASE("\x01\xc4\x05" "abc"),
		CASE("\x01\xc4\x00"),			/* an empty bin */
		CASE("\x01\xc4\x01\xc0"),
		CASE("\x01\xc4\x05\xdd\xff\xff\xff\xff"),
		CASE("\x01\xc4\x05\xdf\xff\xff\xff\xff"),
		CASE("\x01\xc4\x02\x91\x3e"),		/* STATUS, no fields */
		CASE("\x01\xc4\x05\x94\x3e\xa1" "a\x01"),	/* id: a text */
		CASE("\x01\xc4\x05\x94\x3e\x01\xff\x01"),	/* deadline: -1 */
		CASE("\x01\xc4\x05\x94\x3e\x01\x01\xc0"),	/* call: nil */
		CASE("\x01\xc4\x06\x94\x3e\x01\x01\x01\x01"),	/* one more octet */
		CASE("\x01\xc4\x05\x94\xff\x01\x01\x01"),	/* type -1 */
		CASE("\x01\xc4\x04\x93\x02\x01\xa0"),	/* an answer */
		CASE("\x01\xc4\x05\x94\x3e\x01\x01\x01\xc1"),	/* then rubbish */
#undef CASE
	};
	static uint8_t	 wide[2 + 24000 * 3], ones[10000], big[1100 * 1024];
	struct house	*h = *state;
	struct stranger	 s = { h, zmq_ctx_new() };
	struct buf	 b = { 0 };
	long		 before;
	uint64_t	 bad;

	log_level_set(LOG_FAILURE);	/* the lines are not the point */
	stranger_connect(&s);
	stranger_send(&s, "\x01", 1);		/* good, if pointless */
	assert_int_equal(figures(h->daemon).bad_frames, 0);
	before = rss_kb();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bad = figures(h->daemon).bad_frames;
		stranger_send(&s, cases[i].s, cases[i].n);
		assert_int_equal(figures(h->daemon).bad_frames, bad + 1);
	}
	bad = figures(h->daemon).bad_frames;
	memset(ones, 0x91, sizeof(ones));
	for (size_t i = 0; i < sizeof(wide); i++)
		wide[i] = i % 3 == 0 ? 0xdc : 0xff;
	stranger_send(&s, ones, sizeof(ones));
	stranger_send(&s, wide, sizeof(wide) - 2);
	buf_add(&b, ones, sizeof(ones));	/* inside a bin */
	stranger_send_message(&s, &b);
	buf_clear(&b);
	buf_add(&b, wide, sizeof(wide));
	stranger_send_message(&s, &b);
	buf_clear(&b);				/* as a field that is skipped */
	buf_add(&b, "\x95\x3e\x01\x01\x01", 5);
	buf_add(&b, ones, sizeof(ones));
	stranger_send_message(&s, &b);
	assert_int_equal(figures(h->daemon).bad_frames, bad + 5);
	stranger_cuts(&s);
	/* ZeroMQ cuts the connection at the announced size. */
	zmq_send(s.zmq, big, sizeof(big), 0);
	stranger_connect(&s);
	stranger_send(&s, "\x01", 1);
	/* Two parts, as some libraries send. */
	zmq_send(s.zmq, "", 0, ZMQ_SNDMORE);
	bad = figures(h->daemon).bad_frames;
	stranger_send(&s, "\x01", 1);
	assert_int_equal(figures(h->daemon).bad_frames, bad + 1);

	h->answered = 0;
	ask(h, 3000);
	until(h, h->answered == 1);
#ifndef __SANITIZE_ADDRESS__
	assert_true(rss_kb() - before < 4 * (long)sizeof(big) / 1024);
#else
	/* ASan keeps what was freed for a while: only a runaway shows. */
	assert_true(rss_kb() - before < 64 * 1024);
#endif
	zmq_close(s.zmq);
	zmq_ctx_term(s.context);
	buf_fini(&b);
	log_level_set(LOG_PROBLEMS);
}

/* A type of a newer version is refused, and what follows it is answered. */
static void
test_unknown_question(void **state)
{
	struct house	*h = *state;
	struct stranger	 s = { h, zmq_ctx_new() };
	struct buf	 b = { 0 };
	uint64_t	 bad = figures(h->daemon).bad_frames;

	stranger_connect(&s);
	pack_array(&b, 3);
	pack_u64(&b, 9999);
	pack_u64(&b, 1);
	pack_str(&b, STR("new"));
	stranger_send_message(&s, &b);
	assert_int_equal(figures(h->daemon).bad_frames, bad);
	zmq_close(s.zmq);
	zmq_ctx_term(s.context);
	buf_fini(&b);
}

/* An answer goes to its asker and to nobody who came later. */
static void
test_tickets(void **state)
{
	struct house		*h = *state;
	struct stranger		 s = { h, zmq_ctx_new() };
	struct msg_status_is	 a = { .pid = 9 };
	struct bus_ticket	 old;

	stranger_connect(&s);
	stranger_send(&s, "\x01", 1);
	h->defers = true;
	ask(h, 8000);
	until(h, h->asked >= 1 && bus_peer_open(h->peer) == 1);
	old = h->ticket;
	h->defers = false;
	for (int i = 0; i < 20; i++) {
		stranger_connect(&s);
		stranger_send(&s, "\x01", 1);
	}
	old.generation++;
	bus_answer(old, MSG_STATUS_IS, &a);	/* not his */
	old.generation--;
	old.deadline = mono_add_ms(mono_now(), 1000);
	bus_answer(old, MSG_STATUS_IS, &a);
	until(h, h->answered == 1);
	zmq_close(s.zmq);
	zmq_ctx_term(s.context);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_s49),
		T(test_unknown_question),
		T(test_tickets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
