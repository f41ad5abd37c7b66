/* mask: what is hidden, what is not, and that neither length nor place changes. */
#include "sipd/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sipd/msg.h"

#define HEAD	"INVITE sip:bert@example.com SIP/2.0\r\n"				\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa@b\r\n"			\
	"From: \"A:b\" <sip:anna@example.com>;tag=1\r\nTo: <sip:bert@example.com>\r\n"	\
	"Call-ID: 1:2:3@192.0.2.1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"

/* Lines put into the head, and what of them is to be seen; NULL: all. */
static const struct {
	const char	*in, *out;
} headers[] = {
	{ "Subject: nothing to hide here: a@b:c\r\n", NULL },
	{ "Contact: <sip:anna@192.0.2.1:5060;transport=tcp>\r\n", NULL },
	{ "Contact: <sip:anna:secret@192.0.2.1:5060>\r\n",
	  "Contact: <sip:anna:******@192.0.2.1:5060>\r\n" },
	/* One has it, the other not: neither the first nor the last speaks for both. */
	{ "Contact: <sip:anna@192.0.2.1>, <sip:bo:secret@192.0.2.2>\r\n",
	  "Contact: <sip:anna@192.0.2.1>, <sip:bo:******@192.0.2.2>\r\n" },
	{ "Contact: <sip:bo:secret@192.0.2.2>, <sip:anna@192.0.2.1>\r\n",
	  "Contact: <sip:bo:******@192.0.2.2>, <sip:anna@192.0.2.1>\r\n" },
	{ "Contact: <sip:anna@192.0.2.1>, <sip:bo@192.0.2.2>\r\n", NULL },
	{ "Refer-To: <SIPS:a;b=c:x@y>, <sip:d:ee@f>\r\n",
	  "Refer-To: <SIPS:a;b=c:*@y>, <sip:d:**@f>\r\n" },
	{ "X-Other: sip:a:secret@b\r\n", "X-Other: sip:a:******@b\r\n" },
	{ "Authorization: Digest username=\"anna\", response=\"0123456789abcdef\", "
	  "nonce=\"x\"\r\n",
	  "Authorization: Digest username=\"anna\", response=\"****************\", "
	  "nonce=\"x\"\r\n" },
	{ "Proxy-Authorization : digest a=\"\\\"response=1\", RESPONSE = abc ,\r\n"
	  "\tresponse=\r\n \"def\"\r\n",
	  "Proxy-Authorization : digest a=\"\\\"response=1\", RESPONSE = *** ,\r\n"
	  "\tresponse=\r\n \"***\"\r\n" },
	{ "Authorization: Digest , x y, response=\"unended, really\r\n",
	  "Authorization: Digest , x y, response=\"***************\r\n" },
	{ "Authorization: Basic QWxhZGRpbjpvcGVu\r\n",
	  "Authorization: Basic ****************\r\n" },
	{ "authorization:NTLM realm=\"r\", gssapi-data=\"TlRM\"\r\n",
	  "authorization:NTLM *****************************\r\n" },
	{ "Authentication-Info: qop=auth, rspauth=\"abcd\", nc=1\r\n",
	  "Authentication-Info: qop=auth, rspauth=\"****\", nc=1\r\n" },
	{ "Proxy-Authentication-Info: rspauth=abcd\r\n",
	  "Proxy-Authentication-Info: rspauth=****\r\n" },
};

static const struct {
	const char	*in, *out;
} bodies[] = {
	{ "v=0\r\nc=IN IP4 192.0.2.1\r\na=rtpmap:0 PCMU/8000\r\n", NULL },
	{ "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j|2^20\r\nb=1\r\n",
	  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:*****************\r\nb=1\r\n" },
	{ "A=CRYPTO:1 X key\n", "A=CRYPTO:1 *****\n" },
	{ "v=0\no=- 1 1 IN IP4 192.0.2.1\nA=CRYPTO:1 X QQ\n", "A=CRYPTO:1 ****\n" },
	{ "k=clear:abc\r\n", "k=*********\r\n" },
	{ "a=ice-pwd:abc\r\na=ice-ufrag:x\r\n", "a=ice-pwd:***\r\na=ice-ufrag:x\r\n" },
	{ "a=key-mgmt:mikey AQAFgM0\r\n", "a=key-mgmt:mikey *******\r\n" },
	{ "--x\r\n\r\na=crypto:1 Y inline:Z", "--x\r\n\r\na=crypto:1 Y inline:*" },
};

static void
check(const char *header, const char *body, const char *seen)
{
	static struct sip_msg	m;
	char			in[4096], out[sizeof(in)];
	struct text		t;

	text_init(&t, in, sizeof(in));
	text_printf(&t, HEAD "%s\r\n%s", header, body);
	mask_copy(out, text_str(&t));
	out[t.len] = '\0';
	if (seen == NULL)
		assert_string_equal(out, in);
	else
		assert_non_null(strstr(out, seen));
	assert_memory_equal(out, in, sizeof(HEAD) - 1);
	assert_int_equal(strlen(out), t.len);
	if (sip_parse(&m, text_str(&t)) == 0)
		assert_true(mask_needless(&m) == (seen == NULL));
	/* Cut anywhere it reads nothing beyond: the sanitizer looks. */
	for (size_t n = 0; n < t.len; n++) {
		char	*cut = malloc(n + 1), *to = malloc(n + 1);

		memcpy(cut, in, n);
		mask_copy(to, str_make(cut, n));
		free(cut);
		free(to);
	}
}

static void
test_headers(void **state)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		check(headers[i].in, "", headers[i].out);
}

static void
test_bodies(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		check("", bodies[i].in, bodies[i].out);
}

static void
test_request_line(void **state)
{
	const struct str	in = STR("INVITE sip:a:pw@b SIP/2.0\r\n\r\n");
	char			out[64] = "";

	mask_copy(out, in);
	assert_string_equal(out, "INVITE sip:a:**@b SIP/2.0\r\n\r\n");
}

/* More than can be remembered: the rest is hidden whole. */
static void
test_many(void **state)
{
	struct mask	v[MASKS_MAX];
	char		in[4096];
	struct text	t;

	text_init(&t, in, sizeof(in));
	text_add(&t, STR("X\r\n"));
	for (int i = 0; i < MASKS_MAX + 5; i++)
		text_add(&t, STR("Authorization: Basic abc\r\n"));
	assert_int_equal(mask_find(text_str(&t), v), MASKS_MAX);
	assert_int_equal(v[MASKS_MAX - 1].at + v[MASKS_MAX - 1].len, t.len);
	for (size_t i = 1; i < MASKS_MAX; i++)
		assert_true(v[i].at > v[i - 1].at + v[i - 1].len);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_request_line),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
