/*
 * core_us - who we are: our addresses, our domains, and the names of their users.
 */
#include "sipd/core_own.h"

#include "common/daemon.h"
#include "sipd/domains.h"
#include "sipd/worker.h"

static bool
is_listener(const struct addr *a, const struct addr *received_on)
{
	const struct settings	*set = settings_now();
	const struct addr	*l;
	struct addr		 told;

	for (size_t i = 0; i < set->listen.n; i++) {
		l = &set->listen.v[i].addr;
		if (listen_told(&set->listen.v[i], &told) && addr_eq(&told, a))
			return true;
		if (addr_port(l) != addr_port(a))
			continue;
		if (addr_eq_host(l, a) || (addr_is_wildcard(l) &&
		    addr_eq_host(received_on, a)))
			return true;
	}
	return false;
}

bool
core_is_us(const struct inbound *in, const struct uri *u)
{
	struct addr	a;
	uint16_t	port = u->port;

	if (u->scheme != URI_SIP && u->scheme != URI_SIPS)
		return false;
	if (port == 0)
		port = u->scheme == URI_SIPS || uri_transport(u) == TRANSPORT_TLS ?
		    SIPS_PORT : SIP_PORT;
	if (addr_parse(&a, u->host, port) == 0)
		return is_listener(&a, &in->p->from.local);
	return domain_is_local(u->host);
}

struct str
core_aor(const struct inbound *in, const struct uri *u, char buf[AOR_MAX])
{
	struct uri	meant = *u;

	if (!domain_is_local(u->host) && core_is_us(in, u))
		meant.host = domain_main();
	else
		meant.host = domain_canonical(u->host);
	return uri_aor(&meant, buf);
}
