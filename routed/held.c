/*
 * held - questions that wait.
 *
 * One about a local user that comes before the accounts are in is held, as it was
 * packed, and answered when they are: a 404 would be a lie, and its asker asks again
 * only when there is a new process of ours. One whose decision needs a name that is
 * being looked up is held until an answer is in.
 */
#include "routed/routed.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdlib.h>

#define HELD_MAX	20000		/* some 500 octets each */

struct one_held {
	TAILQ_ENTRY(one_held)	 entry;
	struct routed		*routed;
	struct bus_ticket	 ticket;
	struct buf		 packed;
	struct lookup		*lookup;	/* NULL: it waits for the accounts */
};

TAILQ_HEAD(list, one_held);

struct held {
	struct list	accounts, names;
	uint32_t	n;
};

static struct held *
held_of(struct routed *r)
{
	if (r->held == NULL) {
		r->held = xcalloc(1, sizeof(*r->held));
		TAILQ_INIT(&r->held->accounts);
		TAILQ_INIT(&r->held->names);
	}
	return r->held;
}

static void
one_free(struct one_held *h)
{
	lookup_free(h->lookup);
	buf_fini(&h->packed);
	free(h);
}

/* Out of its list; routed anew, which may hold it again. */
static void
again(struct one_held *h, struct list *list)
{
	struct routed	*r = h->routed;
	struct lookup	*lookup = h->lookup;
	struct unpack	 u;
	union msg	 m;

	TAILQ_REMOVE(list, h, entry);
	r->held->n--;
	h->lookup = NULL;
	unpack_init(&u, h->packed.s, h->packed.len);
	if (msg_unpack_inner(&u, &m) == MSG_ROUTE)
		routed_route(r, h->ticket, &m.route, lookup);
	else
		lookup_free(lookup);
	one_free(h);
}

static void
on_lookup(void *arg)
{
	struct one_held	*h = arg;

	again(h, &h->routed->held->names);
}

void
held_add(struct routed *r, struct bus_ticket t, const struct msg_route *q,
    struct lookup *lookup)
{
	struct held	*all = held_of(r);
	struct one_held	*h;

	if (all->n == HELD_MAX) {
		bus_refuse(t, EAGAIN, "too many questions wait");
		lookup_free(lookup);
		return;
	}
	h = xcalloc(1, sizeof(*h));
	h->routed = r;
	h->ticket = t;
	h->lookup = lookup;
	msg_pack(&h->packed, MSG_ROUTE, q);
	if (lookup != NULL) {
		lookup_wait(lookup, on_lookup, h);
		TAILQ_INSERT_TAIL(&all->names, h, entry);
	} else
		TAILQ_INSERT_TAIL(&all->accounts, h, entry);
	all->n++;
}

void
held_answer(struct routed *r)
{
	struct held	*all = held_of(r);
	struct list	 list;
	struct one_held	*h;

	TAILQ_INIT(&list);
	TAILQ_CONCAT(&list, &all->accounts, entry);
	while ((h = TAILQ_FIRST(&list)) != NULL)
		again(h, &list);
}

uint32_t
held_count(const struct routed *r)
{
	return r->held != NULL ? r->held->n : 0;
}

void
held_free(struct routed *r)
{
	struct one_held	*h;

	if (r->held == NULL)
		return;
	while ((h = TAILQ_FIRST(&r->held->accounts)) != NULL) {
		TAILQ_REMOVE(&r->held->accounts, h, entry);
		one_free(h);
	}
	while ((h = TAILQ_FIRST(&r->held->names)) != NULL) {
		TAILQ_REMOVE(&r->held->names, h, entry);
		one_free(h);
	}
	free(r->held);
	r->held = NULL;
}
