/* reply_test - answers of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/reply.h"

static struct sip_msg	m;
static char		out[4096];

static void
answer(const char *request, unsigned code, const char *wanted)
{
	struct addr	source;
	struct text	t;

	assert_int_equal(addr_parse(&source, STR("192.0.2.9"), 6000), 0);
	assert_int_equal(sip_parse(&m, str_of(request)), 0);
	text_init(&t, out, sizeof(out) - 1);
	reply_begin(&t, &m, code, reply_reason(code), STR("ours"), &source);
	reply_header(&t, STR("X"), STR("y"));
	reply_header(&t, STR("Evil"), STR("a\r\nX: b"));
	reply_end(&t, STR_NONE);
	assert_false(t.full);
	out[t.len] = '\0';
	assert_string_equal(out, wanted);
}

static void
test_whole(void **state)
{
	answer("OPTIONS sip:h SIP/2.0\r\n"
	    "v: SIP/2.0/UDP h;rport;branch=b, SIP/2.0/UDP i\r\n"
	    "Via: SIP/2.0/TCP j\r\nt: \"B\" <sip:b@h>\r\nf : sip:a@h;tag=f\r\n"
	    "i: c\r\nCSeq: 1\r\n  OPTIONS\r\nTimestamp: 5\r\nX-Long: no echo\r\n"
	    "\r\nbody", 404,
	    "SIP/2.0 404 Not Found\r\n"
	    "Via: SIP/2.0/UDP h;rport=6000;branch=b;received=192.0.2.9, "
	    "SIP/2.0/UDP i\r\n"
	    "Via: SIP/2.0/TCP j\r\nFrom: sip:a@h;tag=f\r\n"
	    "To: \"B\" <sip:b@h>;tag=ours\r\nCall-ID: c\r\n"
	    "CSeq: 1\r\n  OPTIONS\r\nX: y\r\nContent-Length: 0\r\n\r\n");
	answer("OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9\r\n"
	    "To: <sip:b@h>;tag=theirs\r\nFrom: sip:a@h;tag=f\r\n"
	    "Call-ID: c\r\nCSeq: 1 OPTIONS\r\nTimestamp: 5\r\n\r\n", 100,
	    "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP 192.0.2.9\r\n"
	    "From: sip:a@h;tag=f\r\nTo: <sip:b@h>;tag=theirs\r\nCall-ID: c\r\n"
	    "CSeq: 1 OPTIONS\r\nTimestamp: 5\r\nX: y\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 4475 insuf and worse: what is missing is left out. */
static void
test_bad(void **state)
{
	answer("OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;;,\r\n\r\n", 400,
	    "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;;,\r\nX: y\r\n"
	    "Content-Length: 0\r\n\r\n");
	answer("OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9\r\n"
	    "To: \"B <sip:b@h>\r\nTo: two\r\nCSeq: x\r\n\r\n", 400,
	    "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.9\r\n"
	    "To: \"B <sip:b@h>\r\nCSeq: x\r\nX: y\r\nContent-Length: 0\r\n\r\n");
}

static void
test_body_and_copy(void **state)
{
	struct text	t;

	assert_int_equal(sip_parse(&m, STR("OPTIONS sip:h SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP h\r\nTo: sip:b@h\r\nFrom: sip:a@h;tag=f\r\n"
	    "Record-Route: <sip:2>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
	    "Record-Route: <sip:1>\r\n\r\n")), 0);
	text_init(&t, out, sizeof(out));
	reply_begin(&t, &m, 200, STR("bad\r\nreason"), STR_NONE, NULL);
	reply_copy(&t, &m, HDR_RECORD_ROUTE);
	reply_end(&t, STR("hi"));
	assert_true(str_eq(text_str(&t), STR("SIP/2.0 200 OK\r\n"
	    "Via: SIP/2.0/UDP h\r\nFrom: sip:a@h;tag=f\r\nTo: sip:b@h\r\n"
	    "Call-ID: c\r\nCSeq: 1 OPTIONS\r\nRecord-Route: <sip:2>\r\n"
	    "Record-Route: <sip:1>\r\nContent-Length: 2\r\n\r\nhi")));
	text_init(&t, out, 60);
	reply_begin(&t, &m, 200, STR("OK"), STR_NONE, NULL);
	assert_true(t.full);
}

static void
test_date(void **state)
{
	char		buf[128];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	reply_date(&t, 1289567409999);	/* RFC 3261 section 20.17's form */
	reply_date(&t, 1289567410000);
	reply_date(&t, 0);
	assert_true(str_eq(text_str(&t), STR(
	    "Date: Fri, 12 Nov 2010 13:10:09 GMT\r\n"
	    "Date: Fri, 12 Nov 2010 13:10:10 GMT\r\n"
	    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")));
}

static void
test_reason(void **state)
{
	assert_true(str_eq(reply_reason(100), STR("Trying")));
	assert_true(str_eq(reply_reason(606), STR("Not Acceptable")));
	assert_true(str_eq(reply_reason(299), STR("OK")));
	assert_true(str_eq(reply_reason(499), STR("Bad Request")));
	assert_true(str_eq(reply_reason(0), STR("Trying")));
	assert_true(reply_reason(9999).len > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_body_and_copy),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
