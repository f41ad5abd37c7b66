#ifndef REGD_USER_ROW_H
#define REGD_USER_ROW_H

#include "common/route.h"
#include "common/uri.h"
#include "regd/regd.h"

#define OWN_MAX		2048	/* octets of an account's own settings */

/*
 * One row of a USER_PUT: regd, user and import are the caller's, the rest is
 * filled in by user_row_judge(). Slices of account point into the message, the
 * account that was there, and the row itself.
 */
struct user_row {
	struct regd	*regd;
	const struct rec_user *user;
	uint32_t	 import;	/* its number, 0: by hand */
	struct str	 aor;
	struct store_account account;
	const char	*field;		/* what is wrong: the column */
	char		 why[512];	/* and why */
	char		 aor_buf[AOR_MAX];
	char		 own[OWN_MAX];
	char		 octets[DIGEST_ALGORITHMS][HA1_FORMS][DIGEST_HEX_MAX / 2];
};

/* The HA1 values by the names that import and export have for them. */
struct ha1_column {
	const char	*name;
	enum digest_algorithm algorithm;
	enum ha1_form	 form;
	size_t		 offset;	/* of its str in rec_user */
};
#define HA1_COLUMNS	(DIGEST_ALGORITHMS * HA1_FORMS)
extern const struct ha1_column ha1_columns[HA1_COLUMNS];

/*
 * account becomes what is there already, changed as the row says. False: why tells,
 * in words that name the row.
 */
bool	user_row_judge(struct user_row *row, enum user_mode mode);

#endif
