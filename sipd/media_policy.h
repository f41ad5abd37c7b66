#ifndef SIPD_MEDIA_POLICY_H
#define SIPD_MEDIA_POLICY_H

#include <stdbool.h>

#include "common/settings.h"
#include "sipd/nat.h"

/*
 * Whether media go through mediad (FEATURES.md a.2 D, row 141), and why: what the call
 * table shows. The numbers stand in records that outlive the process.
 */
enum media_why {
	MEDIA_UNKNOWN,		/* decided by a process before this one */
	MEDIA_SETTING,		/* "media-policy" */
	MEDIA_FAMILIES,		/* IPv4 and IPv6 */
	MEDIA_LAN,		/* LAN and outside */
	MEDIA_CALLER_NAT,
	MEDIA_CALLEE_NAT,
	MEDIA_NATS,		/* behind different NATs */
	MEDIA_SAME_NAT,		/* behind the same one */
	MEDIA_SAME_SIDE,
	MEDIA_NETWORKS,		/* behind the same one, in different networks */
	MEDIA_WHYS,
};

/* a is the caller. True: through mediad. */
bool	media_wanted(const struct settings *s, const struct party *a,
	    const struct party *b, enum media_why *why);
const char *media_why_text(enum media_why why);

#endif
