#ifndef SIPD_CONTACT_H
#define SIPD_CONTACT_H

#include "common/messages.h"
#include "common/str.h"
#include "sipd/nameaddr.h"

/*
 * A Contact as the messages of the bus carry it (messages.def, contact): q,
 * expires, +sip.instance and reg-id read out, the other header parameters as
 * text ("a=b;c", no leading ';'). Slices point into the message or scratch.
 *
 * 0; -EBADMSG for a bad q or reg-id, or a Contact that is "*";
 * -EMSGSIZE when scratch is full. A malformed expires counts as 3600 (RFC 3261
 * section 20.10).
 */
int	contact_read(struct rec_contact *out, const struct nameaddr *a,
	    struct text *scratch);

#endif
