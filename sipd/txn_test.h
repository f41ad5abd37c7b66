#ifndef SIPD_TXN_TEST_H
#define SIPD_TXN_TEST_H

/*
 * What the tests of the transactions share: a clock of the test's own, a real wire
 * to one far end, and a user that counts what it hears. Define HOST and FAR, the
 * far end's address and port, before this. Included once, by one test program.
 */
#include "sipd/house_test.h"

#include "sipd/txn.h"
#include "sipd/wheel.h"
#include "sipd/wire.h"

#define BRANCH	"z9hG4bK-one"

static struct worker	*w;
static struct mono	 now;
static struct txns	*x;
static int		 far;
static struct hop	 to;
static int		 responses, failures, last_error, ends;

static inline int
nothing_starts(struct worker *worker)
{
	return 0;
}

static inline void
nothing(struct worker *worker)
{
}

static inline void
no_packet(struct worker *worker, const struct packet *p)
{
}

static inline void
on_send_failed(struct worker *worker, uint64_t token, int error)
{
	txns_send_failed(x, token, error);
}

static inline void
nothing_returns(struct worker *worker, struct str bytes, int error)
{
}

static inline void
no_flow(struct worker *worker, const struct hop *h)
{
}

static const struct upper hooks = {
	.start = nothing_starts, .stop = nothing, .packet = no_packet,
	.send_failed = on_send_failed, .returned = nothing_returns,
	.flow_closed = no_flow, .turn = nothing,
};

static inline void
on_response(void *arg, struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	responses++;
}

static inline void
on_failed(void *arg, struct txn *t, int error)
{
	failures++;
	last_error = error;
}

static inline void
on_ended(void *arg, struct txn *t)
{
	ends++;
}

static const struct txn_user user = { on_response, on_failed, on_ended };

static inline int
setup_with(const char *text)
{
	upper = &hooks;
	house_open(text);
	w = worker_get(0);
	wheel_free(w->wheel);
	now = mono_now();
	w->wheel = wheel_new(NULL, now);
	x = txns_new(w);
	far = phone(SOCK_DGRAM, FAR);
	to = (struct hop){ TRANSPORT_UDP, house_addr(FAR), house_addr(HOST_PORT) };
	responses = failures = last_error = ends = 0;
	return 0;
}

static inline int
setup(void **state)
{
	return setup_with("server-transactions-limit 100\n"
	    "client-transactions-limit 100\n");
}

static inline int
setup_few(void **state)
{
	return setup_with("invite-retransmissions 2\nnon-invite-retransmissions 3\n"
	    "client-transactions-limit 100\n");
}

static inline int
teardown(void **state)
{
	txns_free(x);
	close(far);
	house_close();
	return 0;
}

/* So many ms pass, and what is sent arrives. Number of datagrams. */
static inline int
pass(int ms)
{
	int	n = 0;

	for (int left = ms; left > 0; left -= 4) {
		now = mono_add_ms(now, 4);
		wheel_advance(w->wheel, now);
	}
	for (int i = 0; i < 3; i++)
		loop_once(house.loop, 0);
	for (; readable(far); n++)
		(void)hear(far);
	return n;
}

static inline struct str
request(const char *method, const char *branch)
{
	static char	buf[2048];
	int		n;

	n = snprintf(buf, sizeof(buf), "%s sip:b@" FAR " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " HOST_PORT ";branch=%s\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKbelow\r\n"
	    "From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>\r\n"
	    "Call-ID: one@h\r\nCSeq: 7 %s\r\nContent-Length: 0\r\n\r\n",
	    method, branch, method);
	return str_make(buf, (size_t)n);
}

static inline struct txn *
client(const char *method)
{
	return txn_client_new(x, STR(BRANCH), str_of(method), &to, 0,
	    request(method, BRANCH), &user, NULL);
}

static inline void
respond(struct txn *t, unsigned code, const char *method)
{
	static struct sip_msg	m;
	static char		buf[1024];
	struct packet		p = { .from = to };
	int			n;

	n = snprintf(buf, sizeof(buf), "SIP/2.0 %u X\r\n"
	    "Via: SIP/2.0/UDP " HOST_PORT ";branch=" BRANCH "\r\n"
	    "From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
	    "Call-ID: one@h\r\nCSeq: 7 %s\r\nContent-Length: 0\r\n\r\n", code, method);
	assert_int_equal(sip_parse(&m, str_make(buf, (size_t)n)), 0);
	txn_response(t, &m, &p);
}

#endif
