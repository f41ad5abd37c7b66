/*
 * reclaim - frees shared memory when no reader can look at it any more.
 *
 * There is one clock, which every reclaim() moves on. A reader that enters
 * notes the clock; while it is out, its note is 0. What was taken out of reach
 * at time t can be freed when every note is 0 or later than t: such a reader
 * began to look when there was nothing to be found.
 */
#include "sipd/reclaim.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/str.h"

struct reader {
	_Alignas(64) _Atomic uint64_t	note;
	bool				taken;
};

struct waiting {
	void		*p;
	uint64_t	 when;
};

static struct {
	_Atomic uint64_t	clock;
	struct reader		readers[READERS_MAX];
	pthread_mutex_t		lock;		/* for all below */
	unsigned		nreaders;	/* highest slot in use, plus 1 */
	struct waiting		*v;		/* a ring, the oldest at first */
	size_t			size, first, n;
} state = { .clock = 1, .lock = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct reader	*self;

void
reclaim_open(void)
{
	atomic_store(&state.clock, 1);
}

void
reclaim_join(void)
{
	pthread_mutex_lock(&state.lock);
	for (unsigned i = 0; i < READERS_MAX && self == NULL; i++) {
		if (state.readers[i].taken)
			continue;
		self = &state.readers[i];
		self->taken = true;
		if (state.nreaders <= i)
			state.nreaders = i + 1;
	}
	pthread_mutex_unlock(&state.lock);
	assert(self != NULL);
}

void
reclaim_leave(void)
{
	if (self == NULL)
		return;
	reclaim_exit();
	pthread_mutex_lock(&state.lock);
	self->taken = false;
	pthread_mutex_unlock(&state.lock);
	self = NULL;
}

void
reclaim_enter(void)
{
	uint64_t	now;

	assert(self != NULL);
	if (atomic_load_explicit(&self->note, memory_order_relaxed) != 0)
		return;
	now = atomic_load_explicit(&state.clock, memory_order_acquire);
	atomic_store_explicit(&self->note, now, memory_order_relaxed);
	/* The note must be seen before anything is looked at. */
	atomic_thread_fence(memory_order_seq_cst);
}

void
reclaim_exit(void)
{
	if (self != NULL)
		atomic_store_explicit(&self->note, 0, memory_order_release);
}

/* The earliest note of those who are in. */
static uint64_t
earliest(void)
{
	uint64_t	e = UINT64_MAX, note;

	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < state.nreaders; i++) {
		note = atomic_load_explicit(&state.readers[i].note,
		    memory_order_acquire);
		if (note != 0 && note < e)
			e = note;
	}
	return e;
}

static void
free_before(uint64_t when, size_t most)
{
	while (state.n > 0 && most-- > 0 && state.v[state.first].when < when) {
		free(state.v[state.first].p);
		state.first = (state.first + 1) % state.size;
		state.n--;
	}
}

static void
grow(void)
{
	size_t		 size = state.size == 0 ? 256 : state.size * 2;
	struct waiting	*v = xcalloc(size, sizeof(*v));

	for (size_t i = 0; i < state.n; i++)
		v[i] = state.v[(state.first + i) % state.size];
	free(state.v);
	state.v = v;
	state.size = size;
	state.first = 0;
}

void
reclaim(void *p)
{
	pthread_mutex_lock(&state.lock);
	if (state.n == state.size)
		grow();
	state.v[(state.first + state.n) % state.size] = (struct waiting){ p,
	    atomic_fetch_add(&state.clock, 1) };
	state.n++;
	/* A bounded share of the clearing up, more than what was added. */
	free_before(earliest(), 4);
	pthread_mutex_unlock(&state.lock);
}

void
reclaim_now(void)
{
	pthread_mutex_lock(&state.lock);
	free_before(earliest(), 4096);
	pthread_mutex_unlock(&state.lock);
}

void
reclaim_close(void)
{
	pthread_mutex_lock(&state.lock);
	free_before(UINT64_MAX, SIZE_MAX);
	free(state.v);
	state.v = NULL;
	state.size = state.first = state.n = 0;
	pthread_mutex_unlock(&state.lock);
}
