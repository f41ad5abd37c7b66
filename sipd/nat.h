#ifndef SIPD_NAT_H
#define SIPD_NAT_H

#include <stdbool.h>

#include "common/settings.h"
#include "sipd/hop.h"

/*
 * Who is behind a NAT that is not ours (FEATURES.md a.2 C; rows 145 and 148 to 152), and
 * on which side of us a party is. By addresses alone: what the party names itself,
 * in Contact, Via and SDP, and where it is seen.
 */
enum nat_sign {
	NAT_NONE,
	NAT_CONTACT,		/* Contact: an address of "nated-networks" */
	NAT_VIA,		/* Via: the same */
	NAT_MISMATCH,		/* both are public, and differ */
	NAT_ROUTER,		/* seen from "nat-routers": they change the headers */
	NAT_SERVER,		/* seen from "nat-servers" */
	NAT_SDP,		/* where it wants media: as NAT_CONTACT */
};

enum side {
	SIDE_OUTSIDE,
	SIDE_LAN,
	SIDE_NAT,
};

/* A party: where it is seen, and the hosts it writes; "" when not known. */
struct party {
	const struct hop	*at;
	struct str		 contact;	/* host of its Contact */
	struct str		 via;		/* host of its topmost Via */
	struct addr		 media;		/* of its SDP; len 0: not known */
};

enum nat_sign	nat_sign(const struct settings *s, const struct party *p);
enum side	nat_side(const struct settings *s, const struct party *p);
/* The same NAT: one address, or two of one range of "nat-ranges" (row 152). */
bool		nat_is_same(const struct settings *s, const struct addr *a,
		    const struct addr *b);
/* "a NAT: its Contact is private": for the log and the recorder. */
const char	*nat_sign_text(enum nat_sign sign);

#endif
