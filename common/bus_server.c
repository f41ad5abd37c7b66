/*
 * bus_server - questions that come in, and the answers to them.
 *
 * Askers are known by ZeroMQ's routing id, in a bounded table: who has gone, or
 * was silent for long, makes room. A ticket names slot and generation, so an answer
 * to an asker that has gone is dropped here.
 */
#include "common/bus.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/map.h"

#define ASKERS_MAX	1024
#define IDLE_MS		(15 * 60 * 1000)
#define FORGOTTEN_MS	10000		/* what is open by then gets no answer */
#define IDLE_LOOK_TICKS	100
#define DEADLINE_MAX_MS	(10 * 60 * 1000)

/* ---- askers ---- */

static struct str
asker_key(const void *object)
{
	const struct bus_asker	*a = object;

	return str_make(a->id, a->id_len);
}

static void
asker_forget(struct bus_asker *a)
{
	if (a->id == NULL)
		return;
	map_remove(a->server->by_id, asker_key(a));
	bus_out_fini(&a->out);
	a->open = 0;
	free(a->id);
	a->id = NULL;
	a->generation++;
}

static void
asker_send(struct bus_out *o)
{
	struct bus_asker	*a = o->arg;
	struct bus_server	*s = a->server;
	int			 r;

	r = bus_sock_send(&s->sock, asker_key(a),
	    str_make(o->buf.s, o->buf.len));
	if (r == 0)
		return;
	s->bus->figures.undelivered++;
	if (r == -EHOSTUNREACH)
		asker_forget(a);
	else
		log_rate(LOG_PROBLEMS, "BUS", "answers dropped: the asker "
		    "does not read them");
}

/* A free slot, a new one, or that of who was silent longest. */
static struct bus_asker *
asker_slot(struct bus_server *s)
{
	struct bus_asker	*a, *oldest = NULL;

	for (uint32_t i = 0; i < s->naskers; i++) {
		a = s->askers[i];
		if (a->id == NULL)
			return a;
		if (oldest == NULL || mono_before(a->seen, oldest->seen))
			oldest = a;
	}
	if (s->naskers == ASKERS_MAX) {
		asker_forget(oldest);
		return oldest;
	}
	a = xcalloc(1, sizeof(*a));
	a->server = s;
	a->slot = s->naskers;
	s->askers = xrealloc(s->askers, s->naskers + 1, sizeof(*s->askers));
	s->askers[s->naskers++] = a;
	return a;
}

static struct bus_asker *
asker_find(struct bus_server *s, struct str id)
{
	struct bus_asker	*a = map_find(s->by_id, id);

	if (a == NULL) {
		a = asker_slot(s);
		a->id = str_dup(id);	/* at most 255 octets */
		a->id_len = id.len;
		memset(&a->out, 0, sizeof(a->out));
		bus_out_init(&a->out, s->bus);
		a->out.open = bus_epoch_open;
		a->out.send = asker_send;
		a->out.arg = a;
		map_put(s->by_id, a);
	}
	if (mono_ms_between(a->seen, loop_now(s->bus->loop)) > FORGOTTEN_MS)
		a->open = 0;
	a->seen = loop_now(s->bus->loop);
	return a;
}

/* ---- questions ---- */

static struct bus_ticket
ticket_for(const struct bus_asker *a, uint64_t id)
{
	return (struct bus_ticket){
		.server = a->server, .peer = a->slot,
		.generation = a->generation, .id = id,
		.deadline = mono_add_ms(a->seen, DEADLINE_MAX_MS),
	};
}

/*
 * A question that cannot be taken is refused when its id can be read, so that its
 * asker need not wait for the deadline. Returns -EBADMSG or 0.
 */
static int
question_odd(struct bus_asker *a, const struct unpack *u, int error)
{
	struct bus_ticket	t;
	uint64_t		id;
	int			type;

	if (msg_peek_id(u, &type, &id) < 0)
		return -EBADMSG;
	if (type < MSG_TYPE_MAX && msg_name(type) != NULL &&
	    !msg_is_question(type))
		return -EBADMSG;
	t = ticket_for(a, id);
	if (error == -ENOTSUP)
		bus_refuse(t, ENOSYS, "this version does not know question %d",
		    type);
	else
		bus_refuse(t, -error, "%s", error == -EMSGSIZE ?
		    "the question is too big" : "the question is malformed");
	return error == -ENOTSUP ? 0 : -EBADMSG;
}

static int
question_in(struct bus_asker *a, struct str packed)
{
	struct bus_server	*s = a->server;
	struct msg_question	*q;
	struct bus_ticket	 t;
	struct unpack		 u, copy;
	union msg		 m;
	int			 type;

	unpack_init(&u, packed.s, packed.len);
	copy = u;
	type = msg_unpack(&u, &m);
	if (type < 0 || !msg_is_question(type))
		return question_odd(a, &copy, type < 0 ? type : -EBADMSG);
	s->bus->figures.messages_in++;
	a->open++;
	q = (struct msg_question *)&m;
	t = ticket_for(a, q->id);
	if (raised_some())
		raised_told(q->call, (q->deadline_ms & BUS_RAISED) != 0);
	q->deadline_ms &= ~BUS_RAISED;
	t.call = q->call;
	if (q->deadline_ms < DEADLINE_MAX_MS)
		t.deadline = mono_add_ms(a->seen, q->deadline_ms);
	if (s->handlers[type].fn == NULL)
		bus_refuse(t, ENOSYS, "%s is not answered here", msg_name(type));
	else if (s->monitor && !s->handlers[type].shows_only)
		bus_refuse(t, EACCES, "%s changes something: the monitor "
		    "endpoint only shows", msg_name(type));
	else
		s->handlers[type].fn(s->handlers[type].arg, t, &m);
	return 0;
}

static void
server_in(void *arg, struct str id, struct str frame)
{
	struct bus_server	*s = arg;
	struct bus_asker	*a = asker_find(s, id);
	uint32_t		 generation = a->generation;
	struct unpack		 u;
	struct str		 packed;
	int			 r;

	s->bus->figures.frames_in++;
	unpack_init(&u, frame.s, frame.len);
	unpack_u64_bounded(&u, UINT64_MAX);	/* the asker's epoch */
	while ((r = bus_frame_next(&u, &packed)) > 0) {
		r = question_in(a, packed);
		if (r < 0 || a->generation != generation)
			break;
	}
	if (r < 0)
		bus_bad_frame(s->bus, "an asker", "not questions");
}

/* ---- answers ---- */

static struct bus_asker *
ticket_asker(struct bus_ticket t)
{
	struct bus_asker	*a = t.server->askers[t.peer];

	return a->id != NULL && a->generation == t.generation ? a : NULL;
}

void
bus_answer(struct bus_ticket t, enum msg_type type, void *answer)
{
	struct bus_asker	*a = ticket_asker(t);
	struct bus		*b = t.server->bus;

	if (a != NULL && a->open > 0)
		a->open--;
	if (a == NULL || mono_before(t.deadline, loop_now(b->loop))) {
		b->figures.late++;
		return;
	}
	*(uint64_t *)answer = t.id;
	if (bus_out_add(&a->out, type, answer) < 0)
		bus_refuse(t, EMSGSIZE, "the answer is too big");
	else if (a->open == 0)
		bus_out_soon(&a->out);	/* nothing else will come to wait for */
}

void
bus_refuse(struct bus_ticket t, int error, const char *fmt, ...)
{
	struct msg_refused	m = { .error = error };
	char			text[512];
	va_list			ap;
	int			n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 1)
		n = sizeof(text) - 1;
	m.text = str_make(text, n > 0 ? n : 0);
	bus_answer(t, MSG_REFUSED, &m);
}

void
bus_done(struct bus_ticket t)
{
	struct msg_done	m = { 0 };

	bus_answer(t, MSG_DONE, &m);
}

/* ---- the server ---- */

int
bus_serve(struct bus *b, const char *endpoint, bool monitor,
    struct bus_server **out)
{
	struct bus_server	*s = xcalloc(1, sizeof(*s));
	int			 r;

	s->bus = b;
	s->monitor = monitor;
	s->sock.in = server_in;
	s->sock.arg = s;
	r = bus_sock_open(&s->sock, b, BUS_ROUTER, endpoint);
	if (r < 0) {
		free(s);
		return r;
	}
	s->by_id = map_new(asker_key);
	TAILQ_INSERT_TAIL(&b->servers, s, entry);
	*out = s;
	return 0;
}

void
bus_handlers_add(struct bus_server *s, const struct bus_handler *table, void *arg)
{
	for (; table->fn != NULL; table++) {
		s->handlers[table->type].fn = table->fn;
		s->handlers[table->type].arg = arg;
		s->handlers[table->type].shows_only = table->shows_only;
	}
}

void
bus_server_tick(struct bus_server *s)
{
	struct mono	limit = mono_add_ms(loop_now(s->bus->loop), -IDLE_MS);

	if (++s->ticks % IDLE_LOOK_TICKS != 0)
		return;
	for (uint32_t i = 0; i < s->naskers; i++)
		if (mono_before(s->askers[i]->seen, limit))
			asker_forget(s->askers[i]);
}

void **
bus_server_extra(struct bus_server *s, loop_fn *extra_free)
{
	s->extra_free = extra_free;
	return &s->extra;
}

void
bus_server_free(struct bus_server *s)
{
	TAILQ_REMOVE(&s->bus->servers, s, entry);
	bus_sock_close(&s->sock);
	if (s->extra != NULL)
		s->extra_free(s->extra);
	for (uint32_t i = 0; i < s->naskers; i++) {
		asker_forget(s->askers[i]);
		free(s->askers[i]);
	}
	free(s->askers);
	map_free(s->by_id);
	free(s);
}
