#ifndef SIPCTL_SELFSIGNED_H
#define SIPCTL_SELFSIGNED_H

#include <sys/types.h>

/*
 * A certificate for domain that signs itself, with a new key (EC P-256): for the
 * first start of a house that has none yet. It names sip:domain and domain (RFC
 * 5922) and ends after a year. Both files are new; the key's is 0640 and belongs to
 * gid, whose members are the daemons. 0, or -errno: -EEXIST when one is there.
 */
int	selfsigned_make(const char *domain, const char *chain_path,
	    const char *key_path, gid_t gid);

#endif
