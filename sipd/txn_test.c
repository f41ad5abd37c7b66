/*
 * Transactions on a clock of the test's own and a real wire: what leaves, when,
 * and what their user hears.
 */
#define HOST	"127.0.22.1"
#include "sipd/house_test.h"

#include "sipd/txn.h"
#include "sipd/wheel.h"
#include "sipd/wire.h"

#define FAR	"127.0.21.2:25122"
#define BRANCH	"z9hG4bK-one"

static struct worker	*w;
static struct mono	 now;
static struct txns	*x;
static int		 far;
static struct hop	 to;
static int		 responses, failures, last_error, ends;

static int
nothing_starts(struct worker *worker)
{
	return 0;
}

static void
nothing(struct worker *worker)
{
}

static void
no_packet(struct worker *worker, const struct packet *p)
{
}

static void
on_send_failed(struct worker *worker, uint64_t token, int error)
{
	txns_send_failed(x, token, error);
}

static void
nothing_returns(struct worker *worker, struct str bytes, int error)
{
}

static void
no_flow(struct worker *worker, const struct hop *h)
{
}

static const struct upper hooks = {
	.start = nothing_starts, .stop = nothing, .packet = no_packet,
	.send_failed = on_send_failed, .returned = nothing_returns,
	.flow_closed = no_flow, .turn = nothing,
};

static void
on_response(void *arg, struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	responses++;
}

static void
on_failed(void *arg, struct txn *t, int error)
{
	failures++;
	last_error = error;
}

static void
on_ended(void *arg, struct txn *t)
{
	ends++;
}

static const struct txn_user user = { on_response, on_failed, on_ended };

static int
setup(void **state)
{
	upper = &hooks;
	house_open("transactions-limit 100\n");
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

static int
teardown(void **state)
{
	txns_free(x);
	close(far);
	house_close();
	return 0;
}

/* So many ms pass, and what is sent arrives. Number of datagrams. */
static int
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

static struct str
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

static struct txn *
client(const char *method)
{
	return txn_client_new(x, STR(BRANCH), str_of(method), &to, 0,
	    request(method, BRANCH), &user, NULL);
}

static void
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

/* ---- clients ------------------------------------------------------------ */

/* Timers A: 0, 500, 1500, 3500, 7500 ms; B: 10 s here. */
static void
test_invite_nobody_answers(void **state)
{
	assert_non_null(client("INVITE"));
	assert_int_equal(pass(496), 1);
	assert_int_equal(pass(1004), 2);
	assert_int_equal(pass(2008), 1);
	assert_int_equal(pass(4008), 1);
	assert_int_equal(failures, 0);
	assert_int_equal(pass(2600), 0);
	assert_int_equal(failures, 1);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x) + txns_count(x, false), 0);
}

/* Timers E: 0, 500, 1500, 3500, 7500, then every 4 s; F: 32 s. */
static void
test_other_nobody_answers(void **state)
{
	assert_non_null(client("MESSAGE"));
	assert_int_equal(pass(7600), 5);
	assert_int_equal(pass(24000), 6);
	assert_int_equal(failures, 0);
	pass(1000);
	assert_int_equal(last_error, -ETIMEDOUT);
	assert_int_equal(ends, 1);
}

static void
test_invite_refused(void **state)
{
	struct txn	*t = client("INVITE");

	hear_this(far, "INVITE ");
	respond(t, 180, "INVITE");
	assert_int_equal(pass(20000), 0);
	respond(t, 486, "INVITE");
	assert_int_equal(responses, 2);
	loop_once(house.loop, 0);
	assert_non_null(strstr(hear_this(far, "ACK sip:b@" FAR " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " HOST_PORT ";branch=" BRANCH "\r\nMax"),
	    "\r\nTo: <sip:b@example.com>;tag=b\r\n"));
	respond(t, 486, "INVITE");	/* again: acknowledged, not passed on */
	assert_int_equal(pass(4), 1);
	assert_int_equal(responses, 2);
	assert_int_equal(txns_active(x), 0);
	assert_int_equal(ends, 0);
	pass(32100);
	assert_int_equal(ends, 1);
}

/* RFC 6026: each 2xx is passed on for 64*T1. */
static void
test_invite_accepted(void **state)
{
	struct txn	*t = client("INVITE");

	pass(4);
	respond(t, 200, "INVITE");
	pass(10000);
	respond(t, 200, "INVITE");
	assert_int_equal(responses, 2);
	assert_int_equal(pass(21900), 0);
	assert_int_equal(ends, 0);
	pass(300);
	assert_int_equal(ends, 1);
	assert_int_equal(failures, 0);
}

static void
test_other_answered(void **state)
{
	struct txn	*t = client("BYE");

	pass(4);
	respond(t, 200, "BYE");
	respond(t, 200, "BYE");
	assert_int_equal(responses, 1);
	assert_int_equal(pass(4900), 0);
	assert_int_equal(ends, 0);
	pass(300);
	assert_int_equal(ends, 1);
}

/* What cannot leave fails at once, not after timer B; never from within. */
static void
test_not_sent_at_all(void **state)
{
	static const char *const	methods[] = { "INVITE", "OPTIONS" };

	to.remote = house_addr("[2001:db8::1]:5060");
	to.local.len = 0;
	for (size_t i = 0; i < 2; i++) {
		failures = 0;
		assert_non_null(client(methods[i]));
		assert_int_equal(failures, 0);
		pass(20);
		assert_int_equal(failures, 1);
		assert_int_equal(last_error, -EADDRNOTAVAIL);
	}
	assert_int_equal(txns_count(x, false), 0);
}

static void
test_nobody_listens(void **state)
{
	to.remote = house_addr("127.0.21.9:9");
	to.transport = TRANSPORT_TCP;
	assert_non_null(txn_client_new(x, STR(BRANCH), STR("INVITE"), &to,
	    WIRE_MAY_CONNECT, request("INVITE", BRANCH), &user, NULL));
	wait_for(failures == 1);
	assert_int_equal(last_error, -ECONNREFUSED);
}

/* After a provisional response only its user can end it. */
static void
test_abandoned_while_ringing(void **state)
{
	struct txn	*t = client("INVITE");

	respond(t, 180, "INVITE");
	pass(120000);
	assert_int_equal(ends, 0);
	txn_abandon(t);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x) + txns_count(x, false), 0);
}

static void
test_same_branch_is_refused(void **state)
{
	assert_non_null(client("INVITE"));
	assert_null(client("INVITE"));
	assert_non_null(client("CANCEL"));
}

/* ---- servers ------------------------------------------------------------ */

static struct txn *
server(txn_key key, bool invite)
{
	return txn_server_new(x, key, invite, &to, &user, NULL);
}

static void
test_refusal_is_repeated_until_ack(void **state)
{
	struct txn	*t = server(1, true);

	assert_true(txn_reply(t, 100, STR("SIP/2.0 100 T\r\n\r\n")));
	assert_true(txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n")));
	assert_int_equal(pass(1600), 4);	/* 100, 486 at 0, 500, 1500 */
	assert_false(txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n")));
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	txn_request_again(t, true);
	assert_int_equal(txn_state(t), ST_CONFIRMED);
	assert_int_equal(pass(4900), 0);
	assert_int_equal(ends, 0);
	pass(200);
	assert_int_equal(ends, 1);
	assert_int_equal(failures, 0);
}

static void
test_refusal_never_acknowledged(void **state)
{
	struct txn	*t = server(1, true);

	txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n"));
	assert_int_equal(pass(32100), 11);
	assert_int_equal(failures, 1);
	assert_int_equal(ends, 1);
	assert_int_equal(txns_active(x), 0);
}

/* S33: to whom it is not known to reach, one packet for one packet. */
static void
test_never_repeated(void **state)
{
	struct txn	*t = server(1, true);

	txn_never_repeat(t);
	txn_reply(t, 404, STR("SIP/2.0 404 N\r\n\r\n"));
	assert_int_equal(pass(8000), 1);
	txn_request_again(t, false);
	assert_int_equal(pass(8000), 1);
	pass(16200);
	assert_int_equal(ends, 1);
}

static void
test_accepted_absorbs(void **state)
{
	struct txn	*t = server(1, true);

	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	assert_true(txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n")));
	assert_int_equal(pass(31000), 1);
	assert_int_equal(txns_active(x), 0);
	pass(1200);
	assert_int_equal(ends, 1);
}

static void
test_other_server(void **state)
{
	struct txn	*t = server(1, false);

	txn_request_again(t, false);
	assert_int_equal(pass(4), 0);
	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	assert_int_equal(pass(2000), 1);
	txn_request_again(t, false);
	assert_int_equal(pass(4), 1);
	assert_int_equal(pass(30100), 0);
	assert_int_equal(ends, 1);
}

/* On a connection nothing is repeated and nothing lingers. */
static void
test_streams(void **state)
{
	int		 fd = phone(SOCK_STREAM, "127.0.21.2:25123");
	struct txn	*t;

	to.transport = TRANSPORT_TCP;
	to.remote = house_addr("127.0.21.2:25123");
	loop_once(house.loop, 10);
	t = server(1, false);
	txn_reply(t, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	hear_this(fd, "SIP/2.0 200");
	pass(20);
	assert_int_equal(ends, 1);
	t = server(2, true);
	txn_reply(t, 486, STR("SIP/2.0 486 B\r\n\r\n"));
	hear_this(fd, "SIP/2.0 486");
	pass(20000);
	assert_false(readable(fd));
	txn_request_again(t, true);
	pass(20);
	assert_int_equal(ends, 2);
	close(fd);
}

static void
test_limit(void **state)
{
	struct txn	*last = NULL;

	for (txn_key k = 1; k <= 100; k++)
		assert_non_null(last = server(k, true));
	assert_null(server(101, true));
	assert_null(client("OPTIONS"));
	/* What is answered does not count. */
	txn_reply(last, 200, STR("SIP/2.0 200 OK\r\n\r\n"));
	assert_non_null(server(101, true));
}

/* Everybody is told when the worker ends; the forgotten are not. */
static void
test_all_end_with_the_worker(void **state)
{
	struct txn	*t;

	server(1, true);
	t = server(2, false);
	txn_forget(t);
	client("INVITE");
	txns_free(x);
	assert_int_equal(ends, 2);
	assert_int_equal(failures, 0);
	x = txns_new(w);
}

/* ---- identity ------------------------------------------------------------ */

static txn_key
key_of(const char *text)
{
	static struct sip_msg	m;

	assert_int_equal(sip_parse(&m, str_of(text)), 0);
	return txn_server_key(&m, m.method_text);
}

#define TAIL(from, call, cseq)						\
	"From: <sip:a@h>;tag=" from "\r\nTo: <sip:b@h>\r\nCall-ID: " call	\
	"\r\nCSeq: " cseq " OPTIONS\r\n\r\n"
#define KEY(uri, via, from, call, cseq) key_of("OPTIONS " uri " SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP " via "\r\n" TAIL(from, call, cseq))

static void
test_what_identifies(void **state)
{
	txn_key	k = KEY("sip:x", "h;branch=z9hG4bKa", "1", "c", "1");

	assert_true(k == KEY("sip:y", "h;branch=z9hG4bKa", "1", "c", "1"));
	/* A branch that is used again, as some clients do after a restart. */
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "2", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "1", "d", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKa", "1", "c", "2"));
	assert_true(k != KEY("sip:x", "g;branch=z9hG4bKa", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h:5060;branch=z9hG4bKa", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=z9hG4bKb", "1", "c", "1"));
	/* RFC 2543: all the rest counts. */
	k = KEY("sip:x", "h;branch=1", "1", "c", "1");
	assert_true(k == KEY("sip:x", "h;branch=1", "1", "c", "1"));
	assert_true(k != KEY("sip:y", "h;branch=1", "1", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "2", "c", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "1", "d", "1"));
	assert_true(k != KEY("sip:x", "h;branch=1", "1", "c", "2"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- every cell ------------------------------------------------------------ */

static const enum txn_event paths[TXN_KINDS][NSTATES][3] = {
	[TXN_INVITE_SERVER] = {
		[ST_PROCEEDING]	= { EV_TU_1XX },
		[ST_ACCEPTED]	= { EV_TU_2XX },
		[ST_COMPLETED]	= { EV_TU_FINAL },
		[ST_CONFIRMED]	= { EV_TU_FINAL, EV_ACK },
	},
	[TXN_SERVER] = {
		[ST_PROCEEDING]	= { EV_TU_1XX },
		[ST_COMPLETED]	= { EV_TU_FINAL },
	},
	[TXN_INVITE_CLIENT] = {
		[ST_PROCEEDING]	= { EV_RX_1XX },
		[ST_ACCEPTED]	= { EV_RX_2XX },
		[ST_COMPLETED]	= { EV_RX_FINAL },
	},
	[TXN_CLIENT] = {
		[ST_PROCEEDING]	= { EV_RX_1XX },
		[ST_COMPLETED]	= { EV_RX_FINAL },
	},
};

/*
 * What RFC 3261 figures 5 to 8, RFC 6026 and RFC 4320 say, seen from outside:
 * s one message leaves, p a response is passed to the user, f it is told of a
 * failure, e of the end. An event that is not here does nothing at all.
 */
static const struct cell {
	enum txn_kind	kind;
	enum txn_state	state;
	enum txn_event	event;
	enum txn_state	next;
	const char	*seen;
} cells[] = {
	{ TXN_INVITE_SERVER, ST_PROCEEDING, EV_REQUEST,  ST_PROCEEDING, "s" },
	{ TXN_INVITE_SERVER, ST_PROCEEDING, EV_TU_1XX,   ST_PROCEEDING, "s" },
	{ TXN_INVITE_SERVER, ST_PROCEEDING, EV_TU_2XX,   ST_ACCEPTED,   "s" },
	{ TXN_INVITE_SERVER, ST_PROCEEDING, EV_TU_FINAL, ST_COMPLETED,  "s" },
	{ TXN_INVITE_SERVER, ST_ACCEPTED,   EV_TU_2XX,   ST_ACCEPTED,   "s" },
	{ TXN_INVITE_SERVER, ST_COMPLETED,  EV_REQUEST,  ST_COMPLETED,  "s" },
	{ TXN_INVITE_SERVER, ST_COMPLETED,  EV_ACK,      ST_CONFIRMED,  "" },
	{ TXN_SERVER, ST_TRYING,     EV_TU_1XX,   ST_PROCEEDING, "s" },
	{ TXN_SERVER, ST_TRYING,     EV_TU_2XX,   ST_COMPLETED,  "s" },
	{ TXN_SERVER, ST_TRYING,     EV_TU_FINAL, ST_COMPLETED,  "s" },
	{ TXN_SERVER, ST_PROCEEDING, EV_REQUEST,  ST_PROCEEDING, "s" },
	{ TXN_SERVER, ST_PROCEEDING, EV_TU_1XX,   ST_PROCEEDING, "s" },
	{ TXN_SERVER, ST_PROCEEDING, EV_TU_2XX,   ST_COMPLETED,  "s" },
	{ TXN_SERVER, ST_PROCEEDING, EV_TU_FINAL, ST_COMPLETED,  "s" },
	{ TXN_SERVER, ST_COMPLETED,  EV_REQUEST,  ST_COMPLETED,  "s" },
	{ TXN_INVITE_CLIENT, ST_TRYING,     EV_RX_1XX,   ST_PROCEEDING, "p" },
	{ TXN_INVITE_CLIENT, ST_TRYING,     EV_RX_2XX,   ST_ACCEPTED,   "p" },
	{ TXN_INVITE_CLIENT, ST_TRYING,     EV_RX_FINAL, ST_COMPLETED,  "sp" },
	{ TXN_INVITE_CLIENT, ST_TRYING,     EV_SEND_FAILED, ST_TERMINATED, "fe" },
	{ TXN_INVITE_CLIENT, ST_PROCEEDING, EV_RX_1XX,   ST_PROCEEDING, "p" },
	{ TXN_INVITE_CLIENT, ST_PROCEEDING, EV_RX_2XX,   ST_ACCEPTED,   "p" },
	{ TXN_INVITE_CLIENT, ST_PROCEEDING, EV_RX_FINAL, ST_COMPLETED,  "sp" },
	{ TXN_INVITE_CLIENT, ST_ACCEPTED,   EV_RX_2XX,   ST_ACCEPTED,   "p" },
	{ TXN_INVITE_CLIENT, ST_COMPLETED,  EV_RX_FINAL, ST_COMPLETED,  "s" },
	{ TXN_INVITE_CLIENT, ST_COMPLETED,  EV_SEND_FAILED, ST_TERMINATED, "e" },
	{ TXN_CLIENT, ST_TRYING,     EV_RX_1XX,   ST_PROCEEDING, "p" },
	{ TXN_CLIENT, ST_TRYING,     EV_RX_2XX,   ST_COMPLETED,  "p" },
	{ TXN_CLIENT, ST_TRYING,     EV_RX_FINAL, ST_COMPLETED,  "p" },
	{ TXN_CLIENT, ST_TRYING,     EV_SEND_FAILED, ST_TERMINATED, "fe" },
	{ TXN_CLIENT, ST_PROCEEDING, EV_RX_1XX,   ST_PROCEEDING, "p" },
	{ TXN_CLIENT, ST_PROCEEDING, EV_RX_2XX,   ST_COMPLETED,  "p" },
	{ TXN_CLIENT, ST_PROCEEDING, EV_RX_FINAL, ST_COMPLETED,  "p" },
	{ TXN_CLIENT, ST_PROCEEDING, EV_SEND_FAILED, ST_TERMINATED, "fe" },
};

/*
 * Each state left alone, T1 500 ms, T2 4 s, T4 5 s, timer B 10 s: what leaves
 * (timers A, E, G), when it ends (the others; 0: never) and whether as a failure.
 */
static const struct {
	enum txn_kind	kind;
	enum txn_state	state;
	int		repeats;
	int		end_ms;
	bool		fails;
} alone[] = {
	{ TXN_INVITE_SERVER, ST_PROCEEDING,  0, 0,     false },
	{ TXN_INVITE_SERVER, ST_ACCEPTED,    0, 32000, false },	/* L */
	{ TXN_INVITE_SERVER, ST_COMPLETED,  10, 32000, true },	/* G, H */
	{ TXN_INVITE_SERVER, ST_CONFIRMED,   0, 5000,  false },	/* I */
	{ TXN_SERVER,	     ST_TRYING,	     0, 0,     false },
	{ TXN_SERVER,	     ST_PROCEEDING,  0, 0,     false },
	{ TXN_SERVER,	     ST_COMPLETED,   0, 32000, false },	/* J */
	{ TXN_INVITE_CLIENT, ST_TRYING,	     4, 10000, true },	/* A, B */
	{ TXN_INVITE_CLIENT, ST_PROCEEDING,  0, 0,     false },	/* C is the proxy's */
	{ TXN_INVITE_CLIENT, ST_ACCEPTED,    0, 32000, false },	/* M */
	{ TXN_INVITE_CLIENT, ST_COMPLETED,   0, 32000, false },	/* D */
	{ TXN_CLIENT,	     ST_TRYING,	    10, 32000, true },	/* E, F */
	{ TXN_CLIENT,	     ST_PROCEEDING,  8, 32000, true },	/* E is T2 here */
	{ TXN_CLIENT,	     ST_COMPLETED,   0, 5000,  false },	/* K */
};

static const char *
method_of(enum txn_kind kind)
{
	return kind == TXN_INVITE_SERVER || kind == TXN_INVITE_CLIENT ? "INVITE" :
	    "MESSAGE";
}

static void
happens(struct txn *t, enum txn_event ev)
{
	const char	*method = method_of(txn_kind(t));

	switch (ev) {
	case EV_REQUEST:	txn_request_again(t, false); break;
	case EV_ACK:		txn_request_again(t, true); break;
	case EV_TU_1XX:		txn_reply(t, 180, STR("180")); break;
	case EV_TU_2XX:		txn_reply(t, 200, STR("200")); break;
	case EV_TU_FINAL:	txn_reply(t, 486, STR("486")); break;
	case EV_RX_1XX:		respond(t, 180, method); break;
	case EV_RX_2XX:		respond(t, 200, method); break;
	case EV_RX_FINAL:	respond(t, 486, method); break;
	case EV_SEND_FAILED:
		txns_send_failed(x, txn_client_key(STR(BRANCH), str_of(method)),
		    -ECONNREFUSED);
		break;
	default:
		fail_msg("%d is no event from outside", ev);
	}
}

/* A transaction in that state; NULL when there is no such state. */
static struct txn *
reach(enum txn_kind kind, enum txn_state s)
{
	const enum txn_event	*path = paths[kind][s];
	struct txn		*t;

	if (path[0] == EV_BEGIN && s != ST_TRYING)
		return NULL;
	if (kind == TXN_INVITE_SERVER || kind == TXN_SERVER)
		t = txn_server_new(x, 4711, kind == TXN_INVITE_SERVER, &to, &user, NULL);
	else
		t = client(method_of(kind));
	for (; *path != EV_BEGIN; path++)
		happens(t, *path);
	if (txn_state(t) != s) {
		assert_int_equal(kind, TXN_INVITE_SERVER);	/* it has no Trying */
		txn_abandon(t);
		t = NULL;
	}
	(void)pass(0);
	responses = failures = ends = 0;
	return t;
}

static const struct cell *
cell_of(enum txn_kind kind, enum txn_state s, enum txn_event ev)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		if (cells[i].kind == kind && cells[i].state == s &&
		    cells[i].event == ev)
			return &cells[i];
	return NULL;
}

static unsigned
try_cell(enum txn_kind kind, enum txn_state s, enum txn_event ev)
{
	const struct cell	*c = cell_of(kind, s, ev);
	const char		*want = c != NULL ? c->seen : "";
	char			 seen[8] = "";
	struct txn		*t = reach(kind, s);

	if (t == NULL)
		return 0;
	happens(t, ev);
	for (int n = pass(0); n > 0; n--)
		strcat(seen, "s");
	if (responses > 0)
		strcat(seen, "p");
	if (failures > 0)
		strcat(seen, "f");
	if (ends > 0)
		strcat(seen, "e");
	if (strcmp(seen, want) != 0)
		fail_msg("kind %d state %d event %d: \"%s\", not \"%s\"", kind, s,
		    ev, seen, want);
	if (ends == 0) {
		assert_int_equal(txn_state(t), c != NULL ? c->next : s);
		txn_abandon(t);
	} else
		assert_int_equal(c->next, ST_TERMINATED);
	assert_int_equal(wheel_count(w->wheel), 0);	/* timers always stopped */
	return 1;
}

static void
test_every_cell(void **state)
{
	unsigned	n = 0;

	for (enum txn_kind kind = 0; kind < TXN_KINDS; kind++)
		for (enum txn_state s = ST_TRYING; s < ST_TERMINATED; s++)
			for (enum txn_event ev = EV_REQUEST; ev < NEVENTS; ev++)
				if (ev < EV_RETRANSMIT || ev > EV_END)
					n += try_cell(kind, s, ev);
	assert_int_equal(n, sizeof(alone) / sizeof(alone[0]) * 9);
}

static void
test_every_state_left_alone(void **state)
{
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		struct txn	*t = reach(alone[i].kind, alone[i].state);
		int		 repeats;

		assert_non_null(t);
		repeats = pass(alone[i].end_ms != 0 ? alone[i].end_ms - 8 : 240000);
		assert_int_equal(ends, 0);
		if (alone[i].end_ms == 0)
			txn_abandon(t);
		else
			repeats += pass(20);
		assert_int_equal(repeats, alone[i].repeats);
		assert_int_equal(failures, alone[i].fails);
		assert_int_equal(ends, 1);
		assert_int_equal(wheel_count(w->wheel), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_invite_nobody_answers), T(test_other_nobody_answers),
		T(test_invite_refused), T(test_invite_accepted),
		T(test_other_answered), T(test_not_sent_at_all),
		T(test_nobody_listens), T(test_abandoned_while_ringing),
		T(test_same_branch_is_refused), T(test_refusal_is_repeated_until_ack),
		T(test_refusal_never_acknowledged), T(test_never_repeated),
		T(test_accepted_absorbs), T(test_other_server), T(test_streams),
		T(test_limit), T(test_all_end_with_the_worker), T(test_what_identifies),
		T(test_every_cell), T(test_every_state_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
