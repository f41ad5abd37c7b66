#ifndef SIPD_AUTH_HEADER_H
#define SIPD_AUTH_HEADER_H

#include <stdbool.h>

#include "common/messages.h"
#include "common/str.h"
#include "sipd/header.h"

struct sip_msg;

/*
 * Authorization, Proxy-Authorization, WWW-Authenticate, Proxy-Authenticate and
 * Authentication-Info (RFC 3261 sections 20.7, 20.27, 20.28, 20.44; RFC 7616):
 * one set of credentials or one challenge a header line.
 */
#define AUTH_VALUE_MAX	4096	/* octets of one header value; more: -EBADMSG */
#define AUTH_SCRATCH	4096	/* enough for any one value */

enum auth_scheme {
	AUTH_DIGEST,
	AUTH_BASIC,
	AUTH_NTLM,
	AUTH_OTHER,
};

/* Missing parameters are empty slices with NULL; values are unquoted. */
struct auth {
	enum auth_scheme scheme;
	struct str	scheme_text;
	struct str	rest;		/* after the scheme, as written */
	struct str	username;
	struct str	realm;
	struct str	nonce;
	struct str	uri;
	struct str	response;
	struct str	algorithm;
	struct str	cnonce;
	struct str	nc;
	struct str	qop;		/* a challenge: the list, "auth,auth-int" */
	struct str	opaque;
	struct str	domain;
	bool		stale;
};

/*
 * value is a whole header value. Values without a backslash are slices of it,
 * others are unescaped into scratch. Only Digest is taken apart; of the others
 * scheme and rest are given. -EBADMSG for bad syntax, a parameter given twice,
 * NUL, CR or LF in a value, or a value that is too long; -EMSGSIZE when scratch
 * is full.
 */
int	auth_parse(struct auth *out, struct str value, struct text *scratch);

/*
 * The next Digest of the lines of one header: 1, 0 at the end. Lines that do
 * not parse and other schemes are passed over. *line is 0 to begin with.
 */
int	auth_next(struct auth *out, const struct sip_msg *m, enum header id,
	    unsigned *line, struct text *scratch);

/* As the messages of the bus have it. */
void	auth_to_record(struct rec_digest *out, const struct auth *a);

#endif
