/*
 * wheel - timers that cost the same however many there are.
 *
 * A timer due at tick d is filed by the highest group of six bits in which d
 * differs from the present tick: that group is the level, its value the slot. A
 * slot of a higher level is dealt out to lower ones when its time begins. So all
 * used slots of a level lie behind its present position, and any slot of a lower
 * level comes before any of a higher one: the next thing to do is found from the
 * bit maps alone.
 */
#include "sipd/wheel.h"

#include <assert.h>
#include <stdlib.h>

#include "common/str.h"

#define BITS		6
#define SLOTS		(1 << BITS)
#define LEVELS		7	/* 42 bits of ticks: as long as any clock */
#define TICK_NS		(INT64_C(1000000) * WHEEL_TICK_MS)
#define NEVER		UINT64_MAX

struct wheel {
	struct wheel_timer	*slots[LEVELS][SLOTS];
	uint64_t		 used[LEVELS];	/* a bit a slot */
	struct wheel_timer	*firing;
	uint64_t		 tick;		/* all before it has fired */
	uint64_t		 armed;		/* tick the loop's timer waits for */
	struct mono		 base;		/* tick 0 */
	struct mono		 now;
	size_t			 count;
	bool			 advancing;
	struct loop		*loop;
	struct loop_timer	*timer;
};

static void	arm(struct wheel *w);

static void
on_timer(void *arg)
{
	struct wheel	*w = arg;

	w->armed = NEVER;
	wheel_advance(w, loop_now(w->loop));
}

struct wheel *
wheel_new(struct loop *l, struct mono now)
{
	struct wheel	*w = xcalloc(1, sizeof(*w));

	w->base = w->now = now;
	w->armed = NEVER;
	w->loop = l;
	if (l != NULL)
		w->timer = loop_timer_new(l, on_timer, w);
	return w;
}

void
wheel_free(struct wheel *w)
{
	if (w == NULL)
		return;
	if (w->timer != NULL)
		loop_timer_free(w->timer);
	free(w);
}

static void
link_timer(struct wheel_timer **head, struct wheel_timer *t)
{
	t->next = *head;
	t->prev = head;
	if (t->next != NULL)
		t->next->prev = &t->next;
	*head = t;
}

static void
unlink_timer(struct wheel_timer *t)
{
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->next = NULL;
	t->prev = NULL;
}

/* Files t and returns the tick at which its slot has to be looked at. */
static uint64_t
file_timer(struct wheel *w, struct wheel_timer *t)
{
	unsigned	level, slot;

	assert(t->due > w->tick);
	level = (unsigned)(63 - __builtin_clzll(t->due ^ w->tick)) / BITS;
	assert(level < LEVELS);
	slot = (t->due >> (level * BITS)) & (SLOTS - 1);
	link_timer(&w->slots[level][slot], t);
	w->used[level] |= UINT64_C(1) << slot;
	return t->due >> (level * BITS) << (level * BITS);
}

/* The next tick at which a slot begins; the slot itself through *level, *slot. */
static uint64_t
next_slot(const struct wheel *w, unsigned *level, unsigned *slot)
{
	for (unsigned l = 0; l < LEVELS; l++) {
		uint64_t above = (l + 1) * BITS;

		if (w->used[l] == 0)
			continue;
		*level = l;
		*slot = (unsigned)__builtin_ctzll(w->used[l]);
		return (w->tick >> above << above) |
		    ((uint64_t)*slot << (l * BITS));
	}
	return NEVER;
}

/* The clock that a start counts from: the turn's, or the test's. */
static struct mono
clock_now(const struct wheel *w)
{
	return w->loop != NULL ? loop_now(w->loop) : w->now;
}

void
wheel_start(struct wheel *w, struct wheel_timer *t, int64_t ms)
{
	int64_t		ns = clock_now(w).ns - w->base.ns;
	uint64_t	at;

	if (ms < 0)
		ms = 0;
	if (ms > WHEEL_MAX_MS)
		ms = WHEEL_MAX_MS;
	wheel_stop(w, t);
	t->due = (uint64_t)((ns + ms * 1000000 + TICK_NS - 1) / TICK_NS);
	if (t->due <= w->tick)
		t->due = w->tick + 1;
	at = file_timer(w, t);
	w->count++;
	if (at < w->armed)
		arm(w);
}

void
wheel_stop(struct wheel *w, struct wheel_timer *t)
{
	struct wheel_timer	**head = t->prev;
	uintptr_t		 i;

	if (head == NULL)
		return;
	unlink_timer(t);
	w->count--;
	/* Was it the last of its slot? Then head is the slot itself. */
	i = ((uintptr_t)head - (uintptr_t)w->slots) / sizeof(*head);
	if (*head == NULL && i < LEVELS * SLOTS)
		w->used[i / SLOTS] &= ~(UINT64_C(1) << (i % SLOTS));
}

int64_t
wheel_left_ms(const struct wheel *w, const struct wheel_timer *t)
{
	int64_t	ns;

	if (!wheel_active(t))
		return 0;
	ns = w->base.ns + (int64_t)t->due * TICK_NS - clock_now(w).ns;
	return ns > 0 ? (ns + 999999) / 1000000 : 0;
}

size_t
wheel_count(const struct wheel *w)
{
	return w->count;
}

/* Empties a slot: what is due goes to firing, the rest to lower levels. */
static void
deal(struct wheel *w, unsigned level, unsigned slot)
{
	struct wheel_timer	*t, *list = w->slots[level][slot];

	w->slots[level][slot] = NULL;
	w->used[level] &= ~(UINT64_C(1) << slot);
	while ((t = list) != NULL) {
		list = t->next;
		if (t->due <= w->tick)
			link_timer(&w->firing, t);
		else
			(void)file_timer(w, t);
	}
}

static void
fire(struct wheel *w)
{
	struct wheel_timer	*t;

	while ((t = w->firing) != NULL) {
		unlink_timer(t);
		w->count--;
		t->fn(t->arg);
	}
}

void
wheel_advance(struct wheel *w, struct mono now)
{
	uint64_t	target, at;
	unsigned	level = 0, slot = 0;

	if (mono_before(now, w->now) || w->advancing)
		return;
	w->now = now;
	w->advancing = true;
	target = (uint64_t)((now.ns - w->base.ns) / TICK_NS);
	while ((at = next_slot(w, &level, &slot)) <= target) {
		w->tick = at;
		deal(w, level, slot);
		fire(w);
	}
	if (w->tick < target)
		w->tick = target;
	w->advancing = false;
	arm(w);
}

int64_t
wheel_next_ms(const struct wheel *w)
{
	unsigned	level, slot;
	uint64_t	at = next_slot(w, &level, &slot);
	int64_t		ns;

	if (at == NEVER)
		return -1;
	ns = w->base.ns + (int64_t)at * TICK_NS - clock_now(w).ns;
	return ns > 0 ? (ns + 999999) / 1000000 : 0;
}

static void
arm(struct wheel *w)
{
	unsigned	level, slot;
	uint64_t	at;

	if (w->timer == NULL || w->advancing)
		return;
	at = next_slot(w, &level, &slot);
	if (at == w->armed)
		return;
	w->armed = at;
	if (at == NEVER)
		loop_timer_stop(w->timer);
	else
		loop_timer_start(w->timer, (uint64_t)wheel_next_ms(w), 0);
}
