/* recorder: wrap-around, a torn record, a reader beside the writer, bounds. */
#include "common/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/recorder_read.h"

#define CALL	0x1234567890abcdefu

static char	path[64];

static int
setup(void **state)
{
	int	fd;

	strcpy(path, "/tmp/recorder_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
teardown(void **state)
{
	return unlink(path);
}

static struct recorder *
opened(uint64_t size)
{
	struct recorder	*r;

	assert_int_equal(recorder_open(&r, path, size, getuid(), getgid()), 0);
	return r;
}

/* A payload of n octets that all say which one it is. */
static void
put(struct recorder *r, uint64_t call, unsigned number, size_t n)
{
	char	*p = recorder_begin(r, RECORD_IN, (uint16_t)number, call,
		    (struct mono){ number }, n);

	assert_non_null(p);
	memset(p, (int)(number & 0xff), n);
	recorder_commit(r);
}

static void
assert_whole(const struct record *c)
{
	const char	*p = (const char *)(c + 1);

	assert_int_equal(c->kind, RECORD_IN);
	assert_int_equal(c->mono_ns, c->code);
	for (uint32_t i = 0; i < c->length; i++)
		assert_int_equal((unsigned char)p[i], c->code & 0xff);
}

static struct recorder_reader *
reading(void)
{
	struct recorder_reader	*d;

	assert_int_equal(recorder_reader_open(&d, path), 0);
	return d;
}

static void
test_one(void **state)
{
	const struct str	 parts[] = { STR("routed"), STR(" to "), STR("bert") };
	struct recorder		*r = opened(0);
	struct recorder_reader	*d;
	const struct record	*c;
	struct stat		 st;
	struct str		 text;
	char			 tag[9];
	struct mono		 now = mono_now();

	recorder_note(r, RECORD_DECISION, 404, CALL, now, RECORD_TAG("ROUTER"), parts, 3);
	assert_true(recorder_knows(r, CALL));
	assert_false(recorder_knows(r, CALL + 1));
	d = reading();
	assert_non_null(c = recorder_next(d));
	assert_int_equal(c->kind, RECORD_DECISION);
	assert_int_equal(c->code, 404);
	assert_true(c->call == CALL && c->before == 0);
	assert_true(c->mono_ns == now.ns && wall_ms() - c->wall_ms < 10000);
	assert_true(record_read_note(c, tag, &text));
	assert_string_equal(tag, "ROUTER");
	assert_true(str_eq(text, STR("routed to bert")));
	assert_null(recorder_next(d));
	assert_null(recorder_next(d));
	assert_false(recorder_lost(d));
	recorder_reader_close(d);
	recorder_close(r);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_size, RECORDER_PAGE + RECORDER_MIN);
}

/* Off: nothing happens. */
static void
test_none(void **state)
{
	assert_null(recorder_begin(NULL, RECORD_IN, 0, 1, mono_now(), 5));
	recorder_note(NULL, RECORD_TIMER, 0, 1, mono_now(), "TIMER", NULL, 0);
	recorder_keep(NULL, NULL, 1);
	recorder_close(NULL);
	assert_false(recorder_knows(NULL, 1));
}

static void
test_bounds(void **state)
{
	struct recorder		*r = opened(RECORDER_MIN);
	struct recorder_reader	*d;
	struct str		 part;
	char			 big[4096], tag[9];

	assert_null(recorder_begin(r, RECORD_IN, 0, 1, mono_now(),
	    RECORDER_PAYLOAD_MAX + 1));
	put(r, 1, 7, RECORDER_PAYLOAD_MAX);
	memset(big, 'x', sizeof(big));
	part = str_make(big, sizeof(big));
	recorder_note(r, RECORD_TIMER, 0, 1, mono_now(), RECORD_TAG("NINE-LONG"), &part, 1);
	d = reading();
	assert_whole(recorder_next(d));
	assert_true(record_read_note(recorder_next(d), tag, &part));
	assert_string_equal(tag, "NINE-LON");
	assert_int_equal(part.len, 1024);
	recorder_reader_close(d);
	recorder_close(r);
}

/* Many laps with records of all lengths: what is there is whole and in order. */
static void
test_wrap(void **state)
{
	struct recorder		*r = opened(RECORDER_MIN);
	struct recorder_reader	*d;
	const struct record	*c;
	unsigned		 n = 0, last = 0, octets;

	srandom(1);
	for (unsigned i = 1; i <= 20000; i++) {
		put(r, i % 50, i, (size_t)random() % 2000);
		if (i % 997 != 0)
			continue;
		d = reading();
		octets = 0;
		n = 0;
		while ((c = recorder_next(d)) != NULL) {
			assert_whole(c);
			assert_true(n == 0 || c->code == last + 1);
			last = c->code;
			octets += (unsigned)sizeof(*c) + c->length;
			n++;
		}
		assert_int_equal(last, i);
		assert_false(recorder_lost(d));
		assert_true(i < 997 || octets > RECORDER_MIN - 3000 || n == i);
		recorder_reader_close(d);
	}
	recorder_close(r);
}

/* Killed between begin and commit: the next start goes on before it. */
static void
test_torn(void **state)
{
	struct recorder		*r = opened(RECORDER_MIN);
	struct recorder_reader	*d;
	const struct record	*c;
	unsigned		 n = 0;

	for (unsigned i = 1; i <= 1000; i++)
		put(r, CALL, i, 600);
	memset(recorder_begin(r, RECORD_IN, 9999, CALL, mono_now(), 50000), '?', 50000);
	recorder_close(r);		/* as the kernel would */
	r = opened(RECORDER_MIN);
	for (int again = 0; again < 2; again++) {
		d = reading();
		for (n = 0; (c = recorder_next(d)) != NULL; n++)
			assert_whole(c);
		recorder_reader_close(d);
		/* 50000 octets of the oldest are gone. */
		assert_true(n > 250 && n < 340);
		put(r, CALL, 1001, 100);
	}
	recorder_close(r);
}

/* Another size, another boot, somebody else's file: begun anew, never believed. */
static void
test_strange(void **state)
{
	struct recorder_reader	*d;
	struct recorder		*r = opened(RECORDER_MIN);
	int			 fd;

	put(r, 1, 1, 10);
	recorder_close(r);
	r = opened(3 * RECORDER_MIN);
	d = reading();
	assert_null(recorder_next(d));
	recorder_reader_close(d);
	put(r, 1, 2, 10);
	recorder_close(r);
	fd = open(path, O_RDWR);
	assert_true(pwrite(fd, "another boot", 12, offsetof(struct recorder_head, boot)) == 12);
	assert_int_equal(recorder_reader_open(&d, path), -ESTALE);
	r = opened(2 * RECORDER_MIN);
	d = reading();
	assert_null(recorder_next(d));
	recorder_reader_close(d);
	recorder_close(r);
	assert_true(pwrite(fd, "X", 1, 0) == 1);
	assert_int_equal(recorder_reader_open(&d, path), -EBADMSG);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(recorder_reader_open(&d, path), -EBADMSG);
	close(fd);
	assert_int_equal(recorder_reader_open(&d, "/nonexistent/ring"), -ENOENT);
	assert_int_equal(recorder_open(&r, "/nonexistent/ring", 1, 0, 0), -ENOENT);
}

/* The last records of a call, once each, also when asked twice. */
static void
test_keep(void **state)
{
	struct recorder		*r = opened(RECORDER_MIN), *kept;
	struct recorder_reader	*d;
	const struct record	*c;
	char			 other[80];
	uint64_t		 positions[10];
	unsigned		 n = 0;

	snprintf(other, sizeof(other), "%s.kept", path);
	assert_int_equal(recorder_open(&kept, other, 0, getuid(), getgid()), 0);
	for (unsigned i = 1; i <= 10; i++) {
		put(r, CALL + i % 2, i, 300);
		if (i == 7)
			recorder_keep(r, kept, CALL + 1);
	}
	recorder_keep(r, kept, CALL + 1);
	recorder_keep(r, kept, CALL + 1);
	d = reading();
	while ((c = recorder_next(d)) != NULL)
		positions[n++] = recorder_position(d, c);
	assert_int_equal(n, 10);
	recorder_reader_close(d);
	assert_int_equal(recorder_reader_open(&d, other), 0);
	for (n = 1; (c = recorder_next(d)) != NULL; n += 2) {
		assert_whole(c);
		assert_int_equal(c->code, n);
		assert_true(c->before == positions[n - 1]);
	}
	assert_int_equal(n, 11);
	recorder_reader_close(d);
	/* Written over: nothing, or what is left. */
	for (unsigned i = 0; i < 1000; i++)
		put(r, 1, i, 600);
	recorder_keep(r, kept, CALL);
	recorder_close(r);
	recorder_close(kept);
	unlink(other);
}

/* ---- a reader beside the writer ---- */

static _Atomic bool	enough;

static void *
write_on(void *arg)
{
	for (unsigned i = 1; !atomic_load(&enough); i++)
		put(arg, i % 3, i & 0xffff, i * 37 % 3000);
	return NULL;
}

static void
test_beside(void **state)
{
	struct recorder		*r = opened(RECORDER_MIN);
	struct recorder_reader	*d;
	const struct record	*c;
	pthread_t		 t;
	unsigned		 n = 0;

	atomic_store(&enough, false);
	assert_int_equal(pthread_create(&t, NULL, write_on, r), 0);
	for (int i = 0; i < 300 || n < 1000; i++) {
		d = reading();
		while ((c = recorder_next(d)) != NULL) {
			assert_whole(c);
			n++;
		}
		recorder_reader_close(d);
	}
	atomic_store(&enough, true);
	pthread_join(t, NULL);
	recorder_close(r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strange, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beside, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
