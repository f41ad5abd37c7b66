/*
 * sign - answers a gateway's challenge.
 *
 * gateway_send.c calls this for REGISTERs that it sends itself, to the gateway that
 * the configuration names, gateway_sign.c for calls that were sent there; nobody
 * else's challenge ever gets here (S09).
 */
#include "gwregd/sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"

/* Is auth among the comma-separated words of qop? */
static bool
offers_auth(struct str qop)
{
	struct str word;

	while (str_cut(&qop, ',', &word))
		if (str_caseeq(str_trim(word), STR("auth")))
			return true;
	return false;
}

/* Control octets would not survive keep.c's file, and nobody honest sends them. */
static bool
text_ok(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.s[i] < ' ' || s.s[i] == 0x7f)
			return false;
	return s.len < SIGN_TEXT_MAX;
}

static bool
fits(const struct rec_challenge *c)
{
	return text_ok(c->realm) && text_ok(c->nonce) && text_ok(c->opaque) &&
	    c->nonce.len > 0;
}

int
sign_take(struct sign *s, const struct rec_challenge *v, uint32_t n,
    bool *stale)
{
	enum digest_algorithm a;
	bool sess, again;

	for (uint32_t i = 0; i < n; i++) {
		a = digest_algorithm(v[i].algorithm, &sess);
		if (a == DIGEST_NONE || sess || !fits(&v[i]) ||
		    (v[i].qop.len > 0 && !offers_auth(v[i].qop)))
			continue;
		again = s->valid && str_eq(str_of(s->nonce), v[i].nonce) &&
		    str_eq(str_of(s->realm), v[i].realm);
		if (!again)
			s->nc = 0;
		str_copy(s->realm, sizeof(s->realm), v[i].realm);
		str_copy(s->nonce, sizeof(s->nonce), v[i].nonce);
		str_copy(s->opaque, sizeof(s->opaque), v[i].opaque);
		s->algorithm = a;
		s->named = v[i].algorithm.len > 0;
		s->qop = v[i].qop.len > 0;
		s->proxy = v[i].proxy;
		s->valid = true;
		*stale = v[i].stale;
		return 0;
	}
	return -ENOTSUP;
}

void
sign_make(struct sign *s, struct str user, struct str password,
    struct str method, struct str uri, struct signature *texts,
    struct rec_digest *out)
{
	struct digest_hex ha1;
	struct digest_input in = {
		.nonce = str_of(s->nonce), .method = method, .uri = uri,
	};

	s->nc++;
	if (s->qop) {
		(void)snprintf(texts->nc, sizeof(texts->nc), "%08x", s->nc);
		id_text(texts->cnonce, 16);
		texts->cnonce[16] = '\0';
		in.nc = str_of(texts->nc);
		in.cnonce = str_of(texts->cnonce);
		in.qop = STR("auth");
	}
	digest_ha1(s->algorithm, user, str_of(s->realm), password, &ha1);
	in.ha1 = str_make(ha1.s, ha1.len);
	digest_response(s->algorithm, &in, &texts->response);
	explicit_bzero(&ha1, sizeof(ha1));
	*out = (struct rec_digest){
		.username = user, .realm = str_of(s->realm),
		.nonce = in.nonce, .uri = uri,
		.response = str_make(texts->response.s, texts->response.len),
		.algorithm = s->named ?
		    str_of(digest_algorithm_name(s->algorithm)) : STR_NONE,
		.cnonce = in.cnonce, .nc = in.nc, .qop = in.qop,
		.opaque = str_of(s->opaque),
	};
}
