#ifndef REGD_AUTH_H
#define REGD_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/keys.h"
#include "common/messages.h"
#include "common/route.h"
#include "common/settings.h"
#include "common/uri.h"
#include "regd/accounts.h"
#include "regd/ncwindow.h"

/*
 * Is a digest good? RFC 7616 and RFC 8760 as narrowed for SIP by RFC 3261
 * section 22.4: a nonce of ours, and an algorithm and qop that the settings
 * offer. Unknown users cost what known ones cost (S02).
 */
struct auth {
	const struct accounts	*accounts;
	struct nc_table		*nc;
	struct keyring		 nonces;
};

struct auth_question {
	struct str	method;
	struct str	uri;		/* Request-URI */
	const struct rec_digest *digests;
	uint32_t	ndigests;
	uint64_t	fingerprint;	/* of the whole question: nc_fingerprint() */
	int64_t		wall_ms;
	int64_t		boot_ms;
};

struct auth_result {
	enum verdict	verdict;
	const struct account *account;	/* when good; borrowed */
	uint8_t		algorithm;	/* when good: as "digest-algorithms" counts */
	const char	*reason;	/* for the log, never for the wire */
	uint32_t	wrong;		/* passwords that were wrong */
	bool		again;		/* a repetition of a question judged good */
	uint16_t	code;		/* and how that ended: nc_settle(), or 0 */
	uint64_t	nonce;		/* nc_hash(), for nc_settle_hash() */
};

/* The address that a digest claims to be of; "" when that is none. */
struct str auth_claim(const struct rec_digest *d, char buf[AOR_MAX]);

/* The first good digest counts; none good but one with an old nonce: stale. */
void	auth_judge(struct auth *a, const struct settings *set,
	    const struct auth_question *q, struct auth_result *out);

#endif
