#ifndef MEDIAD_BENCODE_H
#define MEDIAD_BENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Bencoding, in which the ng protocol is written: "5:hello" is a string, "i7e" an
 * integer, "l...e" a list, "d...e" a dictionary (keys are strings; their order
 * does not matter here, nor does one that is there twice: the first counts).
 *
 * Reading takes slices of what came in; nothing is copied or allocated.
 */
#define BENCODE_DEPTH		8	/* lists and dictionaries within each other */
#define BENCODE_STRING_MAX	65536	/* octets */

enum bencode_kind {
	BENCODE_NONE,
	BENCODE_STRING,
	BENCODE_INTEGER,
	BENCODE_LIST,
	BENCODE_DICT,
};

struct bencode {
	enum bencode_kind kind;
	struct str	text;		/* a string's octets; a list's or dictionary's inside */
	int64_t		number;
};

/*
 * The value that *rest begins with, checked to its last octet; *rest is what
 * follows it. 0; -EAGAIN: it ends before the value does; -EBADMSG: no bencoding;
 * -E2BIG: too deep or too long.
 */
int	bencode_read(struct bencode *out, struct str *rest);

/* The next element of a list's text; false at its end. */
bool	bencode_element(struct bencode *out, struct str *rest);
/* The next entry of a dictionary's text; false at its end. */
bool	bencode_entry(struct str *key, struct bencode *value, struct str *rest);

/* Writing; lists and dictionaries by text_ch: 'l' or 'd', then 'e'. */
void	bencode_string(struct text *t, struct str s);
void	bencode_integer(struct text *t, int64_t v);

#endif
