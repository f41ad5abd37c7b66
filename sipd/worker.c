/*
 * worker - the threads, and what goes from one to another.
 *
 * Between each two workers there are two queues: one for messages and jobs, one
 * for the way back of the buffers, which is long enough for all of them. What a
 * worker queues for another in a turn wakes it once, at the turn's end.
 */
#include "sipd/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "sipd/accept.h"
#include "sipd/back.h"
#include "sipd/banned.h"
#include "sipd/failures.h"
#include "sipd/leases.h"
#include "sipd/handover.h"
#include "sipd/kept.h"
#include "sipd/listeners.h"
#include "sipd/msg.h"
#include "sipd/pool.h"
#include "sipd/record.h"
#include "sipd/replica.h"
#include "sipd/tcp.h"
#include "sipd/udp.h"
#include "sipd/wheel.h"

#define QUEUE		1024	/* items from one worker to another */
#define QUEUE_SPARE	256	/* of these are kept for jobs */
#define BUFFERS		512	/* of a worker; with one worker 64 will do */
#define BUFFERS_ALONE	64
#define TURN_ROUNDS	4

static struct {
	unsigned	 n;
	struct worker	 v[WORKERS_MAX];
	pthread_t	 threads[WORKERS_MAX];
	unsigned	 nthreads;
	struct handover	*queue[WORKERS_MAX][WORKERS_MAX];	/* [to][from] */
	struct handover	*back[WORKERS_MAX][WORKERS_MAX];
	/* Starting and stopping together. */
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	unsigned	 made, left, drained;
	int		 error;
	_Atomic bool	 go;
} state = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static _Thread_local struct worker	*self_worker;

static const struct upper core = {
	.start = core_worker_start,
	.ready = core_ready,
	.stop = core_worker_stop,
	.packet = core_packet,
	.send_failed = core_send_failed,
	.returned = core_returned,
	.flow_closed = core_flow_closed,
	.response_lost = back_lost,
	.turn = core_turn,
};
const struct upper	*upper = &core;

unsigned
workers_count(void)
{
	return state.n;
}

struct worker *
worker_get(unsigned index)
{
	return index < state.n ? &state.v[index] : NULL;
}

struct worker *
worker_self(void)
{
	return self_worker;
}

unsigned
worker_owner(struct str call_id)
{
	return state.n > 1 ? (unsigned)((hash_str(call_id) >> 16) % state.n) : 0;
}

unsigned
worker_for(const struct worker *w, struct str bytes)
{
	struct str	call_id;

	if (state.n < 2 || !sip_call_id(bytes, &call_id))
		return w->index;
	return worker_owner(call_id);
}

/* ---- from one to another ---- */

static void
post(struct worker *from, unsigned to)
{
	from->posted |= UINT64_C(1) << to;
}

void
worker_wake(struct worker *w)
{
	unsigned	to;

	while (w->posted != 0) {
		to = (unsigned)__builtin_ctzll(w->posted);
		w->posted &= w->posted - 1;
		if (to == w->index)
			loop_turn_again(w->loop);
		else
			loop_wake_send(state.v[to].wake);
	}
}

int
worker_run_on(struct worker *from, unsigned index,
    void (*fn)(struct worker *w, void *arg), void *arg)
{
	struct handover_item	item = { fn, arg };

	if (index >= state.n ||
	    !handover_put(state.queue[index][from->index], item, 0))
		return -ENOBUFS;
	post(from, index);
	return 0;
}

static void
on_buffer_back(struct worker *w, void *arg)
{
	pool_give(w->pool, arg);
}

/* In the owner's thread: handles the message and sends the buffer home. */
static void
on_message(struct worker *w, void *arg)
{
	struct buffer		*b = arg;
	struct handover_item	 item = { on_buffer_back, b };
	bool			 fits;

	upper->packet(w, &b->packet);
	fits = handover_put(state.back[b->home][w->index], item, 0);
	assert(fits);	/* it is as long as there are buffers */
	(void)fits;
}

bool
worker_hand_over(struct worker *w, unsigned owner, struct buffer *b)
{
	struct handover_item	item = { on_message, b };

	if (!handover_put(state.queue[owner][w->index], item, QUEUE_SPARE)) {
		stats->hand_over_full++;
		return false;
	}
	stats->handed_over++;
	post(w, owner);
	return true;
}

static void
drain(struct worker *w, struct handover *h)
{
	struct handover_item	item;

	/* Only what is there now: what that adds is for the next round. */
	for (uint32_t n = handover_count(h); n > 0; n--)
		if (handover_take(h, &item))
			item.fn(w, item.arg);
}

void
worker_drain(struct worker *w)
{
	for (unsigned i = 0; i < state.n; i++) {
		if (i == w->index)
			continue;
		drain(w, state.back[w->index][i]);
		drain(w, state.queue[w->index][i]);
	}
}

/*
 * The turn's end: first the connections whose turn it is, then what the upper
 * half still has to say, then what this worker owes itself, then the output, then what of it failed, which may bring
 * new output.
 */
static void
on_turn(void *arg)
{
	struct worker	*w = arg;
	struct handover	*own = state.queue[w->index][w->index];

	if (!w->running)
		return;
	tcp_serve(w->tcp);
	upper->turn(w);
	for (int i = 0; i < TURN_ROUNDS; i++) {
		drain(w, own);
		udp_flush(w->udp);
		tcp_turn(w->tcp);
		if (failures_run(w))
			loop_turn_again(w->loop);
		else if (handover_count(own) == 0)
			break;
	}
	worker_wake(w);
}

static void
on_wake(void *arg)
{
	struct worker	*w = arg;

	if (!w->running && atomic_load(&state.go)) {
		w->running = true;
		kept_adopt(w);
		listeners_follow(w);
		if (upper->ready != NULL)
			upper->ready(w);
	}
	if (w->running)
		worker_drain(w);
}

/* ---- one worker ---- */

static void
peers_make(struct worker *w)
{
	const struct dirs	*d = &w->self->dirs;
	char			 buf[4200];

	w->routed = bus_peer_new(w->bus, "routed", dirs_bus(buf, d, "routed"));
	w->regd = bus_peer_new(w->bus, "regd", dirs_bus(buf, d, "regd"));
	w->mediad = bus_peer_new(w->bus, "mediad", dirs_bus(buf, d, "mediad"));
	w->gwregd = bus_peer_new(w->bus, "gwregd", dirs_bus(buf, d, "gwregd"));
}

/* In its thread. */
static int
worker_make(struct worker *w)
{
	bool	alone = state.n == 1;

	self_worker = w;
	if (w->index == 0) {
		w->loop = w->self->loop;
		w->bus = w->self->bus;
	} else {
		stats_thread();
		w->loop = loop_new();
		w->bus = bus_new(w->self->context, w->loop, w->self->epoch);
	}
	w->wake = loop_wake_new(w->loop, on_wake, w);
	w->wheel = wheel_new(w->loop, mono_now());
	w->pool = pool_new(w->index, alone ? BUFFERS_ALONE : BUFFERS);
	w->failures = failures_new();
	w->leases = leases_new(settings_now()->leases_max / state.n);
	w->out = xcalloc(1, MESSAGE_MAX);
	w->recorder = record_ring(w->index);
	w->udp = udp_new(w);
	w->tcp = tcp_new(w);
	peers_make(w);
	/* The replica's turn comes last: what runs before may look at it. */
	w->turn = loop_turn_new(w->loop, on_turn, w);
	replica_join(w->loop);
	if (w->index == 0)
		replica_follow(w->regd, w->loop);
	return upper->start(w);
}

/* In its thread, when no worker runs any more. */
static void
worker_unmake(struct worker *w)
{
	if (self_worker != w)
		return;
	upper->stop(w);
	if (w->index == 0) {
		accept_stop();
		replica_unfollow();
	}
	tcp_free(w->tcp);
	udp_free(w->udp);
	replica_leave();
	loop_turn_free(w->turn);
	loop_wake_free(w->wake);
	wheel_free(w->wheel);
	failures_free(w->failures);
	leases_free(w->leases);
	free(w->out);
	if (w->index != 0) {
		bus_free(w->bus);
		loop_free(w->loop);
	}
	self_worker = NULL;
}

/* ---- together ---- */

/* Counts up and waits until all have come here. */
static void
meet(unsigned *count)
{
	pthread_mutex_lock(&state.lock);
	(*count)++;
	pthread_cond_broadcast(&state.changed);
	while (*count < state.nthreads + 1)
		pthread_cond_wait(&state.changed, &state.lock);
	pthread_mutex_unlock(&state.lock);
}

static void
report(int error)
{
	pthread_mutex_lock(&state.lock);
	state.made++;
	if (error < 0 && state.error == 0)
		state.error = error;
	pthread_cond_broadcast(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

/*
 * Nobody's loop may go while somebody could still wake it, and no job is left
 * lying with what it carries.
 */
static void
leave(struct worker *w)
{
	meet(&state.left);
	worker_drain(w);
	drain(w, state.queue[w->index][w->index]);
	meet(&state.drained);
	worker_unmake(w);
}

static void *
thread_main(void *arg)
{
	struct worker	*w = arg;
	char		 name[16];
	int		 error;

	snprintf(name, sizeof(name), "sipd/w%u", w->index);
	(void)pthread_setname_np(pthread_self(), name);
	error = worker_make(w);
	report(error);
	loop_run(w->loop);
	leave(w);
	return NULL;
}

static unsigned
processors(const struct settings *s)
{
	cpu_set_t	set;
	unsigned	n = s->processors;

	if (n == 0) {
		CPU_ZERO(&set);
		n = 1;
		if (sched_getaffinity(0, sizeof(set), &set) == 0)
			n = (unsigned)CPU_COUNT(&set);
	}
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
}

static void
queues_make(void)
{
	for (unsigned i = 0; i < state.n; i++)
		for (unsigned j = 0; j < state.n; j++) {
			state.queue[i][j] = handover_new(QUEUE);
			state.back[i][j] = handover_new(BUFFERS + 1);
		}
}

int
workers_open(struct self *self)
{
	state.n = processors(self->settings);
	for (unsigned i = 0; i < state.n; i++) {
		state.v[i].index = i;
		state.v[i].self = self;
	}
	queues_make();
	replica_open();
	banned_open();
	kept_open();
	return listeners_open(self->settings, state.n);
}

/* Signals are the main thread's. */
static int
threads_start(void)
{
	sigset_t	all, old;
	int		error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 1; i < state.n && error == 0; i++) {
		error = pthread_create(&state.threads[i], NULL, thread_main,
		    &state.v[i]);
		if (error == 0)
			state.nthreads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		log_problem("SIPDATA", "a worker thread cannot be started: %s",
		    strerror(error));
	return -error;
}

int
workers_run(void)
{
	int	error, made;

	error = threads_start();
	made = worker_make(&state.v[0]);
	if (error == 0)
		error = made;
	pthread_mutex_lock(&state.lock);
	while (state.made < state.nthreads)
		pthread_cond_wait(&state.changed, &state.lock);
	if (error == 0)
		error = state.error;
	pthread_mutex_unlock(&state.lock);
	if (error < 0)
		return error;
	atomic_store(&state.go, true);
	for (unsigned i = 1; i < state.n; i++)
		loop_wake_send(state.v[i].wake);
	on_wake(&state.v[0]);
	listeners_drain(&state.v[0]);
	return 0;
}

void
workers_stop(void)
{
	for (unsigned i = 1; i <= state.nthreads; i++)
		loop_stop_from_outside(state.v[i].loop);
	if (self_worker != NULL)
		leave(self_worker);
	for (unsigned i = 1; i <= state.nthreads; i++)
		pthread_join(state.threads[i], NULL);
	for (unsigned i = 0; i < state.n; i++) {
		pool_free(state.v[i].pool);
		for (unsigned j = 0; j < state.n; j++) {
			handover_free(state.queue[i][j]);
			handover_free(state.back[i][j]);
		}
	}
	listeners_close();
	kept_close();
	if (state.n > 0) {
		banned_close();
		replica_close();
	}
	memset(state.v, 0, sizeof(state.v));
	state.n = state.nthreads = 0;
	state.made = state.left = state.drained = 0;
	state.error = 0;
	atomic_store(&state.go, false);
}

void
workers_commit(const struct settings *old)
{
	listeners_commit(&state.v[0], settings_now());
}
