#ifndef SIPD_DECISION_H
#define SIPD_DECISION_H

#include <stdint.h>

#include "sipd/admission.h"
#include "sipd/inbound.h"

/*
 * What routed decided about a request outside dialogs, and whether regd confirms
 * its sender.
 */
#define DECISION_TARGETS_MAX 16

struct proxy;

/* One target of routed's decision, copied. */
struct choice {
	uint8_t	 kind;		/* enum target_kind */
	uint16_t q;		/* 0..1000: the higher are tried before */
	char	*value;
	char	*next_hop;
};

struct decision {
	uint16_t	if_confirmed;
	uint16_t	if_not;
	char		reason[64];
	unsigned	n;
	struct choice	choices[DECISION_TARGETS_MAX];
};

/*
 * Asks routed and, about a credential, regd. Their answers refuse p, challenge it
 * or start its targets, at the latest after their deadline of 3 s.
 */
void	decision_ask(struct proxy *p, const struct inbound *in,
	    const struct admission *a);
void	decision_free(struct decision *d);	/* NULL is fine */

#endif
