/*
 * Responses whose connection is gone: to the source at the port of sent-by, to where
 * the name of sent-by leads, or nowhere.
 */
#define HOST	"127.0.41.1"
#define PHONES	"127.0.41.2"
#include "sipd/proxy_test.h"

#include "sipd/back.h"

#define SENT_BY	"25141"
#define NAMED	"127.0.0.1:" SENT_BY	/* where "localhost" leads */

static struct stats	before;

static int
setup_figures(void **state)
{
	stats_sum(&before);
	return setup(state);
}

static uint64_t
returned(void)
{
	struct stats	s;

	stats_sum(&s);
	return s.responses_returned - before.responses_returned;
}

static uint64_t
lost(void)
{
	struct stats	s;

	stats_sum(&s);
	return s.responses_lost - before.responses_lost;
}

static int
listen_at(const char *text)
{
	struct addr	a = house_addr(text);
	int		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* An INVITE by a connection that is reset while routed thinks about it. */
static void
ask_and_go(const char *sent_by)
{
	const struct linger	reset = { .l_onoff = 1 };
	struct stats		s;
	int			fd = phone(SOCK_STREAM, PHONES ":0");

	say(fd, "INVITE sip:b@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP %s:" SENT_BY ";branch=z9hG4bKcaller;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>\r\n"
	    "Call-ID: one@h\r\nCSeq: 1 INVITE\r\nContact: <sip:a@h>\r\n"
	    "Content-Length: 0\r\n\r\n", sent_by);
	wait_for(nasked == 1);
	hear_this(fd, "SIP/2.0 100 ");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	wait_for((stats_sum(&s), s.tcp_connections == 0));
}

static void
comes_at(int listener)
{
	int	fd;

	wait_for(readable(listener));
	assert_true((fd = accept(listener, NULL, NULL)) >= 0);
	hear_this(fd, "SIP/2.0 404 ");
	close(fd);
	close(listener);
}

static void
test_to_the_source(void **state)
{
	int	listener = listen_at(PHONES ":" SENT_BY);

	ask_and_go("phone.invalid");
	decide(404, NULL, NULL);
	comes_at(listener);
	assert_int_equal(returned(), 1);
}

/* The source does not listen; the name does. */
static void
test_by_name(void **state)
{
	int	listener = listen_at(NAMED);

	ask_and_go("localhost");
	decide(404, NULL, NULL);
	comes_at(listener);
	assert_int_equal(returned(), 2);
	assert_int_equal(lost(), 0);
}

/* A number is the source or nobody: it was not asked there. */
static void
test_nowhere(void **state)
{
	int	listener = listen_at(NAMED);

	ask_and_go("127.0.0.1");
	decide(404, NULL, NULL);
	wait_for(lost() == 1);
	assert_false(readable(listener));
	close(listener);
}

/* So many a second, and no more. */
static void
test_bound(void **state)
{
	const struct hop	gone = { .transport = TRANSPORT_TCP,
				    .remote = house_addr(PHONES ":9") };
	struct worker		*w = worker_get(0);

	for (unsigned i = 0; i < BACK_PER_S + 10; i++)
		back_lost(w, &gone, 0, STR("SIP/2.0 200 OK\r\n"
		    "Via: SIP/2.0/TCP " PHONES ":9;branch=z9hG4bKx\r\n"
		    "From: <sip:a@h>;tag=a\r\nTo: <sip:b@h>;tag=b\r\n"
		    "Call-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"));
	back_lost(w, &gone, 0, STR("no response"));
	wait_for(lost() == BACK_PER_S + 11);
	assert_int_equal(returned(), BACK_PER_S);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup_figures, teardown)
	const struct CMUnitTest tests[] = {
		T(test_to_the_source), T(test_by_name), T(test_nowhere), T(test_bound),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
