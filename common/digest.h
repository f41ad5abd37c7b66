#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Digest access authentication (RFC 7616, 8760, 2617): hashes, responses and
 * signed nonces. Algorithms are fetched from OpenSSL once and contexts kept per
 * thread. Used by regd (checks), gwregd (answers) and sipd (issues nonces).
 */
enum digest_algorithm {
	DIGEST_MD5,
	DIGEST_SHA256,
	DIGEST_SHA512_256,
	DIGEST_NONE,		/* unknown */
};
#define DIGEST_ALGORITHMS	3
#define DIGEST_HEX_MAX		64	/* octets of the longest, in hex, no NUL */

struct digest_hex {
	char	s[DIGEST_HEX_MAX];
	uint8_t	len;
};

/* "MD5", "SHA-256", "SHA-512-256", any case; "" is MD5; sess: "-sess" was there. */
enum digest_algorithm digest_algorithm(struct str name, bool *sess);
const char *digest_algorithm_name(enum digest_algorithm a);
size_t	digest_hex_len(enum digest_algorithm a);

/* H(parts joined by ':') in lower-case hex. */
void	digest_hash(enum digest_algorithm a, const struct str *parts, size_t n,
	    struct digest_hex *out);
void	digest_ha1(enum digest_algorithm a, struct str user, struct str realm,
	    struct str password, struct digest_hex *out);
/*
 * The response for qop=auth, auth-int (body_hash = H(body)) or none (RFC 2069).
 * ha1 is the session's when -sess is used: see digest_ha1_sess().
 */
struct digest_input {
	struct str	ha1;		/* hex */
	struct str	nonce, nc, cnonce, qop;
	struct str	method, uri;
	struct str	body_hash;	/* hex; auth-int only */
};
void	digest_response(enum digest_algorithm a, const struct digest_input *in,
	    struct digest_hex *out);
void	digest_ha1_sess(enum digest_algorithm a, struct str ha1, struct str nonce,
	    struct str cnonce, struct digest_hex *out);
/* Constant time; lengths are compared first. */
bool	digest_equal(struct str a, struct str b);

/* HMAC-SHA-256, truncated to n octets (at most 32). */
void	hmac_sha256(const uint8_t *key, size_t keylen, struct str data,
	    uint8_t *out, size_t n);

/*
 * A nonce that verifies by itself: time, random, and a keyed checksum over both
 * and the realm; base64url, NONCE_TEXT_LEN characters. No memory is spent on
 * strangers, and a restart invalidates nothing (S04, S06).
 */
#define NONCE_TEXT_LEN	32
struct keyring;			/* keys.h */

enum nonce_verdict {
	NONCE_GOOD,
	NONCE_OLD,		/* ours, but past its life: challenge with stale */
	NONCE_FORGED,
};
void	nonce_make(const struct keyring *k, struct str realm, int64_t now_ms,
	    char out[NONCE_TEXT_LEN]);
enum nonce_verdict nonce_check(const struct keyring *k, struct str nonce,
	    struct str realm, int64_t now_ms, int64_t life_ms, int64_t *issued_ms);

/* Base64url without padding. Returns the length written; out must hold 4n/3+2. */
size_t	base64url_encode(const uint8_t *in, size_t n, char *out);
/* Returns the length, or -EBADMSG; out must hold 3n/4+3. */
ptrdiff_t base64url_decode(struct str in, uint8_t *out, size_t size);

#endif
