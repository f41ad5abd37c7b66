/*
 * stun - the answer to a STUN Binding request.
 *
 * udp.c calls it for what cannot be SIP. RFC 8489: sections 5 (header), 6.3.1
 * (what is answered), 14.2 (XOR-MAPPED-ADDRESS), 14.7 (FINGERPRINT).
 */
#include "sipd/stun.h"

#include <stdint.h>
#include <string.h>

#define HEADER		20
#define REQUEST_MAX	548		/* octets; section 6.1 for a path unknown */
#define COOKIE		0x2112a442u
#define BINDING		0x0001
#define BINDING_OK	0x0101
#define BINDING_ERROR	0x0111
#define FINGERPRINT_XOR	0x5354554eu
#define UNKNOWN_MAX	8		/* named in the answer */

enum {
	USERNAME = 0x0006,
	MESSAGE_INTEGRITY = 0x0008,
	ERROR_CODE = 0x0009,
	UNKNOWN_ATTRIBUTES = 0x000a,
	REALM = 0x0014,
	NONCE = 0x0015,
	MESSAGE_INTEGRITY_SHA256 = 0x001c,
	PASSWORD_ALGORITHM = 0x001d,
	USERHASH = 0x001e,
	XOR_MAPPED_ADDRESS = 0x0020,
	FINGERPRINT = 0x8028,
};

/* What the attributes of a request come to. */
struct request {
	bool		fingerprint;
	unsigned	nunknown;
	uint16_t	unknown[UNKNOWN_MAX];
};

static uint16_t
get16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

static uint32_t
get32(const char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static char *
put16(char *p, unsigned v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
	return p + 2;
}

static char *
put32(char *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/* ITU V.42, four bits at a time. */
static uint32_t
crc32(const char *s, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t	c = 0xffffffff;

	while (n-- > 0) {
		c ^= (uint8_t)*s++;
		c = table[c & 15] ^ c >> 4;
		c = table[c & 15] ^ c >> 4;
	}
	return ~c;
}

/* Those that a server without credentials may pass over (section 14). */
static bool
understood(uint16_t type)
{
	switch (type) {
	case USERNAME:
	case MESSAGE_INTEGRITY:
	case REALM:
	case NONCE:
	case MESSAGE_INTEGRITY_SHA256:
	case PASSWORD_ALGORITHM:
	case USERHASH:
		return true;
	default:
		return type >= 0x8000;	/* comprehension-optional */
	}
}

static bool
read_attributes(struct request *r, struct str in)
{
	size_t	at = HEADER, len, whole;

	while (at < in.len) {
		if (in.len - at < 4 || r->fingerprint)
			return false;	/* FINGERPRINT is the last one */
		len = get16(in.s + at + 2);
		whole = 4 + (len + 3) / 4 * 4;
		if (whole > in.len - at)
			return false;
		if (get16(in.s + at) == FINGERPRINT) {
			if (len != 4 || get32(in.s + at + 4) !=
			    (crc32(in.s, at) ^ FINGERPRINT_XOR))
				return false;
			r->fingerprint = true;
		} else if (!understood(get16(in.s + at)) &&
		    r->nunknown < UNKNOWN_MAX) {
			r->unknown[r->nunknown++] = get16(in.s + at);
		}
		at += whole;
	}
	return true;
}

static char *
put_mapped_address(char *p, const struct addr *from, const char *cookie)
{
	struct str	host = addr_bytes(from);

	p = put16(p, XOR_MAPPED_ADDRESS);
	p = put16(p, 4 + (unsigned)host.len);
	p = put16(p, host.len == 4 ? 1 : 2);
	p = put16(p, addr_port(from) ^ (COOKIE >> 16));
	for (size_t i = 0; i < host.len; i++)	/* cookie and transaction id */
		*p++ = (char)(host.s[i] ^ cookie[i]);
	return p;
}

/* 420 with no reason phrase: the answer must stay short. */
static char *
put_unknown(char *p, const struct request *r)
{
	p = put16(p, ERROR_CODE);
	p = put16(p, 4);
	p = put32(p, 4 << 8 | 20);
	p = put16(p, UNKNOWN_ATTRIBUTES);
	p = put16(p, 2 * r->nunknown);
	for (unsigned i = 0; i < r->nunknown; i++)
		p = put16(p, r->unknown[i]);
	return r->nunknown % 2 != 0 ? put16(p, 0) : p;
}

size_t
stun_answer(struct str in, const struct addr *from, char out[STUN_ANSWER_MAX])
{
	struct request	r = { .fingerprint = false };
	char		*p = out + HEADER;
	size_t		 len;

	if (in.len < HEADER || in.len > REQUEST_MAX || in.len % 4 != 0 ||
	    get16(in.s) != BINDING || get16(in.s + 2) != in.len - HEADER ||
	    get32(in.s + 4) != COOKIE || !read_attributes(&r, in))
		return 0;
	put16(out, r.nunknown > 0 ? BINDING_ERROR : BINDING_OK);
	memcpy(out + 4, in.s + 4, HEADER - 4);
	p = r.nunknown > 0 ? put_unknown(p, &r) :
	    put_mapped_address(p, from, in.s + 4);
	len = (size_t)(p - out) + (r.fingerprint ? 8 : 0);
	put16(out + 2, (unsigned)(len - HEADER));
	if (r.fingerprint) {
		put16(p, FINGERPRINT);
		put16(p + 2, 4);
		put32(p + 4, crc32(out, (size_t)(p - out)) ^ FINGERPRINT_XOR);
	}
	return len;
}
