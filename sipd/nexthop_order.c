/*
 * nexthop_order - the order of servers and of addresses.
 *
 * nexthop.c calls it with what the name servers said. RFC 2782, RFC 6724, RFC 7984
 * section 4: servers are never mixed, addresses are ordered within one server.
 */
#include "sipd/nexthop_order.h"

#include <string.h>

/* ---- servers ---- */

/*
 * One of in[0..n), by weight. "Very small chances" for a weight of 0 beside others:
 * the draw begins at 0 only when there are any, so that weights without a 0 among
 * them are met exactly.
 */
static unsigned
draw(const struct dns_record *v, const uint8_t *in, unsigned n, uint64_t random)
{
	uint64_t	sum = 0, at;
	bool		zeros = false;

	for (unsigned i = 0; i < n; i++) {
		sum += v[in[i]].second;
		zeros |= v[in[i]].second == 0;
	}
	if (sum == 0)
		return (unsigned)(random % n);
	at = zeros ? random % (sum + 1) : random % sum + 1;
	for (unsigned i = 0; i < n; i++) {
		if (at == 0 ? v[in[i]].second == 0 : at <= v[in[i]].second)
			return i;
		at -= at == 0 ? 0 : v[in[i]].second;
	}
	return n - 1;
}

void
order_servers(const struct dns_record *v, unsigned n, uint8_t *out,
    uint64_t (*random)(void))
{
	unsigned	begin, end, i, at;
	uint8_t		chosen;

	for (i = 0; i < n; i++)
		out[i] = (uint8_t)i;
	for (begin = 0; begin < n; begin = end) {
		for (end = begin; end < n && v[end].first == v[begin].first;)
			end++;
		for (i = begin; i + 1 < end; i++) {
			at = i + draw(v, out + i, end - i, random());
			chosen = out[at];
			memmove(out + i + 1, out + i, at - i);
			out[i] = chosen;
		}
	}
}

/* ---- addresses: RFC 6724 section 2.1, the default table ---- */

struct policy {
	const char	*prefix;
	uint8_t		 bits;
	uint8_t		 precedence;
	uint8_t		 label;
};

static const struct policy policies[] = {	/* the longest prefix first */
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 128, 50, 0 },	/* ::1 */
	{ "\0\0\0\0\0\0\0\0\0\0\xff\xff", 96, 35, 4 },		/* IPv4 */
	{ "\x20\x01\0\0", 32, 5, 5 },				/* Teredo */
	{ "\x20\x02", 16, 30, 2 },				/* 6to4 */
	{ "\xfc", 7, 3, 13 },					/* fc00::/7 */
	{ "", 0, 40, 1 },
};

static const struct policy *
policy_of(const struct addr *a)
{
	struct str		b = addr_bytes(a);
	const struct policy	*p;
	unsigned		whole;

	if (b.len == 4)
		return &policies[1];
	for (p = policies; p->bits > 0; p++) {
		whole = p->bits / 8;
		if (memcmp(b.s, p->prefix, whole) == 0 && (p->bits % 8 == 0 ||
		    ((uint8_t)(b.s[whole] ^ p->prefix[whole]) >>
		    (8 - p->bits % 8)) == 0))
			break;
	}
	return p;
}

/* Greater is better. */
static unsigned
worth(const struct destination *d)
{
	const struct policy	*p = policy_of(&d->to);

	if (d->from.len == 0)
		return 0;
	return 1 + p->precedence + (policy_of(&d->from)->label == p->label ? 256 : 0);
}

void
order_addresses(struct destination *v, unsigned n)
{
	struct destination	x;
	unsigned		i, k;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (k = i; k > 0 && worth(&v[k - 1]) < worth(&x); k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}
