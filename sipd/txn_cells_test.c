/*
 * Every event in every state of the four transaction machines, and every state left
 * alone, on a clock of the test's own.
 */
#define HOST	"127.0.22.2"
#define FAR	"127.0.22.3:25122"
#include "sipd/txn_test.h"

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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_every_cell), T(test_every_state_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
