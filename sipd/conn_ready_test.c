/*
 * Whose turn it is: connections that say much beside one that says little (S30),
 * and what is left of a large segment in the kernel.
 */
#define HOST	"127.0.17.1"
#include "sipd/wire_test.h"

enum { GREEDY = 20, EACH = 300 };

static int	seen, calm_after;	/* messages; those before the calm one's */

static void
count_until_calm(struct worker *w, const struct packet *p)
{
	if (str_find(p->bytes, STR("call-9999@")) >= 0)
		calm_after = seen;
	seen++;
}

/* As much as can be said now of the n octets at s. */
static size_t
say_some(int fd, const char *s, size_t n)
{
	ssize_t	sent = send(fd, s, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent > 0 ? (size_t)sent : 0;
}

/* A message of EACH * GREEDY is under way when that of the calm one comes. */
static void
who_says_little_comes_first(void **state)
{
	static char	many[64 * 1024];
	struct upper	counting = hooks;
	char		one[512];
	int		fd[GREEDY], calm;
	size_t		len = 0;

	counting.packet = count_until_calm;
	seen = 0;
	calm_after = -1;
	house_run(LISTEN);
	upper = &counting;
	for (int i = 0; i < EACH; i++)
		len += request(many + len, sizeof(many) - len, i, 0);
	for (int i = 0; i < GREEDY; i++)
		fd[i] = peer(SOCK_STREAM, HOST ":25060");
	calm = peer(SOCK_STREAM, HOST ":25060");
	wait_for(tcp_count(worker_get(0)->tcp) == GREEDY + 1);
	for (int i = 0; i < GREEDY; i++)
		say(fd[i], many, len);
	say(calm, one, request(one, sizeof(one), 9999, 0));
	wait_for(seen == GREEDY * EACH + 1);
	/* Two of each when all began; one turn of a busy one per turn, should it be slow. */
	assert_in_range(calm_after, 0, GREEDY * 2 + GREEDY * 8);
	for (int i = 0; i < GREEDY; i++)
		close(fd[i]);
	close(calm);
	house_close();
}

/*
 * Large segments cut messages at any place: the few octets that are left of one
 * keep all of it in the kernel, which has no room for the next then.
 */
static void
large_segments(void **state)
{
	enum { MANY = 40000 };
	char	*all = xcalloc(MANY, 128);
	size_t	 len = 0, sent = 0;
	int	 fd;

	house_run(LISTEN);
	echo = false;
	for (int i = 0; i < MANY; i++)
		len += request(all + len, 128, i, 0);
	fd = peer(SOCK_STREAM, HOST ":25060");
	wait_for((sent += say_some(fd, all + sent, len - sent)) == len);
	wait_for(packets == MANY);
	assert_int_equal(stats->tcp_timeouts, 0);
	close(fd);
	wait_for(closed == 1);
	house_close();
	free(all);
}

/* Messages that are longer than what is looked at first, among others. */
static void
long_ones_among_short_ones(void **state)
{
	static const size_t	bodies[] = { 0, 40000, 10, 16300, 16384, 60000, 1 };
	static char		all[192 * 1024];
	size_t			len = 0, sent = 0;
	int			n = sizeof(bodies) / sizeof(bodies[0]);
	int			fd;

	house_run(LISTEN);
	echo = false;
	for (int i = 0; i < n; i++)
		len += request(all + len, sizeof(all) - len, i, bodies[i]);
	fd = peer(SOCK_STREAM, HOST ":25060");
	wait_for((sent += say_some(fd, all + sent, len - sent)) == len);
	wait_for(packets == n);
	assert_int_equal(last_len, request(all, sizeof(all), n - 1, 1));
	assert_memory_equal(last_bytes, all, last_len);
	/* The last one in two pieces, the first of them long. */
	packets = 0;
	len = request(all, sizeof(all), 8, 50000);
	say(fd, all, 30000);
	loop_once(self.loop, 20);
	loop_once(self.loop, 20);
	say(fd, all + 30000, len - 30000);
	wait_for(packets == 1);
	assert_int_equal(last_len, len);
	close(fd);
	wait_for(closed == 1);
	house_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_says_little_comes_first, each),
		cmocka_unit_test_setup(large_segments, each),
		cmocka_unit_test_setup(long_ones_among_short_ones, each),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
