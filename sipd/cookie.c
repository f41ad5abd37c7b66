/*
 * cookie - the signed state in our Record-Route, and in our Path.
 *
 * forward.c makes one per branch of a dialog-forming request, dialog.c reads
 * it from the Route of what follows. A flow token is one hop and a checksum. Layout, before base64url:
 *   1 octet   flags
 *   2 hops    each: 1 octet transport and families, the remote end, our end;
 *             an end is 4 or 16 octets of address and 2 of port
 *   10 octets of a keyed checksum, as in our branches: HMAC-SHA-256 in its place
 *   was a sixth of a call's instructions
 */
#include "sipd/cookie.h"

#include <errno.h>

#include "common/digest.h"
#include "common/map.h"

#define MAC_LEN		10
#define RAW_MAX		(1 + 2 * (1 + 2 * 18) + MAC_LEN)

enum {
	FLAG_CALLER_BY_FLOW = 1,
	FLAG_CALLEE_BY_FLOW = 2,
	FLAG_MEDIA = 4,
};
enum {				/* of a hop's first octet; low bits: transport */
	HOP_V6 = 0x10,
	HOP_HAS_LOCAL = 0x20,
};

static struct keyring ring;

void
cookie_init(const struct keyring *k)
{
	ring = *k;
}

static size_t
put_end(uint8_t *p, const struct addr *a)
{
	struct str	octets = addr_bytes(a);
	uint16_t	port = addr_port(a);

	memcpy(p, octets.s, octets.len);
	p[octets.len] = (uint8_t)(port >> 8);
	p[octets.len + 1] = (uint8_t)port;
	return octets.len + 2;
}

static size_t
put_hop(uint8_t *p, const struct hop *h)
{
	bool	v6 = h->remote.sa.sa_family == AF_INET6;
	bool	local = h->local.len != 0 &&
		    h->local.sa.sa_family == h->remote.sa.sa_family;
	size_t	n = 1;

	p[0] = (uint8_t)(h->transport | (v6 ? HOP_V6 : 0) |
	    (local ? HOP_HAS_LOCAL : 0));
	n += put_end(p + n, &h->remote);
	if (local)
		n += put_end(p + n, &h->local);
	return n;
}

static size_t
get_end(const uint8_t *p, bool v6, struct addr *out)
{
	size_t	n = v6 ? 16 : 4;

	memset(out, 0, sizeof(*out));
	if (v6) {
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_addr, p, n);
		out->len = sizeof(out->in6);
	} else {
		out->in.sin_family = AF_INET;
		memcpy(&out->in.sin_addr, p, n);
		out->len = sizeof(out->in);
	}
	addr_set_port(out, (uint16_t)(p[n] << 8 | p[n + 1]));
	return n + 2;
}

/* Octets used, or 0 when the rest is too short. */
static size_t
get_hop(const uint8_t *p, size_t n, struct hop *out)
{
	bool	v6, local;
	size_t	used = 1, need;

	if (n < 1)
		return 0;
	v6 = p[0] & HOP_V6;
	local = p[0] & HOP_HAS_LOCAL;
	need = 1 + (size_t)(v6 ? 18 : 6) * (local ? 2 : 1);
	if (n < need)
		return 0;
	*out = (struct hop){ .transport = p[0] & 0x0f };
	used += get_end(p + used, v6, &out->remote);
	if (local)
		used += get_end(p + used, v6, &out->local);
	return used;
}

/*
 * Over the octets, at most RAW_MAX, Call-ID and tag; \n can be in neither of the
 * latter. False: they are longer than any message that core.c lets in.
 */
static bool
mac_of(const uint8_t *key, struct str raw, struct str call_id, struct str tag,
    uint8_t mac[MAC_LEN])
{
	char		buf[1024];
	struct text	t;
	uint8_t		sum[16];

	if (raw.len > RAW_MAX)
		return false;
	text_init(&t, buf, sizeof(buf));
	text_add(&t, raw);
	text_ch(&t, '\n');
	text_add(&t, call_id);
	text_ch(&t, '\n');
	text_add(&t, tag);
	siphash128(key, text_str(&t), sum);
	memcpy(mac, sum, MAC_LEN);
	return !t.full;
}

size_t
cookie_make(const struct cookie *c, struct str call_id, struct str caller_tag,
    char out[COOKIE_TEXT_MAX])
{
	uint8_t	raw[RAW_MAX];
	size_t	n = 1;

	raw[0] = (uint8_t)((c->caller_by_flow ? FLAG_CALLER_BY_FLOW : 0) |
	    (c->callee_by_flow ? FLAG_CALLEE_BY_FLOW : 0) |
	    (c->media ? FLAG_MEDIA : 0));
	n += put_hop(raw + n, &c->caller);
	n += put_hop(raw + n, &c->callee);
	mac_of(ring.key[0], str_make((char *)raw, n), call_id, caller_tag, raw + n);
	return base64url_encode(raw, n + MAC_LEN, out);
}

static bool
signed_for(struct str raw, const uint8_t *mac, struct str call_id, struct str tag)
{
	uint8_t	want[MAC_LEN];

	if (tag.len == 0)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (mac_of(ring.key[i], raw, call_id, tag, want) && digest_equal(str_make((char *)want, MAC_LEN),
		    str_make((const char *)mac, MAC_LEN)))
			return true;
	}
	return false;
}

static int
decode(struct cookie *out, const uint8_t *p, size_t n)
{
	struct cookie	c = { 0 };
	size_t		used, at = 1;

	c.caller_by_flow = p[0] & FLAG_CALLER_BY_FLOW;
	c.callee_by_flow = p[0] & FLAG_CALLEE_BY_FLOW;
	c.media = p[0] & FLAG_MEDIA;
	if ((used = get_hop(p + at, n - at, &c.caller)) == 0)
		return -EBADMSG;
	at += used;
	if ((used = get_hop(p + at, n - at, &c.callee)) == 0 || at + used != n)
		return -EBADMSG;
	*out = c;
	return 0;
}

int
cookie_read(struct cookie *out, struct str text, struct str call_id,
    struct str from_tag, struct str to_tag, bool *from_caller)
{
	uint8_t		raw[RAW_MAX + 3];
	ptrdiff_t	n;
	struct str	body;
	bool		caller;

	if (text.len > COOKIE_TEXT_MAX ||
	    (n = base64url_decode(text, raw, sizeof(raw))) < 2 + MAC_LEN)
		return -EBADMSG;
	body = str_make((char *)raw, (size_t)n - MAC_LEN);
	caller = signed_for(body, raw + body.len, call_id, from_tag);
	if (!caller && !signed_for(body, raw + body.len, call_id, to_tag))
		return -EBADMSG;
	if (decode(out, raw, body.len) < 0)
		return -EBADMSG;
	*from_caller = caller;
	return 0;
}

/* ---- the token of a flow ---- */

#define TOKEN_RAW_MAX	(1 + 2 * 18 + MAC_LEN)
/* No Call-ID has it: what was signed as the one is never read as the other. */
#define TOKEN_CALL	STR("\n")

size_t
flow_token_make(const struct hop *h, char out[FLOW_TOKEN_MAX])
{
	uint8_t	raw[TOKEN_RAW_MAX];
	size_t	n = put_hop(raw, h);

	mac_of(ring.key[0], str_make((char *)raw, n), TOKEN_CALL, STR("flow"),
	    raw + n);
	return base64url_encode(raw, n + MAC_LEN, out);
}

int
flow_token_read(struct hop *out, struct str text)
{
	uint8_t		raw[TOKEN_RAW_MAX + 3];
	ptrdiff_t	n;
	struct hop	h;
	struct str	body;

	if (text.len > FLOW_TOKEN_MAX ||
	    (n = base64url_decode(text, raw, sizeof(raw))) < 1 + MAC_LEN)
		return -EBADMSG;
	body = str_make((char *)raw, (size_t)n - MAC_LEN);
	if (!signed_for(body, raw + body.len, TOKEN_CALL, STR("flow")) ||
	    get_hop(raw, body.len, &h) != body.len)
		return -EBADMSG;
	*out = h;
	return 0;
}
