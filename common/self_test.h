#ifndef COMMON_SELF_TEST_H
#define COMMON_SELF_TEST_H

/*
 * A daemon of a test's own, all of it but main(): on a bus in a directory of its own,
 * and questions to it.
 */
#include "common/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/mono.h"

/* dir: a template of mkdtemp(). names, ended by NULL: what is made in it, in order. */
static inline void
self_dirs_make(char *dir, const char *const *names)
{
	char path[128];

	assert_non_null(mkdtemp(dir));
	for (; *names != NULL; names++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *names);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static inline int
self_dirs_remove(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* What a daemon finds when its start() is called. */
static inline void
self_begin(struct self *s, const struct daemon *d, const struct settings *settings,
    const char *dir)
{
	char path[4200];

	memset(s, 0, sizeof(*s));
	s->daemon = d;
	s->settings = settings;
	s->epoch = (uint64_t)mono_now().ns;
	assert_int_equal(dirs_find(&s->dirs, dir), 0);
	s->loop = loop_new();
	s->context = bus_context_new();
	s->bus = bus_new(s->context, s->loop, s->epoch);
	assert_int_equal(bus_serve(s->bus, dirs_bus(path, &s->dirs, d->name), false,
	    &s->server), 0);
	assert_int_equal(bus_serve(s->bus, dirs_monitor(path, &s->dirs, d->name), true,
	    &s->monitor), 0);
	assert_int_equal(feed_new(s->bus, dirs_feed(path, &s->dirs, d->name),
	    &s->feed), 0);
}

/* Other buses of its context must be gone. */
static inline void
self_end(struct self *s)
{
	bus_free(s->bus);
	bus_context_free(s->context);
	loop_free(s->loop);
}

/* ---- questions ---- */

/* Copied out of its frame; zeroed at first, its packed is the caller's to free. */
struct answer {
	bool		 is_there;
	int		 error;
	enum msg_type	 type;
	struct buf	 packed;
	union msg	 m;
};

static inline void
answer_take(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct answer *a = arg;

	a->is_there = true;
	a->error = error;
	a->type = type;
	buf_clear(&a->packed);
	if (m != NULL)
		msg_pack(&a->packed, type, m);
}

/* Asks and waits; a->m is the answer, zeroed when there is none. */
static inline void
answer_ask(struct answer *a, struct loop *l, struct bus_peer *p, enum msg_type type,
    void *question)
{
	struct unpack u;

	a->is_there = false;
	bus_ask(p, type, question, 5000, answer_take, a);
	while (!a->is_there)
		loop_once(l, 100);
	memset(&a->m, 0, sizeof(a->m));
	if (a->error != 0 && a->type != MSG_REFUSED)
		return;
	unpack_init(&u, a->packed.s, a->packed.len);
	assert_true(msg_unpack(&u, &a->m) > 0);
}

#endif
