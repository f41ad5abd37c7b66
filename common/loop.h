#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"

/*
 * One loop per thread. Everything here belongs to the thread that made it,
 * except loop_wake_send() and loop_stop_from_outside(). Handlers do a bounded
 * piece of work and never wait. Allocation failures die: sizes are fixed and
 * objects few (no per-call or per-packet object lives here).
 */
struct loop;
struct loop_io;
struct loop_timer;
struct loop_tick;
struct loop_wake;
struct loop_turn;

typedef void loop_fn(void *arg);
typedef void loop_io_fn(void *arg, unsigned events);

enum {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
	LOOP_ERROR = 4,		/* reported, never asked for */
};

struct loop *loop_new(void);
void	loop_free(struct loop *l);	/* NULL is fine; frees what is left */
/* Until loop_stop(). */
void	loop_run(struct loop *l);
/* One turn, for tests: waits at most wait_ms for something to do. */
void	loop_once(struct loop *l, int wait_ms);
void	loop_stop(struct loop *l);
void	loop_stop_from_outside(struct loop *l);	/* any thread */
/* The clock as read by the turn's first handler; outside of a turn, now. */
struct mono loop_now(const struct loop *l);
/* Reads it anew (after a long piece of work). */
struct mono loop_now_fresh(struct loop *l);

/*
 * Level-triggered. The descriptor stays the caller's and is made non-blocking.
 * After an error fn gets LOOP_ERROR with what was asked for: it must read or
 * write, which takes the error away, or free the io.
 */
struct loop_io *loop_io_new(struct loop *l, int fd, unsigned events,
	    loop_io_fn *fn, void *arg);
void	loop_io_want(struct loop_io *io, unsigned events);
void	loop_io_free(struct loop_io *io);	/* NULL is fine; before close(fd) */

/*
 * Whole milliseconds, counted from the turn's begin; one shot unless
 * repeat_ms > 0. Starting again moves it.
 */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg);
void	loop_timer_start(struct loop_timer *t, uint64_t ms, uint64_t repeat_ms);
void	loop_timer_stop(struct loop_timer *t);
bool	loop_timer_active(const struct loop_timer *t);
void	loop_timer_free(struct loop_timer *t);

/* Microseconds, one shot, on a timerfd: for windows under 2 ms. */
struct loop_tick *loop_tick_new(struct loop *l, loop_fn *fn, void *arg);
void	loop_tick_start(struct loop_tick *t, uint32_t us);
void	loop_tick_stop(struct loop_tick *t);
void	loop_tick_free(struct loop_tick *t);

/* fn runs in this loop's thread some time after any thread sent; sends merge. */
struct loop_wake *loop_wake_new(struct loop *l, loop_fn *fn, void *arg);
void	loop_wake_send(struct loop_wake *w);
void	loop_wake_free(struct loop_wake *w);

/*
 * fn runs at the end of every turn, after all handlers and before the loop
 * sleeps: the place where queued output leaves. In the order of creation.
 */
struct loop_turn *loop_turn_new(struct loop *l, loop_fn *fn, void *arg);
/*
 * Asks that the loop does not sleep before the next turn: for work that a
 * turn hook left over.
 */
void	loop_turn_again(struct loop *l);
void	loop_turn_free(struct loop_turn *t);

/* Signals: main thread's loop only. */
struct loop_signal;
struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn *fn,
	    void *arg);
void	loop_signal_free(struct loop_signal *s);

#endif
