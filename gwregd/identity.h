#ifndef GWREGD_IDENTITY_H
#define GWREGD_IDENTITY_H

#include <stdbool.h>

#include "common/settings.h"

/*
 * What a gateway block says of a registration, as the texts of a REGISTER: two
 * blocks with the same identity make the same registration. The password is no
 * part of it.
 */
#define IDENTITY_TEXT	640
#define IDENTITY_PRINT	128

struct identity {
	char	aor[IDENTITY_TEXT];		/* From and To */
	char	uri[IDENTITY_TEXT];		/* Request-URI */
	char	contact[IDENTITY_TEXT];
	char	next_hop[IDENTITY_TEXT];	/* "" : the Request-URI's */
	char	user[IDENTITY_TEXT];		/* of the digest */
};

/* s: for the contact, where the block does not say it. */
void	identity_make(struct identity *id, const struct gateway_settings *set,
	    const struct settings *s);
bool	identity_equal(const struct identity *a, const struct identity *b);
/* The whole as one word, the same in every process. */
void	identity_print(const struct identity *id, char out[IDENTITY_PRINT]);

#endif
