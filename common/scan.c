/*
 * scan - steps over a slice for the SIP grammars, RFC 3261 section 25.1.
 *
 * Used by uri.c and by sipd's parsers of header values.
 */
#include "common/scan.h"

#include <errno.h>

/* Octets from 128 on are of no class. scan_test.c has the same in words. */
const uint8_t scan_class[256] = {
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x10, 0x10, 0x00, 0x00, 0x10, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x10, 0xc1, 0x00, 0x00, 0xc0, 0x01, 0xc0, 0xc1,
	0xc0, 0xc0, 0xc1, 0xc1, 0x40, 0xe1, 0xe1, 0xc0,
	0xe7, 0xe7, 0xe7, 0xe7, 0xe7, 0xe7, 0xe7, 0xe7,
	0xe7, 0xe7, 0x80, 0x40, 0x00, 0x40, 0x00, 0x40,
	0x00, 0xed, 0xed, 0xed, 0xed, 0xed, 0xed, 0xe9,
	0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9,
	0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9,
	0xe9, 0xe9, 0xe9, 0x80, 0x00, 0x80, 0x00, 0xe1,
	0x01, 0xed, 0xed, 0xed, 0xed, 0xed, 0xed, 0xe9,
	0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9,
	0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9, 0xe9,
	0xe9, 0xe9, 0xe9, 0x00, 0x00, 0x00, 0xc1, 0x00,
};

bool
scan_sep(struct str *in, char c)
{
	struct str	s = *in;

	scan_blanks(&s);
	if (!scan_ch(&s, c))
		return false;
	scan_blanks(&s);
	*in = s;
	return true;
}

int
scan_token(struct str *in, struct str *out)
{
	struct str	t = scan_while(in, CHAR_TOKEN);

	if (t.len == 0)
		return -EBADMSG;
	*out = t;
	return 0;
}

int
scan_u32(struct str *in, uint32_t *out)
{
	struct str	digits = scan_while(in, CHAR_DIGIT);

	if (digits.len == 0)
		return -EBADMSG;
	return str_u32(digits, out);
}

int
scan_quoted(struct str *in, struct str *out)
{
	struct str	s = *in;

	if (!scan_ch(&s, '"'))
		return -EBADMSG;
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] == '\\') {
			i++;
		} else if (s.s[i] == '"') {
			*out = str_make(s.s, i);
			scan_skip(&s, i + 1);
			*in = s;
			return 0;
		}
	}
	return -EBADMSG;
}

struct str
scan_plain(struct str *in)
{
	size_t		n = 0;
	struct str	out;

	while (n < in->len && (scan_is(in->s[n], CHAR_TOKEN | CHAR_PARAM) ||
	    (in->s[n] > ' ' && in->s[n] < 0x7f &&
	    strchr(";,\"<>\\", in->s[n]) == NULL)))
		n++;
	out = str_make(in->s, n);
	if (n > 0)
		scan_skip(in, n);
	return out;
}

int
scan_host(struct str *in, struct str *out)
{
	size_t	n = 0;

	if (in->len > 0 && in->s[0] == '[') {
		for (n = 1; n < in->len && (scan_is(in->s[n], CHAR_HEX) ||
		    in->s[n] == ':' || in->s[n] == '.'); n++)
			;
		if (n < 3 || n == in->len || in->s[n] != ']')
			return -EBADMSG;
		n++;
	} else {
		for (; n < in->len && scan_is(in->s[n], CHAR_HOST); n++)
			if (in->s[n] == '.' && (n == 0 || in->s[n - 1] == '.'))
				return -EBADMSG;
		if (n == 0)
			return -EBADMSG;
	}
	*out = str_make(in->s, n);
	scan_skip(in, n);
	return 0;
}

bool
scan_has_control(struct str in)
{
	return in.len > 0 && (memchr(in.s, '\r', in.len) != NULL ||
	    memchr(in.s, '\n', in.len) != NULL || memchr(in.s, '\0', in.len) != NULL);
}

int
scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c | 0x20) - 'a' + 10;
	return -1;
}
