/*
 * challenge - the challenges of a 401 or 407 for gwregd.
 *
 * send.c reads them of answers to REGISTER, leg_gateway.c of answers to calls.
 */
#include "sipd/challenge.h"

#include "sipd/core.h"
#include "sipd/msg.h"

static void
read_header(struct challenges *c, const struct sip_msg *m, enum header id)
{
	struct auth	a;
	struct text	scratch;
	unsigned	line = 0;

	while (c->n < CHALLENGES_MAX) {
		text_init(&scratch, c->scratch + c->n * AUTH_SCRATCH, AUTH_SCRATCH);
		if (auth_next(&a, m, id, &line, &scratch) != 1)
			break;
		if (a.realm.len > URI_MAX || a.nonce.len > URI_MAX ||
		    a.opaque.len > URI_MAX || a.algorithm.len > ID_MAX ||
		    a.qop.len > ID_MAX)
			continue;
		c->v[c->n++] = (struct rec_challenge){
			.proxy = id == HDR_PROXY_AUTHENTICATE, .realm = a.realm,
			.nonce = a.nonce, .opaque = a.opaque,
			.algorithm = a.algorithm, .qop = a.qop, .stale = a.stale,
		};
	}
}

void
challenges_read(struct challenges *c, const struct sip_msg *m)
{
	c->n = 0;
	read_header(c, m, HDR_WWW_AUTHENTICATE);
	read_header(c, m, HDR_PROXY_AUTHENTICATE);
}
