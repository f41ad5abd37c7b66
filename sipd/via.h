#ifndef SIPD_VIA_H
#define SIPD_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * One value of Via (RFC 3261 sections 18.2.1, 20.42; RFC 3581), as slices of
 * the text it was read from.
 */
struct via {
	enum transport	transport;	/* NONE: one we do not know */
	struct str	transport_text;
	struct str	sent_by;	/* "host[:port]" as written, no blanks around */
	struct str	host;		/* with brackets when IPv6 */
	uint16_t	port;		/* 0: none written */
	struct str	params;		/* after the first ';', without it */
	struct str	branch;		/* empty: none */
	bool		magic;		/* branch is z9hG4bK and more (RFC 3261) */
	struct str	received;	/* without brackets; empty: none */
	bool		has_rport;
	uint16_t	rport;		/* 0: rport without a value */
	struct str	maddr;		/* empty: none */
	struct str	text;		/* the whole value, no blanks around */
	/* The whole parameters "received=..." and "rport..." where present. */
	struct str	received_text;
	struct str	rport_text;
};

/*
 * Reads the first value of *rest and cuts it off, with its comma. Blanks and
 * folds are allowed wherever RFC 3261 section 25.1 has them. -EBADMSG: *out and
 * *rest untouched.
 */
int	via_parse(struct via *out, struct str *rest);

/* A value of our own: "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK...", appended. */
void	via_write(struct text *t, enum transport transport, const struct addr *sent_by,
	    struct str branch);

/*
 * Where a response with this Via goes by RFC 3261 section 18.2.2 and RFC 3581:
 * received or else sent-by host; rport, or the sent-by port, or the default one.
 * maddr is used when there is one. False when the host is a name, which has to
 * be looked up first; then *out is untouched.
 */
bool	via_response_addr(const struct via *v, struct addr *out);

/*
 * What the receiver adds to the top Via (RFC 3261 section 18.2.1, RFC 3581
 * section 4): pieces of text to put in place of parts of v->text, in order.
 * received= is written when the sent-by host is not literally the source's
 * address or rport was asked for; what the sender wrote there is replaced.
 */
#define VIA_PATCHES	2
struct via_patch {
	struct str	old;		/* within v->text; may be empty */
	struct str	with;		/* points into buf */
};
#define VIA_PATCH_BUF	160
/* Returns the number of patches, 0 to VIA_PATCHES. */
unsigned via_stamp(const struct via *v, const struct addr *source,
	    struct via_patch out[VIA_PATCHES], char buf[VIA_PATCH_BUF]);

#endif
