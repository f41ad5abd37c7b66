/*
 * media_policy - who is where, and whether media need a proxy between them.
 *
 * media.c asks before it asks mediad. Steps as in FEATURES.md a.2 C and D.
 */
#include "sipd/media_policy.h"

enum leg_class
leg_classify(const struct settings *s, const struct hop *h, struct str host)
{
	struct addr	named;

	if (h->remote.sa.sa_family == AF_INET6)
		return LEG_V6;
	if (host.len > 0 && addr_parse(&named, host, 0) == 0 &&
	    nets_have(&s->nated_networks, &named) &&
	    !nets_have(&s->nated_networks, &h->remote) &&
	    !addr_is_loopback(&h->remote))
		return LEG_NAT;
	if (nets_have(&s->lan_networks, &h->remote))
		return LEG_LAN;
	return LEG_WAN;
}

bool
media_wanted(const struct settings *s, const struct hop *a, struct str a_host,
    const struct hop *b, struct str b_host)
{
	enum leg_class	ca, cb;

	if (s->media_policy != MEDIA_AUTO)
		return s->media_policy == MEDIA_ALWAYS;
	ca = leg_classify(s, a, a_host);
	cb = leg_classify(s, b, b_host);
	if (ca == LEG_NAT && cb == LEG_NAT)	/* behind the same one: direct */
		return !addr_eq_host(&a->remote, &b->remote);
	return ca != cb;
}
