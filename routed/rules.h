#ifndef ROUTED_RULES_H
#define ROUTED_RULES_H

#include "common/route.h"
#include "common/settings.h"
#include "routed/arena.h"
#include "routed/record.h"

/*
 * Signal rules (FEATURES.md rows 91-100): what is to happen to a request for
 * somebody, at once, after a time, or when nobody answers it. In the grammar of
 * sip.conf; each account, each domain and the server may have a text of them.
 *
 *   rule "after hours" {
 *       priority 7                         # 1 to 10; 5 unless said otherwise
 *       stage    after 20s                 # at-once, busy, no-answer, error,
 *                                          # unregistered
 *       when     operation is INVITE
 *       when     from not-in [*@example.com, boss@elsewhere.example]
 *       redirect ["#voicemail"]            # fork [...], reject 486 [reason], stop
 *   }
 *
 * and the short form that most accounts need:
 *
 *   ring         [bo, +442071234567]       # these too, at once
 *   after 20s    [#voicemail]              # then these instead
 *   unregistered, busy, no-answer, error   [...]
 */
#define RULES_MAX		64	/* of one text */
#define RULE_CONDITIONS_MAX	16
#define RULE_VALUES_MAX		64	/* of one condition */
#define RULE_ACTIONS_MAX	8
#define RULE_ADDRESSES_MAX	16

enum rule_field {
	FIELD_OPERATION,	/* the method */
	FIELD_CALL_TYPE,	/* AV, IM or nothing */
	FIELD_FROM,		/* local@domain, as Access has it */
	FIELD_TO,
	FIELD_FROM_NAME,
	FIELD_AUTHENTICATED,	/* yes, no */
	FIELD_SUBMITTER,	/* the account that signed in, or nothing */
	FIELD_PAYLOAD,		/* type/subtype of the body, or nothing */
	RULE_FIELDS
};

struct condition {
	enum rule_field		 field;
	bool			 not;
	uint8_t			 n;
	const struct pattern	*values;
	const char		*const *texts;	/* as written, for people */
};

enum action_kind { ACTION_REDIRECT, ACTION_FORK, ACTION_REJECT, ACTION_STOP };

struct action {
	enum action_kind	 kind;
	uint16_t		 code;		/* of a reject */
	const char		*reason;
	uint8_t			 n;
	const char		*const *addresses;	/* as written */
};

struct rule {
	const char		*name;
	uint32_t		 line;
	uint8_t			 priority;
	uint8_t			 stage;		/* enum stage_when */
	uint32_t		 after_ms;
	uint8_t			 nconditions, nactions;
	const struct condition	*conditions;
	const struct action	*actions;
};

struct rules {
	struct arena	*memory;
	struct rule	*v;		/* by priority, the highest first */
	uint32_t	 n;
};

/* NULL after complaining, about everything that is wrong. */
struct rules *rules_parse(const char *file, struct str text,
	    struct complaints *out);
void	rules_free(void *rules);	/* NULL is fine */
/* "at once", "after 20 s", "busy" ... */
void	rule_stage_print(const struct rule *r, struct text *out);
extern const char *const rule_field_names[];	/* ends with NULL */

#endif
