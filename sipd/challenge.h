#ifndef SIPD_CHALLENGE_H
#define SIPD_CHALLENGE_H

#include "common/messages.h"
#include "sipd/auth_header.h"

/* The digest challenges of a response, as messages have them. Big. */
#define CHALLENGES_MAX	8

struct challenges {
	uint32_t		n;
	struct rec_challenge	v[CHALLENGES_MAX];	/* slices of m or of scratch */
	char			scratch[CHALLENGES_MAX * AUTH_SCRATCH];
};

/* WWW-Authenticate first; what is too long for a message is left out. */
void	challenges_read(struct challenges *c, const struct sip_msg *m);

#endif
