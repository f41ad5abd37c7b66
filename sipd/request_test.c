/* request_test - CANCEL, ACK and requests outside any dialog. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/auth_header.h"
#include "sipd/request.h"

#define SENT								\
	"INVITE sip:b@192.0.2.7;x SIP/2.0\r\n"				\
	"Via: SIP/2.0/UDP us;branch=z9hG4bK2, SIP/2.0/UDP h\r\n"	\
	"Via: SIP/2.0/UDP i\r\nRoute: <sip:1;lr>\r\nMax-Forwards: 12\r\n" \
	"From: \"A\" <sip:a@h>;tag=f\r\nRoute: <sip:2;lr>\r\n"		\
	"To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 41 INVITE\r\n"		\
	"Contact: <sip:a@h>\r\nContent-Length: 4\r\n\r\nbody"

static char	out[4096];

static void
test_cancel(void **state)
{
	struct text	t;

	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(request_cancel(&t, STR(SENT),
	    STR("SIP;cause=200;text=\"Call completed elsewhere\"")), 0);
	out[t.len] = '\0';
	assert_string_equal(out, "CANCEL sip:b@192.0.2.7;x SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP us;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n"
	    "Route: <sip:1;lr>\r\nRoute: <sip:2;lr>\r\n"
	    "From: \"A\" <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n"
	    "CSeq: 41 CANCEL\r\n"
	    "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
	    "Content-Length: 0\r\n\r\n");
	text_init(&t, out, sizeof(out));
	assert_int_equal(request_cancel(&t, STR("junk"), STR_NONE), -EBADMSG);
	assert_int_equal(request_cancel(&t, STR(SENT), STR("a\r\nb")), -EBADMSG);
	text_init(&t, out, 50);
	assert_int_equal(request_cancel(&t, STR(SENT), STR_NONE), -EMSGSIZE);
}

static void
test_ack(void **state)
{
	static struct sip_msg	response;
	struct text		t;

	assert_int_equal(sip_parse(&response, STR("SIP/2.0 486 Busy\r\n"
	    "Via: SIP/2.0/UDP us;branch=z9hG4bK2\r\nFrom: <sip:a@h>;tag=f\r\n"
	    "To: <sip:b@h>;tag=busy\r\nCall-ID: c\r\nCSeq: 41 INVITE\r\n\r\n")), 0);
	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(request_ack(&t, STR(SENT), &response), 0);
	out[t.len] = '\0';
	assert_string_equal(out, "ACK sip:b@192.0.2.7;x SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP us;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n"
	    "Route: <sip:1;lr>\r\nRoute: <sip:2;lr>\r\n"
	    "From: \"A\" <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=busy\r\n"
	    "Call-ID: c\r\nCSeq: 41 ACK\r\nContent-Length: 0\r\n\r\n");
}

static void
test_write(void **state)
{
	static struct sip_msg	m;
	const struct rec_digest	d = {
		.username = STR("a\"\\b"), .realm = STR("r"), .nonce = STR("n"),
		.uri = STR("sip:gw"), .response = STR("00ff"),
		.algorithm = STR("MD5"), .cnonce = STR("cn"), .nc = STR("00000001"),
		.qop = STR("auth"), .opaque = STR(""),
	};
	struct request	r = {
		.method = STR("REGISTER"), .uri = STR("sip:gw"),
		.via = STR("SIP/2.0/UDP us;branch=z9hG4bKq"), .from = STR("sip:a@gw"),
		.from_tag = STR("f"), .to = STR("sip:a@gw"), .call_id = STR("c"),
		.cseq = 2, .contact = STR("sip:a@us:5060"), .expires_s = 3600,
		.agent = STR("Cordboard"), .digest = &d,
	};
	char		scratch[AUTH_SCRATCH];
	struct text	t, s;
	struct auth	a;
	unsigned	line = 0;

	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(request_write(&t, &r), 0);
	out[t.len] = '\0';
	assert_string_equal(out, "REGISTER sip:gw SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP us;branch=z9hG4bKq\r\nMax-Forwards: 70\r\n"
	    "From: <sip:a@gw>;tag=f\r\nTo: <sip:a@gw>\r\nCall-ID: c\r\n"
	    "CSeq: 2 REGISTER\r\nContact: <sip:a@us:5060>\r\nSupported: path\r\n"
	    "Expires: 3600\r\n"
	    "Authorization: Digest username=\"a\\\"\\\\b\", realm=\"r\", "
	    "nonce=\"n\", uri=\"sip:gw\", response=\"00ff\", algorithm=MD5, "
	    "cnonce=\"cn\", qop=auth, nc=00000001\r\n"
	    "User-Agent: Cordboard\r\nContent-Length: 0\r\n\r\n");
	/* It reads back as it was. */
	assert_int_equal(sip_parse(&m, text_str(&t)), 0);
	assert_null(m.bad);
	text_init(&s, scratch, sizeof(scratch));
	assert_int_equal(auth_next(&a, &m, HDR_AUTHORIZATION, &line, &s), 1);
	assert_true(str_eq(a.realm, STR("r")));
	assert_true(str_eq(a.username, d.username));

	r.proxy = true;
	r.expires_s = -1;
	r.route = STR("<sip:edge;lr>");
	r.to_tag = STR("t");
	r.content_type = STR("text/plain");
	r.body = STR("hi");
	r.contact = r.agent = STR_NONE;
	text_init(&t, out, sizeof(out));
	assert_int_equal(request_write(&t, &r), 0);
	assert_int_equal(sip_parse(&m, text_str(&t)), 0);
	assert_non_null(sip_first(&m, HDR_PROXY_AUTHORIZATION));
	assert_null(sip_first(&m, HDR_EXPIRES));
	assert_null(sip_first(&m, HDR_CONTACT));
	assert_true(str_eq(m.to_tag, STR("t")));
	assert_true(str_eq(m.body, STR("hi")));
	assert_true(str_eq(sip_value(&m, HDR_ROUTE), STR("<sip:edge;lr>")));
}

static void
test_refused(void **state)
{
	const struct request	good = {
		.method = STR("OPTIONS"), .uri = STR("sip:gw"), .via = STR("v"),
		.from = STR("sip:a"), .from_tag = STR("f"), .to = STR("sip:b"),
		.call_id = STR("c"), .expires_s = -1,
	};
	struct rec_digest	d = { .username = STR("a\nb") };
	struct request		r = good;
	struct text		t;

	text_init(&t, out, sizeof(out));
	assert_int_equal(request_write(&t, &good), 0);
	r.from = STR("sip:a>\r\nX: y");
	assert_int_equal(request_write(&t, &r), -EBADMSG);
	r = good;
	r.contact = STR("sip:a\n");
	assert_int_equal(request_write(&t, &r), -EBADMSG);
	r = good;
	r.call_id = STR_NONE;
	assert_int_equal(request_write(&t, &r), -EBADMSG);
	r = good;
	r.digest = &d;
	assert_int_equal(request_write(&t, &r), -EBADMSG);
	text_init(&t, out, 10);
	assert_int_equal(request_write(&t, &good), -EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
