/*
 * hop - a place to send to, or where a message came from.
 *
 * Used by everything in sipd that names a peer; the texts are those of the
 * bindings and of the log.
 */
#include "sipd/hop.h"

#include <errno.h>
#include <string.h>

#include "common/map.h"

bool
hop_same_peer(const struct hop *a, const struct hop *b)
{
	return a->transport == b->transport && addr_eq(&a->remote, &b->remote);
}

bool
hop_eq(const struct hop *a, const struct hop *b)
{
	if (!hop_same_peer(a, b))
		return false;
	if (a->local.len == 0 || b->local.len == 0)
		return a->local.len == b->local.len;
	return addr_eq(&a->local, &b->local);
}

/* Length, address, port: 19 octets; all zero for none. */
static void
key_addr(char *out, const struct addr *a)
{
	struct str	host;
	uint16_t	port;

	if (a->len == 0)
		return;
	host = addr_bytes(a);
	port = addr_port(a);
	out[0] = (char)host.len;
	memcpy(out + 1, host.s, host.len <= 16 ? host.len : 16);
	memcpy(out + 17, &port, sizeof(port));
}

struct str
hop_key(const struct hop *h, struct hop_key *k)
{
	memset(k, 0, sizeof(*k));
	k->s[0] = (char)h->transport;
	key_addr(k->s + 1, &h->remote);
	key_addr(k->s + 20, &h->local);
	return str_make(k->s, sizeof(k->s));
}

struct str
hop_peer_key(const struct hop *h, struct hop_key *k)
{
	memset(k, 0, sizeof(*k));
	k->s[0] = (char)h->transport;
	key_addr(k->s + 1, &h->remote);
	return str_make(k->s, sizeof(k->s));
}

uint64_t
hop_hash(const struct hop *h)
{
	struct hop_key	k;

	return hash_str(hop_peer_key(h, &k));
}

bool
hop_is_stream(const struct hop *h)
{
	return h->transport == TRANSPORT_TCP || h->transport == TRANSPORT_TLS;
}

int
hop_parse(struct hop *out, struct str remote, struct str local)
{
	struct peer	theirs, ours;
	int		error;

	if ((error = peer_parse(&theirs, remote)) < 0)
		return error;
	memset(&ours, 0, sizeof(ours));
	if (local.len > 0) {
		if ((error = peer_parse(&ours, local)) < 0)
			return error;
		if (ours.transport != theirs.transport ||
		    ours.addr.sa.sa_family != theirs.addr.sa.sa_family)
			return -EBADMSG;
	}
	*out = (struct hop){ theirs.transport, theirs.addr, ours.addr };
	return 0;
}

static struct str
print(enum transport t, const struct addr *a, char buf[PEER_TEXT_MAX])
{
	struct peer	p = { t, *a };

	if (a->len == 0)
		return STR_NONE;
	return peer_print(&p, buf);
}

struct str
hop_print_remote(const struct hop *h, char buf[PEER_TEXT_MAX])
{
	return print(h->transport, &h->remote, buf);
}

struct str
hop_print_local(const struct hop *h, char buf[PEER_TEXT_MAX])
{
	return print(h->transport, &h->local, buf);
}
