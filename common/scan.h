#ifndef COMMON_SCAN_H
#define COMMON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Steps over a slice for the SIP grammars (RFC 3261 section 25.1): each takes
 * what it describes off the front of *in. A table of character classes, no
 * locale.
 */
enum {
	CHAR_TOKEN = 1,		/* alphanum and -.!%*_+`'~ */
	CHAR_DIGIT = 2,
	CHAR_HEX = 4,
	CHAR_ALPHA = 8,
	CHAR_BLANK = 16,	/* SP, HT, CR, LF: folds were checked before */
	CHAR_HOST = 32,		/* alphanum, '-', '.', and '_' as phones use it */
	CHAR_USER = 64,		/* unreserved and user-unreserved, without '%' */
	CHAR_PARAM = 128,	/* unreserved and param-unreserved, without '%' */
};
extern const uint8_t scan_class[256];

static inline bool
scan_is(char c, unsigned class)
{
	return (scan_class[(unsigned char)c] & class) != 0;
}

static inline void
scan_skip(struct str *in, size_t n)
{
	in->s += n;
	in->len -= n;
}

/* What is of this class, perhaps nothing. */
static inline struct str
scan_while(struct str *in, unsigned class)
{
	size_t		n = 0;
	struct str	out;

	while (n < in->len && scan_is(in->s[n], class))
		n++;
	out = str_make(in->s, n);
	if (n > 0)
		scan_skip(in, n);
	return out;
}

static inline void
scan_blanks(struct str *in)
{
	while (in->len > 0 && scan_is(in->s[0], CHAR_BLANK))
		scan_skip(in, 1);
}

static inline unsigned char
scan_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The character c, or false. */
static inline bool
scan_ch(struct str *in, char c)
{
	if (in->len == 0 || in->s[0] != c)
		return false;
	scan_skip(in, 1);
	return true;
}

/* c with blanks around it (SEMI, COMMA, EQUAL, SLASH), or false and no change. */
bool	scan_sep(struct str *in, char c);
/* One or more token characters. 0 or -EBADMSG. */
int	scan_token(struct str *in, struct str *out);
/* Digits: 0, -EBADMSG if there are none, -ERANGE beyond 2^32-1 (all consumed). */
int	scan_u32(struct str *in, uint32_t *out);
/* A quoted string; *out is what stands between the quotes. 0 or -EBADMSG. */
int	scan_quoted(struct str *in, struct str *out);
/*
 * An unquoted value of a parameter: printable ASCII up to a blank or any of
 * ;,"<>\ - more than RFC 3261 has, as phones send it. Perhaps nothing.
 */
struct str scan_plain(struct str *in);
/*
 * A host: a name of labels, an IPv4 address, or something in brackets that looks
 * like an IPv6 address (which one, addr_parse() says; three colons in a row are
 * let through, RFC 5118 section 4.10). 0 or -EBADMSG.
 */
int	scan_host(struct str *in, struct str *out);
/* Is there any of CR, LF, NUL? */
bool	scan_has_control(struct str in);
/* Value of a hex digit, or -1. */
int	scan_hex(char c);

#endif
