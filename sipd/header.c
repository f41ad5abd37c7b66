/*
 * header - the names of header fields and methods, RFC 3261 sections 7.3.3, 20.
 *
 * Found by length first: headers.def is sorted by it, and hardly ever more than
 * two names of one length begin with the same letter.
 */
#include "sipd/header.h"

#include <stdbool.h>
#include <string.h>

static const struct str names[HDR_COUNT] = {
	[HDR_OTHER] = { "", 0 },
#define HDR(ID, text, letter)	[HDR_##ID] = { (text), sizeof(text) - 1 },
#include "sipd/headers.def"
};

#define NAME_MAX_LEN	25

/* The first of each length; header_test.c proves that headers.def agrees. */
static const uint8_t of_length[NAME_MAX_LEN + 2] = {
	[2] = HDR_TO, [3] = HDR_VIA, [4] = HDR_DATE, [5] = HDR_ALLOW,
	[6] = HDR_ACCEPT, [7] = HDR_CALL_ID, [8] = HDR_IDENTITY,
	[9] = HDR_CALL_INFO, [10] = HDR_ALERT_INFO, [11] = HDR_MAX_BREADTH,
	[12] = HDR_ALLOW_EVENTS, [13] = HDR_AUTHORIZATION,
	[14] = HDR_CONTENT_LENGTH, [15] = HDR_SESSION_EXPIRES,
	[16] = HDR_CONTENT_ENCODING, [18] = HDR_PROXY_AUTHENTICATE,
	[19] = HDR_CONTENT_DISPOSITION, [20] = HDR_P_PREFERRED_IDENTITY,
	[25] = HDR_PROXY_AUTHENTICATION_INFO,
};

static enum header
compact_id(char letter)
{
	static const uint8_t	of_letter[26] = {
		['b' - 'a'] = HDR_REFERRED_BY, ['c' - 'a'] = HDR_CONTENT_TYPE,
		['e' - 'a'] = HDR_CONTENT_ENCODING, ['f' - 'a'] = HDR_FROM,
		['i' - 'a'] = HDR_CALL_ID, ['k' - 'a'] = HDR_SUPPORTED,
		['l' - 'a'] = HDR_CONTENT_LENGTH, ['m' - 'a'] = HDR_CONTACT,
		['o' - 'a'] = HDR_EVENT, ['r' - 'a'] = HDR_REFER_TO,
		['s' - 'a'] = HDR_SUBJECT, ['t' - 'a'] = HDR_TO,
		['u' - 'a'] = HDR_ALLOW_EVENTS, ['v' - 'a'] = HDR_VIA,
		['x' - 'a'] = HDR_SESSION_EXPIRES, ['y' - 'a'] = HDR_IDENTITY,
	};
	char	c = letter | 0x20;

	return c >= 'a' && c <= 'z' ? of_letter[c - 'a'] : HDR_OTHER;
}

/* Four octets in lower case, as letters and '-' have it. */
static uint32_t
lower4(const char *s)
{
	uint32_t	v;

	memcpy(&v, s, sizeof(v));
	return v | 0x20202020;
}

/*
 * known holds letters and '-' only, and name is a token. Four at a time, the last
 * four may have been seen already: every line of every message comes here.
 */
static bool
same_name(const char *name, const char *known, size_t n)
{
	size_t	i;

	for (i = 0; i + 4 < n; i += 4)
		if (lower4(name + i) != lower4(known + i))
			return false;
	if (n >= 4)
		return lower4(name + n - 4) == lower4(known + n - 4);
	for (i = 0; i < n; i++)
		if ((name[i] | 0x20) != (known[i] | 0x20))
			return false;
	return true;
}

enum header
header_id(struct str name)
{
	unsigned	id;

	if (name.len == 1)
		return compact_id(name.s[0]);
	if (name.len > NAME_MAX_LEN || (id = of_length[name.len]) == 0)
		return HDR_OTHER;
	for (; id < HDR_COUNT && names[id].len == name.len; id++)
		if (same_name(name.s, names[id].s, name.len))
			return id;
	return HDR_OTHER;
}

struct str
header_name(enum header id)
{
	return names[id];
}

static const struct str methods[METHOD_COUNT] = {
	[METHOD_OTHER] = { "", 0 },
#define M(name)	[METHOD_##name] = { #name, sizeof(#name) - 1 }
	M(INVITE), M(ACK), M(BYE), M(CANCEL), M(REGISTER), M(OPTIONS), M(PRACK),
	M(UPDATE), M(INFO), M(REFER), M(SUBSCRIBE), M(NOTIFY), M(PUBLISH),
	M(MESSAGE),
#undef M
};

enum method
method_id(struct str name)
{
	for (unsigned m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
		if (name.len == methods[m].len && name.s[0] == methods[m].s[0] &&
		    str_eq(name, methods[m]))
			return m;
	return METHOD_OTHER;
}

struct str
method_name(enum method m)
{
	return methods[m];
}
