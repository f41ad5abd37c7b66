/*
 * msg_corpus_test - the torture messages of RFC 4475 and RFC 5118 as files:
 * what the parser says of each. The folder is $CORPUS or ../shared/corpus;
 * where there is none, the test says so and is skipped.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sipd/msg.h"

#define DROP	(-1)
#define GOOD	0

static const struct {
	const char	*file;
	int		 code;
} verdicts[] = {
	{ "rfc4475/wsinv.dat", GOOD },
	{ "rfc4475/intmeth.dat", GOOD },
	{ "rfc4475/esc01.dat", GOOD },
	{ "rfc4475/escnull.dat", GOOD },
	{ "rfc4475/esc02.dat", GOOD },
	{ "rfc4475/lwsdisp.dat", GOOD },
	{ "rfc4475/longreq.dat", GOOD },
	{ "rfc4475/dblreq.dat", GOOD },
	{ "rfc4475/semiuri.dat", GOOD },
	{ "rfc4475/transports.dat", GOOD },
	{ "rfc4475/mpart01.dat", GOOD },
	{ "rfc4475/unreason.dat", GOOD },
	{ "rfc4475/noreason.dat", GOOD },
	{ "rfc4475/badinv01.dat", 400 },
	{ "rfc4475/clerr.dat", 400 },
	{ "rfc4475/ncl.dat", 400 },
	{ "rfc4475/scalar02.dat", 400 },
	{ "rfc4475/scalarlg.dat", DROP },
	{ "rfc4475/quotbal.dat", 400 },
	{ "rfc4475/ltgtruri.dat", 400 },
	{ "rfc4475/lwsruri.dat", 400 },
	{ "rfc4475/lwsstart.dat", 400 },
	{ "rfc4475/trws.dat", 400 },
	{ "rfc4475/escruri.dat", 400 },
	{ "rfc4475/baddate.dat", GOOD },
	{ "rfc4475/regbadct.dat", GOOD },	/* Contact is the registrar's */
	{ "rfc4475/badaspec.dat", 400 },
	{ "rfc4475/baddn.dat", 400 },
	{ "rfc4475/baddn-crlf.dat", 400 },
	{ "rfc4475/badvers.dat", 505 },
	{ "rfc4475/mismatch01.dat", 400 },
	{ "rfc4475/mismatch02.dat", 400 },
	{ "rfc4475/bigcode.dat", DROP },
	{ "rfc4475/badbranch.dat", GOOD },
	{ "rfc4475/insuf.dat", 400 },
	{ "rfc4475/unkscm.dat", 416 },
	{ "rfc4475/novelsc.dat", 416 },
	{ "rfc4475/unksm2.dat", GOOD },
	{ "rfc4475/bext01.dat", GOOD },
	{ "rfc4475/invut.dat", GOOD },
	{ "rfc4475/regaut01.dat", GOOD },
	{ "rfc4475/multi01.dat", 400 },
	{ "rfc4475/mcl01.dat", 400 },
	{ "rfc4475/bcast.dat", GOOD },
	{ "rfc4475/zeromf.dat", GOOD },
	{ "rfc4475/cparam01.dat", GOOD },
	{ "rfc4475/cparam02.dat", GOOD },
	{ "rfc4475/regescrt.dat", GOOD },
	{ "rfc4475/sdp01.dat", GOOD },
	{ "rfc4475/inv2543.dat", GOOD },
	{ "rfc4475/test.dat", DROP },
	{ "rfc5118/wire/ipv6-good.sip", GOOD },
	{ "rfc5118/wire/ipv6-bad.sip", 400 },
	{ "rfc5118/wire/port-ambiguous.sip", GOOD },
	{ "rfc5118/wire/port-unambiguous.sip", GOOD },
	{ "rfc5118/wire/via-received-param-with-delim.sip", GOOD },
	{ "rfc5118/wire/via-received-param-no-delim.sip", GOOD },
	{ "rfc5118/wire/ipv6-in-sdp.sip", GOOD },
	{ "rfc5118/wire/mult-ip-in-header.sip", GOOD },
	{ "rfc5118/wire/mult-ip-in-sdp.sip", GOOD },
	{ "rfc5118/wire/ipv4-mapped-ipv6.sip", GOOD },
	{ "rfc5118/wire/ipv6-bug-abnf-3-colons.sip", GOOD },
	{ "rfc5118/wire/ipv6-correct-abnf-2-colons.sip", GOOD },
	{ "rfc5118/raw/ipv6-good", DROP },	/* bare LF */
};

static struct sip_msg	m;
static char		*bytes;

static const char *
corpus(void)
{
	const char	*dir = getenv("CORPUS");

	return dir != NULL ? dir : "../shared/corpus";
}

/* Exact-size copy in bytes. */
static struct str
load(const char *file)
{
	char	 path[1024], buf[65536];
	size_t	 n;
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", corpus(), file);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s", path);
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	free(bytes);
	bytes = malloc(n + !n);
	memcpy(bytes, buf, n);
	return str_make(bytes, n);
}

static struct str
must_parse(const char *file)
{
	struct str	in = load(file);

	assert_int_equal(sip_parse(&m, in), 0);
	return in;
}

static int
setup(void **state)
{
	char	path[1024];

	snprintf(path, sizeof(path), "%s/rfc4475/wsinv.dat", corpus());
	if (access(path, R_OK) == 0)
		return 0;
	print_message("SKIPPED: no torture messages at %s\n", corpus());
	exit(0);
}

static int
teardown(void **state)
{
	free(bytes);
	return 0;
}

static void
test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		int	r = sip_parse(&m, load(verdicts[i].file));
		int	code = r < 0 ? DROP : m.bad_code;

		if (code != verdicts[i].code)
			fail_msg("%s: %d (%s), not %d", verdicts[i].file, code,
			    r == 0 && m.bad != NULL ? m.bad : "-",
			    verdicts[i].code);
	}
}

static unsigned
count_vias(void)
{
	const struct sip_line	*l;
	unsigned		 n = 0;
	struct via		 v;

	for (l = sip_first(&m, HDR_VIA); l != NULL; l = sip_next(&m, l)) {
		struct str	rest = l->value;

		while (rest.len > 0) {
			assert_int_equal(via_parse(&v, &rest), 0);
			n++;
		}
	}
	return n;
}

static void
test_found_good(void **state)
{
	struct nameaddr	a;
	struct values	c;
	struct str	v;

	must_parse("rfc4475/wsinv.dat");
	assert_true(str_eq(m.uri,
	    STR("sip:vivekg@chair-dnrc.example.com;unknownparam")));
	assert_true(str_eq(m.to_tag, STR("1918181833n")));
	assert_true(str_eq(m.from_tag, STR("98asjd8")));
	assert_int_equal(m.max_forwards, 68);
	assert_int_equal(m.cseq, 9);
	assert_true(str_eq(m.call_id, STR("wsinv.ndaksdj@192.0.2.1")));
	assert_int_equal(count_vias(), 3);
	assert_true(str_eq(m.via.branch, STR("390skdjuw")));
	assert_false(m.via.magic);
	assert_int_equal(m.content_length, 150);
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_true(nameaddr_param(&a, STR("q"), &v));
	assert_true(str_eq(v, STR("0.33")));
	values_begin(&c, &m, HDR_ROUTE);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_int_equal(nameaddr_next(&c, &a), 0);

	must_parse("rfc4475/intmeth.dat");
	assert_true(str_eq(m.method_text,
	    STR("!interesting-Method0123456789_*+`.%indeed'~")));
	assert_int_equal(m.max_forwards, 255);
	assert_int_equal(m.cseq, 139122385);
	assert_true(str_eq(m.from_tag, STR("_token~1'+`*%!-.")));

	must_parse("rfc4475/longreq.dat");
	assert_int_equal(count_vias(), 34);
	assert_true(str_eq(m.via.host, STR("sip33.example.com")));
	assert_int_equal(m.content_length, 150);

	must_parse("rfc4475/transports.dat");
	assert_int_equal(count_vias(), 5);
	must_parse("rfc4475/esc02.dat");
	assert_int_equal(m.method, METHOD_OTHER);
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_int_equal(nameaddr_next(&c, &a), 0);
}

static void
test_found_bodies(void **state)
{
	enum sip_frame_kind	kind;
	struct str		in, msg;
	ssize_t			n;

	must_parse("rfc4475/mpart01.dat");
	assert_int_equal(m.method, METHOD_MESSAGE);
	assert_int_equal(m.content_length, 553);
	assert_int_equal(m.body.len, 553);

	must_parse("rfc4475/inv2543.dat");
	assert_int_equal(m.body.len, 105);
	assert_int_equal(m.max_forwards, -1);
	assert_int_equal(m.via.branch.len, 0);
	assert_int_equal(m.from_tag.len, 0);

	must_parse("rfc4475/noreason.dat");
	assert_int_equal(m.code, 100);
	assert_int_equal(m.reason.len, 0);

	/* One message in a datagram, two on a stream. */
	in = must_parse("rfc4475/dblreq.dat");
	assert_int_equal(m.method, METHOD_REGISTER);
	assert_true(m.text.len < in.len);
	n = sip_frame(in, 65536, &kind, &msg);
	assert_int_equal(kind, SIP_FRAME_MESSAGE);
	in.s += n;
	in.len -= (size_t)n;
	while ((n = sip_frame(in, 65536, &kind, &msg)) > 0 &&
	    kind != SIP_FRAME_MESSAGE) {
		in.s += n;
		in.len -= (size_t)n;
	}
	assert_true(n > 0);
	assert_int_equal(sip_parse(&m, msg), 0);
	assert_int_equal(m.method, METHOD_INVITE);
}

static void
test_found_uris(void **state)
{
	struct nameaddr	a;
	struct values	c;
	char		buf[AOR_MAX];

	must_parse("rfc4475/semiuri.dat");
	assert_true(str_eq(m.ruri.host, STR("example.com")));
	assert_int_equal(m.ruri.params.len, 0);
	assert_true(str_eq(uri_aor(&m.ruri, buf),
	    STR("user;par=u@example.net@example.com")));

	must_parse("rfc4475/esc01.dat");
	assert_true(str_eq(uri_aor(&m.ruri, buf),
	    STR("sips%3auser@example.com@example.net")));
	assert_true(str_eq(uri_aor(&m.from.uri, buf),
	    STR("i have spaces@example.net")));

	must_parse("rfc4475/escnull.dat");
	assert_int_equal(uri_aor(&m.to.uri, buf).len, 0);

	must_parse("rfc4475/cparam01.dat");
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_true(str_eq(a.uri.text, STR("sip:+19725552222@gw1.example.net")));
	must_parse("rfc4475/cparam02.dat");
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), 1);
	assert_true(str_eq(a.uri.text,
	    STR("sip:+19725552222@gw1.example.net;unknownparam")));
	must_parse("rfc4475/regbadct.dat");
	values_begin(&c, &m, HDR_CONTACT);
	assert_int_equal(nameaddr_next(&c, &a), -EBADMSG);

	must_parse("rfc5118/wire/ipv6-good.sip");
	assert_true(str_eq(m.ruri.host, STR("[2001:db8::10]")));
	assert_int_equal(m.ruri.port, 0);
	must_parse("rfc5118/wire/port-ambiguous.sip");
	assert_true(str_eq(m.ruri.host, STR("[2001:db8::10:5070]")));
	assert_int_equal(m.ruri.port, 0);
	must_parse("rfc5118/wire/port-unambiguous.sip");
	assert_int_equal(m.ruri.port, 5070);
	must_parse("rfc5118/wire/via-received-param-with-delim.sip");
	assert_true(str_eq(m.via.received, STR("2001:db8::9:255")));
	must_parse("rfc5118/wire/via-received-param-no-delim.sip");
	assert_true(str_eq(m.via.received, STR("2001:db8::9:255")));
	must_parse("rfc5118/wire/ipv4-mapped-ipv6.sip");
	assert_true(str_eq(m.via.host, STR("[::ffff:192.0.2.10]")));
	assert_int_equal(m.via.port, 19823);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_found_good),
		cmocka_unit_test(test_found_bodies),
		cmocka_unit_test(test_found_uris),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
