#include "sipd/calls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fdstore.h"
#include "common/stats.h"

static struct hop	alice, bob;

static int
setup(void **state)
{
	assert_int_equal(calls_open(1000, 1), 0);
	return 0;
}

static int
teardown(void **state)
{
	fdstore_remove("calls");
	calls_close();
	return 0;
}

static struct call_facts
facts(const char *call_id, const char *caller_tag, const char *callee_tag)
{
	return (struct call_facts){
		.call_id = str_of(call_id),
		.caller_tag = str_of(caller_tag),
		.callee_tag = str_of(callee_tag),
		.from = STR("anna@example.com"),
		.to = STR("bo@example.com"),
		.gateway = STR("teleco1"),
		.caller = alice,
		.callee = bob,
		.caller_cseq = 1,
		.media = true,
	};
}

static struct call *
begin(const char *call_id, const char *caller_tag, const char *callee_tag)
{
	struct call_facts	 f = facts(call_id, caller_tag, callee_tag);
	struct call		*k = NULL;

	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	return k;
}

static struct call *
find(const char *call_id, const char *tag1, const char *tag2, bool *from_caller)
{
	return call_find(calls_of(0), str_of(call_id), str_of(tag1),
	    str_of(tag2), from_caller);
}

static void
lives_and_ends(void **state)
{
	struct call		*k = begin("id1", "a", "");
	struct call_facts	 f;
	bool			 from_caller = false;

	assert_int_equal(calls_count(), 1);
	call_read(k, &f);
	assert_int_equal(f.state, CALL_EARLY);
	assert_ptr_equal(find("id1", "a", "b", &from_caller), k);
	assert_true(from_caller);
	assert_int_equal(call_answered(k, &(struct call_facts){
	    .callee_tag = STR("b"), .callee = bob, .media = true, .media_why = 3 }), 0);
	call_read(k, &f);
	assert_int_equal(f.state, CALL_ESTABLISHED);
	assert_true(f.since_ms > 0);
	assert_true(f.media);
	assert_true(hop_eq(&f.caller, &alice));
	assert_true(hop_eq(&f.callee, &bob));
	assert_ptr_equal(find("id1", "b", "a", &from_caller), k);
	assert_false(from_caller);
	assert_null(find("id1", "a", "c", NULL));
	assert_null(find("id2", "a", "b", NULL));
	assert_true(call_cseq(k, true, 2));
	assert_false(call_cseq(k, true, 2));
	assert_false(call_cseq(k, true, 1));
	assert_true(call_cseq(k, false, 1));
	call_moved(k, true, &bob);
	call_read(k, &f);
	assert_true(hop_eq(&f.caller, &bob));
	assert_int_equal(f.caller_cseq, 2);
	call_end(calls_of(0), k);
	assert_int_equal(calls_count(), 0);
	assert_null(find("id1", "a", "b", NULL));
}

static void
same_again_and_forks(void **state)
{
	struct call	*k = begin("id1", "a", "b");

	assert_ptr_equal(begin("id1", "a", "b"), k);
	assert_ptr_not_equal(begin("id1", "a", "c"), k);
	assert_int_equal(calls_count(), 2);
	assert_ptr_equal(find("id1", "a", "b", NULL), k);
	call_end(calls_of(0), k);
	assert_non_null(find("id1", "c", "a", NULL));
}

static void
bounds(void **state)
{
	char			 longest[CALL_ID_MAX + 2];
	struct call_facts	 f, got;
	struct call		*k;

	memset(longest, 'x', sizeof(longest));
	f = facts("", "a", "b");
	f.call_id = str_make(longest, CALL_ID_MAX + 1);
	assert_int_equal(call_begin(calls_of(0), &f, &k), -EMSGSIZE);
	f.call_id.len = CALL_ID_MAX;
	f.from = str_make(longest, CALL_AOR_MAX + 1);
	f.caller_tag = str_make(longest, CALL_TAG_MAX + 1);
	assert_int_equal(call_begin(calls_of(0), &f, &k), -EMSGSIZE);
	f.caller_tag.len = CALL_TAG_MAX;
	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	call_read(k, &got);
	assert_int_equal(got.call_id.len, CALL_ID_MAX);
	assert_int_equal(got.from.len, CALL_AOR_MAX);
	assert_ptr_equal(call_find(calls_of(0), f.call_id, f.caller_tag,
	    STR("b"), NULL), k);
}

static void
full_and_again(void **state)
{
	struct call_facts	 f;
	struct call		*k, *some = NULL;
	struct call_copy	 copy;
	char			 id[32];
	uint64_t		 cursor = 0, last = 0;
	unsigned		 n = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "call-%d", i);
		k = begin(id, "a", "b");
		if (i == 500)
			some = k;
	}
	f = facts("one-more", "a", "b");
	assert_int_equal(call_begin(calls_of(0), &f, &k), -ENOSPC);
	while (calls_next(&cursor, &copy)) {
		assert_true(copy.facts.number > last);
		last = copy.facts.number;
		assert_true(str_eq(copy.facts.from, STR("anna@example.com")));
		assert_true(str_eq(copy.facts.gateway, STR("teleco1")));
		n++;
	}
	assert_int_equal(n, 1000);
	call_end(calls_of(0), some);
	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	call_read(k, &f);
	assert_int_equal(f.number, 1001);
}

static void
walk_may_end_calls(void **state)
{
	struct call	*k;
	uint32_t	 cursor = 0;
	char		 id[32];

	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "call-%d", i);
		begin(id, "a", "b");
	}
	while ((k = call_next(calls_of(0), &cursor)) != NULL)
		call_end(calls_of(0), k);
	assert_int_equal(calls_count(), 0);
}

/* Who is told that the worker stops leaves all to the next process. */
static void
seal(void **state)
{
	struct call	*k = begin("id1", "a", "");

	calls_seal(calls_of(0));
	call_end(calls_of(0), k);
	assert_int_equal(calls_count(), 1);
}

/* ---- across processes ---- */

/* The first process: three calls, one of which ends. */
static int
first_process(void)
{
	struct call	*k;

	fdstore_adopt();
	if (calls_open(1000, 1) < 0)
		return 10;
	k = begin("stays", "a", "b");
	(void)call_cseq(k, true, 7);
	call_moved(k, false, &alice);
	(void)begin("rings", "a", "");
	(void)begin("rang", "a", "");	/* the next one has no record of it */
	call_end(calls_of(0), begin("over", "a", "b"));
	return 0;
}

/* The next one has them again, and goes on numbering. */
static int
next_process(int fd)
{
	struct call_facts	 f;
	struct call		*k;
	char			 pid[16];

	if (dup2(fd, 3) < 0)
		return 10;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", "calls", 1);
	unsetenv("NOTIFY_SOCKET");
	fdstore_adopt();
	if (calls_open(1000, 1) < 0)
		return 11;
	if (calls_count() != 3 || find("over", "a", "b", NULL) != NULL ||
	    (k = find("stays", "b", "a", NULL)) == NULL)
		return 12;
	call_read(k, &f);
	if (f.state != CALL_ESTABLISHED || f.caller_cseq != 7 ||
	    !hop_eq(&f.callee, &alice) || !str_eq(f.gateway, STR("teleco1")))
		return 13;
	if ((k = find("rings", "a", "", NULL)) == NULL)
		return 14;
	call_keep(k);
	(void)begin("new", "x", "");
	calls_forget_early(calls_of(0));
	if (find("rings", "a", "", NULL) == NULL || calls_count() != 3 ||
	    find("rang", "a", "", NULL) != NULL)
		return 15;
	call_read(find("new", "x", "y", NULL), &f);
	return f.number == 5 ? 0 : 16;
}

static int
child_says(pid_t pid)
{
	int	status = -1;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
receive_fd(int sock)
{
	char		 text[512], control[CMSG_SPACE(sizeof(int))];
	struct iovec	 iov = { text, sizeof(text) };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int		 fd = -1;

	while (recvmsg(sock, &m, MSG_DONTWAIT) > 0) {
		if (CMSG_FIRSTHDR(&m) != NULL)
			memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
		m.msg_controllen = sizeof(control);
	}
	return fd;
}

static void
survives_the_process(void **state)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };
	char			dir[] = "/tmp/calls_test.XXXXXX";
	int			sock, fd;
	pid_t			pid;

	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", dir);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&a, sizeof(a)), 0);
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(first_process());
	assert_int_equal(child_says(pid), 0);
	assert_true((fd = receive_fd(sock)) >= 0);
	if ((pid = fork()) == 0)
		_exit(next_process(fd));
	assert_int_equal(child_says(pid), 0);
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	close(sock);
	unlink(a.sun_path);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_the_process),	/* first: it forks */
		cmocka_unit_test_setup_teardown(lives_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(same_again_and_forks, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(full_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(walk_may_end_calls, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(seal, setup, teardown),
	};

	if (addr_parse_port(&alice.remote, STR("192.0.2.7:5060")) < 0 ||
	    addr_parse_port(&bob.remote, STR("192.0.2.8:5060")) < 0)
		return 1;
	alice.transport = bob.transport = TRANSPORT_UDP;
	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
