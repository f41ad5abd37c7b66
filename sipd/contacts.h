#ifndef SIPD_CONTACTS_H
#define SIPD_CONTACTS_H

#include "sipd/replica.h"

/*
 * The set of one AOR in a single block, packed from a message of regd's; free()
 * ends it. No binding: a tombstone. A flow that cannot be read is left out of
 * its contact (transport NONE). name: at most 255 octets.
 */
struct aor *contacts_new(struct str name, uint64_t version,
	    const struct rec_binding *bindings, uint32_t n, struct mono now);

/* All contacts of one AOR side by side, for who compares them. */
struct contacts {
	struct contact	v[AOR_CONTACTS_MAX];
	uint32_t	n;
};
/* a NULL: none. */
void	contacts_read(const struct aor *a, struct contacts *out);

#endif
