#ifndef SIPD_DECISION_H
#define SIPD_DECISION_H

#include <stdint.h>

#include "sipd/admission.h"
#include "sipd/inbound.h"

/*
 * What routed decided about a request outside dialogs, and whether regd confirms
 * its sender.
 */
#define DECISION_TARGETS_MAX 48
#define DECISION_STAGES_MAX 12

struct proxy;

/* One target of routed's decision, copied. */
#define CHOICE_FLOW	255	/* value and next_hop: its ends, as hop_parse() has them */
struct choice {
	uint8_t	 kind;		/* enum target_kind, or CHOICE_FLOW */
	uint8_t	 stage;		/* index into stages */
	uint16_t q;		/* 0..1000: the higher are tried before */
	bool	 failover;	/* only if those gave no answer, a 5xx or a 6xx */
	char	*value;
	char	*next_hop;
	/* of a gateway, see RECORD(target); NULL: "" */
	char	*failover_codes, *caller_id;
};

/* When a group of them is tried; the first of all is tried at once. */
struct stage {
	uint8_t	 when;		/* enum stage_when */
	bool	 replaces;	/* those that ring; else it joins them */
	bool	 begun;
	uint16_t code;		/* refuse with this; 0: there are targets */
	uint32_t after_ms;
};

struct decision {
	uint16_t	if_confirmed;
	uint16_t	if_not;
	char		reason[64];
	unsigned	n;
	struct choice	*choices;	/* as many as there are: a call that rings has */
	unsigned	nstages;	/* its decision until it is answered */
	struct stage	*stages;
};

/*
 * Asks routed (unless it goes to a flow, as our Path has it) and, about a credential,
 * regd. Their answers refuse p, challenge it or start its targets, at the latest after
 * their deadline of 3 s.
 */
void	decision_ask(struct proxy *p, const struct inbound *in,
	    const struct admission *a, const struct hop *flow);
/*
 * Of a call that rings since before this process: what may still happen to it later
 * (stages.h) is asked for; nothing else of the answer counts.
 */
void	decision_again(struct proxy *p);
void	decision_free(struct decision *d);	/* NULL is fine */

#endif
