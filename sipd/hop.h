#ifndef SIPD_HOP_H
#define SIPD_HOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * A place to send to, or where a message came from: transport, their address
 * and ours. A plain value. local says which of our sockets: for UDP the address
 * the datagram came in on (never a wildcard), for TCP the local end of the
 * connection; len 0 means any.
 */
struct hop {
	enum transport	transport;
	struct addr	remote;
	struct addr	local;
	/*
	 * Of TLS: the domain that the next hop was found by (hostname.h), which the
	 * server has to show a certificate of; 0: it was an address. It is no part of
	 * what makes two hops the same.
	 */
	uint32_t	domain;
};

/* The same hop has the same octets here, for maps. */
struct hop_key {
	char	s[44];
};
struct str hop_key(const struct hop *h, struct hop_key *k);
/* The same for the transport and remote end alone. */
struct str hop_peer_key(const struct hop *h, struct hop_key *k);

bool	hop_eq(const struct hop *a, const struct hop *b);
/* The same transport and remote end, whatever our side is. */
bool	hop_same_peer(const struct hop *a, const struct hop *b);
/* Keyed hash of transport and remote end: it names a connection's owner. */
uint64_t hop_hash(const struct hop *h);
/* UDP needs no connection; the others do. */
bool	hop_is_stream(const struct hop *h);

/*
 * From the two texts of a binding: remote "tcp:198.51.100.4:1027", local
 * "tcp:192.0.2.1:5060" or "" for any. 0 or -EBADMSG.
 */
int	hop_parse(struct hop *out, struct str remote, struct str local);
/* "udp:198.51.100.4:5060"; the local one is empty when there is none. */
struct str hop_print_remote(const struct hop *h, char buf[PEER_TEXT_MAX]);
struct str hop_print_local(const struct hop *h, char buf[PEER_TEXT_MAX]);

#endif
