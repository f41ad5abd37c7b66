/* addr: text in and out, what may be sent to (S11, S24, S26, S44), networks. */
#include "common/addr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr
addr(const char *text)
{
	struct addr	a = { .len = 0 };

	assert_int_equal(addr_parse(&a, str_of(text), 5060), 0);
	return a;
}

static void
test_parse(void **state)
{
	static const struct {
		const char	*in;
		const char	*host;		/* NULL: refused */
		const char	*whole;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1:5060" },
		{ "0.0.0.0", "0.0.0.0", "0.0.0.0:5060" },
		{ "255.255.255.255", "255.255.255.255", "255.255.255.255:5060" },
		{ "::1", "::1", "[::1]:5060" },
		{ "[::1]", "::1", "[::1]:5060" },
		{ "2001:DB8:0:0:0:0:0:9", "2001:db8::9", "[2001:db8::9]:5060" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1",
		    "[::ffff:192.0.2.1]:5060" },
		{ "fe80::1%1", "fe80::1%1", "[fe80::1%1]:5060" },
		{ "[fe80::1%lo]", "fe80::1%1", "[fe80::1%1]:5060" },
		{ "2001:db8::1%1" }, { "fe80::1%" }, { "fe80::1%0" },
		{ "fe80::1%nosuchif" },
		{ "" }, { "[]" }, { "[" }, { "[192.0.2.1]" }, { "[::1" },
		{ "::1]" }, { "192.0.2" }, { "192.0.2.256" }, { "192.0.2.01" },
		{ "192.0.2.1 " }, { " 192.0.2.1" }, { "0x7f.0.0.1" },
		{ "2130706433" }, { "localhost" }, { "1::2::3" },
		{ "192.0.2.1.5" }, { "12345::" }, { "::192.0.2.1.3" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    ":aaaaaaaaaaaa" },
	};
	char	buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = { .len = 99 };
		int e = addr_parse(&a, str_of(cases[i].in), 5060);

		if (cases[i].host == NULL) {
			assert_int_equal(e, -EBADMSG);
			assert_int_equal(a.len, 99);
			continue;
		}
		assert_int_equal(e, 0);
		addr_print_host(&a, buf);
		assert_string_equal(buf, cases[i].host);
		addr_print(&a, buf);
		assert_string_equal(buf, cases[i].whole);
		struct addr b;
		assert_int_equal(addr_parse_port(&b, str_of(buf)), 0);
		assert_true(addr_eq(&a, &b));
	}
	struct addr a;
	assert_int_equal(addr_parse(&a, STR("192.0.2.1\0x"), 1), -EBADMSG);
}

static void
test_parse_port(void **state)
{
	static const struct {
		const char	*in;
		int		 port;		/* -1: refused */
	} cases[] = {
		{ "192.0.2.1:5060", 5060 }, { "192.0.2.1:0", 0 },
		{ "[::1]:65535", 65535 }, { "192.0.2.1:65536", -1 },
		{ "192.0.2.1:", -1 }, { "192.0.2.1", -1 }, { ":5060", -1 },
		{ "::1:5060", -1 }, { "[::1]", -1 }, { "[::1]5060", -1 },
		{ "192.0.2.1:+5", -1 }, { "", -1 }, { "a:b", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;
		int e = addr_parse_port(&a, str_of(cases[i].in));

		assert_int_equal(e, cases[i].port < 0 ? -EBADMSG : 0);
		if (e == 0)
			assert_int_equal(addr_port(&a), cases[i].port);
	}
}

static void
test_kinds(void **state)
{
	/* l loopback, k link-local, p private, w wildcard */
	static const struct {
		const char	*in;
		const char	*kinds;
	} cases[] = {
		{ "127.0.0.1", "l" }, { "127.255.255.255", "l" },
		{ "126.255.255.255", "" }, { "128.0.0.0", "" }, { "::1", "l" },
		{ "::ffff:127.0.0.1", "l" }, { "169.254.0.1", "k" },
		{ "169.255.0.1", "" }, { "fe80::1", "k" },
		{ "febf::1", "k" }, { "fec0::1", "" },
		{ "::ffff:169.254.1.1", "k" }, { "10.0.0.0", "p" },
		{ "11.0.0.0", "" }, { "172.15.255.255", "" },
		{ "172.16.0.0", "p" }, { "172.31.255.255", "p" },
		{ "172.32.0.0", "" }, { "192.168.1.1", "p" },
		{ "192.169.0.0", "" }, { "100.64.0.0", "p" },
		{ "100.127.255.255", "p" }, { "100.128.0.0", "" },
		{ "fc00::1", "p" }, { "fdff::1", "p" }, { "fe00::1", "" },
		{ "0.0.0.0", "w" }, { "::", "w" }, { "::ffff:0.0.0.0", "w" },
		{ "192.0.2.1", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = addr(cases[i].in);
		const char *k = cases[i].kinds;

		assert_int_equal(addr_is_loopback(&a), strchr(k, 'l') != NULL);
		assert_int_equal(addr_is_linklocal(&a), strchr(k, 'k') != NULL);
		assert_int_equal(addr_is_private(&a), strchr(k, 'p') != NULL);
		assert_int_equal(addr_is_wildcard(&a), strchr(k, 'w') != NULL);
	}
}

static void
test_targets(void **state)
{
	static const struct {
		const char	*to;
		const char	*local;		/* NULL: none */
		bool		 may;
	} cases[] = {
		{ "192.0.2.1", NULL, true },
		{ "10.0.0.1", NULL, true },
		{ "2001:db8::1", NULL, true },
		{ "127.0.0.1", NULL, false },
		{ "127.0.0.1", "192.0.2.7", false },
		{ "127.0.0.2", "127.0.0.1", true },
		{ "::1", "127.0.0.1", true },
		{ "::ffff:127.0.0.1", "192.0.2.7", false },
		{ "127.0.0.1", "169.254.1.1", false },
		{ "169.254.1.1", "192.0.2.7", false },
		{ "169.254.1.1", "169.254.1.2", true },
		{ "fe80::1", "fe80::2", true },
		{ "fe80::1", NULL, false },
		{ "0.0.0.0", "127.0.0.1", false },
		{ "0.1.2.3", "127.0.0.1", false },
		{ "::", "::1", false },
		{ "224.0.0.1", "192.0.2.7", false },
		{ "239.255.255.255", "192.0.2.7", false },
		{ "255.255.255.255", "192.0.2.7", false },
		{ "240.0.0.1", "192.0.2.7", false },
		{ "::ffff:224.0.0.1", "192.0.2.7", false },
		{ "ff02::1", "fe80::2", false },
		{ "::127.0.0.1", "192.0.2.7", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr to = addr(cases[i].to), local;

		if (cases[i].local != NULL)
			local = addr(cases[i].local);
		assert_int_equal(addr_may_target(&to,
		    cases[i].local != NULL ? &local : NULL), cases[i].may);
	}
	struct addr none = { .len = 0 };
	assert_false(addr_may_target(&none, &none));
}

static void
test_equal(void **state)
{
	struct addr	a = addr("192.0.2.1"), b = a, none = { .len = 0 };
	struct addr	six = addr("::1"), zone1 = addr("fe80::1%1");
	struct addr	zone2 = addr("fe80::1%2");

	assert_true(addr_eq(&a, &b));
	addr_set_port(&b, 1);
	assert_false(addr_eq(&a, &b));
	assert_true(addr_eq_host(&a, &b));
	assert_false(addr_eq_host(&a, &six));
	assert_false(addr_eq_host(&zone1, &zone2));
	assert_true(addr_eq(&none, &none));
	assert_false(addr_eq(&none, &a));
	addr_set_port(&six, 99);
	assert_int_equal(addr_port(&six), 99);
	assert_int_equal(addr_bytes(&a).len, 4);
	assert_int_equal(addr_bytes(&six).len, 16);
	assert_int_equal(addr_bytes(&none).len, 0);
	assert_int_equal(addr_port(&none), 0);
}

static void
test_peers(void **state)
{
	static const struct {
		const char	*in;
		const char	*out;		/* NULL: refused */
	} cases[] = {
		{ "udp:192.0.2.1:5060", "udp:192.0.2.1:5060" },
		{ "TCP:[2001:DB8::1]:5060", "tcp:[2001:db8::1]:5060" },
		{ "tls:192.0.2.1:5061", "tls:192.0.2.1:5061" },
		{ "sctp:192.0.2.1:5060" }, { "none:192.0.2.1:5060" },
		{ "udp" }, { "udp:" }, { "udp:192.0.2.1" }, { "" },
		{ ":192.0.2.1:5060" },
	};
	char	buf[PEER_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer p, q;
		int e = peer_parse(&p, str_of(cases[i].in));

		assert_int_equal(e, cases[i].out == NULL ? -EBADMSG : 0);
		if (e < 0)
			continue;
		peer_print(&p, buf);
		assert_string_equal(buf, cases[i].out);
		q = p;
		assert_true(peer_eq(&p, &q));
		q.transport = p.transport == TRANSPORT_UDP ? TRANSPORT_TCP :
		    TRANSPORT_UDP;
		assert_false(peer_eq(&p, &q));
	}
	assert_string_equal(transport_name((enum transport)99), "none");
}

static void
test_networks(void **state)
{
	static const struct {
		const char	*net;
		int		 bits;		/* -1: refused */
		const char	*in, *out;
	} cases[] = {
		{ "10.0.0.0/8", 8, "10.255.0.1", "11.0.0.0" },
		{ "192.0.2.128/25", 25, "192.0.2.255", "192.0.2.127" },
		{ "192.0.2.1", 32, "192.0.2.1", "192.0.2.2" },
		{ "0.0.0.0/0", 0, "203.0.113.9", "::1" },
		{ "::1/128", 128, "::1", "::2" },
		{ "fc00::/7", 7, "fdff::1", "fe00::" },
		{ "::/0", 0, "::1", "10.0.0.1" },
		{ "10.0.0.0/8", 8, "::ffff:10.1.1.1", "::ffff:11.1.1.1" },
		{ "10.0.0.1/8", -1 }, { "10.0.0.0/33", -1 },
		{ "10.0.0.0/", -1 }, { "/8", -1 }, { "10.0.0.0/-1", -1 },
		{ "10.0.0.0/8/8", -1 }, { "fd00::/7", -1 }, { "::/129", -1 },
		{ "", -1 }, { "any", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net n;
		struct addr in, out;
		int e = net_parse(&n, str_of(cases[i].net));

		assert_int_equal(e, cases[i].bits < 0 ? -EBADMSG : 0);
		if (e < 0)
			continue;
		assert_int_equal(n.bits, cases[i].bits);
		in = addr(cases[i].in);
		out = addr(cases[i].out);
		assert_true(net_has(&n, &in));
		assert_false(net_has(&n, &out));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_port),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
