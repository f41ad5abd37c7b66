/*
 * loop - readiness, timers, signals and wake-ups of one thread, over libuv.
 *
 * The only file that includes uv.h. An iteration of libuv is: timers, prepare,
 * poll with the handlers of descriptors, closing. Our turn ends in prepare: what
 * the handlers since the last poll queued leaves there, then the loop sleeps.
 * Every handler is entered through awake(), so that the first one after the
 * sleep reads the clock before anything else.
 */
#include "common/loop.h"

#include <sys/queue.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "common/stats.h"
#include "common/str.h"

struct loop_turn {
	TAILQ_ENTRY(loop_turn)	 entry;
	struct loop		*loop;
	loop_fn			*fn;
	void			*arg;
	bool			 dead;		/* freed while hooks ran */
};
TAILQ_HEAD(turns, loop_turn);

struct loop {
	uv_loop_t	 uv;
	uv_prepare_t	 prepare;
	uv_idle_t	 idle;
	uv_async_t	 stop;
	uv_timer_t	 bound;		/* of loop_once() */
	struct turns	 turns;
	struct mono	 now;
	struct mono	 woke;		/* the turn's begin */
	bool		 asleep;	/* nothing has run since the turn's end */
	bool		 again;
	unsigned	 walking;	/* hooks are running: free later */
	bool		 buried;	/* a hook died meanwhile */
};

/*
 * The handle is the first member of all that follow, so that closing can free
 * any of them by its handle's address.
 */
struct loop_io {
	uv_poll_t	 handle;
	loop_io_fn	*fn;
	void		*arg;
	unsigned	 events;
};

struct loop_timer {
	uv_timer_t	 handle;
	loop_fn		*fn;
	void		*arg;
};

struct loop_wake {
	uv_async_t	 handle;
	loop_fn		*fn;
	void		*arg;
};

struct loop_signal {
	uv_signal_t	 handle;
	loop_fn		*fn;
	void		*arg;
};

struct loop_tick {
	struct loop_io	*io;
	loop_fn		*fn;
	void		*arg;
	int		 fd;
	bool		 armed;
};

/* libuv fails here only without memory or descriptors. */
static void
must(int r, const char *what)
{
	if (r < 0)
		fatal("loop: %s: %s", what, uv_strerror(r));
}

static void
hooks_run(struct loop *l)
{
	struct loop_turn	*t, *next;

	l->walking++;
	TAILQ_FOREACH(t, &l->turns, entry)
		if (!t->dead)
			t->fn(t->arg);
	if (--l->walking > 0 || !l->buried)
		return;
	l->buried = false;
	for (t = TAILQ_FIRST(&l->turns); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->dead)
			loop_turn_free(t);
	}
}

static inline void
awake(struct loop *l)
{
	if (!l->asleep)
		return;
	l->asleep = false;
	l->now = l->woke = mono_now();
}

static inline struct loop *
loop_of(const void *handle)
{
	return uv_handle_get_loop(handle)->data;
}

static void
turn_end(struct loop *l)
{
	int64_t	us;

	awake(l);
	hooks_run(l);
	us = mono_us_between(l->woke, mono_now());
	if (us > stats->loop_longest_us)
		stats->loop_longest_us = us;
	l->asleep = true;
}

static void
prepare_cb(uv_prepare_t *h)
{
	turn_end(h->data);
}

/* Being active was all it is for: libuv then polls without waiting. */
static void
idle_cb(uv_idle_t *h)
{
	struct loop	*l = h->data;

	l->again = false;
	uv_idle_stop(h);
}

static void
stop_cb(uv_async_t *h)
{
	loop_stop(h->data);
}

static void
bound_cb(uv_timer_t *h)
{
}

struct loop *
loop_new(void)
{
	struct loop	*l = xcalloc(1, sizeof(*l));

	TAILQ_INIT(&l->turns);
	must(uv_loop_init(&l->uv), "loop");
	l->uv.data = l;
	must(uv_prepare_init(&l->uv, &l->prepare), "prepare");
	must(uv_idle_init(&l->uv, &l->idle), "idle");
	must(uv_async_init(&l->uv, &l->stop, stop_cb), "async");
	must(uv_timer_init(&l->uv, &l->bound), "timer");
	l->prepare.data = l->idle.data = l->stop.data = l;
	must(uv_prepare_start(&l->prepare, prepare_cb), "prepare");
	l->asleep = true;
	return l;
}

static void
closed_cb(uv_handle_t *h)
{
	free(h);
}

static void
leftover_cb(uv_handle_t *h, void *arg)
{
	struct loop	*l = arg;
	bool		 own;

	own = h == (uv_handle_t *)&l->prepare || h == (uv_handle_t *)&l->idle ||
	    h == (uv_handle_t *)&l->stop || h == (uv_handle_t *)&l->bound;
	if (!uv_is_closing(h))
		uv_close(h, own ? NULL : closed_cb);
}

void
loop_free(struct loop *l)
{
	struct loop_turn	*t;

	if (l == NULL)
		return;
	while ((t = TAILQ_FIRST(&l->turns)) != NULL)
		loop_turn_free(t);
	uv_walk(&l->uv, leftover_cb, l);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	must(uv_loop_close(&l->uv), "close");
	free(l);
}

void
loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

/* Under its name wherever it is called: tests count the instructions in it. */
__attribute__((noinline)) void
loop_once(struct loop *l, int wait_ms)
{
	if (wait_ms > 0) {
		uv_update_time(&l->uv);
		must(uv_timer_start(&l->bound, bound_cb, wait_ms, 0), "timer");
	}
	uv_run(&l->uv, wait_ms > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	uv_timer_stop(&l->bound);
	turn_end(l);
}

void
loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void
loop_stop_from_outside(struct loop *l)
{
	uv_async_send(&l->stop);
}

struct mono
loop_now(const struct loop *l)
{
	return l->asleep ? mono_now() : l->now;
}

struct mono
loop_now_fresh(struct loop *l)
{
	l->now = mono_now();
	return l->now;
}

/* ---- descriptors ---- */

static void	io_cb(uv_poll_t *h, int status, int events);

static void
io_start(struct loop_io *io)
{
	int	uv = 0;

	if (io->events & LOOP_READ)
		uv |= UV_READABLE;
	if (io->events & LOOP_WRITE)
		uv |= UV_WRITABLE;
	if (uv == 0)
		uv_poll_stop(&io->handle);
	else
		must(uv_poll_start(&io->handle, uv, io_cb), "poll");
}

static void
io_cb(uv_poll_t *h, int status, int events)
{
	struct loop_io	*io = (struct loop_io *)h;
	unsigned	 got = 0;

	awake(loop_of(h));
	if (status < 0) {
		/*
		 * libuv stops watching on POLLERR. We stay level-triggered: the
		 * handler finds the error with its next read or write.
		 */
		io_start(io);
		got = io->events | LOOP_ERROR;
	}
	if (events & UV_READABLE)
		got |= LOOP_READ;
	if (events & UV_WRITABLE)
		got |= LOOP_WRITE;
	io->fn(io->arg, got);
}

struct loop_io *
loop_io_new(struct loop *l, int fd, unsigned events, loop_io_fn *fn, void *arg)
{
	struct loop_io	*io = xcalloc(1, sizeof(*io));

	must(uv_poll_init(&l->uv, &io->handle, fd), "poll");
	io->fn = fn;
	io->arg = arg;
	io->events = events;
	io_start(io);
	return io;
}

void
loop_io_want(struct loop_io *io, unsigned events)
{
	if (io->events == events)
		return;
	io->events = events;
	io_start(io);
}

void
loop_io_free(struct loop_io *io)
{
	if (io != NULL)
		uv_close((uv_handle_t *)&io->handle, closed_cb);
}

/* ---- timers ---- */

static void
timer_cb(uv_timer_t *h)
{
	struct loop_timer	*t = (struct loop_timer *)h;

	awake(loop_of(h));
	t->fn(t->arg);
}

struct loop_timer *
loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_timer	*t = xcalloc(1, sizeof(*t));

	must(uv_timer_init(&l->uv, &t->handle), "timer");
	t->fn = fn;
	t->arg = arg;
	return t;
}

void
loop_timer_start(struct loop_timer *t, uint64_t ms, uint64_t repeat_ms)
{
	struct loop	*l = loop_of(&t->handle);

	if (l->asleep)
		uv_update_time(&l->uv);	/* not from a handler: it is old */
	must(uv_timer_start(&t->handle, timer_cb, ms, repeat_ms), "timer");
}

void
loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->handle);
}

bool
loop_timer_active(const struct loop_timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->handle);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t != NULL)
		uv_close((uv_handle_t *)&t->handle, closed_cb);
}

/* ---- ticks ---- */

static void
tick_set(struct loop_tick *t, uint32_t us)
{
	struct itimerspec	its = {
		.it_value = { us / 1000000, (long)(us % 1000000) * 1000 },
	};

	if (timerfd_settime(t->fd, 0, &its, NULL) < 0)
		fatal("loop: timerfd_settime: %s", strerror(errno));
	t->armed = us > 0;
}

static void
tick_cb(void *arg, unsigned events)
{
	struct loop_tick	*t = arg;
	uint64_t		 n;

	if (read(t->fd, &n, sizeof(n)) != sizeof(n) || !t->armed)
		return;		/* moved or stopped after it became readable */
	t->armed = false;
	t->fn(t->arg);
}

struct loop_tick *
loop_tick_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_tick	*t = xcalloc(1, sizeof(*t));

	t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->fd < 0)
		fatal("loop: timerfd_create: %s", strerror(errno));
	t->fn = fn;
	t->arg = arg;
	t->io = loop_io_new(l, t->fd, LOOP_READ, tick_cb, t);
	return t;
}

void
loop_tick_start(struct loop_tick *t, uint32_t us)
{
	tick_set(t, us > 0 ? us : 1);	/* 0 would disarm it */
}

void
loop_tick_stop(struct loop_tick *t)
{
	if (t->armed)
		tick_set(t, 0);
}

void
loop_tick_free(struct loop_tick *t)
{
	if (t == NULL)
		return;
	loop_io_free(t->io);
	close(t->fd);
	free(t);
}

/* ---- wake-ups from other threads ---- */

static void
wake_cb(uv_async_t *h)
{
	struct loop_wake	*w = (struct loop_wake *)h;

	awake(loop_of(h));
	w->fn(w->arg);
}

struct loop_wake *
loop_wake_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_wake	*w = xcalloc(1, sizeof(*w));

	must(uv_async_init(&l->uv, &w->handle, wake_cb), "async");
	w->fn = fn;
	w->arg = arg;
	return w;
}

void
loop_wake_send(struct loop_wake *w)
{
	uv_async_send(&w->handle);
}

void
loop_wake_free(struct loop_wake *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->handle, closed_cb);
}

/* ---- turn hooks ---- */

struct loop_turn *
loop_turn_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_turn	*t = xcalloc(1, sizeof(*t));

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	TAILQ_INSERT_TAIL(&l->turns, t, entry);
	return t;
}

void
loop_turn_again(struct loop *l)
{
	if (l->again)
		return;
	l->again = true;
	must(uv_idle_start(&l->idle, idle_cb), "idle");
}

void
loop_turn_free(struct loop_turn *t)
{
	if (t == NULL)
		return;
	if (t->loop->walking > 0) {
		t->dead = true;
		t->loop->buried = true;
		return;
	}
	TAILQ_REMOVE(&t->loop->turns, t, entry);
	free(t);
}

/* ---- signals ---- */

static void
signal_cb(uv_signal_t *h, int signo)
{
	struct loop_signal	*s = (struct loop_signal *)h;

	awake(loop_of(h));
	s->fn(s->arg);
}

struct loop_signal *
loop_signal_new(struct loop *l, int signo, loop_fn *fn, void *arg)
{
	struct loop_signal	*s = xcalloc(1, sizeof(*s));

	must(uv_signal_init(&l->uv, &s->handle), "signal");
	s->fn = fn;
	s->arg = arg;
	must(uv_signal_start(&s->handle, signal_cb, signo), "signal");
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s != NULL)
		uv_close((uv_handle_t *)&s->handle, closed_cb);
}
