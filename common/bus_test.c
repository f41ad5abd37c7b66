/*
 * bus: asking and being asked, restarts, refusals, bounds, the window.
 */
#include "common/bus_test.h"

#include <zmq.h>

static void
test_question(void **state)
{
	struct house	*h = *state;

	assert_false(bus_peer_alive(h->peer));
	assert_true(ask(h, 3000) != 0);
	assert_int_equal(bus_peer_open(h->peer), 1);
	assert_int_equal(h->answered, 0);
	until(h, h->answered == 1);
	assert_int_equal(h->type, MSG_STATUS_IS);
	assert_int_equal(h->pid, 7);
	assert_int_equal(h->ticket.call, 5);
	assert_int_equal(bus_peer_open(h->peer), 0);
	assert_int_equal(bus_peer_epoch(h->peer), 1001);
	assert_true(bus_peer_alive(h->peer));
	assert_int_equal(figures(h->asker).repeated, 0);
}

static void
test_deferred(void **state)
{
	struct house		*h = *state;
	struct msg_status_is	 a = { .pid = 9 };

	h->defers = true;
	ask(h, 3000);
	until(h, h->asked == 1);
	loop_once(h->loop, 0);
	assert_int_equal(h->answered, 0);
	bus_answer(h->ticket, MSG_STATUS_IS, &a);
	until(h, h->answered == 1);
	assert_int_equal(h->pid, 9);
	/* once more: nobody is interested */
	bus_answer(h->ticket, MSG_STATUS_IS, &a);
	ask(h, 3000);
	until(h, h->asked == 2);
	assert_int_equal(h->answered, 1);
}

static void
test_timeout(void **state)
{
	struct house		*h = *state;
	struct msg_status_is	 a = { .pid = 9 };
	struct mono		 before;

	ask(h, 5000);
	until(h, h->answered == 1);
	h->defers = true;
	before = loop_now(h->loop);	/* from when deadlines count */
	ask(h, 5000);
	ask(h, 60);
	ask(h, 30);
	ask(h, 90);
	until(h, h->failed == 3);
	assert_int_equal(h->error, -ETIMEDOUT);
	assert_true(mono_ms_between(before, mono_now()) >= 90);
	assert_int_equal(bus_peer_open(h->peer), 1);
	assert_int_equal(figures(h->asker).timed_out, 3);
	/* the daemon does not answer what is too late: by its clock, since it came */
	until(h, h->asked == 5);
	before = mono_now();
	until(h, mono_ms_between(before, mono_now()) > 90);
	bus_answer(h->ticket, MSG_STATUS_IS, &a);
	assert_int_equal(figures(h->daemon).late, 1);
}

static void
test_forget(void **state)
{
	struct house	*h = *state;
	uint64_t	 first, second;

	ask(h, 3000);
	until(h, h->answered == 1);
	first = ask(h, 3000);
	bus_forget(h->peer, first);
	second = ask(h, 3000);
	assert_true(first != second);
	bus_forget(h->peer, first);		/* nothing */
	until(h, h->answered == 2);
	assert_int_equal(h->asked, 3);
	assert_int_equal(h->answered, 2);
	assert_int_equal(bus_peer_open(h->peer), 0);
}

/* Nobody is there yet: the question waits, and is sent once. */
static void
test_asked_before_anybody_is_there(void **state)
{
	struct house	*h = *state;

	daemon_end(h);
	h->peer = bus_peer_new(h->asker, "late", h->endpoint);
	ask(h, 8000);
	for (int i = 0; i < 5; i++)
		loop_once(h->loop, 10);
	daemon_begin(h, 1002);
	until(h, h->answered == 1);
	assert_int_equal(h->asked, 1);
	assert_in_range(h->deadline_ms, 1, 8000);
}

/* The process that got the question died before it ever said a word. */
static void
test_died_without_a_word(void **state)
{
	struct house	*h = *state;
	void		*context = zmq_ctx_new();
	void		*mute = zmq_socket(context, ZMQ_ROUTER);
	char		 in[256];

	daemon_end(h);
	assert_int_equal(zmq_bind(mute, h->endpoint), 0);
	h->peer = bus_peer_new(h->asker, "mute", h->endpoint);
	ask(h, 8000);
	until(h, zmq_recv(mute, in, sizeof(in), ZMQ_DONTWAIT) > 0);
	zmq_close(mute);
	zmq_ctx_term(context);
	daemon_begin(h, 1002);
	until(h, h->answered == 1);
	assert_int_equal(h->asked, 1);
}

static void
test_repeated_to_new_epoch(void **state)
{
	struct house	*h = *state;

	h->defers = true;
	ask(h, 3000);
	until(h, h->answered == 1 || (h->asked == 1 &&
	    bus_peer_epoch(h->peer) == 1001));
	for (int i = 0; i < 99; i++)
		ask(h, 8000);
	until(h, h->asked == 100);
	daemon_end(h);
	h->defers = false;
	daemon_begin(h, 1002);
	until(h, h->answered == 100);
	assert_int_equal(bus_peer_epoch(h->peer), 1002);
	assert_int_equal(figures(h->asker).repeated, 100);
	assert_in_range(h->deadline_ms, 1, 7999);
	assert_int_equal(h->failed, 0);
}

static void
test_alive(void **state)
{
	struct house	*h = *state;

	until(h, bus_peer_alive(h->peer));
	daemon_end(h);
	until(h, !bus_peer_alive(h->peer));
	daemon_begin(h, 1002);
	until(h, bus_peer_alive(h->peer));
}

static void
test_refusals(void **state)
{
	struct house		*h = *state;
	struct msg_route	 route = { 0 };
	struct msg_drain	 drain = { 0 };
	struct bus_server	*monitor;
	char			 endpoint[64], path[64];

	/* no handler */
	bus_ask(h->peer, MSG_ROUTE, &route, 3000, on_answer, h);
	until(h, h->refused == 1);
	assert_int_equal(h->error, ENOSYS);
	assert_string_equal(h->text, "ROUTE is not answered here");
	/* the monitor endpoint */
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/m", h->dir);
	assert_int_equal(bus_serve(h->daemon, endpoint, true, &monitor), 0);
	bus_handlers_add(monitor, handlers, h);
	h->peer = bus_peer_new(h->asker, "m", endpoint);
	bus_ask(h->peer, MSG_DRAIN, &drain, 3000, on_answer, h);
	until(h, h->refused == 2);
	assert_int_equal(h->error, EACCES);
	assert_int_equal(h->asked, 0);
	ask(h, 3000);
	until(h, h->answered == 1);
	/* an endpoint that cannot be */
	assert_true(bus_serve(h->daemon, "ipc:///nowhere/at/all", false,
	    &monitor) < 0);
	snprintf(path, sizeof(path), "%s/m", h->dir);
	unlink(path);
}

/* A turn's questions leave in one frame, and so do the answers. */
static void
test_one_frame(void **state)
{
	struct house	*h = *state;
	uint64_t	 in, out;

	ask(h, 3000);
	until(h, h->answered == 1);
	in = figures(h->daemon).frames_in;
	out = figures(h->asker).frames_out;
	for (int i = 0; i < 300; i++)
		ask(h, 3000);
	until(h, h->answered == 301);
	assert_int_equal(figures(h->asker).frames_out - out, 1);
	assert_int_equal(figures(h->daemon).frames_in - in, 1);
	assert_int_equal(figures(h->daemon).messages_in, 301);
}

static void
test_too_many(void **state)
{
	struct house	*h = *state;
	uint64_t	 id;

	for (int i = 0; i < 65536; i++)
		ask(h, 9000);
	ask(h, 9000);
	id = ask(h, 9000);
	bus_forget(h->peer, id);
	assert_int_equal(h->failed, 0);
	until(h, h->answered == 65536);
	assert_int_equal(h->failed, 1);
	ask(h, 9000);
	until(h, h->answered == 65537);
}

static void
test_too_big(void **state)
{
	static char		 big[FRAME_MAX];
	struct house		*h = *state;
	struct msg_prepare	 q = { .text = { big, sizeof(big) } };
	struct msg_show		 long_one = { .what = { big, MSG_STR_MAX + 1 } };

	bus_ask(h->peer, MSG_PREPARE, &q, 3000, on_answer, h);
	until(h, h->failed == 1);
	assert_int_equal(h->error, -EMSGSIZE);
	/* what the other side will not take is refused at once */
	bus_ask(h->peer, MSG_SHOW, &long_one, 3000, on_answer, h);
	until(h, h->refused == 1);
	assert_int_equal(h->error, EMSGSIZE);
}

/* ---- a window opens under load, gathers, and closes ---- */

static void
adapt(struct bus_out *o, uint32_t n, int64_t dt_us)
{
	o->n = n;
	bus_out_adapt(o, dt_us);
	o->n = 0;
}

static void
test_window(void **state)
{
	struct bus_out	o = { 0 };
	unsigned	slowed = 0;

	for (int i = 0; i < 100; i++) {		/* quiet */
		adapt(&o, 1, 900);
		assert_int_equal(o.window_us, 0);
	}
	for (int i = 0; i < 6; i++)		/* 10 000 a second */
		adapt(&o, 1 + (o.window_us > 0) * 3, 100 + o.window_us);
	assert_true(o.window_us >= 500);
	for (int i = 0; i < 6; i++)
		adapt(&o, 11, 1100);
	assert_int_equal(o.window_us, 1000);
	adapt(&o, 2, 3000);			/* calm again: at once */
	assert_int_equal(o.window_us, 0);
	/* one who waits for each answer is slowed down ever less */
	for (int i = 0; i < 1000; i++) {
		slowed += o.window_us > 0;
		adapt(&o, 1, 100 + o.window_us);
	}
	assert_in_range(slowed, 1, 20);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_question),
		T(test_deferred),
		T(test_timeout),
		T(test_forget),
		T(test_asked_before_anybody_is_there),
		T(test_died_without_a_word),
		T(test_repeated_to_new_epoch),
		T(test_alive),
		T(test_refusals),
		T(test_one_frame),
		T(test_too_many),
		T(test_too_big),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
