/*
 * Walks the transaction tables, breadth first: every order of events up to a
 * length, and what must hold in all of them. Orders that lead to the same place
 * are walked on from there together, and counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "sipd/txn.h"

#define START_WAIT	(START_B | START_FH | START_D | START_IK | START_J | START_LM)
#define START_RETRANS	(START_A | START_E | START_E_SLOW)
#define DEPTH		12
#define DISTINCT_MAX	128

static const uint8_t begins[TXN_KINDS] = {
	[TXN_INVITE_SERVER] = ST_PROCEEDING,
	[TXN_SERVER] = ST_TRYING,
	[TXN_INVITE_CLIENT] = ST_TRYING,
	[TXN_CLIENT] = ST_TRYING,
};

struct walk {
	int		kind;
	uint8_t		state;
	bool		final_sent;	/* server: a final response left */
	bool		final_passed;	/* client: a final response was passed up */
	bool		two_hundred;
	bool		waiting;	/* the wait timer runs */
	bool		retransmitting;
	uint64_t	orders;		/* in which one comes here */
};

/* The places reached in so many events. */
struct level {
	unsigned	n;
	struct walk	v[DISTINCT_MAX];
};

/* A timer that runs has somebody who listens to it. */
static void
assert_heard(const struct walk *w)
{
	const struct txn_rule	*in = txn_rules[w->kind][w->state];

	if (w->retransmitting)
		assert_int_not_equal(in[EV_RETRANSMIT].next, ST_NONE);
	if (w->waiting)
		assert_true(in[EV_TIMEOUT].next != ST_NONE ||
		    in[EV_END].next != ST_NONE);
}

/* One event; what must hold at each step. False: not possible here. */
static bool
step(struct walk *w, enum txn_event ev)
{
	const struct txn_rule	*r = &txn_rules[w->kind][w->state][ev];

	if (ev == EV_RETRANSMIT && !w->retransmitting)
		return false;
	if ((ev == EV_TIMEOUT || ev == EV_END) && !w->waiting)
		return false;
	if (r->next == ST_NONE)
		return false;
	if (ev == EV_TU_FINAL || ev == EV_TU_2XX) {
		/* Only 2xx to INVITE may follow one another (RFC 6026). */
		if (w->final_sent)
			assert_true(w->kind == TXN_INVITE_SERVER &&
			    w->two_hundred && ev == EV_TU_2XX);
		w->final_sent = true;
		w->two_hundred = ev == EV_TU_2XX;
	}
	if (r->actions & DO_PASS && (ev == EV_RX_FINAL || ev == EV_RX_2XX)) {
		if (w->final_passed)
			assert_true(w->kind == TXN_INVITE_CLIENT &&
			    w->two_hundred && ev == EV_RX_2XX);
		w->final_passed = true;
		w->two_hundred = ev == EV_RX_2XX;
	}
	if (r->actions & DO_FAIL)
		assert_false(w->final_passed);
	if (ev == EV_RETRANSMIT)
		w->retransmitting = false;
	if (ev == EV_TIMEOUT || ev == EV_END)
		w->waiting = false;
	if (r->actions & STOP_RETRANSMIT)
		w->retransmitting = false;
	if (r->actions & STOP_TIMEOUT)
		w->waiting = false;
	if (r->actions & START_RETRANS)
		w->retransmitting = true;
	if (r->actions & START_WAIT)
		w->waiting = true;
	w->state = r->next;
	/*
	 * A finished machine must end by itself; one that waits for its user, or
	 * a proceeding INVITE client (timer C is the proxy's), need not.
	 */
	if (w->state == ST_COMPLETED || w->state == ST_ACCEPTED ||
	    w->state == ST_CONFIRMED)
		assert_true(w->waiting);
	if (w->state == ST_TERMINATED)
		assert_int_equal(r->actions & (START_WAIT | START_RETRANS), 0);
	else
		assert_heard(w);
	return true;
}

static bool
same_place(const struct walk *a, const struct walk *b)
{
	return a->state == b->state && a->final_sent == b->final_sent &&
	    a->final_passed == b->final_passed && a->two_hundred == b->two_hundred &&
	    a->waiting == b->waiting && a->retransmitting == b->retransmitting;
}

static void
level_add(struct level *l, const struct walk *w)
{
	for (unsigned i = 0; i < l->n; i++)
		if (same_place(&l->v[i], w)) {
			l->v[i].orders += w->orders;
			return;
		}
	assert_true(l->n < DISTINCT_MAX);
	l->v[l->n++] = *w;
}

/*
 * Timers alone bring it to its end, unless it waits for its user (a server without
 * a final response) or for timer C (an INVITE client that rings).
 */
static void
assert_ends(struct walk w)
{
	int	left = 100;

	while (w.state != ST_TERMINATED && w.waiting) {
		assert_true(left-- > 0);
		w.retransmitting = false;
		if (!step(&w, EV_TIMEOUT))
			assert_true(step(&w, EV_END));
	}
	if (w.state == ST_TERMINATED)
		return;
	if (w.kind == TXN_INVITE_CLIENT)
		assert_int_equal(w.state, ST_PROCEEDING);
	else
		assert_true(w.kind != TXN_CLIENT && !w.final_sent);
}

/* Number of orders; what ends early is counted where it ends. */
static uint64_t
level_next(const struct level *from, struct level *to)
{
	uint64_t	orders = 0;

	to->n = 0;
	for (unsigned i = 0; i < from->n; i++) {
		assert_ends(from->v[i]);
		orders += from->v[i].orders;
		for (enum txn_event ev = EV_REQUEST; ev < NEVENTS; ev++) {
			struct walk	w = from->v[i];

			if (w.state != ST_TERMINATED && step(&w, ev))
				level_add(to, &w);
		}
	}
	return orders;
}

static void
every_order_of_events(void **state)
{
	static struct level	 levels[2];
	uint64_t		 orders = 0;

	for (int kind = 0; kind < TXN_KINDS; kind++) {
		struct walk	w = { .kind = kind, .state = begins[kind], .orders = 1 };

		if (kind == TXN_INVITE_CLIENT || kind == TXN_CLIENT)
			assert_true(step(&w, EV_BEGIN));
		levels[0] = (struct level){ .n = 1, .v = { w } };
		for (int depth = 0; depth <= DEPTH; depth++)
			orders += level_next(&levels[depth % 2],
			    &levels[(depth + 1) % 2]);
	}
	printf("%llu orders of up to %d events\n", (unsigned long long)orders, DEPTH);
	assert_true(orders > 100000);
}

/* From every state that can be reached, the end can be reached. */
static void
every_state_ends(void **state)
{
	for (int kind = 0; kind < TXN_KINDS; kind++) {
		bool	ends[NSTATES] = { [ST_TERMINATED] = true };

		for (int again = 0; again < NSTATES; again++)
			for (int s = ST_TRYING; s < ST_TERMINATED; s++)
				for (int e = 0; e < NEVENTS; e++)
					if (txn_rules[kind][s][e].next != ST_NONE &&
					    ends[txn_rules[kind][s][e].next])
						ends[s] = true;
		for (int s = ST_TRYING; s < ST_TERMINATED; s++)
			for (int e = 0; e < NEVENTS; e++)
				if (txn_rules[kind][s][e].next != ST_NONE)
					assert_true(ends[s]);
	}
}

/* A timer that is started has somebody who listens to it. */
static void
every_timer_is_heard(void **state)
{
	for (int kind = 0; kind < TXN_KINDS; kind++)
		for (int s = 0; s < NSTATES; s++)
			for (int e = 0; e < NEVENTS; e++) {
				const struct txn_rule	*r = &txn_rules[kind][s][e];
				const struct txn_rule	*in = txn_rules[kind][r->next];

				if (r->next == ST_NONE)
					continue;
				if (r->actions & START_RETRANS)
					assert_int_not_equal(in[EV_RETRANSMIT].next, ST_NONE);
				if (r->actions & START_WAIT)
					assert_true((in[EV_TIMEOUT].next != ST_NONE) !=
					    (in[EV_END].next != ST_NONE));
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_of_events),
		cmocka_unit_test(every_state_ends),
		cmocka_unit_test(every_timer_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
