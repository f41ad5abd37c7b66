/*
 * daemon_build - the next settings, built in a thread of their own.
 *
 * Tens of thousands of records take longer than a call may wait. One thread at a
 * time; what it made is taken by the loop when it has ended.
 */
#include "common/daemon_parts.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "common/log.h"

static struct {
	struct self		*self;
	struct bus_ticket	 ticket;
	uint64_t		 generation;
	int64_t			 until_ms;
	char			 user[64];
	built_fn		*done;
	pthread_t		 thread;
	struct loop_wake	*wake;		/* NULL: none is under way */
	bool			 joined;	/* the thread has ended */
	bool			 dropped;	/* nobody wants it any more */
	/* the thread's, until it has been joined */
	struct settings		*settings;
	struct complaints	 complaints;
	size_t			 own;		/* where the daemon's own begin */
} building;

static void *
thread_main(void *arg)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	building.settings = config_build_new(building.self, building.generation,
	    &building.complaints, &building.own);
	loop_wake_send(building.wake);
	return NULL;
}

void
build_wait(void)
{
	if (building.wake != NULL && !building.joined)
		pthread_join(building.thread, NULL);
	building.joined = true;
}

struct settings *
build_end(void)
{
	struct settings	*s;

	if (building.wake == NULL)
		return NULL;
	build_wait();
	loop_wake_free(building.wake);
	building.wake = NULL;
	s = building.settings;
	building.settings = NULL;
	return s;
}

static void
on_built(void *arg)
{
	struct settings	*s = build_end();

	if (building.dropped) {
		settings_free(s);
		s = NULL;
	}
	building.done(building.self, building.ticket, building.generation,
	    building.until_ms, str_of(building.user), s, &building.complaints, building.own);
	complaints_fini(&building.complaints);
}

void
build_begin(struct self *self, struct bus_ticket t, uint64_t generation,
    int64_t until_ms, struct str user, built_fn *done)
{
	if (building.wake != NULL) {
		bus_refuse(t, EAGAIN, "generation %llu is being prepared",
		    (unsigned long long)building.generation);
		return;
	}
	building.self = self;
	building.ticket = t;
	building.generation = generation;
	building.done = done;
	building.joined = building.dropped = false;
	building.until_ms = until_ms;
	strlcpy(building.user, log_str(user), sizeof(building.user));
	building.wake = loop_wake_new(self->loop, on_built, NULL);
	if (pthread_create(&building.thread, NULL, thread_main, NULL) == 0)
		return;
	loop_wake_free(building.wake);
	building.wake = NULL;
	bus_refuse(t, EAGAIN, "there is no thread to prepare it in");
}

void
build_drop(uint64_t generation)
{
	if (building.wake != NULL && building.generation == generation)
		building.dropped = true;
}
