/*
 * addr - addresses, peers and networks: text in and out, and what may be sent
 * to. IPv4 inside IPv6 (::ffff:0:0/96) counts as the IPv4 address it carries
 * wherever a question of policy is asked.
 */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* ---- text ---- */

/* As inet_pton(), which every binding that comes in would pay four times. */
static int
parse4(struct addr *out, struct str host, uint16_t port)
{
	struct addr	 a = { .len = sizeof(a.in) };
	uint8_t		*octet = (uint8_t *)&a.in.sin_addr;
	unsigned	 n = 0, digits = 0, value = 0;

	for (size_t i = 0; i <= host.len; i++) {
		if (i < host.len && host.s[i] >= '0' && host.s[i] <= '9') {
			if (digits > 0 && value == 0)	/* "01": could be octal */
				return -EBADMSG;
			value = value * 10 + (unsigned)(host.s[i] - '0');
			digits++;
			if (value > 255)
				return -EBADMSG;
		} else if ((i == host.len || host.s[i] == '.') && digits > 0 && n < 4) {
			octet[n++] = (uint8_t)value;
			digits = value = 0;
		} else
			return -EBADMSG;
	}
	if (n != 4)
		return -EBADMSG;
	a.in.sin_family = AF_INET;
	a.in.sin_port = htons(port);
	*out = a;
	return 0;
}

/* A zone makes sense with link-local addresses only (RFC 4007). */
static int
parse_zone(struct sockaddr_in6 *in6, const char *zone)
{
	uint32_t	n;

	if (!IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		return -EBADMSG;
	if (str_u32(str_of(zone), &n) < 0)
		n = if_nametoindex(zone);
	if (n == 0)
		return -EBADMSG;
	in6->sin6_scope_id = n;
	return 0;
}

static int
parse6(struct addr *out, char *host, uint16_t port)
{
	struct addr	 a = { .len = sizeof(a.in6) };
	char		*zone = strchr(host, '%');

	if (zone != NULL)
		*zone++ = '\0';
	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = htons(port);
	if (inet_pton(AF_INET6, host, &a.in6.sin6_addr) != 1 ||
	    (zone != NULL && parse_zone(&a.in6, zone) < 0))
		return -EBADMSG;
	*out = a;
	return 0;
}

int
addr_parse(struct addr *out, struct str host, uint16_t port)
{
	char	buf[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	bool	bracket = host.len >= 2 && host.s[0] == '[';

	if (bracket) {
		if (host.s[host.len - 1] != ']')
			return -EBADMSG;
		host = str_make(host.s + 1, host.len - 2);
	}
	if (str_chr(host, ':') < 0)
		return bracket ? -EBADMSG : parse4(out, host, port);
	if (str_chr(host, '\0') >= 0 || !str_copy(buf, sizeof(buf), host))
		return -EBADMSG;
	return parse6(out, buf, port);
}

int
addr_parse_port(struct addr *out, struct str text)
{
	ptrdiff_t	colon = str_rchr(text, ':');
	struct str	host;
	uint32_t	port;

	if (colon <= 0)
		return -EBADMSG;
	host = str_make(text.s, (size_t)colon);
	if (str_u32(str_make(text.s + colon + 1, text.len - (size_t)colon - 1),
	    &port) < 0 || port > UINT16_MAX)
		return -EBADMSG;
	/* "::1:5060" could be an address alone: brackets are asked for. */
	if (str_chr(host, ':') >= 0 && host.s[0] != '[')
		return -EBADMSG;
	return addr_parse(out, host, (uint16_t)port);
}

/* Every UDP request prints its source: inet_ntop() costs four times as much. */
static void
print4(struct text *t, const struct sockaddr_in *in)
{
	const uint8_t	*b = (const uint8_t *)&in->sin_addr;
	char		 buf[sizeof("255.255.255.255")], *p = buf;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		if (b[i] >= 100)
			*p++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*p++ = (char)('0' + b[i] / 10 % 10);
		*p++ = (char)('0' + b[i] % 10);
	}
	text_add(t, str_make(buf, (size_t)(p - buf)));
}

static void
print6(struct text *t, const struct sockaddr_in6 *in6)
{
	char	buf[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &in6->sin6_addr, buf, sizeof(buf));
	text_add(t, str_of(buf));
	if (in6->sin6_scope_id != 0) {
		text_ch(t, '%');
		text_u64(t, in6->sin6_scope_id);
	}
}

static void
addr_text(struct text *t, const struct addr *a)
{
	if (a->len == 0)
		return;
	if (a->sa.sa_family == AF_INET) {
		print4(t, &a->in);
	} else {
		text_ch(t, '[');
		print6(t, &a->in6);
		text_ch(t, ']');
	}
	text_ch(t, ':');
	text_u64(t, addr_port(a));
}

struct str
addr_print(const struct addr *a, char buf[ADDR_TEXT_MAX])
{
	struct text	t;

	text_init(&t, buf, ADDR_TEXT_MAX);
	addr_text(&t, a);
	return text_str(&t);
}

struct str
addr_print_host(const struct addr *a, char buf[ADDR_TEXT_MAX])
{
	struct text	t;

	text_init(&t, buf, ADDR_TEXT_MAX);
	if (a->len != 0 && a->sa.sa_family == AF_INET)
		print4(&t, &a->in);
	else if (a->len != 0)
		print6(&t, &a->in6);
	return text_str(&t);
}

/* ---- parts ---- */

uint16_t
addr_port(const struct addr *a)
{
	if (a->len == 0)
		return 0;
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port :
	    a->in6.sin6_port);
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->len == 0)
		return;
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

struct str
addr_bytes(const struct addr *a)
{
	if (a->len == 0)
		return STR_NONE;
	if (a->sa.sa_family == AF_INET)
		return str_make((const char *)&a->in.sin_addr, 4);
	return str_make((const char *)&a->in6.sin6_addr, 16);
}

bool
addr_eq_host(const struct addr *a, const struct addr *b)
{
	if (a->len == 0 || b->len == 0)
		return a->len == b->len;
	if (a->sa.sa_family != b->sa.sa_family ||
	    !str_eq(addr_bytes(a), addr_bytes(b)))
		return false;
	return a->sa.sa_family == AF_INET ||
	    a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_port(a) == addr_port(b) && addr_eq_host(a, b);
}

/* ---- policy ---- */

/* The IPv4 address, also when it comes as ::ffff:a.b.c.d; host order. */
static bool
as4(const struct addr *a, uint32_t *out)
{
	struct str	b = addr_bytes(a);
	uint32_t	v;

	if (b.len == 16 && memcmp(b.s, mapped, sizeof(mapped)) == 0)
		b = str_make(b.s + 12, 4);
	if (b.len != 4)
		return false;
	memcpy(&v, b.s, 4);
	*out = ntohl(v);
	return true;
}

static bool
in4(uint32_t v, uint32_t base, unsigned bits)
{
	return (v ^ base) >> (32 - bits) == 0;
}

bool
addr_is_loopback(const struct addr *a)
{
	uint32_t	v;

	if (as4(a, &v))
		return in4(v, 0x7f000000, 8);
	return a->len != 0 && IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

bool
addr_is_linklocal(const struct addr *a)
{
	uint32_t	v;

	if (as4(a, &v))
		return in4(v, 0xa9fe0000, 16);
	return a->len != 0 && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
}

bool
addr_is_private(const struct addr *a)
{
	uint32_t	v;

	if (as4(a, &v))
		return in4(v, 0x0a000000, 8) || in4(v, 0xac100000, 12) ||
		    in4(v, 0xc0a80000, 16) || in4(v, 0x64400000, 10);
	return a->len != 0 && (a->in6.sin6_addr.s6_addr[0] & 0xfe) == 0xfc;
}

bool
addr_is_wildcard(const struct addr *a)
{
	uint32_t	v;

	if (as4(a, &v))
		return v == 0;
	return a->len != 0 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

/* Multicast, broadcast, unspecified, reserved: nobody to talk to. */
static bool
addr_is_nobody(const struct addr *a)
{
	uint32_t	v;

	if (as4(a, &v))
		return in4(v, 0, 8) || v >= 0xe0000000;
	return a->len == 0 || IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr) ||
	    IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr) ||
	    IN6_IS_ADDR_V4COMPAT(&a->in6.sin6_addr);
}

bool
addr_may_target(const struct addr *to, const struct addr *local)
{
	if (addr_is_nobody(to))
		return false;
	if (addr_is_loopback(to))
		return local != NULL && addr_is_loopback(local);
	if (addr_is_linklocal(to))
		return local != NULL && addr_is_linklocal(local);
	return true;
}

/* ---- peers ---- */

static const char *const transports[] = {
	[TRANSPORT_NONE]	= "none",
	[TRANSPORT_UDP]		= "udp",
	[TRANSPORT_TCP]		= "tcp",
	[TRANSPORT_TLS]		= "tls",
};

const char *
transport_name(enum transport t)
{
	return transports[t <= TRANSPORT_TLS ? t : TRANSPORT_NONE];
}

enum transport
transport_parse(struct str name)
{
	for (int t = TRANSPORT_UDP; t <= TRANSPORT_TLS; t++)
		if (str_caseeq(name, str_of(transports[t])))
			return (enum transport)t;
	return TRANSPORT_NONE;
}

int
peer_parse(struct peer *out, struct str text)
{
	struct peer	p;
	struct str	name;

	if (!str_cut(&text, ':', &name) || text.s == NULL)
		return -EBADMSG;
	p.transport = transport_parse(name);
	if (p.transport == TRANSPORT_NONE || addr_parse_port(&p.addr, text) < 0)
		return -EBADMSG;
	*out = p;
	return 0;
}

struct str
peer_print(const struct peer *p, char buf[PEER_TEXT_MAX])
{
	struct text	t;

	text_init(&t, buf, PEER_TEXT_MAX);
	text_add(&t, str_of(transport_name(p->transport)));
	text_ch(&t, ':');
	addr_text(&t, &p->addr);
	return text_str(&t);
}

bool
peer_eq(const struct peer *a, const struct peer *b)
{
	return a->transport == b->transport && addr_eq(&a->addr, &b->addr);
}

/* ---- networks ---- */

/* Are the octets of a and b the same in their first bits? */
static bool
bits_same(const char *a, const char *b, unsigned bits)
{
	unsigned	whole = bits / 8, part = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return part == 0 || ((uint8_t)(a[whole] ^ b[whole]) >> (8 - part)) == 0;
}

static bool
low_bits_zero(struct str b, unsigned bits)
{
	for (unsigned i = bits; i < b.len * 8; i++)
		if ((uint8_t)b.s[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

int
net_parse(struct net *out, struct str text)
{
	struct net	n = { .bits = 0 };
	struct str	host = STR_NONE, octets;
	uint32_t	bits;

	if (!str_cut(&text, '/', &host) || addr_parse(&n.addr, host, 0) < 0)
		return -EBADMSG;
	octets = addr_bytes(&n.addr);
	bits = (uint32_t)octets.len * 8;
	if (text.s != NULL && (str_u32(text, &bits) < 0 ||
	    bits > octets.len * 8))
		return -EBADMSG;
	if (!low_bits_zero(octets, bits))
		return -EBADMSG;
	n.bits = (uint8_t)bits;
	*out = n;
	return 0;
}

bool
net_has(const struct net *n, const struct addr *a)
{
	struct str	net = addr_bytes(&n->addr), b = addr_bytes(a);

	if (net.len == 4 && b.len == 16 &&
	    memcmp(b.s, mapped, sizeof(mapped)) == 0)
		b = str_make(b.s + 12, 4);
	return net.len != 0 && net.len == b.len &&
	    bits_same(net.s, b.s, n->bits);
}
