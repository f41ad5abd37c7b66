/* record_test - a kill at any point leaves what was or what is. */
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fdstore.h"
#include "mediad/record.h"

static int
setup(void **state)
{
	bool	adopted = true;

	unsetenv("NOTIFY_SOCKET");
	*state = records_open(&adopted);
	return *state == NULL || adopted;
}

static int
teardown(void **state)
{
	records_close(*state);
	return 0;
}

/* The copy may be half written: it does not count before the flip. */
static void
test_torn(void **state)
{
	struct leg_rec	*rec = records_leg(*state, records_leg_take(*state));
	struct leg_slot	*idle;

	for (uint64_t i = 1; i < 5; i++) {
		idle = RECORD_IDLE(rec);
		assert_ptr_not_equal(idle, RECORD_NOW(rec));
		memset(idle, 0xa5, sizeof(*idle));	/* killed here */
		assert_int_equal(RECORD_NOW(rec)->session, i - 1);
		idle = RECORD_IDLE(rec);		/* the next process */
		assert_int_equal(idle->session, i - 1);
		idle->session = i;
		assert_int_equal(RECORD_NOW(rec)->session, i - 1);
		RECORD_FLIP(rec);
		assert_int_equal(RECORD_NOW(rec)->session, i);
	}
}

static void
on_fault(int signo)
{
	(void)signo;
	_exit(1);
}

/*
 * A process that got these records from the store. dies: in the middle of a flip, the
 * journal written and the record not; else it says what the record has.
 */
static int
process(int memory, bool dies)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		struct leg_rec	*rec;
		bool		 adopted;
		struct records	*r;
		char		 own[16];

		dup2(memory, 3);
		snprintf(own, sizeof(own), "%d", getpid());
		setenv("LISTEN_PID", own, 1);
		setenv("LISTEN_FDS", "1", 1);
		setenv("LISTEN_FDNAMES", "s", 1);
		setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
		fdstore_adopt();
		r = records_open(&adopted);
		if (r == NULL || adopted == dies)
			_exit(99);
		rec = records_leg(r, dies ? records_leg_take(r) : 0);
		if (!dies)
			_exit((int)RECORD_NOW(rec)->session);
		signal(SIGSEGV, on_fault);
		mprotect((void *)((uintptr_t)rec & ~(uintptr_t)4095), 8192, PROT_READ);
		RECORD_IDLE(rec)->session = 7;
		RECORD_FLIP(rec);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* What was decided and not yet copied is there in the next process. */
static void
test_killed(void **state)
{
	int	memory = memfd_create("s", 0);

	(void)state;
	assert_int_equal(ftruncate(memory, 1 << 30), 0);
	assert_int_equal(process(memory, true), 1);
	assert_int_equal(process(memory, false), 7);
	close(memory);
}

/* Ids of any length up to the bound, each at its own place. */
static void
test_ids(void **state)
{
	struct records	*r = *state;
	uint32_t	 a = records_session_take(r), b = records_session_take(r);
	char		*here = records_ids(r, a, RECORD_IDS_HERE);

	assert_ptr_equal(here, records_session(r, a)->ids);
	assert_ptr_not_equal(records_ids(r, a, RECORD_IDS_HERE + 1), here);
	memset(records_ids(r, a, RECORD_IDS), 'a', RECORD_IDS);
	memset(records_ids(r, b, RECORD_IDS), 'b', RECORD_IDS);
	assert_int_equal(records_ids(r, a, RECORD_IDS)[RECORD_IDS - 1], 'a');
	memset(records_ids(r, RECORD_SESSIONS - 1, RECORD_IDS), 'z', RECORD_IDS);
}

static void
test_indices(void **state)
{
	struct records	*r = *state;
	uint32_t	 a = records_session_take(r), b = records_session_take(r);

	assert_int_not_equal(a, b);
	RECORD_IDLE(records_session(r, a))->state = SESSION_SETUP;
	RECORD_FLIP(records_session(r, a));
	records_session_give(r, a);
	assert_int_equal(RECORD_NOW(records_session(r, a))->state, SESSION_FREE);
	assert_int_equal(records_session_take(r), a);
	assert_int_equal(records_sessions_mark(r), b + 1);

	a = records_end_take(r);
	RECORD_IDLE(records_end(r, a))->session = 7;
	RECORD_FLIP(records_end(r, a));
	records_end_give(r, a);
	assert_int_equal(RECORD_NOW(records_end(r, a))->session, 0);
	assert_int_equal(records_end_take(r), a);
	assert_int_equal(records_ends_mark(r), a + 1);
}

static void
test_branch(void **state)
{
	uint8_t	a[16], b[16], c[16];

	records_branch(*state, STR("x"), a);
	records_branch(*state, STR("x"), b);
	records_branch(*state, STR("y"), c);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(a, c, 16);
}

static void
test_addr(void **state)
{
	static const char *const texts[] = { "192.0.2.1:4000",
	    "[2001:db8::1]:65535", "[fe80::1%1]:9" };

	for (size_t i = 0; i < 3; i++) {
		struct record_addr	r;
		struct addr		a, b;

		assert_int_equal(addr_parse_port(&a, str_of(texts[i])), 0);
		record_addr_set(&r, &a);
		b = record_addr_get(&r);
		assert_true(addr_eq(&a, &b));
		assert_int_equal(a.len, b.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test(test_killed),
		cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_branch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addr, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
