#ifndef SIPD_REGISTRATION_H
#define SIPD_REGISTRATION_H

#include <stdbool.h>

#include "common/messages.h"
#include "sipd/admission.h"
#include "sipd/answer.h"
#include "sipd/hop.h"
#include "sipd/inbound.h"

#define CONTACTS_MAX	32	/* in one request; more: 400 */
#define PATHS_MAX	8

/* A REGISTER as a question to regd: q points into the rest and into the message. */
struct registration {
	struct msg_registration	 q;
	bool			 outbound;	/* it makes a flow of RFC 5626 */
	struct rec_contact	 contacts[CONTACTS_MAX];
	struct rec_path		 paths[PATHS_MAX];
	char			 aor[AOR_MAX];
	char			 remote[PEER_TEXT_MAX];
	char			 local[PEER_TEXT_MAX];
};

/*
 * False: *no is the answer. 400 and 413 for what cannot be read, 403 for a
 * contact that nobody may have, 420, 421 and 439 as RFC 3327 and 5626 have it.
 * Uses the core's second text.
 */
bool	registration_read(struct registration *r, const struct inbound *in,
	    const struct admission *adm, struct answer *no);

#endif
