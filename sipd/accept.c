/*
 * accept - new connections, within the limits.
 */
#include "sipd/accept.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/banned.h"
#include "sipd/listeners.h"
#include "sipd/tally.h"
#include "sipd/tcp.h"
#include "sipd/wheel.h"

#define TURN_US		2000	/* a listener's share of a turn */
#define PAUSE_MS	100	/* without descriptors or memory */

struct door {
	struct worker		*worker;
	struct listener		*listener;
	struct loop_io		*io;
	struct wheel_timer	 pause;
};

static struct door	*doors[LISTENERS_MAX];
static unsigned		 ndoors;

static void
on_guest(struct worker *w, void *arg)
{
	struct arrival	*a = arg;

	tcp_take(w, a);
	free(a);
}

/* To the worker that owns connections from there. */
static int
pass_on(struct worker *w, const struct arrival *a)
{
	unsigned	 owner = tcp_owner(&a->from);
	struct arrival	*copy;
	int		 error;

	if (owner == w->index) {
		tcp_take(w, a);
		return 0;
	}
	copy = xcalloc(1, sizeof(*copy));
	*copy = *a;
	if ((error = worker_run_on(w, owner, on_guest, copy)) < 0)
		free(copy);
	return error;
}

/* As the socket's own rules say, or the settings for all. */
static struct arrival
arrive(const struct listener *l, const struct listen *rules, int fd,
    const struct addr *from)
{
	return (struct arrival){
		.fd = fd, .slot = -1,
		.from = { l->transport, *from, { .len = 0 } },
		.listener = l->number,
		/* 0 is "default"; the others are one further than TLS_VERIFY_ */
		.verify = rules->verify_client > 0 ?
		    (uint8_t)(rules->verify_client - 1) :
		    settings_now()->tls_verify_client,
	};
}

/* Within the limits it goes to its owner; else it is closed. */
static void
admit(struct worker *w, int fd, const struct listener *l, const struct addr *from)
{
	const struct settings	*s = settings_now();
	const struct listen	*rules = atomic_load(&l->rules);
	struct arrival		 a = arrive(l, rules, fd, from);
	char			 buf[ADDR_TEXT_MAX];

	if (banned(from) || !listener_lets_in(l, from)) {
		close(fd);
		return;
	}
	if (!tally_add(l->number, from, s->tcp_max, rules->per_address > 0 ?
	    rules->per_address : s->tcp_max_per_address)) {
		stats->tcp_refused++;
		log_rate(LOG_PROBLEMS, "SIPDATA", "connection from %s refused: "
		    "%u are open, %u of them from there",
		    log_str(addr_print(from, buf)), tally_total(),
		    tally_of(l->number, from));
		close(fd);
		return;
	}
	if (pass_on(w, &a) < 0) {
		stats->tcp_refused++;
		tally_remove(l->number, from);
		close(fd);
		return;
	}
	stats->tcp_accepted++;
}

/* The queue in the kernel stays: look again later, do not spin. */
static void
pause_door(struct door *d, int error)
{
	log_rate(LOG_PROBLEMS, "SIPDATA", "connections cannot be accepted: %s",
	    strerror(error));
	loop_io_want(d->io, 0);
	wheel_start(d->worker->wheel, &d->pause, PAUSE_MS);
}

static void
on_pause_over(void *arg)
{
	struct door	*d = arg;

	loop_io_want(d->io, LOOP_READ);
}

static void
on_door(void *arg, unsigned events)
{
	struct door	*d = arg;
	struct mono	 begin = mono_now();
	struct addr	 from;
	int		 fd;

	/* Honest ones stand in the same queue as a crowd: it has to be short (S30). */
	while (mono_now().ns - begin.ns < TURN_US * 1000) {
		memset(&from, 0, sizeof(from));
		from.len = sizeof(from.in6);
		fd = accept4(d->listener->fds[0], &from.sa, &from.len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(d->worker, fd, d->listener, &from);
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			pause_door(d, errno);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void
close_door(unsigned i)
{
	struct door	*d = doors[i];

	wheel_stop(d->worker->wheel, &d->pause);
	loop_io_free(d->io);
	free(d);
	doors[i] = doors[--ndoors];
}

static void
open_door(struct worker *w, struct listener *l)
{
	struct door	*d = xcalloc(1, sizeof(*d));

	d->worker = w;
	d->listener = l;
	wheel_timer_init(&d->pause, on_pause_over, d);
	d->io = loop_io_new(w->loop, l->fds[0], LOOP_READ, on_door, d);
	doors[ndoors++] = d;
}

static bool
listed(const struct listeners *t, const struct listener *l)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i] == l)
			return true;
	return false;
}

static bool
has_door(const struct listener *l)
{
	for (unsigned i = 0; i < ndoors; i++)
		if (doors[i]->listener == l)
			return true;
	return false;
}

void
accept_follow(struct worker *w, const struct listeners *t)
{
	for (unsigned i = ndoors; i-- > 0;) {
		struct listener *l = doors[i]->listener;

		if (listed(t, l))
			continue;
		close_door(i);
		close(l->fds[0]);
		l->fds[0] = -1;
	}
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i]->transport != TRANSPORT_UDP &&
		    t->v[i]->fds[0] >= 0 && !has_door(t->v[i]))
			open_door(w, t->v[i]);
}

void
accept_stop(void)
{
	while (ndoors > 0)
		close_door(ndoors - 1);
}
