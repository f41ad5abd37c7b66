#ifndef REGD_CREDENTIAL_H
#define REGD_CREDENTIAL_H

#include "regd/regd.h"

/*
 * What came of a question's digests: auth.c's verdict, within the budget of
 * wrong ones (S03), and with what the account is set to.
 */
struct credential {
	struct auth_result auth;
	struct user_policy policy;	/* of auth.account, when good */
	bool		 slowly;	/* its answer is not urgent */
};

/* source: a flow. credential_fini() afterwards. */
void	credential_judge(struct regd *r, const struct auth_question *q,
	    struct str source, struct credential *out);
void	credential_fini(struct credential *c);
/* May the account use this method there (row 47)? */
bool	credential_allows(struct regd *r, const struct user_policy *p,
	    struct str method, struct str uri);

/*
 * The hash of everything in the question but what a repetition has anew.
 * Without credentials there is nothing to repeat safely.
 */
uint64_t credential_print(struct regd *r, enum msg_type type, const void *question);

extern const struct bus_handler credential_handlers[];	/* CREDENTIAL */

#endif
