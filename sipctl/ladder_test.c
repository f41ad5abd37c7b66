/* ladder_test - columns, rows and labels of a call, and how they are drawn. */
#include "sipctl/ladder.h"
#include "sipctl/trace_test.h"

static char *
draw(void (*fn)(const struct ladder *l, FILE *f))
{
	struct trace	 t;
	struct ladder	 l;
	char		*text = NULL;
	size_t		 len;
	FILE		*f = open_memstream(&text, &len);

	trace_refused_call(&t);
	ladder_make(&t, "sip1", &l);
	fn(&l, f);
	fclose(f);
	ladder_fini(&l);
	trace_fini(&t);
	return text;
}

static void
test_model(void **state)
{
	struct trace	t;
	struct ladder	l;

	trace_refused_call(&t);
	ladder_make(&t, "sip1", &l);
	assert_int_equal(l.npeers, 3);
	assert_string_equal(l.peers[0].name, "anna");
	assert_string_equal(l.peers[LADDER_US].name, "sip1");
	assert_string_equal(l.peers[2].name, "teleco1");
	assert_string_equal(l.peers[2].address, "tls:[2001:db8:2::5]:5061");
	assert_string_equal(l.from, "anna@acme.example");
	assert_string_equal(l.result, "488 Not Acceptable Here");
	assert_int_equal(l.n, 7);
	assert_string_equal(l.rows[0].label, "INVITE (SDP)");
	assert_string_equal(l.rows[0].note, "pcma, opus; SRTP; signed in as anna@acme.example");
	assert_string_equal(l.rows[4].note, "3 again");
	assert_null(ladder_message(&l, 7));
	assert_ptr_equal(ladder_message(&l, 3), &l.rows[3]);
	ladder_fini(&l);
	trace_fini(&t);
}

static void
draw_ascii(const struct ladder *l, FILE *f)
{
	ladder_text(l, false, f);
}

static void
test_text(void **state)
{
	char	*s = draw(draw_ascii);

	assert_string_equal(s,
"anna@acme.example -> bert@acme.example    488 Not Acceptable Here after 12.7 s    Call-ID 1@acme.example\n\n"
"            anna                     sip1                    teleco1\n"
"     udp:10.1.4.20:5062              sipd           tls:[2001:db8:2::5]:5061\n"
"              |                        |                        |\n"
" 22:13:20.123 |-INVITE (SDP)---------->|                        |   1  pcma, opus; SRTP; signed in as anna@acme.example\n"
"        +1 ms |<------------100 Trying-|                        |   2\n"
"              |                        | routed: routed; routes.conf:31 <+44*>; to gateway teleco1 via sip:[2001:db8::5]\n"
"        +3 ms |                        |-INVITE (SDP)---------->|   3  pcma, opus; SRTP\n"
"      +503 ms |                        |-INVITE (SDP)---------->|   4  3 again\n"
"      +12.7 s |                        |<-488 Not Acceptable He-|   5\n"
"      +12.7 s |<-488 Not Acceptable He-|                        |   6\n"
"              |                        |                        |\n");
	free(s);
}

/* What came from the network neither ends a text nor drives a reader. */
static void
test_hostile(void **state)
{
	static const char	evil[] = "INVITE sip:b@h SIP/2.0\r\nFrom: <sip:\033[2J<script>&\"@h>\r\n\r\n";
	void			(*const drawers[])(const struct ladder *, FILE *) = {
				    draw_ascii, ladder_svg, ladder_mermaid };
	struct trace		t = { NULL };
	struct ladder		l;

	trace_message(&t, false, "10.1.4.20:5062", 0, evil);
	trace_note(&t, RECORD_FAILURE, 0, 0, "SIGNAL", "\033]0;x\007 <b> & ]]> ;");
	ladder_make(&t, "sip1", &l);
	for (size_t i = 0; i < sizeof(drawers) / sizeof(drawers[0]); i++) {
		char	*text = NULL;
		size_t	 len;
		FILE	*f = open_memstream(&text, &len);

		drawers[i](&l, f);
		fclose(f);
		assert_null(strchr(text, '\033'));
		assert_null(strchr(text, '\007'));
		if (drawers[i] != draw_ascii) {
			assert_null(strstr(text, "<script"));
			assert_null(strstr(text, "<b>"));
		}
		free(text);
	}
	ladder_fini(&l);
	trace_fini(&t);
}

static void
test_svg(void **state)
{
	char	*s = draw(ladder_svg);

	assert_non_null(strstr(s, ">teleco1</text>"));
	assert_non_null(strstr(s, ">INVITE (SDP)</text>"));
	assert_non_null(strstr(s, "</svg>\n"));
	free(s);
}

static void
test_mermaid(void **state)
{
	char	*s = draw(ladder_mermaid);

	assert_non_null(strstr(s, "participant p2 as teleco1<br/>"));
	assert_non_null(strstr(s, "p1->>p2: 4  INVITE (SDP)  (503 ms)\n"));
	assert_non_null(strstr(s, "p2->>p1: 5  488 Not Acceptable Here"));
	free(s);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_model), cmocka_unit_test(test_text),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_svg),
		cmocka_unit_test(test_mermaid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
