#include "sipd/ringing.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fdstore.h"
#include "common/stats.h"

#define BRANCH	"z9hG4bKtarget0123456789abcdefmarkmark"
#define ROUNDS	40
#define MEMORY	(INT64_C(1) << 34)	/* more than the table wants */

static struct hop	 alice, bob;
static struct ringings	*c;

static int
setup(void **state)
{
	assert_int_equal(ringing_open(1), 0);
	c = ringing_of(0);
	return 0;
}

static int
teardown(void **state)
{
	fdstore_remove("ringing");
	ringing_close();
	return 0;
}

/* A request of so many octets. */
static struct str
request(size_t len)
{
	static char	buf[65536];
	int		n;

	n = snprintf(buf, sizeof(buf), "INVITE sip:b@example.com SIP/2.0\r\n"
	    "Call-ID: one\r\nX: ");
	memset(buf + n, 'x', sizeof(buf) - (size_t)n);
	memcpy(buf + len - 4, "\r\n\r\n", 4);
	return str_make(buf, len);
}

/* So many octets that mean nothing. */
static struct str
octets(size_t len)
{
	static char	buf[65536];

	memset(buf, 'o', sizeof(buf));
	return str_make(buf, len);
}

static struct ringing_branch
branch(struct str uri, struct str route)
{
	return (struct ringing_branch){ .to = bob, .uri = uri, .route = route,
	    .media = true };
}

static void
says_what_it_was_told(void **state)
{
	struct ringing		*r = ringing_begin(c, request(1000), &alice, 2);
	struct ringing_branch	 b = branch(STR("sip:b@192.0.2.8"), STR("<sip:p>"));
	struct ringing_call	 call;
	int			 first, second, handle = -1;

	first = ringing_add(c, &r, &b);
	b.route = STR_NONE;
	b.by_flow = b.peer = true;
	b.where = STR("sip:far.test");
	b.order = 7;
	b.spare_of = first;
	second = ringing_add(c, &r, &b);
	assert_true(first >= 0 && second > first);
	ringing_sent(c, r, second, BRANCH, 30, (struct mono){ 5000000001 });
	ringing_provisional(c, r, second, (struct mono){ 7000000001 });
	ringing_mark(c, r, second, RINGING_RANG_OUT);
	ringing_mark(c, r, -1, RINGING_DONE);
	ringing_best(c, &r, 486, STR("SIP/2.0 486 Busy"));
	ringing_best(c, &r, 404, STR("SIP/2.0 404 No"));
	ringing_cancelled(c, r);
	ringing_final(c, r, 487);

	ringing_read(r, &call);
	assert_true(str_eq(call.request, request(1000)));
	assert_true(hop_eq(&call.from, &alice));
	assert_int_equal(call.pop_routes, 2);
	assert_true(call.cancelled);
	assert_int_equal(call.final, 487);
	assert_int_equal(call.best, 404);
	assert_true(str_eq(call.best_text, STR("SIP/2.0 404 No")));

	assert_true(ringing_next(r, &handle, &b));
	assert_int_equal(handle, first);
	assert_true(str_eq(b.uri, STR("sip:b@192.0.2.8")));
	assert_true(str_eq(b.route, STR("<sip:p>")));
	assert_true(b.media && !b.by_flow && !b.confirmed && hop_eq(&b.to, &bob));
	assert_int_equal(b.marks, 0);
	assert_int_equal(b.spare_of, 0);
	assert_true(ringing_next(r, &handle, &b));
	assert_int_equal(handle, second);
	assert_true(b.by_flow && b.peer && b.route.len == 0);
	assert_true(str_eq(b.where, STR("sip:far.test")));
	assert_int_equal(b.order, 7);
	assert_int_equal(b.spare_of, first);
	assert_int_equal(b.breadth, 30);
	assert_int_equal(b.marks, RINGING_SENT | RINGING_PROVISIONAL |
	    RINGING_RANG_OUT);
	assert_memory_equal(b.branch, BRANCH, BRANCH_LEN);
	assert_int_equal(b.began.ns, 5000000001);
	assert_int_equal(b.deadline.ns, 7000000000);
	assert_false(ringing_next(r, &handle, &b));
	ringing_end(c, r);
}

/* Into a larger record, and what is there comes along; until nothing is larger. */
static void
grows(void **state)
{
	struct ringing		*r, *before;
	struct ringing_branch	 b = branch(octets(300), octets(200)), got;
	struct ringing_call	 call;
	unsigned		 n = 0, seen = 0;
	int			 handle = -1;

	before = r = ringing_begin(c, request(1000), &alice, 0);
	while ((handle = ringing_add(c, &r, &b)) >= 0) {
		n++;
		ringing_mark(c, r, handle, RINGING_DONE);
	}
	assert_ptr_not_equal(r, before);
	assert_in_range(n, 16, 64);
	ringing_read(r, &call);
	assert_true(str_eq(call.request, request(1000)));
	for (handle = -1; ringing_next(r, &handle, &got); seen++)
		assert_true(got.marks == RINGING_DONE && str_eq(got.uri, octets(300)));
	assert_int_equal(seen, n);
	/* A refusal that has no room is known by its code. */
	ringing_best(c, &r, 500, octets(13000));
	ringing_read(r, &call);
	assert_true(call.best_text.len == 0);
	ringing_end(c, r);
	/* The small one is used again. */
	assert_ptr_equal(ringing_begin(c, request(900), &alice, 0), before);
	ringing_end(c, before);
}

static void
bounds(void **state)
{
	uint64_t		 not_kept = stats->ringing_not_kept;
	struct ringing		*r = ringing_begin(c, request(RINGING_REQUEST_MAX),
				    &alice, 0);
	struct ringing_branch	 b = branch(STR("sip:b"), STR_NONE);

	assert_non_null(r);
	assert_true(ringing_add(c, &r, &b) >= 0);
	b.uri = octets(20000);
	assert_int_equal(ringing_add(c, &r, &b), -1);
	assert_null(ringing_begin(c, request(RINGING_REQUEST_MAX + 1), &alice, 0));
	assert_int_equal(stats->ringing_not_kept, not_kept + 2);
	ringing_end(c, r);
	ringing_end(c, NULL);
}

/* ---- across processes ---- */

static int	memory;		/* the table, as a descriptor store would hold it */

static void
adopt(void)
{
	char	pid[16];

	if (dup2(memory, 3) < 0)
		_exit(10);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", "ringing", 1);
	unsetenv("NOTIFY_SOCKET");
	fdstore_adopt();
	if (ringing_open(1) < 0)
		_exit(11);
	c = ringing_of(0);
}

/* Calls that come and go, until it is killed. */
static _Noreturn void
busy(void)
{
	struct ringing		*r[8] = { NULL };
	struct ringing_branch	 b = branch(octets(250), STR("<sip:p>"));
	unsigned		 i = 0;
	int			 handle;

	adopt();
	ringing_calm();
	while (ringing_found(c) != NULL)
		;
	for (;; i = (i + 1) % 8) {
		ringing_end(c, r[i]);
		r[i] = ringing_begin(c, request(500 + i * 300), &alice, i);
		for (unsigned n = 0; n < 8; n++) {
			handle = ringing_add(c, &r[i], &b);
			ringing_sent(c, r[i], handle, BRANCH, 1, (struct mono){ 1 });
			ringing_provisional(c, r[i], handle,
			    (struct mono){ 9000000000 });
			ringing_best(c, &r[i], (uint16_t)(400 + n), octets(100 + n));
		}
	}
}

/* Each record left is whole, and none is there twice. */
static int
look(void)
{
	struct ringing		*r;
	struct ringing_call	 call;
	struct ringing_branch	 b;
	unsigned		 seen = 0;

	adopt();
	ringing_calm();
	while ((r = ringing_found(c)) != NULL) {
		int	handle = -1;

		ringing_read(r, &call);
		if ((seen & 1u << call.pop_routes) != 0)
			return 20;
		seen |= 1u << call.pop_routes;
		if (!str_eq(call.request, request(500 + call.pop_routes * 300u)))
			return 21;
		if (call.best != 0 && !str_eq(call.best_text,
		    octets(100u + call.best - 400)))
			return 22;
		while (ringing_next(r, &handle, &b))
			if (!str_eq(b.uri, octets(250)) || !hop_eq(&b.to, &bob) ||
			    (b.marks != 0 && memcmp(b.branch, BRANCH, BRANCH_LEN)) ||
			    ((b.marks & RINGING_PROVISIONAL) != 0) !=
			    (b.deadline.ns == 9000000000))
				return 23;
		ringing_end(c, r);
	}
	return 0;
}

static int
ends_with(pid_t pid)
{
	int	status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
a_kill_tears_nothing(void **state)
{
	pid_t	pid;

	assert_true((memory = memfd_create("ringing", MFD_CLOEXEC)) >= 0);
	assert_true((memory = fcntl(memory, F_DUPFD_CLOEXEC, 10)) >= 10);
	assert_int_equal(ftruncate(memory, MEMORY), 0);
	fflush(NULL);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if ((pid = fork()) == 0)
			busy();
		usleep(3000 + i * 131 % 997);
		kill(pid, SIGKILL);
		assert_int_equal(ends_with(pid), -SIGKILL);
		if ((pid = fork()) == 0)
			_exit(look());
		assert_int_equal(ends_with(pid), 0);
	}
	close(memory);
}

/* S54: what was there at three starts that ended at once is not there at the fourth. */
static void
what_kills_is_dropped(void **state)
{
	int	want[] = { 0, 1, 1, 0 };
	pid_t	pid;

	assert_true((memory = memfd_create("ringing", MFD_CLOEXEC)) >= 0);
	assert_true((memory = fcntl(memory, F_DUPFD_CLOEXEC, 10)) >= 10);
	assert_int_equal(ftruncate(memory, MEMORY), 0);
	fflush(NULL);
	for (unsigned i = 0; i < 4; i++) {
		if ((pid = fork()) == 0) {
			adopt();
			if (i == 0)
				(void)ringing_begin(c, request(500), &alice, 0);
			_exit(i > 0 && ringing_found(c) != NULL);
		}
		assert_int_equal(ends_with(pid), want[i]);
	}
	close(memory);
}

/* A worker that stops leaves its records as they are. */
static void
stays_when_sealed(void **state)
{
	struct ringing		*r = ringing_begin(c, request(1000), &alice, 0);
	struct ringing_branch	 b = branch(STR("sip:b"), STR_NONE);
	struct ringing_call	 call;

	ringing_seal(c);
	assert_int_equal(ringing_add(c, &r, &b), -1);
	ringing_final(c, r, 487);
	ringing_best(c, &r, 487, STR("x"));
	ringing_end(c, r);
	ringing_read(r, &call);
	assert_true(str_eq(call.request, request(1000)));
	assert_int_equal(call.final, 0);
	assert_int_equal(call.best, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_tears_nothing),	/* first: they fork */
		cmocka_unit_test(what_kills_is_dropped),
		cmocka_unit_test_setup_teardown(says_what_it_was_told, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(grows, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(stays_when_sealed, setup, teardown),
	};

	if (addr_parse_port(&alice.remote, STR("192.0.2.7:5060")) < 0 ||
	    addr_parse_port(&bob.remote, STR("192.0.2.8:5060")) < 0)
		return 1;
	alice.transport = bob.transport = TRANSPORT_UDP;
	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
