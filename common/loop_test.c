/* loop: what a turn guarantees, timers, ticks, wake-ups, errors of sockets. */
#include "common/loop.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/str.h"

/* What happened, one letter each, in order. */
static char		trace_s[64];
static struct text	trace;

struct mark {
	struct loop	*loop;
	char		 c;
	int		 again;
	struct loop_turn *dies;
	int		 fd;
};

static int
setup(void **state)
{
	text_init(&trace, trace_s, sizeof(trace_s));
	*state = loop_new();
	return 0;
}

static int
teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void
assert_trace(const char *want)
{
	char	got[64];

	assert_true(str_copy(got, sizeof(got), text_str(&trace)));
	assert_string_equal(got, want);
	text_init(&trace, trace_s, sizeof(trace_s));
}

static void
mark_fn(void *arg)
{
	struct mark	*m = arg;

	text_ch(&trace, m->c);
	if (m->again > 0) {
		m->again--;
		loop_turn_again(m->loop);
	}
	loop_turn_free(m->dies);
	m->dies = NULL;
}

static void
mark_io(void *arg, unsigned events)
{
	struct mark	*m = arg;
	char		 c;

	text_ch(&trace, m->c);
	if (events & LOOP_ERROR)
		text_ch(&trace, '!');
	while (read(m->fd, &c, 1) > 0)
		;
}

static void
test_turn_order(void **state)
{
	struct loop		*l = *state;
	struct mark		 io = { l, 'i' }, end = { l, 'e' }, last = { l, 'l' },
				 timer = { l, 't' };
	struct loop_timer	*t = loop_timer_new(l, mark_fn, &timer);
	struct loop_io		*r;
	int			 fds[2];

	assert_int_equal(pipe(fds), 0);
	io.fd = fds[0];
	r = loop_io_new(l, fds[0], LOOP_READ, mark_io, &io);
	loop_turn_new(l, mark_fn, &end);
	loop_turn_new(l, mark_fn, &last);
	loop_once(l, 0);
	text_init(&trace, trace_s, sizeof(trace_s));

	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_once(l, 1000);
	/* libuv's prepare first: a turn without handlers. */
	assert_trace("eliel");

	loop_timer_start(t, 1, 0);
	assert_true(loop_timer_active(t));
	loop_once(l, 1000);
	assert_trace("eltel");
	assert_false(loop_timer_active(t));
	loop_io_free(r);
	loop_timer_free(t);
	close(fds[0]);
	close(fds[1]);
}

static void
test_again_does_not_sleep(void **state)
{
	struct loop	*l = *state;
	struct mark	 end = { l, 'e', .again = 3 };
	struct mono	 before = mono_now();

	loop_turn_new(l, mark_fn, &end);
	loop_once(l, 60000);
	loop_once(l, 60000);
	assert_true(mono_ms_between(before, mono_now()) < 30000);
}

static void
test_hook_dies_in_hook(void **state)
{
	struct loop	*l = *state;
	struct mark	 killer = { l, 'k' }, victim = { l, 'v' }, other = { l, 'o' };

	loop_turn_new(l, mark_fn, &killer);
	killer.dies = loop_turn_new(l, mark_fn, &victim);
	loop_turn_new(l, mark_fn, &other);
	loop_once(l, 0);
	assert_trace("koko");
}

static void
test_tick(void **state)
{
	struct loop		*l = *state;
	struct mark		 a = { l, 'a' }, b = { l, 'b' };
	struct loop_tick	*early = loop_tick_new(l, mark_fn, &a);
	struct loop_tick	*late = loop_tick_new(l, mark_fn, &b);
	struct mono		 before = mono_now();

	loop_tick_start(early, 300);
	loop_tick_start(late, 100);
	loop_tick_start(late, 2000);
	while (trace.len < 2)
		loop_once(l, 1000);
	assert_trace("ab");
	assert_true(mono_us_between(before, mono_now()) >= 2000);
	loop_tick_start(early, 0);
	loop_tick_stop(early);
	loop_tick_start(late, 1);
	while (trace.len < 1)
		loop_once(l, 1000);
	assert_trace("b");
	loop_tick_free(early);
	loop_tick_free(late);
}

static void *
sender(void *arg)
{
	for (int i = 0; i < 1000; i++)
		loop_wake_send(arg);
	return NULL;
}

static void
test_wake_merges(void **state)
{
	struct loop		*l = *state;
	struct mark		 m = { l, 'w' };
	struct loop_wake	*w = loop_wake_new(l, mark_fn, &m);
	pthread_t		 thread;

	assert_int_equal(pthread_create(&thread, NULL, sender, w), 0);
	pthread_join(thread, NULL);
	loop_once(l, 1000);
	loop_once(l, 0);
	assert_trace("w");
	loop_wake_free(w);
}

static void *
stopper(void *arg)
{
	loop_stop_from_outside(arg);
	return NULL;
}

static void
test_stop_from_outside(void **state)
{
	struct loop	*l = *state;
	pthread_t	 thread;

	assert_int_equal(pthread_create(&thread, NULL, stopper, l), 0);
	loop_run(l);
	pthread_join(thread, NULL);
}

/* An ICMP error on a connected socket must not stop the watch. */
static void
test_socket_error_is_level_triggered(void **state)
{
	struct loop		*l = *state;
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(sin);
	struct mark		 m = { l, 'r' };
	struct loop_io		*io;
	int			 a = socket(AF_INET, SOCK_DGRAM, 0);
	int			 b = socket(AF_INET, SOCK_DGRAM, 0);

	sin.sin_addr.s_addr = htonl(0x7f000b01);
	assert_int_equal(bind(a, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(a, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(connect(b, (struct sockaddr *)&sin, len), 0);
	close(a);
	m.fd = b;
	io = loop_io_new(l, b, LOOP_READ, mark_io, &m);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send(b, "x", 1, 0), 1);
		while (trace.len == 0)
			loop_once(l, 1000);
		assert_int_equal(trace_s[0], 'r');
		text_init(&trace, trace_s, sizeof(trace_s));
	}
	loop_io_want(io, 0);
	loop_io_free(io);
	close(b);
}

static void
test_signal(void **state)
{
	struct loop		*l = *state;
	struct mark		 m = { l, 's' };
	struct loop_signal	*s = loop_signal_new(l, SIGUSR1, mark_fn, &m);

	raise(SIGUSR1);
	while (trace.len == 0)
		loop_once(l, 1000);
	assert_trace("s");
	loop_signal_free(s);
}

/* Everything left is freed: the leak check looks. */
static void
test_free_with_leftovers(void **state)
{
	struct loop		*l = *state;
	static struct mark	 m;
	struct loop_timer	*t = loop_timer_new(l, mark_fn, &m);

	loop_timer_start(t, 100000, 0);
	loop_wake_new(l, mark_fn, &m);
	loop_turn_new(l, mark_fn, &m);
	loop_turn_again(l);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_turn_order),
		T(test_again_does_not_sleep),
		T(test_hook_dies_in_hook),
		T(test_tick),
		T(test_wake_merges),
		T(test_stop_from_outside),
		T(test_socket_error_is_level_triggered),
		T(test_signal),
		T(test_free_with_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
