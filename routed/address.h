#ifndef ROUTED_ADDRESS_H
#define ROUTED_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "common/uri.h"

/*
 * An address on its way through the router: local@domain, with the hosts it is to
 * pass ("x%y@z": y by way of z), or an application "program{a,b}#local@domain"
 * (FEATURES.md rows 109-111, 123-129).
 *
 * Texts are terminated and hold no control character. The local part is as written
 * (any case, unescaped), the domain in lower case; "" is the main domain. IPv4
 * domains stand in brackets, as IPv6 ones do.
 */
#define ADDRESS_MAX	2048	/* no request brings a longer URI */

struct address {
	char		local[ADDRESS_MAX];
	char		domain[ADDRESS_MAX];
	char		app[ADDRESS_MAX];	/* "program{a,b}", or "" */
	char		params[ADDRESS_MAX];	/* of the URI */
	uint16_t	port;			/* 0: none */
	bool		secure;			/* sips: */
	enum transport	transport;		/* of a suffix: .udp .tcp .tls */
};

/*
 * From what people and records write: local@domain[:port], <@z:x@y>, z!y!x,
 * program{a}#x@y, with or without "sip:" before it; no domain is the main one. 0,
 * -EBADMSG, -ENAMETOOLONG; *why (may be NULL) says what is wrong.
 */
int	address_parse(struct address *a, struct str text, const char **why);
/*
 * Of a SIP, SIPS or tel URI: "tel:+44..." is "+44..." of the main domain, a number
 * with a context is of that domain. 0, -EBADMSG, -ENAMETOOLONG.
 */
int	address_of_uri(struct address *a, const struct uri *u);
/*
 * The host that the local part names becomes the domain: "x%y", "y!x", "x@y",
 * "@y:x" (rows 110, 126). False when it names none: the address is then as before.
 */
bool	address_unwrap(struct address *a);
/* Puts brackets round an IP address (row 123). True when there is one. */
bool	address_bracket(struct address *a);
/*
 * Cuts suffix (".sipgw") off the domain; any case, and something must be left.
 * False when it is not there.
 */
bool	address_cut(struct address *a, const char *suffix);
/* "host.5061.via" has a port as its last label: it becomes a->port. */
void	address_cut_port(struct address *a);

/* A name, "192.0.2.1" without its brackets, or "[2001:db8::1]" with them. */
struct str address_host(const struct address *a);
/* For people: "+44@pstn", "anna" in the main domain. */
void	address_print(const struct address *a, struct text *out);
/* The Request-URI; the domain must not be empty. */
void	address_uri(const struct address *a, struct text *out);
/* Only the host of it: where a request that it goes by is sent. */
void	address_hop(const struct address *a, struct text *out);

#endif
