/*
 * digest - hashes for digest authentication, and nonces that verify by
 * themselves.
 *
 * Fetching an algorithm from OpenSSL costs half a dozen times what a hash does,
 * so each is fetched once a process, and each thread keeps one context per
 * algorithm. HMAC is spelt out over those contexts: copying a context with the
 * key already absorbed allocates, which is dearer than hashing one block again.
 */
#include "common/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/id.h"
#include "common/keys.h"
#include "common/log.h"
#include "common/map.h"

#define HASH_MAX	32	/* octets of the longest hash */

static const struct {
	const char	*name;		/* on the wire */
	const char	*fetch;		/* OpenSSL's */
	size_t		 octets;
} algorithms[DIGEST_ALGORITHMS] = {
	[DIGEST_MD5]		= { "MD5", "MD5", 16 },
	[DIGEST_SHA256]		= { "SHA-256", "SHA2-256", 32 },
	[DIGEST_SHA512_256]	= { "SHA-512-256", "SHA2-512/256", 32 },
};

/* ---- contexts ---- */

struct contexts {
	EVP_MD_CTX	*c[DIGEST_ALGORITHMS];
};

static EVP_MD			*fetched[DIGEST_ALGORITHMS];
static pthread_key_t		 thread_end;
static pthread_once_t		 once = PTHREAD_ONCE_INIT;
static _Thread_local struct contexts *contexts;

static void
contexts_free(void *arg)
{
	struct contexts	*c = arg;

	for (int i = 0; i < DIGEST_ALGORITHMS; i++)
		EVP_MD_CTX_free(c->c[i]);
	free(c);
}

/* Without openssl.cnf: the sandbox may forbid to open it, and nothing in it helps. */
static void
fetch_all(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
		fetched[i] = EVP_MD_fetch(NULL, algorithms[i].fetch, NULL);
		if (fetched[i] == NULL)
			fatal("OpenSSL has no %s", algorithms[i].fetch);
	}
	if (pthread_key_create(&thread_end, contexts_free) != 0)
		fatal("digest: no key for thread data left");
}

static EVP_MD_CTX *
context(enum digest_algorithm a)
{
	struct contexts	*c = contexts;

	if (c == NULL) {
		pthread_once(&once, fetch_all);
		c = xcalloc(1, sizeof(*c));
		for (int i = 0; i < DIGEST_ALGORITHMS; i++)
			if ((c->c[i] = EVP_MD_CTX_new()) == NULL)
				fatal("digest: out of memory");
		pthread_setspecific(thread_end, c);
		contexts = c;
	}
	return c->c[a];
}

static EVP_MD_CTX *
begin(enum digest_algorithm a)
{
	EVP_MD_CTX	*c = context(a);

	if (EVP_DigestInit_ex2(c, fetched[a], NULL) != 1)
		fatal("digest: %s does not begin", algorithms[a].name);
	return c;
}

static inline void
add(EVP_MD_CTX *c, const void *p, size_t n)
{
	if (n > 0)
		EVP_DigestUpdate(c, p, n);
}

static void
finish(EVP_MD_CTX *c, uint8_t out[HASH_MAX])
{
	unsigned	n;

	if (EVP_DigestFinal_ex(c, out, &n) != 1)
		fatal("digest: a hash does not end");
}

/* ---- names ---- */

enum digest_algorithm
digest_algorithm(struct str name, bool *sess)
{
	bool	s = false;

	if (name.len > 5 && str_caseeq(str_make(name.s + name.len - 5, 5),
	    STR("-sess"))) {
		s = true;
		name.len -= 5;
	}
	if (sess != NULL)
		*sess = s;
	if (name.len == 0)
		return DIGEST_MD5;
	for (int i = 0; i < DIGEST_ALGORITHMS; i++)
		if (str_caseeq(name, str_of(algorithms[i].name)))
			return (enum digest_algorithm)i;
	return DIGEST_NONE;
}

const char *
digest_algorithm_name(enum digest_algorithm a)
{
	return a < DIGEST_NONE ? algorithms[a].name : "unknown";
}

size_t
digest_hex_len(enum digest_algorithm a)
{
	return a < DIGEST_NONE ? algorithms[a].octets * 2 : 0;
}

/* ---- hashes ---- */

static void
to_hex(const uint8_t *in, size_t n, struct digest_hex *out)
{
	static const char	digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out->s[2 * i] = digits[in[i] >> 4];
		out->s[2 * i + 1] = digits[in[i] & 15];
	}
	out->len = (uint8_t)(2 * n);
}

static inline struct str
hex_str(const struct digest_hex *h)
{
	return str_make(h->s, h->len);
}

/*
 * Short inputs, and all but the strangest are, are joined first: one call into
 * OpenSSL instead of eleven.
 */
void
digest_hash(enum digest_algorithm a, const struct str *parts, size_t n,
    struct digest_hex *out)
{
	EVP_MD_CTX	*c;
	uint8_t		 hash[HASH_MAX];
	char		 joined[512];
	size_t		 len = n > 0 ? n - 1 : 0;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	c = begin(a);
	if (len <= sizeof(joined)) {
		char *p = joined;

		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				*p++ = ':';
			if (parts[i].len > 0)
				p = mempcpy(p, parts[i].s, parts[i].len);
		}
		add(c, joined, len);
	} else {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				add(c, ":", 1);
			add(c, parts[i].s, parts[i].len);
		}
	}
	finish(c, hash);
	to_hex(hash, algorithms[a].octets, out);
}

void
digest_ha1(enum digest_algorithm a, struct str user, struct str realm,
    struct str password, struct digest_hex *out)
{
	const struct str	parts[] = { user, realm, password };

	digest_hash(a, parts, 3, out);
}

void
digest_ha1_sess(enum digest_algorithm a, struct str ha1, struct str nonce,
    struct str cnonce, struct digest_hex *out)
{
	const struct str	parts[] = { ha1, nonce, cnonce };

	digest_hash(a, parts, 3, out);
}

void
digest_response(enum digest_algorithm a, const struct digest_input *in,
    struct digest_hex *out)
{
	const struct str	a2[] = { in->method, in->uri, in->body_hash };
	bool			auth_int;
	struct digest_hex	ha2;

	auth_int = str_caseeq(in->qop, STR("auth-int"));
	digest_hash(a, a2, auth_int ? 3 : 2, &ha2);
	if (in->qop.len == 0) {
		const struct str old[] = { in->ha1, in->nonce, hex_str(&ha2) };

		digest_hash(a, old, 3, out);
	} else {
		const struct str all[] = { in->ha1, in->nonce, in->nc,
		    in->cnonce, in->qop, hex_str(&ha2) };

		digest_hash(a, all, 6, out);
	}
}

bool
digest_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 ||
	    CRYPTO_memcmp(a.s, b.s, a.len) == 0);
}

/* RFC 2104 over SHA-256; block of 64 octets. */
void
hmac_sha256(const uint8_t *key, size_t keylen, struct str data, uint8_t *out,
    size_t n)
{
	uint8_t		 pad[64], hash[HASH_MAX], small[HASH_MAX];
	EVP_MD_CTX	*c;

	if (keylen > sizeof(pad)) {
		c = begin(DIGEST_SHA256);
		add(c, key, keylen);
		finish(c, small);
		key = small;
		keylen = sizeof(small);
	}
	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < keylen; i++)
		pad[i] ^= key[i];
	c = begin(DIGEST_SHA256);
	add(c, pad, sizeof(pad));
	add(c, data.s, data.len);
	finish(c, hash);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	c = begin(DIGEST_SHA256);
	add(c, pad, sizeof(pad));
	add(c, hash, sizeof(hash));
	finish(c, hash);
	memcpy(out, hash, n < sizeof(hash) ? n : sizeof(hash));
}

/*
 * ---- nonces: 6 octets of time, 6 random, 12 of a SipHash-128 over them and the
 * realm, which costs a tenth of an HMAC ----
 */

#define NONCE_TIME	6
#define NONCE_RANDOM	6
#define NONCE_SEED	(NONCE_TIME + NONCE_RANDOM)
#define NONCE_MAC	12
#define REALM_MAX	512	/* longer ones are cut: a domain has 253 */

static void
nonce_sign(const uint8_t key[KEY_LEN], const uint8_t seed[NONCE_SEED],
    struct str realm, uint8_t mac[NONCE_MAC])
{
	char	buf[NONCE_SEED + REALM_MAX];
	uint8_t	sum[16];

	if (realm.len > REALM_MAX)
		realm.len = REALM_MAX;
	memcpy(buf, seed, NONCE_SEED);
	if (realm.len > 0)
		memcpy(buf + NONCE_SEED, realm.s, realm.len);
	siphash128(key, str_make(buf, NONCE_SEED + realm.len), sum);
	memcpy(mac, sum, NONCE_MAC);
}

void
nonce_make(const struct keyring *k, struct str realm, int64_t now_ms,
    char out[NONCE_TEXT_LEN])
{
	uint8_t		raw[NONCE_SEED + NONCE_MAC];
	uint64_t	random = id_u64();

	for (int i = 0; i < NONCE_TIME; i++)
		raw[i] = (uint8_t)(now_ms >> (8 * (NONCE_TIME - 1 - i)));
	memcpy(raw + NONCE_TIME, &random, NONCE_RANDOM);
	nonce_sign(k->key[0], raw, realm, raw + NONCE_SEED);
	base64url_encode(raw, sizeof(raw), out);
}

enum nonce_verdict
nonce_check(const struct keyring *k, struct str nonce, struct str realm,
    int64_t now_ms, int64_t life_ms, int64_t *issued_ms)
{
	uint8_t	raw[NONCE_SEED + NONCE_MAC + 3], mac[NONCE_MAC];
	int64_t	issued = 0;
	bool	ours = false;

	if (nonce.len != NONCE_TEXT_LEN ||
	    base64url_decode(nonce, raw, sizeof(raw)) != NONCE_SEED + NONCE_MAC)
		return NONCE_FORGED;
	for (int i = 0; i < 2 && !ours; i++) {
		nonce_sign(k->key[i], raw, realm, mac);
		ours = CRYPTO_memcmp(mac, raw + NONCE_SEED, NONCE_MAC) == 0;
	}
	if (!ours)
		return NONCE_FORGED;
	for (int i = 0; i < NONCE_TIME; i++)
		issued = issued << 8 | raw[i];
	if (issued_ms != NULL)
		*issued_ms = issued;
	/* From the future: the clock was set back; a fresh one is in order. */
	return issued > now_ms || now_ms - issued > life_ms ? NONCE_OLD :
	    NONCE_GOOD;
}

/* ---- base64url (RFC 4648 section 5) ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
base64url_encode(const uint8_t *in, size_t n, char *out)
{
	uint32_t	bits = 0;
	unsigned	have = 0;
	size_t		len = 0, i = 0;

	for (; i + 3 <= n; i += 3) {
		bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
		out[len++] = alphabet[bits >> 18];
		out[len++] = alphabet[bits >> 12 & 63];
		out[len++] = alphabet[bits >> 6 & 63];
		out[len++] = alphabet[bits & 63];
	}
	for (; i < n; i++) {
		bits = bits << 8 | in[i];
		for (have += 8; have >= 6; have -= 6)
			out[len++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		out[len++] = alphabet[bits << (6 - have) & 63];
	return len;
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

/* One text for one value: bits that are left over must be 0. */
ptrdiff_t
base64url_decode(struct str in, uint8_t *out, size_t size)
{
	uint32_t	bits = 0;
	unsigned	have = 0;
	size_t		len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int v = value_of(in.s[i]);

		if (v < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)v;
		if ((have += 6) < 8)
			continue;
		if (len == size)
			return -EBADMSG;
		have -= 8;
		out[len++] = (uint8_t)(bits >> have);
	}
	if (have >= 6 || (bits & ((1u << have) - 1)) != 0)
		return -EBADMSG;
	return (ptrdiff_t)len;
}
