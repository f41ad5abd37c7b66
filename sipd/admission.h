#ifndef SIPD_ADMISSION_H
#define SIPD_ADMISSION_H

#include "common/digest.h"
#include "common/messages.h"
#include "common/uri.h"
#include "sipd/auth_header.h"
#include "sipd/inbound.h"

/*
 * The door: who must show a credential, and has one that is worth judging.
 * Stateless: a challenge stores nothing and asks nobody (DESIGN.md 3). The
 * credential itself is judged by regd.
 */
#define DIGESTS_MAX	4

struct admission {
	struct str	 realm;		/* to challenge with */
	struct str	 from_aor;	/* canonical; "" when it has none */
	bool		 from_local;	/* From is in one of our domains */
	bool		 needed;	/* the settings want a credential */
	bool		 stale;		/* a nonce of ours was there, but too old */
	uint16_t	 code;		/* 401 or 407, should it be challenged */
	struct rec_digest digests[DIGESTS_MAX];	/* those with a good nonce */
	uint32_t	 ndigests;
	/* private: what the slices above point into */
	char		 aor_buf[AOR_MAX];
	struct digest_hex hashes[DIGESTS_MAX];
	char		 scratch[DIGESTS_MAX * AUTH_SCRATCH];
};

/*
 * Looks at From, the settings and the credentials. answered_here: the request
 * is for ourselves (401), else it would be forwarded (407).
 */
void	admission_look(struct admission *a, const struct inbound *in,
	    bool answered_here);
/* Is it a call to one of "emergency-numbers" (row 127)? */
bool	admission_urgent(const struct sip_msg *m);
/* Needed, but no credential is worth asking regd about. */
bool	admission_must_challenge(const struct admission *a);
/* Sends the challenge, statelessly. */
void	admission_challenge(const struct admission *a, const struct inbound *in);

#endif
