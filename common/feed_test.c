/* feed: snapshots, changes, gaps, a new process; who only wants heartbeats. */
#include "common/bus_test.h"

static void
publish(struct house *h, unsigned i, uint64_t version)
{
	char			 aor[16];
	struct msg_account	 m = { .version = version };

	h->state[i] = version;
	snprintf(aor, sizeof(aor), "%c", 'a' + i);
	m.aor = str_of(aor);
	feed_publish(h->feed, MSG_ACCOUNT, &m);
}

/* Parts of three records, some empty accounts between. */
static uint64_t
walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct house		*h = arg;
	char			 aor[2] = "";
	struct msg_account	 m;
	unsigned		 n = 0;

	for (uint64_t i = cursor; i < 16; i++) {
		if (h->state[i] == 0)
			continue;
		if (n++ == 3)
			return i;
		aor[0] = 'a' + i;
		m = (struct msg_account){ .aor = str_of(aor),
		    .version = h->state[i] };
		feed_emit(f, MSG_ACCOUNT, &m);
	}
	return 0;
}

static void
on_begin(void *arg)
{
	struct house	*h = arg;

	h->begins++;
}

static void
on_record(void *arg, enum msg_type type, const union msg *m)
{
	struct house	*h = arg;
	unsigned	 i;

	assert_int_equal(type, MSG_ACCOUNT);
	h->records++;
	i = m->account.aor.s[0] - 'a';
	if (m->account.version > h->version[i])
		h->version[i] = m->account.version;
}

static void
on_complete(void *arg)
{
	struct house	*h = arg;

	h->completes++;
}

static const enum msg_type only_accounts[] = { MSG_ACCOUNT, MSG_NONE };
static const struct feed_follower follower = {
	on_begin, on_record, on_complete, only_accounts,
};

static bool
same(const struct house *h)
{
	return memcmp(h->version, h->state, sizeof(h->state)) == 0;
}

static void
test_feed(void **state)
{
	struct house		*h = *state;
	struct msg_domain	 other = { .name = STR("example.com") };

	for (unsigned i = 0; i < 10; i++)
		publish(h, i, 1);
	bus_peer_follow(h->peer, &follower, h);
	assert_false(bus_peer_synced(h->peer));
	/* not ready: no snapshot, and it tries again */
	until(h, h->begins >= 2);
	assert_int_equal(h->completes, 0);
	feed_serve(h->feed, h->server, walk, h);
	until(h, bus_peer_synced(h->peer));
	assert_true(same(h));
	assert_int_equal(h->completes, 1);
	assert_int_equal(feed_followers(h->feed), 1);
	/* changes */
	for (unsigned i = 0; i < 16; i++)
		publish(h, i, 2 + i);
	until(h, same(h));
	publish(h, 3, 99);
	feed_publish(h->feed, MSG_DOMAIN, &other);	/* nobody asked for it */
	publish(h, 3, 100);
	until(h, same(h));
	assert_int_equal(h->completes, 1);
	assert_int_equal(figures(h->asker).gaps, 0);
	assert_int_equal(figures(h->asker).bad_frames, 0);
}

/* Changes while the snapshot comes, part by part. */
static void
test_feed_changes_between_parts(void **state)
{
	struct house	*h = *state;

	for (unsigned i = 0; i < 16; i++)
		publish(h, i, 1);
	feed_serve(h->feed, h->server, walk, h);
	bus_peer_follow(h->peer, &follower, h);
	until(h, h->records > 0);
	for (uint64_t v = 2; !bus_peer_synced(h->peer); v++) {
		publish(h, v % 16, v);
		loop_once(h->loop, 10);
	}
	until(h, same(h));
	assert_int_equal(figures(h->asker).gaps, 0);
}

/* A change that nobody carried: the next heartbeat shows it. */
static void
test_feed_gap(void **state)
{
	struct house	*h = *state;

	publish(h, 0, 1);
	feed_serve(h->feed, h->server, walk, h);
	bus_peer_follow(h->peer, &follower, h);
	until(h, bus_peer_synced(h->peer));
	h->feed->streams[0].next++;
	h->state[5] = 77;
	until(h, h->completes == 2);
	assert_true(same(h));
	assert_int_equal(figures(h->asker).gaps, 1);
	assert_true(bus_peer_synced(h->peer));
}

static void
test_feed_new_epoch(void **state)
{
	struct house	*h = *state;

	publish(h, 0, 1);
	feed_serve(h->feed, h->server, walk, h);
	bus_peer_follow(h->peer, &follower, h);
	until(h, bus_peer_synced(h->peer));
	daemon_end(h);
	h->state[7] = 7;
	daemon_begin(h, 1002);
	until(h, bus_peer_epoch(h->peer) == 1002);
	assert_false(bus_peer_synced(h->peer));
	feed_serve(h->feed, h->server, walk, h);
	until(h, bus_peer_synced(h->peer));
	assert_true(same(h));
}

/* What there is most of has a stream of its own, with numbers of its own. */
static void
test_feed_bulk(void **state)
{
	static const struct feed_follower	takes = {
		on_begin, on_record, on_complete, only_accounts, .bulk = true,
	};
	struct house	*h = *state;

	feed_bulk(h->feed, MSG_ACCOUNT);
	publish(h, 0, 1);
	feed_serve(h->feed, h->server, walk, h);
	bus_peer_follow(h->peer, &takes, h);
	until(h, bus_peer_synced(h->peer));
	assert_int_equal(h->completes, 1);
	publish(h, 5, 2);
	until(h, same(h));
	assert_int_equal(figures(h->asker).gaps, 0);
	h->feed->streams[1].next++;
	h->state[5] = 77;
	until(h, h->completes == 2);
	assert_true(same(h));
	assert_int_equal(figures(h->asker).gaps, 1);
}

/* Who does not take it gets it with a snapshot and then no more. */
static void
test_feed_without_bulk(void **state)
{
	struct house	*h = *state;
	uint64_t	 in;

	feed_bulk(h->feed, MSG_ACCOUNT);
	publish(h, 0, 1);
	feed_serve(h->feed, h->server, walk, h);
	bus_peer_follow(h->peer, &follower, h);
	until(h, bus_peer_synced(h->peer));
	in = figures(h->asker).frames_in;
	for (unsigned i = 0; i < 16; i++)
		publish(h, i, 2);
	ask(h, 3000);
	until(h, h->answered == 1);
	assert_false(same(h));
	assert_in_range(figures(h->asker).frames_in - in, 1, 3);
	assert_int_equal(figures(h->asker).gaps, 0);
}

/* Without a follower heartbeats come, records do not. */
static void
test_feed_heartbeat_only(void **state)
{
	struct house	*h = *state;
	uint64_t	 in;

	until(h, bus_peer_alive(h->peer));
	in = figures(h->asker).messages_in;
	for (unsigned i = 0; i < 16; i++)
		publish(h, i, 1);
	ask(h, 3000);
	until(h, h->answered == 1);
	assert_int_equal(figures(h->asker).messages_in - in, 1);
	assert_int_equal(feed_followers(h->feed), 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_feed),
		T(test_feed_changes_between_parts),
		T(test_feed_gap),
		T(test_feed_new_epoch),
		T(test_feed_bulk),
		T(test_feed_without_bulk),
		T(test_feed_heartbeat_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
