/*
 * late - answers that wait a second.
 *
 * asked.c puts them here once a source has used half of what it may guess; regd.c
 * turns it. All wait equally long, so a queue will do.
 */
#include "regd/late.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "common/route.h"

struct waiting {
	STAILQ_ENTRY(waiting) next;
	struct bus_ticket ticket;
	enum msg_type	 type;
	int64_t		 due_ms;
};

struct late {
	STAILQ_HEAD(, waiting) queue;
	unsigned	 n;
};

struct late *
late_new(void)
{
	struct late *l = xcalloc(1, sizeof(*l));

	STAILQ_INIT(&l->queue);
	return l;
}

static void
send(struct bus_ticket t, enum msg_type type)
{
	struct msg_registered registered = {
		.code = 401, .reason = STR("Unauthorized"),
	};
	struct msg_judged judged = {
		.verdict = VERDICT_BAD, .reason = STR("wrong once more"),
	};

	bus_answer(t, type, type == MSG_REGISTERED ? (void *)&registered :
	    (void *)&judged);
}

void
late_put(struct late *l, struct bus_ticket t, enum msg_type type, int64_t now_ms)
{
	struct waiting *w;

	if (l->n == LATE_MAX) {
		send(t, type);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->ticket = t;
	w->type = type;
	w->due_ms = now_ms + LATE_MS;
	STAILQ_INSERT_TAIL(&l->queue, w, next);
	l->n++;
}

static struct waiting *
take(struct late *l)
{
	struct waiting *w = STAILQ_FIRST(&l->queue);

	STAILQ_REMOVE_HEAD(&l->queue, next);
	l->n--;
	return w;
}

void
late_turn(struct late *l, int64_t now_ms)
{
	struct waiting *w;

	while ((w = STAILQ_FIRST(&l->queue)) != NULL && w->due_ms <= now_ms) {
		w = take(l);
		send(w->ticket, w->type);
		free(w);
	}
}

void
late_free(struct late *l)
{
	if (l == NULL)
		return;
	while (!STAILQ_EMPTY(&l->queue))
		free(take(l));
	free(l);
}
