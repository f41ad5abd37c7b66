#ifndef SIPCTL_PSEUDONYM_H
#define SIPCTL_PSEUDONYM_H

#include "common/addr.h"

/*
 * Names that stand for others: the same for the same, counted up in the order in
 * which they are asked for, so that nothing leads back.
 */
enum pseudonym_kind {
	USER,			/* user3 */
	NUMBER,			/* +0000000003, as long as it was */
	NAME,			/* Name 3 */
	HOST,			/* host3.example; case does not matter */
	CALL_ID,		/* call3 */
	PUBLIC4, PRIVATE4, PUBLIC6, PRIVATE6,	/* pseudonym_address() chooses */
	PSEUDONYM_KINDS
};

struct pseudonyms;			/* opaque */

struct pseudonyms *pseudonyms_new(void);
void	pseudonyms_free(struct pseudonyms *a);

/* Borrowed until pseudonyms_free(). */
const char *pseudonym(struct pseudonyms *a, enum pseudonym_kind kind, struct str original);
/* Without port and brackets, of documentation (RFC 5737, 3849) or of private networks. */
const char *pseudonym_address(struct pseudonyms *a, const struct addr *addr);
/* Was it asked for before? */
bool	pseudonym_known(const struct pseudonyms *a, enum pseudonym_kind kind,
	    struct str original);

#endif
