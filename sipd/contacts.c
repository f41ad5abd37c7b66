/*
 * contacts - the set of one AOR as one block of memory: the head, its name, and the
 * contacts behind it, packed: what sipd needs to reach them and nothing else, small
 * numbers in few octets, addresses in binary, and nothing for what a contact does
 * not have. A million of them are kept; a call unpacks one.
 */
#include "sipd/contacts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/octets.h"

/* Bits of a contact's first octet. */
enum {
	HAS_FIXED	= 1,		/* with parameters; without expiry */
	HAS_Q		= 2,		/* else 1000 */
	HAS_REG_ID	= 4,		/* with instance */
	HAS_PATHS	= 8,
	TRANSPORT_SHIFT	= 4,		/* of the flow, three bits; NONE: there is none */
	END		= 128,		/* no contact, but the end */
};
#define Q_DEFAULT	1000
#define EXPIRES_OCTETS	5		/* milliseconds: 34 years */
#define FOREVER_NS	INT64_MAX
#define HEAD_MAX	80		/* octets beside its texts, at most */
#define ROOM		2048		/* most sets fit: then they are packed once */

/* ---- addresses ---- */

static uint8_t *
put_addr(uint8_t *to, const struct addr *a)
{
	struct str	octets = addr_bytes(a);

	if (a->len == 0) {
		*to++ = 0;
		return to;
	}
	to = octets_put_text(to, octets);
	to = octets_put(to, addr_port(a), 2);
	if (a->sa.sa_family == AF_INET6)
		to = octets_put_small(to, a->in6.sin6_scope_id);
	return to;
}

static const uint8_t *
get_addr(const uint8_t *from, struct addr *a)
{
	struct str	octets;
	uint64_t	port;

	memset(a, 0, sizeof(*a));
	from = octets_get_text(from, &octets);
	if (octets.len == 0)
		return from;
	from = octets_get(from, &port, 2);
	if (octets.len == sizeof(a->in.sin_addr)) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, octets.s, octets.len);
		a->len = sizeof(a->in);
	} else {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, octets.s, octets.len);
		a->len = sizeof(a->in6);
		from = octets_get_small(from, &a->in6.sin6_scope_id);
	}
	addr_set_port(a, (uint16_t)port);
	return from;
}

/* ---- a contact ---- */

static uint32_t
paths_of(const struct rec_binding *b)
{
	return b->paths.n < CONTACT_PATHS_MAX ? b->paths.n : CONTACT_PATHS_MAX;
}

static size_t
size_most(const struct rec_binding *b)
{
	size_t	size = HEAD_MAX + b->uri.len + b->params.len + b->instance.len;

	for (uint32_t i = 0; i < paths_of(b); i++)
		size += b->paths.v[i].uri.len + 5;
	return size;
}

/* When it ends, in milliseconds that are never too few. */
static uint64_t
end_of(const struct rec_binding *b, struct mono now)
{
	int64_t	left = b->expires_ms < INT32_MAX ? (int64_t)b->expires_ms :
		    INT32_MAX;

	return (uint64_t)(mono_add_ms(now, left).ns + 999999) / 1000000;
}

static uint8_t *
put_contact(uint8_t *to, const struct rec_binding *b, struct mono now)
{
	struct hop	flow;

	if (b->received.len == 0 || hop_parse(&flow, b->received, b->listener) < 0)
		flow.transport = TRANSPORT_NONE;
	*to++ = (uint8_t)((b->fixed ? HAS_FIXED : 0) |
	    (b->q != Q_DEFAULT ? HAS_Q : 0) | (b->reg_id != 0 ? HAS_REG_ID : 0) |
	    (b->paths.n > 0 ? HAS_PATHS : 0) |
	    (int)flow.transport << TRANSPORT_SHIFT);
	to = octets_put_text(to, b->uri);
	to = b->fixed ? octets_put_text(to, b->params) :
	    octets_put(to, end_of(b, now), EXPIRES_OCTETS);
	if (b->q != Q_DEFAULT)
		to = octets_put_small(to, b->q);
	if (b->reg_id != 0) {
		to = octets_put_small(to, b->reg_id);
		to = octets_put_text(to, b->instance);
	}
	if (b->paths.n > 0) {
		*to++ = (uint8_t)paths_of(b);
		for (uint32_t i = 0; i < paths_of(b); i++)
			to = octets_put_text(to, b->paths.v[i].uri);
	}
	if (flow.transport != TRANSPORT_NONE) {
		to = put_addr(to, &flow.remote);
		to = put_addr(to, &flow.local);
	}
	return to;
}

static const uint8_t *
get_paths(const uint8_t *from, struct contact *c)
{
	c->npaths = *from++;
	for (uint32_t i = 0; i < c->npaths; i++)
		from = octets_get_text(from, &c->paths[i]);
	return from;
}

static const uint8_t *
get_contact(const uint8_t *from, struct contact *c)
{
	uint8_t		head = *from++;
	uint32_t	q = Q_DEFAULT;
	uint64_t	ms;

	c->params = c->instance = STR_NONE;
	c->npaths = c->reg_id = 0;
	c->fixed = (head & HAS_FIXED) != 0;
	c->flow.transport = (enum transport)(head >> TRANSPORT_SHIFT);
	c->flow.domain = 0;
	c->flow.remote.len = c->flow.local.len = 0;
	c->expires.ns = FOREVER_NS;
	from = octets_get_text(from, &c->uri);
	if (c->fixed) {
		from = octets_get_text(from, &c->params);
	} else {
		from = octets_get(from, &ms, EXPIRES_OCTETS);
		c->expires.ns = (int64_t)ms * 1000000;
	}
	if ((head & HAS_Q) != 0)
		from = octets_get_small(from, &q);
	c->q = (uint16_t)q;
	if ((head & HAS_REG_ID) != 0) {
		from = octets_get_small(from, &c->reg_id);
		from = octets_get_text(from, &c->instance);
	}
	if ((head & HAS_PATHS) != 0)
		from = get_paths(from, c);
	if (c->flow.transport != TRANSPORT_NONE) {
		from = get_addr(from, &c->flow.remote);
		from = get_addr(from, &c->flow.local);
	}
	return from;
}

bool
contact_next(const struct aor *a, uint32_t *at, struct contact *out)
{
	const uint8_t	*from;

	if (a == NULL || a->n == 0)
		return false;
	if (*at == 0)
		*at = a->len;
	from = a->data + *at;
	if (*from == END)
		return false;
	from = get_contact(from, out);
	*at = (uint32_t)(from - a->data);
	return true;
}

void
contacts_read(const struct aor *a, struct contacts *out)
{
	uint32_t	at = 0;

	for (out->n = 0; out->n < AOR_CONTACTS_MAX &&
	    contact_next(a, &at, &out->v[out->n]);)
		out->n++;
}

/* ---- a set ---- */

struct aor *
contacts_new(struct str name, uint64_t version,
    const struct rec_binding *bindings, uint32_t n, struct mono now)
{
	size_t		 most = name.len + 1, size;
	uint8_t		 room[ROOM], *to, *begin = room;
	struct aor	*a;

	assert(name.len <= UINT8_MAX);
	if (n > AOR_CONTACTS_MAX)
		n = AOR_CONTACTS_MAX;
	for (uint32_t i = 0; i < n; i++)
		most += size_most(&bindings[i]);
	if (most > ROOM)
		begin = xcalloc(1, most);
	to = begin;
	memcpy(to, name.s, name.len);
	to += name.len;
	for (uint32_t i = 0; i < n; i++)
		to = put_contact(to, &bindings[i], now);
	*to++ = END;
	size = (size_t)(to - begin);
	a = xcalloc(1, sizeof(*a) + size);
	a->version = version;
	a->n = (uint8_t)n;
	a->len = (uint8_t)name.len;
	memcpy(a->data, begin, size);
	if (begin != room)
		free(begin);
	return a;
}
