#ifndef GWREGD_SIGN_H
#define GWREGD_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/messages.h"

/*
 * A gateway's challenge, kept to sign with (RFC 7616, RFC 8760; RFC 2069 when
 * it offers no qop): MD5, SHA-256 and SHA-512-256 with qop=auth. The same nonce
 * serves again with a higher count until the gateway calls it stale.
 */
#define SIGN_TEXT_MAX	512
#define SIGN_CHALLENGES_MAX 8	/* of one response */

struct sign {
	char		realm[SIGN_TEXT_MAX];
	char		nonce[SIGN_TEXT_MAX];
	char		opaque[SIGN_TEXT_MAX];
	enum digest_algorithm algorithm;
	bool		named;		/* the challenge named its algorithm */
	bool		qop;		/* qop=auth; false: none was offered */
	bool		proxy;		/* 407: Proxy-Authorization */
	uint32_t	nc;		/* used so far */
	bool		valid;
};

/*
 * Takes the first challenge of the list that can be answered, as the gateway
 * prefers it (RFC 8760 section 2.4). -ENOTSUP: there is none; s is untouched.
 * *stale: it is the same nonce, or another one, because ours was too old.
 */
int	sign_take(struct sign *s, const struct rec_challenge *v, uint32_t n,
	    bool *stale);

/* The texts of one signature; out's slices point into it and into s. */
struct signature {
	char		nc[9];
	char		cnonce[17];
	struct digest_hex response;
};
/* Counts the nonce and signs. s must be valid. */
void	sign_make(struct sign *s, struct str user, struct str password,
	    struct str method, struct str uri, struct signature *texts,
	    struct rec_digest *out);

#endif
