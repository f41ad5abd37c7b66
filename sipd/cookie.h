#ifndef SIPD_COOKIE_H
#define SIPD_COOKIE_H

#include <stdbool.h>

#include "common/keys.h"
#include "common/str.h"
#include "sipd/hop.h"

/*
 * The cookie in our Record-Route: what sipd must know to route within a dialog
 * without having seen it begin (RELIABILITY 0.5). It names both ends' hops and
 * whether media are proxied, and is signed over Call-ID and the caller's tag,
 * so that it is of no use in another dialog (S14). Which of the two tags of a
 * request verifies it tells who sent the request.
 */
struct cookie {
	struct hop	caller;
	struct hop	callee;
	/* Follow the hop, not the Request-URI: a stream, or behind a NAT. */
	bool		caller_by_flow;
	bool		callee_by_flow;
	bool		media;		/* mediad has a session for this dialog */
};

#define COOKIE_TEXT_MAX	176

void	cookie_init(const struct keyring *k);
/* Writes the text; returns its length. */
size_t	cookie_make(const struct cookie *c, struct str call_id,
	    struct str caller_tag, char out[COOKIE_TEXT_MAX]);
/*
 * 0, or -EBADMSG for one that is not ours, not of this dialog or changed.
 * *from_caller: the request with these tags was sent by the caller.
 */
int	cookie_read(struct cookie *out, struct str text, struct str call_id,
	    struct str from_tag, struct str to_tag, bool *from_caller);

/*
 * The token in our Path (RFC 5626 section 5.3): the flow that a REGISTER came by.
 * Who shows it was told the way by that phone's registrar, or is the phone.
 */
#define FLOW_TOKEN_MAX	72

size_t	flow_token_make(const struct hop *h, char out[FLOW_TOKEN_MAX]);
/* 0, or -EBADMSG for one that is not ours or was changed. */
int	flow_token_read(struct hop *out, struct str text);

#endif
