/*
 * show_txn - the transactions of all workers, for sipctl.
 *
 * A worker's transactions are its own thread's: the question goes from worker to
 * worker, each adds what it has, and comes back to the first, which answers. What a
 * worker does is bounded by the number of rows, and by a comparison for each of its
 * transactions.
 */
#include "sipd/show_txn.h"

#include <stdlib.h>

#include "common/id.h"
#include "common/messages.h"
#include "common/mono.h"
#include "common/stats.h"
#include "sipd/core.h"
#include "sipd/msg.h"
#include "sipd/txn.h"
#include "sipd/worker.h"

struct looking {
	struct show		*rows;
	struct bus_ticket	 ticket;
	unsigned		 next;		/* worker */
	bool			 sides[2];	/* [true]: servers */
	uint64_t		 call;		/* 0: of any */
	uint64_t		 age_ms;
	struct sip_msg		 msg;		/* 10 kB: not on a stack */
};

static bool
is_wanted(const struct looking *k, const struct txn *t, struct mono now)
{
	return (k->call == 0 || txn_call(t) == k->call) &&
	    mono_ms_between(txn_began(t), now) >= (int64_t)k->age_ms;
}

static const char *
name_of_kind(const struct txn *t)
{
	return txn_kind(t) == TXN_INVITE_SERVER || txn_kind(t) == TXN_INVITE_CLIENT ?
	    "INVITE" : NULL;
}

/*
 * Of the message that is kept: a client's request or our last response. Without one
 * sipctl finds parties in the flight recorder, by the call.
 */
static void
show_message(struct looking *k, const struct txn *t)
{
	struct sip_msg	*m = &k->msg;
	struct str	 method = str_of(name_of_kind(t));
	bool		 known = txn_kept(t).len > 0 && sip_parse(m, txn_kept(t)) == 0;

	if (known && m->cseq_method.len > 0 && !str_eq(m->cseq_method, STR("ACK")))
		method = m->cseq_method;
	show_text_or_null(k->rows, "method", method);
	show_text_or_null(k->rows, "call_id", known ? m->call_id : STR_NONE);
	show_text_or_null(k->rows, "from", known ? m->from.uri.text : STR_NONE);
	show_text_or_null(k->rows, "target", !known ? STR_NONE :
	    m->request ? m->uri : m->to.uri.text);
}

static void
show_one(struct looking *k, const struct txn *t, bool server, struct mono now)
{
	struct show	*s = k->rows;
	char		 id[20], call[20], timer, peer[PEER_TEXT_MAX];
	int64_t		 left_ms;

	snprintf(id, sizeof(id), "%08x", (unsigned)(txn_id(t) >> 32));
	snprintf(call, sizeof(call), "%08x", (unsigned)(txn_call(t) >> 32));
	show_row(s);
	show_text(s, "side", server ? STR("server") : STR("client"));
	show_text(s, "id", str_of(id));
	show_number(s, "age_ms", mono_ms_between(txn_began(t), now));
	show_message(k, t);
	show_text(s, "state", str_of(txn_states[txn_state(t)]));
	timer = txn_next_timer(t, &left_ms);
	show_text_or_null(s, "timer", str_make(&timer, timer != 0));
	if (timer != 0)
		show_number(s, "timer_ms", left_ms);
	else
		show_null(s, "timer_ms");
	show_text(s, "transport", str_of(transport_name(txn_hop(t)->transport)));
	show_text(s, "peer", hop_print_remote(txn_hop(t), peer));
	if (txn_last_code(t) != 0)
		show_number(s, "code", txn_last_code(t));
	else
		show_null(s, "code");
	show_text(s, "trace", str_of(call));
}

static void
look(struct worker *w, void *arg)
{
	struct looking		*k = arg;
	struct mono		 now = loop_now(w->loop);
	const struct txn	*t;
	size_t			 cursor;

	for (int server = 1; server >= 0; server--) {
		cursor = 0;
		while (k->sides[server] && !show_full(k->rows) &&
		    (t = txns_next(w->core->txns, server, &cursor)) != NULL)
			if (is_wanted(k, t, now))
				show_one(k, t, server, now);
	}
}

static void
done(struct worker *w, void *arg)
{
	struct looking	*k = arg;

	(void)w;
	show_answer(k->rows, k->ticket, 0);
	show_free(k->rows);
	free(k);
}

/* A queue that is full takes the answer with it: sipctl asks again. */
static void
visit(struct worker *w, void *arg)
{
	struct looking	*k = arg;
	bool		 last = ++k->next == workers_count();

	look(w, k);
	if (worker_run_on(w, last ? 0 : k->next, last ? done : visit, k) < 0) {
		show_free(k->rows);
		free(k);
	}
}

static struct str
argument(const struct msg_show *q, unsigned i)
{
	return i < q->args.n ? q->args.v[i].value : STR_NONE;
}

void
show_txn(void *arg, struct bus_ticket t, const struct msg_show *q)
{
	struct looking	*k = xcalloc(1, sizeof(*k));
	struct str	 side = argument(q, 0);

	(void)arg;
	k->rows = show_new();
	k->ticket = t;
	k->sides[true] = !str_eq(side, STR("client"));
	k->sides[false] = !str_eq(side, STR("server"));
	if (argument(q, 1).len > 0)
		k->call = id_call(argument(q, 1));
	(void)str_u64(argument(q, 2), &k->age_ms);
	visit(worker_get(0), k);
}
