#ifndef SIPD_REQUEST_H
#define SIPD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/str.h"
#include "sipd/msg.h"

/*
 * Requests of our own: CANCEL and ACK made from a request as it was sent, and a
 * request outside any dialog. All append to a bounded text; t->full is -EMSGSIZE.
 */

/*
 * CANCEL for a forwarded request, given as it left us (RFC 3261 section 9.1).
 * reason: value of a Reason header (RFC 3326), or empty. 0, -EBADMSG when sent
 * is no request, -EMSGSIZE.
 */
int	request_cancel(struct text *t, struct str sent, struct str reason);
/* ACK for a final response other than 2xx (section 17.1.1.3). */
int	request_ack(struct text *t, struct str sent,
	    const struct sip_msg *response);

struct request {
	struct str	method;
	struct str	uri;		/* Request-URI */
	struct str	via;		/* whole value, with branch */
	struct str	from;		/* URI */
	struct str	from_tag;
	struct str	to;		/* URI */
	struct str	to_tag;		/* or empty */
	struct str	call_id;
	uint32_t	cseq;
	struct str	contact;	/* URI, or empty */
	struct str	route;		/* a value of Route, or empty */
	int64_t		expires_s;	/* -1: no Expires */
	struct str	agent;		/* User-Agent, or empty */
	bool		proxy;		/* Proxy-Authorization */
	const struct rec_digest *digest;	/* NULL: none */
	struct str	content_type;	/* or empty */
	struct str	body;
};

/* The value of Authorization alone. 0 or -EBADMSG. */
int	request_credential(struct text *t, const struct rec_digest *d);

/*
 * A whole request. 0; -EBADMSG when a field is missing or holds CR, LF or NUL;
 * -EMSGSIZE.
 */
int	request_write(struct text *t, const struct request *r);

#endif
