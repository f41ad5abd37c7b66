/*
 * bencode - reading and writing what the ng protocol is made of.
 *
 * ng.c reads what a SIP server sent with it and writes the replies. A value is
 * walked once from front to end with a small stack instead of a recursion: how
 * deep it goes is the sender's choice.
 */
#include "mediad/bencode.h"

#include <errno.h>

#define DIGITS_MAX	18	/* of an integer: fits int64_t */
#define LENGTH_MAX	7	/* digits of a string's length */

/* What a list or dictionary that is not closed yet wants next. */
enum want {
	WANT_ELEMENT,
	WANT_KEY,
	WANT_VALUE,
};

struct walk {
	struct str	rest;
	enum want	want[BENCODE_DEPTH];
	unsigned	depth;
};

/* Digits up to the octet end, which is skipped. */
static int
digits(struct str *rest, char end, size_t max, int64_t *out)
{
	int64_t	v = 0;
	size_t	i = 0;

	for (; i < rest->len && rest->s[i] >= '0' && rest->s[i] <= '9'; i++) {
		if (i == max)
			return -E2BIG;
		v = v * 10 + (rest->s[i] - '0');
	}
	if (i == rest->len)
		return -EAGAIN;
	if (i == 0 || rest->s[i] != end)
		return -EBADMSG;
	*rest = str_make(rest->s + i + 1, rest->len - i - 1);
	*out = v;
	return 0;
}

static int
read_string(struct str *out, struct str *rest)
{
	int64_t	len;
	int	error = digits(rest, ':', LENGTH_MAX, &len);

	if (error < 0)
		return error;
	if (len > BENCODE_STRING_MAX)
		return -E2BIG;
	if ((uint64_t)len > rest->len)
		return -EAGAIN;
	*out = str_make(rest->s, (size_t)len);
	*rest = str_make(rest->s + len, rest->len - (size_t)len);
	return 0;
}

static int
read_integer(int64_t *out, struct str *rest)
{
	bool	negative;
	int	error;

	*rest = str_make(rest->s + 1, rest->len - 1);	/* the i */
	if (rest->len == 0)
		return -EAGAIN;
	negative = rest->s[0] == '-';
	if (negative)
		*rest = str_make(rest->s + 1, rest->len - 1);
	error = digits(rest, 'e', DIGITS_MAX, out);
	if (error == 0 && negative)
		*out = -*out;
	return error;
}

static int
walk_open(struct walk *w)
{
	if (w->depth == BENCODE_DEPTH)
		return -E2BIG;
	w->want[w->depth++] = w->rest.s[0] == 'd' ? WANT_KEY : WANT_ELEMENT;
	w->rest = str_make(w->rest.s + 1, w->rest.len - 1);
	return 0;
}

/* A value is complete: its dictionary wants a key again. */
static void
walk_done(struct walk *w)
{
	if (w->depth > 0 && w->want[w->depth - 1] == WANT_VALUE)
		w->want[w->depth - 1] = WANT_KEY;
}

static int
walk_close(struct walk *w)
{
	if (w->want[w->depth - 1] == WANT_VALUE)
		return -EBADMSG;
	w->depth--;
	w->rest = str_make(w->rest.s + 1, w->rest.len - 1);
	walk_done(w);
	return 0;
}

/* One token of what is within a list or dictionary. */
static int
walk_token(struct walk *w)
{
	enum want	*want = &w->want[w->depth - 1];
	struct str	 s;
	int64_t		 n;
	int		 error;

	if (w->rest.len == 0)
		return -EAGAIN;
	if (w->rest.s[0] == 'e')
		return walk_close(w);
	if (*want == WANT_KEY) {
		error = read_string(&s, &w->rest);
		*want = WANT_VALUE;
		return error;
	}
	if (w->rest.s[0] == 'd' || w->rest.s[0] == 'l')
		return walk_open(w);
	error = w->rest.s[0] == 'i' ? read_integer(&n, &w->rest) :
	    read_string(&s, &w->rest);
	if (error == 0)
		walk_done(w);
	return error;
}

static int
read_inside(struct bencode *out, struct str *rest)
{
	struct walk	w = { .rest = *rest };
	int		error = walk_open(&w);

	while (error == 0 && w.depth > 0)
		error = walk_token(&w);
	if (error < 0)
		return error;
	out->kind = rest->s[0] == 'd' ? BENCODE_DICT : BENCODE_LIST;
	out->text = str_make(rest->s + 1, (size_t)(w.rest.s - rest->s) - 2);
	*rest = w.rest;
	return 0;
}

int
bencode_read(struct bencode *out, struct str *rest)
{
	struct bencode	v = { .kind = BENCODE_NONE };
	struct str	at = *rest;
	int		error;

	if (at.len == 0)
		return -EAGAIN;
	if (at.s[0] == 'd' || at.s[0] == 'l') {
		error = read_inside(&v, &at);
	} else if (at.s[0] == 'i') {
		v.kind = BENCODE_INTEGER;
		error = read_integer(&v.number, &at);
	} else {
		v.kind = BENCODE_STRING;
		error = read_string(&v.text, &at);
	}
	if (error < 0)
		return error;
	*out = v;
	*rest = at;
	return 0;
}

bool
bencode_element(struct bencode *out, struct str *rest)
{
	return rest->len > 0 && bencode_read(out, rest) == 0;
}

bool
bencode_entry(struct str *key, struct bencode *value, struct str *rest)
{
	struct bencode	k;

	if (!bencode_element(&k, rest) || !bencode_element(value, rest))
		return false;
	*key = k.text;
	return true;
}

void
bencode_string(struct text *t, struct str s)
{
	text_u64(t, s.len);
	text_ch(t, ':');
	text_add(t, s);
}

void
bencode_integer(struct text *t, int64_t v)
{
	text_printf(t, "i%llde", (long long)v);
}
