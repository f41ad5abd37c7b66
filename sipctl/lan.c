/*
 * lan - which networks this machine is in.
 *
 * init.c writes them into the first sip.conf: from then on they are the
 * administrator's, who may know better.
 */
#include "sipctl/lan.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "common/addr.h"

#define LAN_MAX	32	/* networks; a machine with more is described by hand */

static size_t
sockaddr_len(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
}

static void
addr_of(struct addr *a, const struct sockaddr *sa)
{
	a->len = (socklen_t)sockaddr_len(sa);
	memcpy(&a->sa, sa, a->len);
	addr_set_port(a, 0);
}

/* False: not up, not private, or not of an IP family. */
static bool
network_of(struct net *out, const struct ifaddrs *i)
{
	struct addr	 mask;
	const uint8_t	*m;
	uint8_t		*host;
	size_t		 n;

	if (i->ifa_addr == NULL || i->ifa_netmask == NULL ||
	    (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0 ||
	    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
		return false;
	*out = (struct net){ .bits = 0 };
	addr_of(&out->addr, i->ifa_addr);
	if (!addr_is_private(&out->addr))
		return false;
	addr_of(&mask, i->ifa_netmask);
	mask.sa.sa_family = out->addr.sa.sa_family;	/* some kernels leave it out */
	m = (const uint8_t *)addr_bytes(&mask).s;
	host = (uint8_t *)(uintptr_t)addr_bytes(&out->addr).s;
	n = addr_bytes(&out->addr).len;
	for (size_t k = 0; k < n; k++) {
		host[k] &= m[k];
		out->bits += (uint8_t)__builtin_popcount(m[k]);
	}
	return true;
}

static bool
has(const struct net *v, unsigned n, const struct net *net)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i].bits == net->bits && addr_eq_host(&v[i].addr, &net->addr))
			return true;
	return false;
}

void
lan_write(struct text *t)
{
	struct net	 v[LAN_MAX];
	unsigned	 n = 0;
	struct ifaddrs	*all;
	char		 buf[ADDR_TEXT_MAX];

	if (getifaddrs(&all) == -1)
		return;
	for (const struct ifaddrs *i = all; i != NULL && n < LAN_MAX; i = i->ifa_next) {
		if (!network_of(&v[n], i) || has(v, n, &v[n]))
			continue;
		text_printf(t, "%s%.*s/%u", n > 0 ? ", " : "",
		    STR_ARG(addr_print_host(&v[n].addr, buf)), v[n].bits);
		n++;
	}
	freeifaddrs(all);
}
