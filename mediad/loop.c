/*
 * loop - calls that come back (row 147): one went out to another server, which sent it
 * here again. Then a port of ours is what that server's SDP names, in both sessions.
 *
 * exchange.c calls session_join() after every answer, restore.c after a start. The two
 * phones are linked past the ports that would only send to each other; through several
 * such sessions, too. Both must name each other: whoever merely guesses a port of
 * somebody's call is not let in (S37, S44), and hears and says nothing.
 */
#include "mediad/session_own.h"

#define LOOPS_MAX	8	/* sessions in a row */

/* The end at the port that x's party named, if that one was told x's. NULL: none. */
static struct end *
loop_other(const struct end *x)
{
	struct end	*y = x->loop != NULL ? x->loop->end : NULL;

	return y != NULL && y != x && y->loop == x->pair ? y : NULL;
}

static struct end *
end_peer(const struct end *e)
{
	const struct session	*s = e->leg->session;

	if (e->leg == s->caller)
		return end_find(s->selected, e->stream);
	return e->leg == s->selected ? end_find(s->caller, e->stream) : NULL;
}

/* Who is really there: x itself, or what faces a phone at the end of the loops. */
static struct end *
loop_follow(struct end *x)
{
	for (unsigned i = 0; x != NULL && i < LOOPS_MAX; i++) {
		struct end	*y = loop_other(x);

		if (y == NULL)
			return x;
		x = end_peer(y);
	}
	return NULL;
}

void
session_join(struct session *s)
{
	const struct leg	*a = s->caller;

	for (unsigned i = 0; a != NULL && i < a->nends; i++) {
		struct end	*x = a->ends[i], *y = end_find(s->selected, i);

		if (x == NULL || y == NULL ||
		    (loop_other(x) == NULL && loop_other(y) == NULL))
			continue;
		x = loop_follow(x);
		y = loop_follow(y);
		for (int k = 0; x != NULL && y != NULL && x != y && k < 2; k++)
			flow_link(&x->flow[k], &y->flow[k]);
	}
}
