#ifndef SIPD_CONTACTS_H
#define SIPD_CONTACTS_H

#include "sipd/replica.h"

/*
 * The set of one AOR in a single block, copied from a message of regd's; free()
 * ends it. No binding: a tombstone. A flow that cannot be read is left out of
 * its contact (transport NONE).
 */
struct aor *contacts_new(struct str name, uint64_t version, uint64_t hash,
	    const struct rec_binding *bindings, uint32_t n, struct mono now);

#endif
