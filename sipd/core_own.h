#ifndef SIPD_CORE_OWN_H
#define SIPD_CORE_OWN_H

#include "sipd/core.h"

/*
 * The inside of the fork in the road, shared by core.c (messages, responses) and
 * core_request.c. Nobody else includes it.
 */
#define SIP_PORT	5060
#define SIPS_PORT	5061

/*
 * What identifies a message, or goes to other daemons as a text, has a bound:
 * hashes and questions are made of it whole, or not at all. NULL, or what is
 * too long; *code is the answer.
 */
const char *core_too_long(const struct sip_msg *m, uint16_t *code);
/* A request that parses, from answer_back() on. */
void	core_request(struct inbound *in);

#endif
