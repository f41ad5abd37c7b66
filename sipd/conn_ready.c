/*
 * conn_ready - whose turn it is among the connections of one worker.
 *
 * The loop tells of all of them at once, in an order that stays the same while
 * they are full: a few that send without end would keep the others waiting. So
 * nobody is read where the loop tells of it, but here, at the turn's end, by
 * class; each class has a time until which it is served, and one of it always is.
 */
#include "sipd/conn_ready.h"

#include <stdlib.h>

#include "common/stats.h"
#include "sipd/conn.h"
#include "sipd/tally.h"

#define CROWD	16	/* connections of one address that are many */

enum {
	NOWHERE,	/* of struct conn's turn: it does not wait */
	CALM,		/* open: it had not more to say than its share */
	BUSY,		/* open: it had, and has */
	SHAKING,	/* TLS handshakes: an asymmetric key costs like 100 messages */
	CROWDED,	/* those of addresses with many connections */
	CLASSES
};

/* From the turn's begin; in all not much more than a vector of datagrams takes. */
static const int64_t	until_us[CLASSES] = {
	[CALM] = 2000, [BUSY] = 3000, [SHAKING] = 4000, [CROWDED] = 4000,
};

TAILQ_HEAD(waiting, conn);

struct ready {
	struct waiting	 of[CLASSES];
};

struct ready *
ready_new(void)
{
	struct ready	*r = xcalloc(1, sizeof(*r));

	for (unsigned i = 0; i < CLASSES; i++)
		TAILQ_INIT(&r->of[i]);
	return r;
}

void
ready_free(struct ready *r)
{
	free(r);
}

static unsigned
class_of(const struct conn *c)
{
	if (c->state != CONN_HANDSHAKE || c->ours)
		return c->busy ? BUSY : CALM;
	return tally_of(c->listener, &c->hop.remote) > CROWD ? CROWDED : SHAKING;
}

void
ready_put(struct ready *r, struct conn *c)
{
	if (c->turn != NOWHERE)
		return;
	c->turn = class_of(c);
	TAILQ_INSERT_TAIL(&r->of[c->turn], c, waiting);
}

void
ready_remove(struct ready *r, struct conn *c)
{
	if (c->turn == NOWHERE)
		return;
	TAILQ_REMOVE(&r->of[c->turn], c, waiting);
	c->turn = NOWHERE;
}

bool
ready_any(const struct ready *r)
{
	for (unsigned i = CALM; i < CLASSES; i++)
		if (!TAILQ_EMPTY(&r->of[i]))
			return true;
	return false;
}

bool
ready_serve(struct ready *r)
{
	struct mono	 begin = mono_now();
	struct conn	*c;

	for (unsigned i = CALM; i < CLASSES; i++)
		while ((c = TAILQ_FIRST(&r->of[i])) != NULL) {
			ready_remove(r, c);
			conn_serve(c);
			if (mono_now().ns - begin.ns > until_us[i] * 1000)
				break;
		}
	if (!ready_any(r))
		return false;
	stats->tcp_turns_full++;
	return true;
}
