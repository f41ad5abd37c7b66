/*
 * media_policy - whether media need a proxy between two parties.
 *
 * leg_media.c asks before it asks mediad. Steps as in FEATURES.md a.2 D.
 */
#include "sipd/media_policy.h"

#include <string.h>

#define NETWORK_OCTETS4	3
#define NETWORK_OCTETS6	8

/* Do they name addresses of one network? Names say nothing. */
static bool
share_network(const struct party *a, const struct party *b)
{
	struct addr	x, y;
	size_t		n;

	if (addr_parse(&x, a->contact, 0) < 0 || addr_parse(&y, b->contact, 0) < 0 ||
	    x.sa.sa_family != y.sa.sa_family)
		return false;
	n = x.sa.sa_family == AF_INET6 ? NETWORK_OCTETS6 : NETWORK_OCTETS4;
	return memcmp(addr_bytes(&x).s, addr_bytes(&y).s, n) == 0;
}

/* Both are behind one NAT. */
static enum media_why
same_nat(const struct settings *s, const struct party *a, const struct party *b)
{
	return s->media_same_nat == SAME_NAT_NETWORK && !share_network(a, b) ?
	    MEDIA_NETWORKS : MEDIA_SAME_NAT;
}

static bool
decide(const struct settings *s, const struct party *a, const struct party *b,
    enum media_why *why)
{
	enum side	sa = nat_side(s, a), sb = nat_side(s, b);

	if (a->at->remote.sa.sa_family != b->at->remote.sa.sa_family)
		*why = MEDIA_FAMILIES;
	else if (sa == SIDE_NAT && sb == SIDE_NAT &&
	    nat_is_same(s, &a->at->remote, &b->at->remote))
		*why = same_nat(s, a, b);
	else if (sa == SIDE_NAT && sb == SIDE_NAT)
		*why = MEDIA_NATS;
	else if (sa == SIDE_NAT)
		*why = MEDIA_CALLER_NAT;
	else if (sb == SIDE_NAT)
		*why = MEDIA_CALLEE_NAT;
	else
		*why = sa == sb ? MEDIA_SAME_SIDE : MEDIA_LAN;
	return *why != MEDIA_SAME_SIDE &&
	    (*why != MEDIA_SAME_NAT || s->media_same_nat == SAME_NAT_PROXIED);
}

bool
media_wanted(const struct settings *s, const struct party *a,
    const struct party *b, enum media_why *why)
{
	if (s->media_policy == MEDIA_AUTO)
		return decide(s, a, b, why);
	*why = MEDIA_SETTING;
	return s->media_policy == MEDIA_ALWAYS;
}

const char *
media_why_text(enum media_why why)
{
	static const char *const texts[MEDIA_WHYS] = {
		[MEDIA_UNKNOWN] = "decided before a restart",
		[MEDIA_SETTING] = "by media-policy",
		[MEDIA_FAMILIES] = "IPv4 and IPv6",
		[MEDIA_LAN] = "LAN and outside",
		[MEDIA_CALLER_NAT] = "the caller is behind a NAT",
		[MEDIA_CALLEE_NAT] = "the callee is behind a NAT",
		[MEDIA_NATS] = "behind different NATs",
		[MEDIA_SAME_NAT] = "behind the same NAT",
		[MEDIA_NETWORKS] = "behind the same NAT, in different networks",
		[MEDIA_SAME_SIDE] = "on the same side",
	};

	return texts[why < MEDIA_WHYS ? why : MEDIA_UNKNOWN];
}
