/* auth_header_test - credentials and challenges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/auth_header.h"
#include "sipd/msg.h"

static char	scratch_buf[AUTH_SCRATCH];
static struct text scratch;

static int
parse(struct auth *a, const char *value)
{
	text_init(&scratch, scratch_buf, sizeof(scratch_buf));
	return auth_parse(a, str_of(value), &scratch);
}

static void
test_credentials(void **state)
{
	struct rec_digest	d;
	struct auth		a;

	assert_int_equal(parse(&a, "digest username=\"a\\\"\\\\b\",realm = \"r,s\"\r\n"
	    " , Nonce=\"n==\", uri=\"sip:h\", response=\"00ff\", algorithm=\"MD5\","
	    " cnonce=\"\", nc=00000001, qop=auth, opaque=\"o\", extra=1"), 0);
	assert_int_equal(a.scheme, AUTH_DIGEST);
	auth_to_record(&d, &a);
	assert_true(str_eq(d.username, STR("a\"\\b")));
	assert_true(str_eq(d.realm, STR("r,s")));
	assert_true(str_eq(d.nonce, STR("n==")));
	assert_true(str_eq(d.uri, STR("sip:h")));
	assert_true(str_eq(d.response, STR("00ff")));
	assert_true(str_eq(d.algorithm, STR("MD5")));
	assert_int_equal(d.cnonce.len, 0);
	assert_non_null(d.cnonce.s);
	assert_true(str_eq(d.nc, STR("00000001")));
	assert_true(str_eq(d.qop, STR("auth")));
	assert_true(str_eq(d.opaque, STR("o")));
	/* Phones that leave quotes out. */
	assert_int_equal(parse(&a, "Digest uri=sip:u@h:5060;lr, nonce=a=b"), 0);
	assert_true(str_eq(a.uri, STR("sip:u@h:5060;lr")));
	assert_true(str_eq(a.nonce, STR("a=b")));
	assert_null(a.username.s);
}

static void
test_challenge(void **state)
{
	struct auth	a;

	assert_int_equal(parse(&a, "Digest realm=\"r\", nonce=\"n\", stale=TRUE,"
	    " qop=\"auth,auth-int\", algorithm=SHA-256, domain=\"sip:h\""), 0);
	assert_true(a.stale);
	assert_true(str_eq(a.qop, STR("auth,auth-int")));
	assert_true(str_eq(a.algorithm, STR("SHA-256")));
	assert_true(str_eq(a.domain, STR("sip:h")));
	assert_int_equal(parse(&a, "Digest realm=\"r\", stale=false"), 0);
	assert_false(a.stale);
	assert_int_equal(parse(&a, "Basic QWxhZGRpbg=="), 0);
	assert_int_equal(a.scheme, AUTH_BASIC);
	assert_true(str_eq(a.rest, STR("QWxhZGRpbg==")));
	assert_int_equal(parse(&a, "NTLM gssapi-data=\"x\""), 0);
	assert_int_equal(a.scheme, AUTH_NTLM);
	/* RFC 4475 regaut01 */
	assert_int_equal(parse(&a, "NoOneKnowsThisScheme opaque-data=here"), 0);
	assert_int_equal(a.scheme, AUTH_OTHER);
}

static void
test_refused(void **state)
{
	static const char *const	cases[] = {
		"", " ", "Digest", "Digest ", "Digest realm", "Digest realm=\"r",
		"Digest realm=\"r\" nonce=\"n\"", "Digest realm=\"r\",",
		"Digest realm=\"r\",,nonce=n", "Digest =x", "Digest,realm=r",
		"Digest realm=\"r\", Realm=\"s\"", "Digest username=a, username=a",
		"Digest realm=\"a\r\n b\"", "Digest nonce=\"\\\r\"", "\"Digest\" a=b",
		"Digest realm=r\"s\"",
	};
	static char	longest[AUTH_VALUE_MAX + 64];
	struct auth	a;
	struct text	small;
	char		buf[4];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(&a, cases[i]) != -EBADMSG)
			fail_msg("\"%s\" parses", cases[i]);
	text_init(&scratch, scratch_buf, sizeof(scratch_buf));
	assert_int_equal(auth_parse(&a, STR("Digest realm=\"a\0b\""), &scratch),
	    -EBADMSG);

	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "Digest realm=", 13);
	assert_int_equal(auth_parse(&a, str_make(longest, AUTH_VALUE_MAX),
	    &scratch), 0);
	assert_int_equal(auth_parse(&a, str_make(longest, AUTH_VALUE_MAX + 1),
	    &scratch), -EBADMSG);
	text_init(&small, buf, sizeof(buf));
	assert_int_equal(auth_parse(&a, STR("Digest realm=\"\\a\\b\\c\\d\\e\""),
	    &small), -EMSGSIZE);
}

static void
test_lines(void **state)
{
	static struct sip_msg	m;
	struct auth		a;
	unsigned		line = 0;

	assert_int_equal(sip_parse(&m, STR("OPTIONS sip:h SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP h\r\nFrom: sip:a\r\nTo: sip:b\r\nCall-ID: 1\r\n"
	    "Authorization: Basic x\r\n"
	    "Authorization: Digest realm=\"\\o\\n\\e\", bad\r\n"
	    "Authorization: Digest realm=\"o\\ne\"\r\nCSeq: 1 OPTIONS\r\n"
	    "Authorization: Digest realm=\"two\"\r\n\r\n")), 0);
	text_init(&scratch, scratch_buf, sizeof(scratch_buf));
	assert_int_equal(auth_next(&a, &m, HDR_AUTHORIZATION, &line, &scratch), 1);
	assert_true(str_eq(a.realm, STR("one")));
	assert_int_equal(scratch.len, 3);
	assert_int_equal(auth_next(&a, &m, HDR_AUTHORIZATION, &line, &scratch), 1);
	assert_true(str_eq(a.realm, STR("two")));
	assert_int_equal(auth_next(&a, &m, HDR_AUTHORIZATION, &line, &scratch), 0);
	line = 0;
	assert_int_equal(auth_next(&a, &m, HDR_PROXY_AUTHORIZATION, &line, &scratch), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
