/* via_test - one value of Via, where answers go, received and rport. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/via.h"

static void
test_parse(void **state)
{
	static const struct {
		const char	*in;
		enum transport	 transport;
		const char	*sent_by, *host;
		unsigned	 port;
		const char	*branch;
		bool		 magic;
		const char	*received;
		bool		 has_rport;
		unsigned	 rport;
	} cases[] = {
		{ "SIP/2.0/UDP h:5060;branch=z9hG4bKa1;rport", TRANSPORT_UDP,
		    "h:5060", "h", 5060, "z9hG4bKa1", true, "", true, 0 },
		{ "sip/2.0/tcp 192.0.2.1;rport=70;received=192.0.2.9;branch=x",
		    TRANSPORT_TCP, "192.0.2.1", "192.0.2.1", 0, "x", false,
		    "192.0.2.9", true, 70 },
		{ "SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw",
		    TRANSPORT_UDP, "192.0.2.2", "192.0.2.2", 0, "390skdjuw", false,
		    "", false, 0 },		/* RFC 4475 wsinv */
		{ "SIP / 2.0 / UDP  h ; branch=\r\n z9hG4bK30239", TRANSPORT_UDP, "h",
		    "h", 0, "z9hG4bK30239", true, "", false, 0 },
		{ "SIP/2.0/UNKNOWN t5.example.com", TRANSPORT_NONE,
		    "t5.example.com", "t5.example.com", 0, "", false, "", false, 0 },
		{ "SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255]",
		    TRANSPORT_UDP, "[2001:db8::9:1]:6050", "[2001:db8::9:1]", 6050,
		    "", false, "2001:db8::9:255", false, 0 },	/* RFC 5118 */
		{ "SIP/2.0/UDP h;received=2001:db8::9:255", TRANSPORT_UDP, "h", "h",
		    0, "", false, "2001:db8::9:255", false, 0 },
		{ "SIP/2.0/UDP h;branch=z9hG4bK", TRANSPORT_UDP, "h", "h", 0,
		    "z9hG4bK", false, "", false, 0 },		/* badbranch */
		{ "SIP/2.0/UDP h;branch=a;branch=b;unknown;q=\"a,b;c\"",
		    TRANSPORT_UDP, "h", "h", 0, "a", false, "", false, 0 },
		{ "SIP/2.0/UDP h;branch=z9hG4bK=a/b", TRANSPORT_UDP, "h", "h", 0,
		    "z9hG4bK=a/b", true, "", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		struct str		 rest = str_of(c->in);
		struct via		 v;

		if (via_parse(&v, &rest) < 0)
			fail_msg("%s does not parse", c->in);
		assert_int_equal(rest.len, 0);
		assert_int_equal(v.transport, c->transport);
		assert_true(str_eq(v.sent_by, str_of(c->sent_by)));
		assert_true(str_eq(v.host, str_of(c->host)));
		assert_int_equal(v.port, c->port);
		assert_true(str_eq(v.branch, str_of(c->branch)));
		assert_int_equal(v.magic, c->magic);
		assert_true(str_eq(v.received, str_of(c->received)));
		assert_int_equal(v.has_rport, c->has_rport);
		assert_int_equal(v.rport, c->rport);
		assert_true(str_eq(v.text, str_of(c->in)));
	}
}

static void
test_list(void **state)
{
	struct str	rest = STR(" SIP/2.0/UDP a;x=\",\" ,\r\n SIP/2.0/TCP b:1 ");
	struct via	v;

	assert_int_equal(via_parse(&v, &rest), 0);
	assert_true(str_eq(v.text, STR("SIP/2.0/UDP a;x=\",\"")));
	assert_int_equal(via_parse(&v, &rest), 0);
	assert_true(str_eq(v.text, STR("SIP/2.0/TCP b:1")));
	assert_int_equal(v.port, 1);
	assert_int_equal(rest.len, 0);
	assert_int_equal(via_parse(&v, &rest), -EBADMSG);
}

static void
test_refused(void **state)
{
	static const char *const	cases[] = {
		"", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 h", "SIP/3.0/UDP h",
		"HTTP/2.0/UDP h", "SIP/2.0/UDPh", "SIP/2.0/UDP h;;,;,,",
		"SIP/2.0/UDP 192.0.2.15;;,;,,",			/* badinv01 */
		"SIP/2.0/UDP h;", "SIP/2.0/UDP h;a=", "SIP/2.0/UDP h;=a",
		"SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536", "SIP/2.0/UDP h:",
		"SIP/2.0/UDP [::1", "SIP/2.0/UDP []", "SIP/2.0/UDP h;rport=0",
		"SIP/2.0/UDP h;rport=65536", "SIP/2.0/UDP h;rport=1x",
		"SIP/2.0/UDP h x", "SIP/2.0/UDP h;a=\"b", "SIP/2.0/UDP <h>",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str	rest = str_of(cases[i]);
		struct via	v;

		if (via_parse(&v, &rest) != -EBADMSG)
			fail_msg("\"%s\" parses", cases[i]);
		assert_ptr_equal(rest.s, cases[i]);
	}
}

static void
test_response_addr(void **state)
{
	static const struct {
		const char	*via, *to;	/* NULL: a name */
	} cases[] = {
		{ "SIP/2.0/UDP 192.0.2.1", "192.0.2.1:5060" },
		{ "SIP/2.0/UDP 192.0.2.1:5070;rport=6000;received=192.0.2.2",
		    "192.0.2.2:6000" },
		{ "SIP/2.0/UDP 192.0.2.1:5070;received=192.0.2.2", "192.0.2.2:5070" },
		{ "SIP/2.0/TLS 192.0.2.1", "192.0.2.1:5061" },
		{ "SIP/2.0/TCP [2001:db8::1]:5070", "[2001:db8::1]:5070" },
		{ "SIP/2.0/UDP h:1;maddr=192.0.2.3;rport=9", "192.0.2.3:1" },
		{ "SIP/2.0/UDP example.com", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str	rest = str_of(cases[i].via);
		char		buf[ADDR_TEXT_MAX];
		struct addr	a;
		struct via	v;

		assert_int_equal(via_parse(&v, &rest), 0);
		if (cases[i].to == NULL) {
			assert_false(via_response_addr(&v, &a));
			continue;
		}
		assert_true(via_response_addr(&v, &a));
		if (!str_eq(addr_print(&a, buf), str_of(cases[i].to)))
			fail_msg("%s: %s", cases[i].via, buf);
	}
}

/* What a Via looks like after via_stamp(). */
static void
stamped(const char *in, const char *source, char *out, size_t size)
{
	struct via_patch p[VIA_PATCHES];
	char		 buf[VIA_PATCH_BUF];
	struct str	 rest = str_of(in);
	const char	*at = in;
	struct text	 t;
	struct addr	 a;
	struct via	 v;
	unsigned	 n;

	assert_int_equal(via_parse(&v, &rest), 0);
	assert_int_equal(addr_parse_port(&a, str_of(source)), 0);
	n = via_stamp(&v, &a, p, buf);
	text_init(&t, out, size - 1);
	for (unsigned i = 0; i < n; i++) {
		text_add(&t, str_make(at, (size_t)(p[i].old.s - at)));
		text_add(&t, p[i].with);
		at = p[i].old.s + p[i].old.len;
	}
	text_add(&t, str_of(at));
	out[t.len] = '\0';
}

static void
test_stamp(void **state)
{
	static const struct {
		const char	*in, *source, *out;
	} cases[] = {
		{ "SIP/2.0/UDP 192.0.2.1:5060;branch=b", "192.0.2.1:5060",
		    "SIP/2.0/UDP 192.0.2.1:5060;branch=b" },
		{ "SIP/2.0/UDP 192.0.2.1;branch=b", "192.0.2.2:5060",
		    "SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.2" },
		{ "SIP/2.0/UDP h", "192.0.2.2:1",
		    "SIP/2.0/UDP h;received=192.0.2.2" },
		{ "SIP/2.0/UDP 192.0.2.1;rport;branch=b", "192.0.2.1:99",
		    "SIP/2.0/UDP 192.0.2.1;rport=99;branch=b;received=192.0.2.1" },
		{ "SIP/2.0/UDP h;rport=7;a", "192.0.2.1:99",
		    "SIP/2.0/UDP h;rport=99;a;received=192.0.2.1" },
		/* What a stranger claimed is replaced. */
		{ "SIP/2.0/UDP h;received=10.0.0.1;rport", "192.0.2.1:99",
		    "SIP/2.0/UDP h;received=192.0.2.1;rport=99" },
		{ "SIP/2.0/UDP h;rport;received=10.0.0.1", "192.0.2.1:99",
		    "SIP/2.0/UDP h;rport=99;received=192.0.2.1" },
		/* RFC 5118 section 4.5: no brackets. */
		{ "SIP/2.0/UDP h;branch=b", "[2001:db8::1]:5060",
		    "SIP/2.0/UDP h;branch=b;received=2001:db8::1" },
		{ "SIP/2.0/UDP [2001:DB8::1];branch=b", "[2001:db8::1]:5060",
		    "SIP/2.0/UDP [2001:DB8::1];branch=b" },
	};
	char	out[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stamped(cases[i].in, cases[i].source, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_response_addr),
		cmocka_unit_test(test_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
