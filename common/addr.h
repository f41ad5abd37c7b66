#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/str.h"

/* An IPv4 or IPv6 address with port, as the kernel wants it. */
struct addr {
	union {
		struct sockaddr		sa;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	};
	socklen_t	len;		/* 0: none */
};

enum transport {
	TRANSPORT_NONE,
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
};

/* A peer: transport and address. */
struct peer {
	enum transport	transport;
	struct addr	addr;
};

#define ADDR_TEXT_MAX	64	/* "[...%scope]:65535" and NUL */
#define PEER_TEXT_MAX	72

/* Literal only, "[::1]" or "::1" or "192.0.2.1"; never a name. 0 or -EBADMSG. */
int	addr_parse(struct addr *out, struct str host, uint16_t port);
/* "192.0.2.1:5060", "[::1]:5060". */
int	addr_parse_port(struct addr *out, struct str text);
struct str addr_print(const struct addr *a, char buf[ADDR_TEXT_MAX]);
/* Without port; IPv6 without brackets. */
struct str addr_print_host(const struct addr *a, char buf[ADDR_TEXT_MAX]);
uint16_t addr_port(const struct addr *a);
void	addr_set_port(struct addr *a, uint16_t port);
/* Address and port; the family must agree. */
bool	addr_eq(const struct addr *a, const struct addr *b);
bool	addr_eq_host(const struct addr *a, const struct addr *b);
/* 4 or 16 octets of the address. */
struct str addr_bytes(const struct addr *a);
bool	addr_is_loopback(const struct addr *a);
bool	addr_is_linklocal(const struct addr *a);
bool	addr_is_private(const struct addr *a);	/* RFC 1918, 6598, fc00::/7 */
bool	addr_is_wildcard(const struct addr *a);
/*
 * May we send there for traffic that came in on the address local? Multicast,
 * broadcast and unspecified never; loopback and link-local only when local is
 * of that kind itself (DESIGN.md 11; S11, S24, S26, S44). local may be NULL:
 * then not.
 */
bool	addr_may_target(const struct addr *to, const struct addr *local);

const char *transport_name(enum transport t);		/* "udp" */
enum transport transport_parse(struct str name);	/* any case; NONE if unknown */
/* "udp:192.0.2.1:5060" */
int	peer_parse(struct peer *out, struct str text);
struct str peer_print(const struct peer *p, char buf[PEER_TEXT_MAX]);
bool	peer_eq(const struct peer *a, const struct peer *b);

/* A network: address and prefix length. */
struct net {
	struct addr	addr;
	uint8_t		bits;
};
/* "10.0.0.0/8", "::1/128" or a bare address; low bits must be 0 (row 139). */
int	net_parse(struct net *out, struct str text);
bool	net_has(const struct net *n, const struct addr *a);

#endif
