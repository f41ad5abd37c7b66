/*
 * nat - far-end NATs, told from what a party writes and where it is seen.
 *
 * targets.c asks for the way to a contact, media_policy.c for media, ping.c for whom
 * to keep reachable.
 */
#include "sipd/nat.h"

static bool
is_nated(const struct settings *s, const struct addr *a)
{
	return nets_have(&s->nated_networks, a);
}

bool
nat_is_same(const struct settings *s, const struct addr *a, const struct addr *b)
{
	return addr_eq_host(a, b) || nets_same(&s->nat_ranges, a, b);
}

/* What a written address says of where it is seen: NONE, MISMATCH, CONTACT. */
static enum nat_sign
sign_of(const struct settings *s, const struct addr *seen, struct str host)
{
	struct addr	named;

	if (host.len == 0 || addr_parse(&named, host, 0) < 0 ||
	    nat_is_same(s, &named, seen))
		return NAT_NONE;
	if (is_nated(s, &named))
		return is_nated(s, seen) ? NAT_NONE : NAT_CONTACT;
	return s->nat_mismatch && !is_nated(s, seen) ? NAT_MISMATCH : NAT_NONE;
}

enum nat_sign
nat_sign(const struct settings *s, const struct party *p)
{
	const struct addr	*seen = &p->at->remote;
	enum nat_sign		 contact, via;

	if (seen->len == 0 || addr_is_loopback(seen))
		return NAT_NONE;
	if (nets_have(&s->nat_routers, seen))
		return NAT_ROUTER;
	if (nets_have(&s->nat_servers, seen))
		return NAT_SERVER;
	contact = sign_of(s, seen, p->contact);
	via = sign_of(s, seen, p->via);
	if (contact == NAT_CONTACT)
		return NAT_CONTACT;
	if (via == NAT_CONTACT)
		return NAT_VIA;
	if (contact != NAT_NONE || via != NAT_NONE)
		return contact != NAT_NONE ? contact : via;
	return s->nat_sdp && p->media.len != 0 && is_nated(s, &p->media) &&
	    !is_nated(s, seen) && !nat_is_same(s, &p->media, seen) ? NAT_SDP : NAT_NONE;
}

enum side
nat_side(const struct settings *s, const struct party *p)
{
	if (nat_sign(s, p) != NAT_NONE)
		return SIDE_NAT;
	return nets_have(&s->lan_networks, &p->at->remote) ? SIDE_LAN : SIDE_OUTSIDE;
}

const char *
nat_sign_text(enum nat_sign sign)
{
	switch (sign) {
	case NAT_NONE:
		return "no NAT";
	case NAT_CONTACT:
		return "a NAT: its Contact is of nated-networks";
	case NAT_VIA:
		return "a NAT: its Via is of nated-networks";
	case NAT_MISMATCH:
		return "a NAT: it writes another address than it is seen from";
	case NAT_ROUTER:
		return "a NAT: seen from nat-routers";
	case NAT_SERVER:
		return "a NAT: it is one of nat-servers";
	case NAT_SDP:
		return "a NAT: its SDP names an address of nated-networks";
	}
	return "";
}
