/* edit_test - what is forwarded, octet by octet. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/edit.h"

static struct sip_msg	m;
static struct edits	e;
static char		out[8192];

#define TAIL	"From: <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n" \
		"CSeq: 1 OPTIONS\r\n"

static void
begin(const char *text)
{
	assert_int_equal(sip_parse(&m, str_of(text)), 0);
	edits_init(&e, &m);
}

static void
expect(const char *wanted)
{
	struct text	t;

	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(edits_write(&e, &t), 0);
	out[t.len] = '\0';
	assert_string_equal(out, wanted);
	assert_int_equal(edits_size(&e), t.len);
}

static void
test_forward_request(void **state)
{
	struct addr	source;

	assert_int_equal(addr_parse(&source, STR("192.0.2.9"), 6000), 0);
	begin("OPTIONS sip:b@h SIP/2.0\r\n"
	    "X-First:  odd   \r\n"
	    "v: SIP/2.0/UDP h;rport;branch=z9hG4bK1 , SIP/2.0/UDP below\r\n"
	    "Route: <sip:us;lr>\r\n"
	    "Record-Route: <sip:other;lr>\r\n"
	    "Max-Forwards: 070\r\n" TAIL
	    "p-asserted-identity : <sip:x@y>\r\n"
	    "Content-Length: 4\r\n\r\nbody");
	edit_request_uri(&e, STR("sip:b@192.0.2.7:5062"));
	edit_prepend_via(&e, STR("SIP/2.0/UDP us;branch=z9hG4bK2"));
	edit_via_received(&e, &source);
	edit_remove_first_route(&e);
	edit_prepend_record_route(&e, STR("<sip:us;lr;a>"));
	edit_prepend_record_route(&e, STR("<sip:us;lr;b>"));
	edit_max_forwards(&e, 69);
	edit_remove_header(&e, HDR_P_ASSERTED_IDENTITY);
	edit_add_header(&e, STR("X-Last"), STR("1"));
	edit_add_header(&e, STR("X-Later"), STR("2"));
	expect("OPTIONS sip:b@192.0.2.7:5062 SIP/2.0\r\n"
	    "X-First:  odd   \r\n"
	    "Via: SIP/2.0/UDP us;branch=z9hG4bK2\r\n"
	    "v: SIP/2.0/UDP h;rport=6000;branch=z9hG4bK1;received=192.0.2.9 , "
	    "SIP/2.0/UDP below\r\n"
	    "Record-Route: <sip:us;lr;b>\r\n"
	    "Record-Route: <sip:us;lr;a>\r\n"
	    "Record-Route: <sip:other;lr>\r\n"
	    "Max-Forwards: 69\r\n" TAIL
	    "X-Last: 1\r\nX-Later: 2\r\n"
	    "Content-Length: 4\r\n\r\nbody");
}

/* S17: more lines than there are edits. */
static void
test_many_lines_go(void **state)
{
	char		in[4096];
	struct text	t;

	text_init(&t, in, sizeof(in));
	text_add(&t, STR("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"));
	for (unsigned i = 0; i < 2 * EDITS_MAX; i++)
		text_add(&t, STR("Diversion: <sip:x@y>\r\n"));
	text_add(&t, STR(TAIL "\r\n"));
	text_ch(&t, '\0');
	begin(in);
	edit_remove_header(&e, HDR_DIVERSION);
	expect("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL "\r\n");
}

/* Where there is nothing to edit: Record-Route behind the Vias. */
static void
test_missing(void **state)
{
	begin("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL
	    "Via: SIP/2.0/UDP i\r\nSubject: s\r\n\r\nbody");
	edit_prepend_record_route(&e, STR("<sip:us;lr>"));
	edit_max_forwards(&e, 70);
	edit_content_length(&e);
	expect("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL
	    "Via: SIP/2.0/UDP i\r\nRecord-Route: <sip:us;lr>\r\nSubject: s\r\n"
	    "Max-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody");
	begin("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL
	    "l: 0\r\n\r\n");
	edit_content_length(&e);
	expect("OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL
	    "l: 0\r\n\r\n");
}

static void
test_top_via(void **state)
{
	begin("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us\r\nv: SIP/2.0/UDP h\r\n"
	    TAIL "\r\n");
	edit_remove_top_via(&e);
	expect("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h\r\n" TAIL "\r\n");

	begin("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us;a=\",\" ,\r\n"
	    " SIP/2.0/UDP h,SIP/2.0/UDP i\r\n" TAIL "\r\n");
	edit_remove_top_via(&e);
	expect("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h,SIP/2.0/UDP i\r\n" TAIL
	    "\r\n");
}

static void
test_routes(void **state)
{
#define REQ	"OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" TAIL
	begin(REQ "Route: <sip:1,2>,\t<sip:3>\r\nRoute: <sip:4>\r\n\r\n");
	edit_remove_first_route(&e);
	expect(REQ "Route: <sip:3>\r\nRoute: <sip:4>\r\n\r\n");

	begin(REQ "Route: <sip:1>, <sip:3>\r\nRoute: <sip:4>,<sip:5>\r\n\r\n");
	edit_remove_routes(&e, 3);
	expect(REQ "Route: <sip:5>\r\n\r\n");

	begin(REQ "Route: <sip:1>\r\n\r\n");
	edit_remove_routes(&e, 1);
	expect(REQ "\r\n");

	begin(REQ "Route: <sip:1>\r\n\r\n");
	edit_remove_routes(&e, 2);
	assert_true(e.failed);
}

static void
test_body(void **state)
{
	begin(REQ "Content-Length: 3\r\nX: y\r\nl: 3\r\n\r\nold");
	edit_body(&e, STR("a new one"));
	expect(REQ "Content-Length: 9\r\nX: y\r\n\r\na new one");

	begin(REQ "\r\nold");
	edit_body(&e, STR(""));
	expect(REQ "Content-Length: 0\r\n\r\n");

	begin(REQ "l: 0\r\n\r\nnoise");
	edit_body(&e, STR("x"));
	expect(REQ "l: 1\r\n\r\nx");
}

static void
test_failures(void **state)
{
	struct text	t;

	begin(REQ "\r\n");
	for (unsigned i = 0; i < EDITS_MAX; i++)
		edit_add_header(&e, STR("X"), STR("y"));
	assert_false(e.failed);
	edit_add_header(&e, STR("X"), STR("y"));
	assert_true(e.failed);
	text_init(&t, out, sizeof(out));
	assert_int_equal(edits_write(&e, &t), -EMSGSIZE);

	begin(REQ "\r\n");
	edit_replace(&e, STR("elsewhere"), STR("x"));
	assert_true(e.failed);

	begin(REQ "\r\n");
	text_init(&t, out, m.text.len - 1);
	assert_int_equal(edits_write(&e, &t), -EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward_request),
		cmocka_unit_test(test_many_lines_go),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_top_via),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
