/*
 * replica_feed - worker 0 keeps the replica and the ban list up to date from
 * regd's feed, and every reader tells when it looks at nothing.
 */
#include "sipd/replica.h"

#include "sipd/banned.h"
#include "sipd/reclaim.h"

#define TIDY_MS		1000
#define SWEEP_MS	2

static struct {
	struct loop		*loop;
	struct loop_timer	*tidy;
	struct loop_timer	*sweep;
} feed;

static _Thread_local struct loop_turn	*turn;

static void
on_turn(void *arg)
{
	reclaim_exit();
}

void
replica_join(struct loop *l)
{
	reclaim_join();
	if (l != NULL)
		turn = loop_turn_new(l, on_turn, NULL);
}

void
replica_leave(void)
{
	if (turn != NULL)
		loop_turn_free(turn);
	turn = NULL;
	reclaim_leave();
}

void
replica_quiesce(void)
{
	reclaim_exit();
}

/* ---- the feed ---- */

static void
on_sweep(void *arg)
{
	for (int i = 0; i < 4; i++)
		if (!replica_sweep()) {
			loop_timer_stop(feed.sweep);
			return;
		}
}

static void
on_tidy(void *arg)
{
	reclaim_now();
	replica_tidy(loop_now(feed.loop));
	loop_timer_start(feed.sweep, 0, SWEEP_MS);
}

static void
on_begin(void *arg)
{
	replica_begin();
	banned_begin();
}

static void
on_record(void *arg, enum msg_type type, const union msg *m)
{
	if (type == MSG_BAN) {
		banned_record(&m->ban);
		return;
	}
	replica_apply(m->bindings.aor, m->bindings.version,
	    m->bindings.bindings.v, m->bindings.bindings.n,
	    loop_now(feed.loop));
}

static bool
on_knows(void *arg, struct str aor, uint64_t version)
{
	return replica_knows(aor, version);
}

static void
on_complete(void *arg)
{
	replica_complete();
	banned_complete();
	loop_timer_start(feed.sweep, 0, SWEEP_MS);
}

void
replica_follow(struct bus_peer *regd, struct loop *l)
{
	static const enum msg_type	types[] = { MSG_BINDINGS, MSG_BAN,
	    MSG_NONE };
	static const struct feed_follower follower = {
		.begin = on_begin,
		.record = on_record,
		.complete = on_complete,
		.types = types,
		.bulk = true,
		.knows = on_knows,
	};

	feed.loop = l;
	feed.tidy = loop_timer_new(l, on_tidy, NULL);
	feed.sweep = loop_timer_new(l, on_sweep, NULL);
	loop_timer_start(feed.tidy, TIDY_MS, TIDY_MS);
	bus_peer_follow(regd, &follower, NULL);
}

void
replica_unfollow(void)
{
	if (feed.loop == NULL)
		return;
	loop_timer_free(feed.tidy);
	loop_timer_free(feed.sweep);
	feed.loop = NULL;
}
