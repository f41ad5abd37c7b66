/* frame_test - cutting messages off a stream, and the Call-ID alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/msg.h"

#define HEAD	"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n"
#define WHOLE	HEAD "l: 3\r\n\r\nabc"
#define HIDDEN	"REGISTER sip:h SIP/2.0\r\n\r\n"

#define L(text)	text, sizeof(text) - 1

static void
test_frame(void **state)
{
	static const struct {
		const char		*in;
		size_t			 len;
		ssize_t			 result;
		enum sip_frame_kind	 kind;
	} cases[] = {
		{ L(""), 0 },
		{ L("\r"), 0 },
		{ L("\r\n"), 0 },
		{ L("\r\n\r"), 0 },
		{ L("\r\n\r\n"), 4, SIP_FRAME_PING },
		{ L("\r\nO"), 2, SIP_FRAME_BLANK },
		{ L("\r\n\rX"), 2, SIP_FRAME_BLANK },
		{ L("\rX"), -EBADMSG },
		{ L("\n"), -EBADMSG },
		{ L("\x16\x03\x01"), -EBADMSG },	/* TLS on a plain port */
		{ L("\0"), -EBADMSG },
		{ L("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), -EBADMSG },
		{ L("x sip:h sip/2.0\r\nl: 0\r\n\r\n"), 25, SIP_FRAME_MESSAGE },
		{ L(HEAD), 0 },
		{ L(HEAD "\r\n"), sizeof(HEAD) + 1, SIP_FRAME_MESSAGE },
		{ L(HEAD "\r\n" HIDDEN), sizeof(HEAD) + 1, SIP_FRAME_MESSAGE },
		{ L(WHOLE), sizeof(WHOLE) - 1, SIP_FRAME_MESSAGE },
		{ L(WHOLE "xyz"), sizeof(WHOLE) - 1, SIP_FRAME_MESSAGE },
		{ L(HEAD "l: 4\r\n\r\nabc"), 0 },
		{ L(HEAD "Content-Length  :\r\n 3\r\n\r\nabc"),
		    sizeof(HEAD "Content-Length  :\r\n 3\r\n\r\nabc") - 1,
		    SIP_FRAME_MESSAGE },
		{ L(HEAD "l: 3\r\nContent-Length: 3\r\n\r\nabc"),
		    sizeof(HEAD "l: 3\r\nContent-Length: 3\r\n\r\nabc") - 1,
		    SIP_FRAME_MESSAGE },
		{ L(HEAD "l: 003\r\n\r\nabc"), sizeof(HEAD "l: 003\r\n\r\nabc") - 1,
		    SIP_FRAME_MESSAGE },
		/* S29: anything doubtful ends the stream. */
		{ L(HEAD "l: 3\r\nl: 4\r\n\r\nabc" HIDDEN), -EBADMSG },
		{ L(HEAD "l: 0\r\nContent-Length: 40\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length: -1\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length: +5\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length: 0x5\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length: 5 5\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length: 5,5\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length:\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "Content-Length\x0b: 5\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "X: y\nl: 26\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "X: y\rl: 26\r\n\r\n" HIDDEN), -EBADMSG },
		{ L(HEAD "no colon\r\n\r\n"), -EBADMSG },
		{ L(HEAD "Content-Length: 2147483648\r\n\r\n" HIDDEN), -EMSGSIZE },
		{ L(HEAD "Content-Length: 18446744073709551616\r\n\r\n" HIDDEN),
		    -EMSGSIZE },
		{ L(HEAD "Content-Length: 18446744073709551619\r\n\r\nabc"),
		    -EMSGSIZE },
		{ L(HEAD "Content-Length: 65537\r\n\r\n"), -EMSGSIZE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sip_frame_kind	 kind = SIP_FRAME_MESSAGE;
		struct str		 msg;
		char			*copy = malloc(cases[i].len + !cases[i].len);
		ssize_t			 r;

		memcpy(copy, cases[i].in, cases[i].len);
		r = sip_frame(str_make(copy, cases[i].len), 128 * 1024, &kind, &msg);
		if (r != cases[i].result)
			fail_msg("case %zu: %zd", i, r);
		if (r > 0)
			assert_int_equal(kind, cases[i].kind);
		if (r > 0 && kind == SIP_FRAME_MESSAGE) {
			assert_ptr_equal(msg.s, copy);
			assert_int_equal(msg.len, r);
		}
		free(copy);
	}
}

/* Every cut of a good message is incomplete; the head comes with an error. */
static void
test_cuts(void **state)
{
	static struct sip_msg	m;
	enum sip_frame_kind	kind;
	struct str		msg;
	size_t			n = sizeof(WHOLE) - 1;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(sip_frame(str_make(WHOLE, i), 65536, &kind, &msg), 0);
	assert_int_equal(sip_frame(str_make(WHOLE, n), n, &kind, &msg), n);
	assert_int_equal(sip_frame(str_make(WHOLE, n), n - 1, &kind, &msg),
	    -EMSGSIZE);
	assert_int_equal(msg.len, n - 3);
	assert_int_equal(sip_frame(str_make(HEAD, 20), 20, &kind, &msg), -EMSGSIZE);
	assert_int_equal(msg.len, 0);

	assert_int_equal(sip_frame(STR(HEAD "l: x\r\n\r\n" HIDDEN), 65536, &kind,
	    &msg), -EBADMSG);
	assert_int_equal(sip_parse(&m, msg), 0);
	assert_int_equal(m.bad_code, 400);
}

static void
test_call_id(void **state)
{
	static const struct {
		const char	*in, *id;	/* NULL: none */
	} cases[] = {
		{ HEAD "Call-ID: abc@h\r\n\r\n", "abc@h" },
		{ "\r\n\r\n" HEAD "i:abc\r\n", "abc" },
		{ HEAD "cAlL-iD  :\r\n  abc  \r\n\r\n", "abc" },
		{ HEAD "Contact: x\r\nI: 1\r\nCall-ID: 2\r\n\r\n", "1" },
		{ HEAD "X: y\r\n Call-ID: z\r\ni: 1\r\n\r\n", "1" },
		{ HEAD "Call-IDX: z\r\ni: 1\r\n\r\n", "1" },
		{ HEAD "\r\nCall-ID: body\r\n", NULL },
		{ HEAD "Call-ID:\r\n\r\n", NULL },
		{ HEAD "Call-ID: cut", NULL },
		{ "Call-ID: first line\r\n\r\n", NULL },
		{ HEAD, NULL },
		{ "", NULL },
		{ "\r\n", NULL },
	};
	struct str	got;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool	found = sip_call_id(str_of(cases[i].in), &got);

		if (found != (cases[i].id != NULL))
			fail_msg("case %zu", i);
		if (found)
			assert_true(str_eq(got, str_of(cases[i].id)));
	}
}

/* Of what an ICMP error brings back: cut short, or not ours at all. */
static void
test_top_branch(void **state)
{
	static const struct {
		const char	*in;
		const char	*method, *branch;	/* NULL: none */
	} cases[] = {
		{ "BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
		    "v: SIP/2.0/UDP i;branch=z9hG4bKb\r\nCal", "BYE", "z9hG4bKa" },
		{ "X sip:h SIP/2.0\r\nTo: x\r\nv: SIP/2.0/UDP h;branch=1,"
		    "SIP/2.0/UDP i;branch=2\r\n\r\n", "X", "1" },
		{ "BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4", NULL },
		{ "BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n", NULL },
		{ "BYE sip:h SIP/2.0\r\nVia: nonsense\r\n", NULL },
		{ "BYE sip:h SIP/2.0\r\n\r\nVia: SIP/2.0/UDP h;branch=a\r\n", NULL },
		{ "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=a\r\n", NULL },
		{ "BYE", NULL },
		{ "", NULL },
	};
	struct str	method, branch;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool	found = sip_top_branch(str_of(cases[i].in), &method, &branch);

		if (found != (cases[i].method != NULL))
			fail_msg("case %zu", i);
		if (found) {
			assert_true(str_eq(method, str_of(cases[i].method)));
			assert_true(str_eq(branch, str_of(cases[i].branch)));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_call_id),
		cmocka_unit_test(test_top_branch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
