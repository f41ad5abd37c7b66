/*
 * msg_test - parsing whole messages: what is found, what is answered 400 and
 * what is dropped. msg_corpus_test.c does the same with the RFC's own files.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/msg.h"

static struct sip_msg	m;

/* A good request in pieces, so that a case can bend one of them. */
#define LINE	"INVITE sip:bob@example.com SIP/2.0\r\n"
#define VIA	"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
#define FROM	"From: <sip:anna@example.com>;tag=f\r\n"
#define TO	"To: <sip:bob@example.com>\r\n"
#define CALL	"Call-ID: c1@h\r\n"
#define CSEQ	"CSeq: 7 INVITE\r\n"
#define REST	FROM TO CALL CSEQ
#define GOOD	LINE VIA REST

#define L(text)	text, sizeof(text) - 1

static void
test_good(void **state)
{
	struct str	in = STR("\r\n\r\n" LINE
	    "v : SIP/2.0/TCP a:1,\r\n SIP/2.0/UDP b\r\n"
	    "f: \"A\" <sip:anna@example.com>;tag=f\r\n"
	    "t:sip:bob@example.com;tag=t\r\n"
	    "i: c1@h\r\nCSeq: 0007 INVITE\r\nMax-Forwards: 0070\r\n"
	    "Expires: 60\r\nX-Own:\r\nX-Own: 2\r\nVia: SIP/2.0/UDP c\r\n"
	    "l: 4\r\n\r\nbodynoise");
	const struct sip_line	*l;

	assert_int_equal(sip_parse(&m, in), 0);
	assert_null(m.bad);
	assert_true(m.request);
	assert_int_equal(m.method, METHOD_INVITE);
	assert_true(str_eq(m.uri, STR("sip:bob@example.com")));
	assert_true(str_eq(m.ruri.user, STR("bob")));
	assert_true(str_eq(m.first_line,
	    STR("INVITE sip:bob@example.com SIP/2.0")));
	assert_true(str_eq(m.via.sent_by, STR("a:1")));
	assert_true(str_eq(m.from.display, STR("\"A\"")));
	assert_true(str_eq(m.from_tag, STR("f")));
	assert_true(str_eq(m.to_tag, STR("t")));
	assert_true(str_eq(m.call_id, STR("c1@h")));
	assert_int_equal(m.cseq, 7);
	assert_true(str_eq(m.cseq_method, STR("INVITE")));
	assert_int_equal(m.max_forwards, 70);
	assert_int_equal(m.expires_s, 60);
	assert_int_equal(m.content_length, 4);
	assert_true(str_eq(m.body, STR("body")));
	assert_ptr_equal(m.text.s, in.s + 4);
	assert_int_equal(m.text.len, in.len - 4 - 5);
	assert_int_equal(m.head.len + m.body.len, m.text.len);

	assert_int_equal(m.nlines, 11);
	l = sip_first(&m, HDR_VIA);
	assert_true(str_eq(l->name, STR("v")));
	assert_true(str_eq(l->text,
	    STR("v : SIP/2.0/TCP a:1,\r\n SIP/2.0/UDP b\r\n")));
	l = sip_next(&m, l);
	assert_true(str_eq(l->value, STR("SIP/2.0/UDP c")));
	assert_null(sip_next(&m, l));
	l = sip_first(&m, HDR_OTHER);
	assert_int_equal(l->value.len, 0);
	assert_true(str_eq(sip_next(&m, l)->value, STR("2")));
	assert_null(sip_first(&m, HDR_ROUTE));
	assert_null(sip_value(&m, HDR_ROUTE).s);
}

/* Nothing of the message before is left. */
static void
test_reuse(void **state)
{
	test_good(state);
	assert_int_equal(sip_parse(&m, STR("SIP/2.0 200\r\n" VIA FROM TO CALL
	    "CSeq: 2 BYE\r\n\r\n")), 0);
	assert_false(m.request);
	assert_int_equal(m.code, 200);
	assert_int_equal(m.reason.len, 0);
	assert_int_equal(m.method, METHOD_BYE);
	assert_int_equal(m.uri.len, 0);
	assert_int_equal(m.ruri.user.len, 0);
	assert_int_equal(m.max_forwards, -1);
	assert_int_equal(m.expires_s, -1);
	assert_int_equal(m.content_length, -1);
	assert_int_equal(m.to_tag.len, 0);
	assert_int_equal(m.body.len, 0);
	assert_int_equal(m.nlines, 5);
	assert_null(sip_first(&m, HDR_OTHER));
}

static void
test_requests(void **state)
{
	static const struct {
		const char	*in;
		size_t		 len;
		int		 code;		/* 0: good; -1: drop */
		const char	*bad;
	} cases[] = {
		{ L(GOOD "\r\n"), 0 },
		{ L(GOOD "Subject:\r\n\r\n"), 0 },
		{ L("OPTIONS tel:+4930 SIP/2.0\r\n" VIA FROM TO CALL
		    "CSeq: 1 OPTIONS\r\n\r\n"), 0 },
		{ L("INVITE sip:h sip/2.0\r\n" VIA REST "\r\n"), 0 },
		{ L(GOOD "Content-Length: 0\r\nl: 0\r\n\r\nnoise"), 0 },
		{ L(GOOD "Expires: never\r\n\r\n"), 0 },
		{ L(GOOD "X: \"\\\0\"\r\n\r\n"), 0 },	/* intmeth */
		{ L(GOOD "%41`~!*+: ok\r\n\r\n"), 0 },
		/* Dropped: no SIP, or nobody to answer. */
		{ L(""), -1 }, { L("\r\n\r\n"), -1 }, { L("x"), -1 },
		{ L("INVITE\r\n\r\n"), -1 },
		{ L("INVITE SIP/2.0\r\n" VIA REST "\r\n"), -1 },
		{ L("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), -1 },
		{ L("INVITE sip:h\r\n" VIA REST "\r\n"), -1 },
		{ L("IN<VITE sip:h SIP/2.0\r\n" VIA REST "\r\n"), -1 },
		{ L("INVITE sip:a\0b SIP/2.0\r\n" VIA REST "\r\n"), -1 },
		{ L("INVITE sip:a\rb SIP/2.0\r\n" VIA REST "\r\n"), -1 },
		{ L("INVITE sip:h SIP/2.0\n" VIA REST "\r\n"), -1 },
		{ L(LINE REST "\r\n"), -1 },
		{ L(LINE "Via\r\n" REST "\r\n"), -1 },
		{ L(LINE), -1 },
		/* The first line. */
		{ L("INVITE sip:h SIP/7.0\r\n" VIA REST "\r\n"), 505, "Version Not Supported" },
		{ L("INVITE  sip:h SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-Line" },
		{ L("INVITE sip:h  SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-Line" },
		{ L("INVITE sip:h SIP/2.0 \r\n" VIA REST "\r\n"), 400, "Bad Request-Line" },
		{ L(" INVITE sip:h SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-Line" },
		{ L("INVITE  SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-URI" },
		{ L("INVITE <sip:h> SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-URI" },
		{ L("INVITE sip:h; lr SIP/2.0\r\n" VIA REST "\r\n"), 400, "Bad Request-URI" },
		{ L("INVITE sip:h?a=b SIP/2.0\r\n" VIA REST "\r\n"), 400, "Headers in Request-URI" },
		{ L("INVITE nobody:x SIP/2.0\r\n" VIA REST "\r\n"), 416, "Unsupported URI Scheme" },
		/* Lines (S17). */
		{ L(GOOD "no colon\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD ": no name\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "two words: x\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X\0Y: x\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X\x0b: x\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X\r: x\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "Max\rForwards: 7\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X\r\n : x\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X: a\nY: b\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X: a\rY: b\r\n\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X: a\r\r\n\r\n"), 400, "Bad Header Line" },
		{ L(LINE " folded: x\r\n" VIA REST "\r\n"), 400, "Bad Header Line" },
		{ L(GOOD "X: a\0b\r\n\r\n"), 400, "NUL in Header" },
		{ L(GOOD), 400, "Missing Empty Line" },
		{ L(GOOD "X: cut"), 400, "Bad Header Line" },
		/* Header fields. */
		{ L(LINE "Via: SIP/2.0/UDP h;;,;,,\r\n" REST "\r\n"), 400, "Bad Via" },
		{ L(LINE "Via:\r\n" REST "\r\n"), 400, "Bad Via" },
		{ L(LINE VIA TO CALL CSEQ "\r\n"), 400, "Missing From" },
		{ L(LINE VIA FROM CALL CSEQ "\r\n"), 400, "Missing To" },
		{ L(LINE VIA FROM TO CSEQ "\r\n"), 400, "Missing Call-ID" },
		{ L(LINE VIA FROM TO CALL "\r\n"), 400, "Missing CSeq" },
		{ L(GOOD "f: <sip:anna@example.com>;tag=f\r\n\r\n"), 400, "Two From" },
		{ L(GOOD "T: sip:h\r\n\r\n"), 400, "Two To" },
		{ L(GOOD "I : c1@h\r\n\r\n"), 400, "Two Call-ID" },
		{ L(GOOD CSEQ "\r\n"), 400, "Two CSeq" },
		{ L(LINE VIA "From: *\r\n" TO CALL CSEQ "\r\n"), 400, "Bad From" },
		{ L(LINE VIA "From: \"a <sip:h>\r\n" TO CALL CSEQ "\r\n"), 400, "Bad From" },
		{ L(LINE VIA FROM "To: a, b <sip:h>\r\n" CALL CSEQ "\r\n"), 400, "Bad To" },
		{ L(LINE VIA FROM TO "Call-ID:\r\n" CSEQ "\r\n"), 400, "Bad Call-ID" },
		{ L(LINE VIA FROM TO "Call-ID: a b\r\n" CSEQ "\r\n"), 400, "Bad Call-ID" },
		{ L(LINE VIA FROM TO CALL "CSeq: INVITE\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: 1\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: -1 INVITE\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: 1INVITE\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: 1 INVITE x\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: 2147483647 INVITE\r\n\r\n"), 0 },
		{ L(LINE VIA FROM TO CALL "CSeq: 2147483648 INVITE\r\n\r\n"), 400, "Bad CSeq" },
		{ L(LINE VIA FROM TO CALL "CSeq: 36893488147419103232 INVITE\r\n\r\n"),
		    400, "Bad CSeq" },		/* scalar02 */
		{ L(LINE VIA FROM TO CALL "CSeq: 1 BYE\r\n\r\n"), 400,
		    "CSeq Method Does Not Match" },
		{ L(LINE VIA FROM TO CALL "CSeq: 1 invite\r\n\r\n"), 400,
		    "CSeq Method Does Not Match" },
		{ L(GOOD "Max-Forwards: 255\r\n\r\n"), 0 },	/* S19 */
		{ L(GOOD "Max-Forwards: 256\r\n\r\n"), 400, "Bad Max-Forwards" },
		{ L(GOOD "Max-Forwards: -1\r\n\r\n"), 400, "Bad Max-Forwards" },
		{ L(GOOD "Max-Forwards:\r\n\r\n"), 400, "Bad Max-Forwards" },
		{ L(GOOD "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n"), 400, "Two Max-Forwards" },
		{ L(GOOD "Content-Length: 5\r\n\r\nbody"), 400,
		    "Body Shorter than Content-Length" },
		{ L(GOOD "Content-Length: 18446744073709551620\r\n\r\nbody"), 400,
		    "Body Shorter than Content-Length" },
		{ L(GOOD "Content-Length: -999\r\n\r\nbody"), 400, "Bad Content-Length" },
		{ L(GOOD "Content-Length: 4\r\nl: 3\r\n\r\nbody"), 400, "Bad Content-Length" },
		{ L(GOOD "Content-Length: 0x4\r\n\r\nbody"), 400, "Bad Content-Length" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		char			*copy = malloc(c->len + !c->len);
		int			 r;

		memcpy(copy, c->in, c->len);
		r = sip_parse(&m, str_make(copy, c->len));
		if (r != (c->code < 0 ? -EBADMSG : 0))
			fail_msg("%s: %d %s", c->in, r, m.bad);
		if (r == 0 && c->code == 0 && m.bad != NULL)
			fail_msg("%s: %s", c->in, m.bad);
		if (c->code > 0) {
			if (m.bad == NULL)
				fail_msg("%s: accepted", c->in);
			assert_string_equal(m.bad, c->bad);
			assert_int_equal(m.bad_code, c->code);
		}
		free(copy);
	}
}

static void
test_truncated(void **state)
{
	assert_int_equal(sip_parse(&m, STR(GOOD "l: 5\r\n\r\nbody")), 0);
	assert_true(m.truncated);
	assert_int_equal(sip_parse(&m, STR(GOOD "l: 4\r\n\r\nbody")), 0);
	assert_false(m.truncated);
}

static void
test_responses(void **state)
{
	static const struct {
		const char	*line;
		int		 code;		/* 0: dropped */
		const char	*reason;
	} cases[] = {
		{ "SIP/2.0 200 OK", 200, "OK" },
		{ "sip/2.0 180 Ringing here", 180, "Ringing here" },
		{ "SIP/2.0 100 ", 100, "" },		/* noreason */
		{ "SIP/2.0 699", 699, "" },
		{ "SIP/2.0 200 = 2**3 \xd0\xb8", 200, "= 2**3 \xd0\xb8" },
		{ "SIP/2.0 4294967301 better not", 0 },	/* bigcode */
		{ "SIP/2.0 099 x", 0 }, { "SIP/2.0 700 x", 0 }, { "SIP/2.0 20 x", 0 },
		{ "SIP/2.0 2000 x", 0 }, { "SIP/2.0 2x0 x", 0 }, { "SIP/2.0 ", 0 },
		{ "SIP/2.0  200 OK", 0 }, { "SIP/3.0 200 OK", 0 }, { "SIP/2.0", 0 },
	};
	char	in[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int	r;

		snprintf(in, sizeof(in), "%s\r\n" VIA REST "\r\n", cases[i].line);
		r = sip_parse(&m, str_of(in));
		if ((r == 0) != (cases[i].code != 0))
			fail_msg("%s: %d", cases[i].line, r);
		if (r == 0) {
			assert_int_equal(m.code, cases[i].code);
			assert_true(str_eq(m.reason, str_of(cases[i].reason)));
		}
	}
	/* One that is bad in any way is not answered, but dropped. */
	assert_int_equal(sip_parse(&m, STR("SIP/2.0 200 OK\r\n" VIA FROM TO CALL
	    "CSeq: 2147483648 INVITE\r\n\r\n")), -EBADMSG);
	assert_int_equal(sip_parse(&m, STR("SIP/2.0 200 OK\r\n" VIA REST
	    "l: 5\r\n\r\n")), -EBADMSG);
}

static void
test_limits(void **state)
{
	static char	in[64 * 1024];
	struct text	t;

	/* Exactly SIP_LINES_MAX, then one more (S31). */
	for (unsigned more = 0; more < 2; more++) {
		text_init(&t, in, sizeof(in));
		text_add(&t, STR(GOOD));
		for (unsigned i = 5; i < SIP_LINES_MAX + more; i++)
			text_add(&t, STR("X: y\r\n"));
		text_add(&t, STR("\r\nbody"));
		assert_int_equal(sip_parse(&m, text_str(&t)), more ? -E2BIG : 0);
		assert_int_equal(m.nlines, SIP_LINES_MAX);
		assert_int_equal(m.bad_code, more ? 513 : 0);
		assert_true(str_eq(m.call_id, STR("c1@h")));
	}
	/* 5000 folds are one line. */
	text_init(&t, in, sizeof(in));
	text_add(&t, STR(GOOD "X: a"));
	for (unsigned i = 0; i < 5000; i++)
		text_add(&t, STR("\r\n b"));
	text_add(&t, STR("\r\n\r\n"));
	assert_int_equal(sip_parse(&m, text_str(&t)), 0);
	assert_null(m.bad);
	assert_int_equal(m.nlines, 6);
}

/* S17: in the same octets, and every slice where it was. */
static void
test_straighten(void **state)
{
	char		buf[] = LINE "v \t: SIP/2.0/UDP h\r\n\t;branch=z9hG4bKa\r\n"
	    REST "X-A : 1\r\n  P-B: 2\r\n\t3\r\nX-C:4\r\n\r\n";
	struct str	via;

	assert_int_equal(sip_parse(&m, str_of(buf)), 0);
	assert_true(m.loose);
	via = m.via.text;
	sip_straighten(&m);
	assert_string_equal(buf, LINE "v:\t  SIP/2.0/UDP h  \t;branch=z9hG4bKa\r\n"
	    REST "X-A:  1    P-B: 2  \t3\r\nX-C:4\r\n\r\n");
	assert_true(str_eq(via, STR("SIP/2.0/UDP h  \t;branch=z9hG4bKa")));
	assert_true(str_eq(m.line[5].value, STR("1    P-B: 2  \t3")));
	assert_int_equal(sip_parse(&m, str_of(buf)), 0);
	assert_false(m.loose);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_straighten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
