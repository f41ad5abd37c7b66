/*
 * digest: the RFCs' examples, the corpus, and nonces that nobody else can make
 * (S04, S06).
 */
#include "common/digest.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/id.h"
#include "common/keys.h"

#define HEX(h)	str_make((h).s, (h).len)

struct vector {
	struct str	algorithm, user, realm, password, nonce, nc, cnonce;
	struct str	qop, method, uri, body, response;
};

static const struct vector	rfc[] = {
	/* RFC 2617 section 3.5 */
	{ STR("MD5"), STR("Mufasa"), STR("testrealm@host.com"),
	  STR("Circle Of Life"), STR("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
	  STR("00000001"), STR("0a4f113b"), STR("auth"), STR("GET"),
	  STR("/dir/index.html"), STR(""),
	  STR("6629fae49393a05397450978507c4ef1") },
	/* RFC 7616 section 3.9.1 */
	{ STR("MD5"), STR("Mufasa"), STR("http-auth@example.org"),
	  STR("Circle of Life"),
	  STR("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
	  STR("00000001"),
	  STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), STR("auth"),
	  STR("GET"), STR("/dir/index.html"), STR(""),
	  STR("8ca523f5e9506fed4657c9700eebdbec") },
	{ STR("sha-256"), STR("Mufasa"), STR("http-auth@example.org"),
	  STR("Circle of Life"),
	  STR("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
	  STR("00000001"),
	  STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), STR("auth"),
	  STR("GET"), STR("/dir/index.html"), STR(""),
	  STR("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1") },
	/* RFC 7616 section 3.9.2, by the real SHA-512/256 (its errata) */
	{ STR("SHA-512-256"), STR("J\xc3\xa4s\xc3\xb8n Doe"),
	  STR("api@example.org"), STR("Secret, or not?"),
	  STR("5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"),
	  STR("00000001"),
	  STR("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"), STR("auth"),
	  STR("GET"), STR("/doe.json"), STR(""),
	  STR("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5") },
};

static bool
right(const struct vector *v)
{
	enum digest_algorithm	a = digest_algorithm(v->algorithm, NULL);
	struct digest_hex	ha1, body, response;

	digest_ha1(a, v->user, v->realm, v->password, &ha1);
	digest_hash(a, &v->body, 1, &body);
	digest_response(a, &(struct digest_input){
		.ha1 = HEX(ha1), .nonce = v->nonce, .nc = v->nc,
		.cnonce = v->cnonce, .qop = v->qop, .method = v->method,
		.uri = v->uri, .body_hash = HEX(body) }, &response);
	return digest_equal(HEX(response), v->response);
}

static void
test_rfc(void **state)
{
	for (size_t i = 0; i < sizeof(rfc) / sizeof(rfc[0]); i++) {
		struct vector v = rfc[i];

		assert_true(right(&v));
		v.uri = STR("/other");
		assert_false(right(&v));
	}
}

static struct str
member(const json_t *o, const char *name)
{
	const char	*s = json_string_value(json_object_get(o, name));

	return str_of(s != NULL ? s : "");
}

static void
test_corpus(void **state)
{
	const char	*dir = getenv("CORPUS");
	char		 path[4096];
	json_t		*all, *o;
	size_t		 i;

	snprintf(path, sizeof(path), "%s/digest/vectors.json",
	    dir != NULL ? dir : "../shared/corpus");
	all = json_load_file(path, 0, NULL);
	if (all == NULL) {
		print_message("SKIPPED: no vectors at %s\n", path);
		skip();
	}
	assert_true(json_array_size(json_object_get(all, "digest")) > 0);
	json_array_foreach(json_object_get(all, "digest"), i, o) {
		struct vector v = { member(o, "algorithm"),
		    member(o, "username"), member(o, "realm"),
		    member(o, "password"), member(o, "nonce"),
		    member(o, "nc"), member(o, "cnonce"), member(o, "qop"),
		    member(o, "method"), member(o, "uri"), member(o, "body"),
		    member(o, "response") };

		assert_int_equal(right(&v),
		    !json_is_true(json_object_get(o, "must_reject")));
	}
	json_decref(all);
}

static void
test_sess(void **state)
{
	/* H(H(user:realm:password):nonce:cnonce), by hand */
	struct digest_hex	ha1, sess, again;
	char			joined[64];
	struct str		one;

	digest_ha1(DIGEST_MD5, STR("a"), STR("b"), STR("c"), &ha1);
	digest_ha1_sess(DIGEST_MD5, HEX(ha1), STR("n"), STR("cn"), &sess);
	snprintf(joined, sizeof(joined), "%.*s:n:cn", STR_ARG(HEX(ha1)));
	one = str_of(joined);
	digest_hash(DIGEST_MD5, &one, 1, &again);
	assert_true(digest_equal(HEX(sess), HEX(again)));
}

/* Joined on the stack or fed in parts: one hash. */
static void
test_long(void **state)
{
	static char		 big[600];
	struct digest_hex	 whole, parts;
	struct str		 two[2], one = str_make(big, sizeof(big));

	for (size_t cut = 0; cut < sizeof(big); cut += 57) {
		memset(big, 'x', sizeof(big));
		big[cut] = ':';
		two[0] = str_make(big, cut);
		two[1] = str_make(big + cut + 1, sizeof(big) - cut - 1);
		digest_hash(DIGEST_SHA256, &one, 1, &whole);
		digest_hash(DIGEST_SHA256, two, 2, &parts);
		assert_true(digest_equal(HEX(whole), HEX(parts)));
	}
	digest_hash(DIGEST_MD5, NULL, 0, &whole);
	assert_memory_equal(whole.s, "d41d8cd98f00b204e9800998ecf8427e", 32);
}

static void
test_names(void **state)
{
	static const struct {
		struct str		in;
		enum digest_algorithm	a;
		bool			sess;
	} cases[] = {
		{ STR("MD5"), DIGEST_MD5 }, { STR(""), DIGEST_MD5 },
		{ STR("md5"), DIGEST_MD5 }, { STR("MD5-sess"), DIGEST_MD5, true },
		{ STR("SHA-256"), DIGEST_SHA256 },
		{ STR("sha-256-SESS"), DIGEST_SHA256, true },
		{ STR("SHA-512-256"), DIGEST_SHA512_256 },
		{ STR("SHA-512"), DIGEST_NONE }, { STR("-sess"), DIGEST_NONE },
		{ STR("token"), DIGEST_NONE }, { STR("MD5 "), DIGEST_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool sess = !cases[i].sess;

		assert_int_equal(digest_algorithm(cases[i].in, &sess),
		    cases[i].a);
		assert_int_equal(sess, cases[i].sess);
	}
	assert_int_equal(digest_hex_len(DIGEST_MD5), 32);
	assert_int_equal(digest_hex_len(DIGEST_SHA512_256), 64);
	assert_int_equal(digest_hex_len(DIGEST_NONE), 0);
	assert_string_equal(digest_algorithm_name(DIGEST_SHA256), "SHA-256");
	assert_false(digest_equal(STR("abc"), STR("abcd")));
	assert_false(digest_equal(STR("abc"), STR("abd")));
	assert_true(digest_equal(STR(""), STR_NONE));
}

static void
test_hmac(void **state)
{
	/* RFC 4231 cases 1, 2 and 6 */
	uint8_t			key[131], out[32];
	static const uint8_t	one[] = { 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb,
				    0x38, 0x53 };
	static const uint8_t	two[] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60,
				    0x75, 0x4e };
	static const uint8_t	six[] = { 0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0,
				    0xb6, 0x7f };

	memset(key, 0x0b, 20);
	hmac_sha256(key, 20, STR("Hi There"), out, 32);
	assert_memory_equal(out, one, sizeof(one));
	hmac_sha256((const uint8_t *)"Jefe", 4,
	    STR("what do ya want for nothing?"), out, 8);
	assert_memory_equal(out, two, sizeof(two));
	memset(key, 0xaa, 131);
	hmac_sha256(key, 131, STR("Test Using Larger Than Block-Size Key - "
	    "Hash Key First"), out, 99);
	assert_memory_equal(out, six, sizeof(six));
}

static void
test_base64url(void **state)
{
	static const struct {
		const char	*text;
		const char	*octets;	/* NULL: refused */
	} cases[] = {
		{ "", "" }, { "Zg", "f" }, { "Zm8", "fo" }, { "Zm9v", "foo" },
		{ "Zm9vYg", "foob" }, { "Zm9vYmE", "fooba" },
		{ "Zm9vYmFy", "foobar" }, { "_-__", "\xff\xef\xff" },
		{ "Zh" }, { "Zm9" }, { "Z" }, { "Zm9vY" }, { "Zg==" },
		{ "Z+9v" }, { "Z/9v" }, { "Zm 9" }, { "Zm9v\n" },
	};
	uint8_t	octets[16];
	char	text[24];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ptrdiff_t n = base64url_decode(str_of(cases[i].text), octets,
		    sizeof(octets));

		if (cases[i].octets == NULL) {
			assert_int_equal(n, -EBADMSG);
			continue;
		}
		assert_int_equal(n, strlen(cases[i].octets));
		assert_memory_equal(octets, cases[i].octets, (size_t)n);
		n = (ptrdiff_t)base64url_encode(octets, (size_t)n, text);
		assert_true(str_eq(str_make(text, (size_t)n),
		    str_of(cases[i].text)));
	}
	assert_int_equal(base64url_decode(STR("Zm9vYmFy"), octets, 5),
	    -EBADMSG);
}

static void
keyring_fill(struct keyring *k, int seed)
{
	memset(k->key[0], seed, KEY_LEN);
	memset(k->key[1], seed + 1, KEY_LEN);
}

static void
test_nonce(void **state)
{
	const struct str	realm = STR("example.com");
	struct keyring		k, rotated, twice;
	char			text[NONCE_TEXT_LEN], other[NONCE_TEXT_LEN];
	struct str		nonce = str_make(text, sizeof(text));
	int64_t			issued = 0, now = 1795267318817;

	keyring_fill(&k, 1);
	nonce_make(&k, realm, now, text);
	nonce_make(&k, realm, now, other);
	assert_memory_not_equal(text, other, sizeof(text));
	assert_int_equal(nonce_check(&k, nonce, realm, now + 300, 1000,
	    &issued), NONCE_GOOD);
	assert_true(issued == now);
	assert_int_equal(nonce_check(&k, nonce, realm, now + 1000, 1000, NULL),
	    NONCE_GOOD);
	assert_int_equal(nonce_check(&k, nonce, realm, now + 1001, 1000, NULL),
	    NONCE_OLD);
	/* The clock went back (F12), or somebody has our key: a fresh one. */
	assert_int_equal(nonce_check(&k, nonce, realm, now - 1, 1000, NULL),
	    NONCE_OLD);
	assert_int_equal(nonce_check(&k, nonce, STR("example.org"), now, 1000,
	    NULL), NONCE_FORGED);
	assert_int_equal(nonce_check(&k, nonce, STR(""), now, 1000, NULL),
	    NONCE_FORGED);

	/* What was signed before one rotation verifies, before two it does not. */
	memset(rotated.key[0], 9, KEY_LEN);
	memcpy(rotated.key[1], k.key[0], KEY_LEN);
	assert_int_equal(nonce_check(&rotated, nonce, realm, now, 1000, NULL),
	    NONCE_GOOD);
	memset(twice.key[0], 8, KEY_LEN);
	memcpy(twice.key[1], rotated.key[0], KEY_LEN);
	assert_int_equal(nonce_check(&twice, nonce, realm, now, 1000, NULL),
	    NONCE_FORGED);
}

/* Every single change is seen: time, random, signature, length. */
static void
test_nonce_forged(void **state)
{
	const struct str	realm = STR("example.com");
	struct keyring		k;
	char			text[NONCE_TEXT_LEN + 1];
	int64_t			now = 1795267318817;

	keyring_fill(&k, 1);
	nonce_make(&k, realm, now, text);
	for (size_t i = 0; i < NONCE_TEXT_LEN; i++)
		for (const char *c = "Aq7_-!=\n"; *c != '\0'; c++) {
			char was = text[i];

			if (*c == was)
				continue;
			text[i] = *c;
			assert_int_equal(nonce_check(&k,
			    str_make(text, NONCE_TEXT_LEN), realm, now, 1000,
			    NULL), NONCE_FORGED);
			text[i] = was;
		}
	text[NONCE_TEXT_LEN] = 'A';
	for (size_t n = 0; n <= NONCE_TEXT_LEN + 1; n++)
		assert_int_equal(nonce_check(&k, str_make(text, n), realm, now,
		    1000, NULL),
		    n == NONCE_TEXT_LEN ? NONCE_GOOD : NONCE_FORGED);
	for (int i = 0; i < 1000; i++) {
		id_text(text, NONCE_TEXT_LEN);
		assert_int_equal(nonce_check(&k,
		    str_make(text, NONCE_TEXT_LEN), realm, now, 1000, NULL),
		    NONCE_FORGED);
	}
}

static void *
in_a_thread(void *arg)
{
	for (int i = 0; i < 50; i++)
		for (size_t j = 0; j < sizeof(rfc) / sizeof(rfc[0]); j++)
			if (!right(&rfc[j]))
				return arg;
	return NULL;
}

static void
test_threads(void **state)
{
	pthread_t	t[4];
	void		*bad;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, in_a_thread, t), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_sess),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_nonce_forged),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
