/*
 * way - where a URI or a Via leads, as far as its text says so.
 *
 * What it leaves open, the address of a name, is nexthop.c's business. RFC 3263
 * sections 4 and 5.
 */
#include "sipd/way.h"

#include <errno.h>

uint16_t
way_port(enum transport t)
{
	return t == TRANSPORT_TLS ? 5061 : 5060;
}

/*
 * RFC 3263 section 4: TARGET is maddr where there is one. A number needs no look;
 * the transport is the one written, else UDP, or TLS for sips.
 */
int
way_of_uri(struct way *out, const struct uri *u)
{
	struct way	y = { .host = u->host, .port = u->port };
	enum transport	t;

	if (u->scheme != URI_SIP && u->scheme != URI_SIPS)
		return -EPROTONOSUPPORT;
	y.secure = u->scheme == URI_SIPS;
	y.transport = uri_transport(u);
	if (y.secure)	/* RFC 5630 section 3.1.1: whatever transport= says */
		y.transport = TRANSPORT_TLS;
	(void)uri_param(u, "maddr", &y.host);
	t = y.transport != TRANSPORT_NONE ? y.transport : TRANSPORT_UDP;
	if (addr_parse(&y.hop.remote, y.host, y.port != 0 ? y.port :
	    way_port(t)) == 0)
		y.hop.transport = t;
	*out = y;
	return 0;
}

int
hop_of_uri(struct hop *out, const struct uri *u)
{
	struct way	y;

	if (way_of_uri(&y, u) < 0 || way_is_name(&y))
		return -EHOSTUNREACH;
	*out = y.hop;
	return 0;
}

int
way_of_via(struct way *out, const struct via *v)
{
	struct way	y = { .host = v->host, .port = v->port,
	    .transport = v->transport };

	if (v->transport == TRANSPORT_NONE)
		return -EPROTONOSUPPORT;
	if (v->maddr.len > 0)
		y.host = v->maddr;
	if (addr_parse(&y.hop.remote, y.host, y.port != 0 ? y.port :
	    way_port(v->transport)) == 0)
		y.hop.transport = v->transport;
	*out = y;
	return 0;
}

struct str
way_print(const struct way *y, char buf[WAY_TEXT_MAX])
{
	struct text	t;

	text_init(&t, buf, WAY_TEXT_MAX);
	text_add(&t, y->secure ? STR("sips:") : STR("sip:"));
	text_add(&t, y->host);
	if (y->port != 0)
		text_printf(&t, ":%u", y->port);
	if (y->transport != TRANSPORT_NONE && !y->secure)
		text_printf(&t, ";transport=%s", transport_name(y->transport));
	return t.full ? STR_NONE : text_str(&t);
}
