/* The answer to a STUN Binding request: RFC 8489, test vectors of RFC 5769. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sipd/stun.h"

#define COOKIE	"\x21\x12\xa4\x42"
#define ID	"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"

/* RFC 5769 section 2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, integrity. */
static const char request_5769[] =
    "\x00\x01\x00\x58" COOKIE ID
    "\x80\x22\x00\x10STUN test client"
    "\x00\x24\x00\x04\x6e\x00\x01\xff"
    "\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36"
    "\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20"
    "\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5"
    "\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2"
    "\x80\x28\x00\x04\xe5\x7a\x3b\xcf";

static size_t
ask(const char *in, size_t len, const char *from, char out[STUN_ANSWER_MAX])
{
	struct addr	a;
	char		*copy = malloc(len > 0 ? len : 1);	/* for the sanitizer */
	size_t		 n;

	assert_int_equal(addr_parse_port(&a, str_of(from)), 0);
	memcpy(copy, in, len);
	n = stun_answer(str_make(copy, len), &a, out);
	free(copy);
	return n;
}
#define ASK(in, from, out)	ask(in, sizeof(in) - 1, from, out)

static void
test_mapped(void **state)
{
	static const char four[] = "\x01\x01\x00\x0c" COOKIE ID
	    "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43";	/* RFC 5769 2.2 */
	static const char six[] = "\x01\x01\x00\x18" COOKIE ID
	    "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79"
	    "\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";			/* 2.3 */
	char	out[STUN_ANSWER_MAX];

	assert_int_equal(ASK("\0\1\0\0" COOKIE ID, "192.0.2.1:32853", out), 32);
	assert_memory_equal(out, four, 32);
	assert_int_equal(ASK("\0\1\0\0" COOKIE ID,
	    "[2001:db8:1234:5678:11:2233:4455:6677]:32853", out), 44);
	assert_memory_equal(out, six, 44);
}

static void
test_fingerprint(void **state)
{
	static const char bare[] = "\0\1\0\x08" COOKIE ID "\x80\x28\0\4\0\0\0\0";
	char	out[STUN_ANSWER_MAX];

	/* PRIORITY must be understood, and is not. */
	assert_int_equal(ASK(request_5769, "192.0.2.1:32853", out), 44);
	assert_memory_equal(out, "\x01\x11\x00\x18", 4);
	assert_memory_equal(out + 20, "\0\x09\0\4\0\0\4\x14\0\x0a\0\2\0\x24\0\0", 16);
	assert_memory_equal(out + 36, "\x80\x28\0\4", 4);
	assert_int_equal(ASK(bare, "192.0.2.1:32853", out), 0);	/* a wrong one */
}

static void
test_silence(void **state)
{
	static const struct {
		const char *in;
		size_t	    len;
	} cases[] = {
#define CASE(text)	{ text, sizeof(text) - 1 }
		CASE(""),
		CASE("\0"),
		CASE("\0\1\0\0" COOKIE "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf"),
		CASE("\0\1\0\0\x21\x12\xa4\x43" ID),	/* RFC 3489 */
		CASE("\0\1\0\4" COOKIE ID),		/* longer than it is */
		CASE("\0\1\0\0" COOKIE ID "\0\0\0\0"),	/* shorter */
		CASE("\1\1\0\0" COOKIE ID),		/* an answer */
		CASE("\0\x11\0\0" COOKIE ID),		/* an indication */
		CASE("\0\3\0\0" COOKIE ID),		/* Allocate */
		CASE("\0\1\0\4" COOKIE ID "\x80\x22\0\1"),	/* cut off */
		CASE("\0\1\0\4" COOKIE ID "\x80\x22\xff\xff"),
		CASE("\0\1\0\4" COOKIE ID "\x80\x28\0\0"),	/* no CRC in it */
	};
	char	out[STUN_ANSWER_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ask(cases[i].in, cases[i].len, "192.0.2.1:1", out) != 0)
			fail_msg("case %zu was answered", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
