#ifndef COMMON_BUS_TEST_H
#define COMMON_BUS_TEST_H

/*
 * What the units of the bus share: a daemon and an asker, separate buses on one
 * loop and one thread, in a directory of their own.
 */
#include "common/bus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/str.h"

#define LIMIT_MS	10000

struct house {
	struct loop		*loop;
	struct bus_context	*context;
	struct bus		*daemon;	/* is asked, publishes */
	struct bus_server	*server;
	struct feed		*feed;
	struct bus		*asker;
	struct bus_peer		*peer;
	char			 dir[32];
	char			 endpoint[64];
	char			 feed_endpoint[64];
	/* what the handlers saw */
	unsigned		 asked;
	struct bus_ticket	 ticket;	/* of the last question */
	bool			 defers;
	uint32_t		 deadline_ms;	/* as the last question said */
	/* what the callbacks saw */
	unsigned		 answered, failed, refused;
	int			 error;		/* of the last */
	enum msg_type		 type;
	uint64_t		 pid;
	char			 text[256];
	/* what the feed's follower saw */
	unsigned		 begins, completes, records;
	uint64_t		 version[16];	/* of account i */
	uint64_t		 state[16];	/* the daemon's */
};

/* Turns until the condition holds; fails after LIMIT_MS. */
#define until(h, condition)						\
	do {								\
		struct mono limit_ = mono_add_ms(mono_now(), LIMIT_MS);	\
		while (!(condition)) {					\
			assert_true(mono_before(mono_now(), limit_));	\
			loop_once((h)->loop, 20);			\
		}							\
	} while (0)

/* ---- the daemon ---- */

__attribute__((unused)) static void
on_status(void *arg, struct bus_ticket t, const union msg *m)
{
	struct house		*h = arg;
	struct msg_status_is	 a = { .name = STR("test"), .pid = 7 };

	h->asked++;
	h->ticket = t;
	h->deadline_ms = m->status.deadline_ms;
	if (!h->defers)
		bus_answer(t, MSG_STATUS_IS, &a);
}

__attribute__((unused)) static void
on_drain(void *arg, struct bus_ticket t, const union msg *m)
{
	struct house	*h = arg;

	h->asked++;
	bus_done(t);
}

static const struct bus_handler handlers[] = {
	{ MSG_STATUS, on_status, true },
	{ MSG_DRAIN, on_drain },
	{ 0 }
};

__attribute__((unused)) static void
daemon_begin(struct house *h, uint64_t epoch)
{
	h->daemon = bus_new(h->context, h->loop, epoch);
	assert_int_equal(bus_serve(h->daemon, h->endpoint, false, &h->server), 0);
	assert_int_equal(feed_new(h->daemon, h->feed_endpoint, &h->feed), 0);
	bus_handlers_add(h->server, handlers, h);
}

__attribute__((unused)) static void
daemon_end(struct house *h)
{
	bus_free(h->daemon);
	h->daemon = NULL;
}

__attribute__((unused)) static int
setup(void **state)
{
	struct house	*h = xcalloc(1, sizeof(*h));

	strcpy(h->dir, "/tmp/bus_test.XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->endpoint, sizeof(h->endpoint), "ipc://%s/d", h->dir);
	snprintf(h->feed_endpoint, sizeof(h->feed_endpoint), "ipc://%s/d.feed",
	    h->dir);
	h->loop = loop_new();
	h->context = bus_context_new();
	daemon_begin(h, 1001);
	h->asker = bus_new(h->context, h->loop, 2001);
	h->peer = bus_peer_new(h->asker, "d", h->endpoint);
	*state = h;
	return 0;
}

__attribute__((unused)) static int
teardown(void **state)
{
	struct house	*h = *state;
	char		 path[64];

	bus_free(h->asker);
	bus_free(h->daemon);
	bus_context_free(h->context);
	loop_free(h->loop);
	snprintf(path, sizeof(path), "%s/d", h->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/d.feed", h->dir);
	unlink(path);
	rmdir(h->dir);
	free(h);
	return 0;
}

/* ---- the asker ---- */

__attribute__((unused)) static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct house	*h = arg;

	h->error = error;
	h->type = type;
	if (error != 0) {
		assert_null(m);
		h->failed++;
	} else if (type == MSG_REFUSED) {
		h->refused++;
		h->error = m->refused.error;
		str_copy(h->text, sizeof(h->text), m->refused.text);
	} else {
		h->answered++;
		if (type == MSG_STATUS_IS)
			h->pid = m->status_is.pid;
	}
}

__attribute__((unused)) static uint64_t
ask(struct house *h, uint32_t deadline_ms)
{
	struct msg_status	q = { .call = 5 };

	return bus_ask(h->peer, MSG_STATUS, &q, deadline_ms, on_answer, h);
}

__attribute__((unused)) static struct bus_figures
figures(const struct bus *b)
{
	struct bus_figures	f;

	bus_figures(b, &f);
	return f;
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
