#ifndef SIPD_MEDIA_POLICY_H
#define SIPD_MEDIA_POLICY_H

#include <stdbool.h>

#include "common/settings.h"
#include "sipd/hop.h"

/*
 * Whether media go through mediad (FEATURES a.2 D, rows 141 and 145-148): the
 * class of each leg, and the rule over both.
 */
enum leg_class {
	LEG_WAN,
	LEG_LAN,
	LEG_NAT,		/* behind a NAT that is not ours */
	LEG_V6,
};

/*
 * host: the address that the party names itself (of Contact), "" when not
 * known; a name instead of an address says nothing.
 */
enum leg_class	leg_classify(const struct settings *s, const struct hop *h,
	    struct str host);
bool		 media_wanted(const struct settings *s, const struct hop *a,
	    struct str a_host, const struct hop *b, struct str b_host);

#endif
