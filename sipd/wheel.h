#ifndef SIPD_WHEEL_H
#define SIPD_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"
#include "common/mono.h"

/*
 * A hierarchical timer wheel: start and stop cost the same whatever the number
 * of timers. Five levels of 64 slots, a tick of 4 ms: up to 49 days. A timer
 * never fires early, and at most two ticks late. One thread.
 */
#define WHEEL_TICK_MS	4
#define WHEEL_MAX_MS	(INT64_C(4) * ((INT64_C(1) << 30) - 64))

/* Lives in the caller's object; all zero is a stopped timer. */
struct wheel_timer {
	struct wheel_timer	*next;
	struct wheel_timer	**prev;	/* NULL: not running */
	uint64_t		 due;	/* tick */
	void			(*fn)(void *arg);
	void			*arg;
};

struct wheel;

/* Driven by one timer of the loop; l NULL: by wheel_advance() alone (tests). */
struct wheel *wheel_new(struct loop *l, struct mono now);
void	wheel_free(struct wheel *w);		/* timers still running are let go */

static inline void
wheel_timer_init(struct wheel_timer *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct wheel_timer){ .fn = fn, .arg = arg };
}

/* fn(arg) once, ms from now on; a running one is moved. ms is clamped. */
void	wheel_start(struct wheel *w, struct wheel_timer *t, int64_t ms);
void	wheel_stop(struct wheel *w, struct wheel_timer *t);	/* not running: fine */
static inline bool
wheel_active(const struct wheel_timer *t)
{
	return t->prev != NULL;
}
/* What is left, rounded up; 0 when not running. */
int64_t	wheel_left_ms(const struct wheel *w, const struct wheel_timer *t);
size_t	wheel_count(const struct wheel *w);

/*
 * Fires what is due at now. A timer is stopped before its fn is called, which
 * may start and stop any timer, itself included.
 */
void	wheel_advance(struct wheel *w, struct mono now);
/* Milliseconds until wheel_advance() has something to do; -1: never. */
int64_t	wheel_next_ms(const struct wheel *w);

#endif
