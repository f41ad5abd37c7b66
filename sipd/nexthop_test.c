/*
 * Ways, and the targets of names that need no name server; those that do are told
 * by stories.
 */
#define HOST	"127.0.44.1"
#include "sipd/house_test.h"

#include "sipd/nexthop.h"

static unsigned	told;

static int
setup(void **state)
{
	house_open("dns-servers 127.0.44.9\n");
	told = 0;
	return 0;
}

static int
teardown(void **state)
{
	house_close();
	return 0;
}

static void
on_news(void *arg)
{
	told++;
}

static struct way
way_to(const char *text)
{
	struct way	way;
	struct uri	u;

	assert_int_equal(uri_parse(&u, str_of(text)), 0);
	assert_int_equal(way_of_uri(&way, &u), 0);
	return way;
}

/* RFC 3263 section 4, RFC 5630: what the text of a URI says by itself. */
static void
test_ways(void **state)
{
	static const struct {
		const char	*uri, *hop;	/* NULL: a name */
		const char	*printed;
	} cases[] = {
		{ "sip:a@192.0.2.1", "udp:192.0.2.1:5060", NULL },
		{ "sips:a@192.0.2.1", "tls:192.0.2.1:5061", NULL },
		{ "sips:a@192.0.2.1;transport=tcp", "tls:192.0.2.1:5061", NULL },
		{ "sip:a@[2001:db8::1]:5070;transport=tcp", "tcp:[2001:db8::1]:5070", NULL },
		{ "sip:a@h.test;maddr=192.0.2.2", "udp:192.0.2.2:5060", NULL },
		{ "sip:a@h.test", NULL, "sip:h.test" },
		{ "sip:a@h.test:5070;transport=TCP", NULL, "sip:h.test:5070;transport=tcp" },
		{ "sips:a@h.test;transport=tcp", NULL, "sips:h.test" },
		{ "sip:a@192.0.2.2;maddr=h.test", NULL, "sip:h.test" },
	};
	char		buf[PEER_TEXT_MAX], text[WAY_TEXT_MAX];
	struct way	way, again;
	struct uri	u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		way = way_to(cases[i].uri);
		assert_int_equal(way_is_name(&way), cases[i].hop == NULL);
		if (cases[i].hop != NULL) {
			assert_true(str_eq(hop_print_remote(&way.hop, buf),
			    str_of(cases[i].hop)));
			continue;
		}
		assert_true(str_eq(way_print(&way, text), str_of(cases[i].printed)));
		again = way_to(cases[i].printed);
		assert_true(str_eq(again.host, way.host) && again.port == way.port &&
		    again.transport == way.transport && again.secure == way.secure);
	}
	assert_int_equal(uri_parse(&u, STR("tel:+1")), 0);
	assert_int_equal(way_of_uri(&way, &u), -EPROTONOSUPPORT);
}

static struct nexthop *
ask(const char *uri, const struct hop *from)
{
	const struct way	way = way_to(uri);

	return nexthop_new(worker_get(0), &way, from, on_news, NULL);
}

/* /etc/hosts, and no question to anybody; only families and transports we speak. */
static void
test_hosts(void **state)
{
	struct nexthop	*n = ask("sip:localhost:5070;transport=tcp", NULL);
	struct hop	 to, tried = { .transport = TRANSPORT_TCP };

	assert_true(nexthop_more(n));
	assert_int_equal(nexthop_next(n, &to), 0);
	assert_int_equal(to.transport, TRANSPORT_TCP);
	tried.remote = house_addr("127.0.0.1:5070");
	assert_true(hop_same_peer(&to, &tried));
	assert_int_equal(nexthop_next(n, &to), -ENOENT);
	assert_false(nexthop_more(n));
	nexthop_free(n);

	n = ask("sip:localhost:5070;transport=tcp", NULL);
	nexthop_skip(n, &tried);	/* the last process was there */
	assert_int_equal(nexthop_next(n, &to), -ENOENT);
	nexthop_free(n);
	n = ask("sips:localhost", NULL);	/* there is no socket for TLS */
	assert_int_equal(nexthop_next(n, &to), -EAFNOSUPPORT);
	nexthop_free(n);
	assert_int_equal(told, 0);
}

/* S24: a name that leads to ourselves is nothing for what came from outside. */
static void
test_forbidden(void **state)
{
	const struct hop	from = { .transport = TRANSPORT_UDP,
				    .remote = house_addr("192.0.2.7:5060"),
				    .local = house_addr("192.0.2.1:5060") };
	struct nexthop		*n = ask("sip:localhost", &from);
	struct hop		 to;

	assert_int_equal(nexthop_next(n, &to), -EACCES);
	assert_int_equal(nexthop_code(-EACCES), 403);
	nexthop_free(n);
}

/* What is no name is known to be none; who asks no longer is not told. */
static void
test_names(void **state)
{
	struct nexthop	*n = ask("sip:h.test", NULL);
	struct hop	 to;
	char		 uri[400];

	assert_int_equal(nexthop_next(n, &to), -EINPROGRESS);
	nexthop_free(n);
	snprintf(uri, sizeof(uri), "sip:%0300d.test", 0);
	n = ask(uri, NULL);
	assert_int_equal(nexthop_next(n, &to), -ENOENT);
	nexthop_free(n);
	for (int i = 0; i < 5; i++)
		loop_once(house.loop, 5);
	assert_int_equal(told, 0);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ways), T(test_hosts), T(test_forbidden), T(test_names),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
