/*
 * str - slices, bounded text, and the allocations that die.
 */
#include "common/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"

static inline unsigned char
lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool
casesame(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] &&	/* hardly ever */
		    lower((unsigned char)a[i]) != lower((unsigned char)b[i]))
			return false;
	return true;
}

bool
str_caseeq(struct str a, struct str b)
{
	return a.len == b.len && casesame(a.s, b.s, a.len);
}

bool
str_prefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(s.s, prefix.s, prefix.len) == 0);
}

bool
str_caseprefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len && casesame(s.s, prefix.s, prefix.len);
}

int
str_cmp(struct str a, struct str b)
{
	size_t	n = a.len < b.len ? a.len : b.len;
	int	c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	if (c != 0)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && blank(s.s[0])) {
		s.s++;
		s.len--;
	}
	while (s.len > 0 && blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

bool
str_cut(struct str *rest, char c, struct str *part)
{
	ptrdiff_t	i;

	if (rest->s == NULL)
		return false;
	i = str_chr(*rest, c);
	if (i < 0) {
		*part = *rest;
		*rest = STR_NONE;
		return true;
	}
	*part = str_make(rest->s, (size_t)i);
	rest->s += i + 1;
	rest->len -= (size_t)i + 1;
	return true;
}

ptrdiff_t
str_chr(struct str s, char c)
{
	const char	*p = s.len > 0 ? memchr(s.s, c, s.len) : NULL;

	return p != NULL ? p - s.s : -1;
}

ptrdiff_t
str_rchr(struct str s, char c)
{
	const char	*p = s.len > 0 ? memrchr(s.s, c, s.len) : NULL;

	return p != NULL ? p - s.s : -1;
}

ptrdiff_t
str_find(struct str s, struct str needle)
{
	const char	*p;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	p = memmem(s.s, s.len, needle.s, needle.len);
	return p != NULL ? p - s.s : -1;
}

static int
digits(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t	v = 0;
	bool		large = false;

	if (s.len == 0)
		return -EBADMSG;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned)(s.s[i] - '0');

		if (d > 9)
			return -EBADMSG;
		/* Nine digits always fit: no division for them. */
		if (i >= 9 && v > (max - d) / 10)
			large = true;	/* unless it is no number at all */
		else
			v = v * 10 + d;
	}
	if (large)
		return -ERANGE;
	*out = v;
	return 0;
}

int
str_u32(struct str s, uint32_t *out)
{
	uint64_t	v;
	int		error = digits(s, UINT32_MAX, &v);

	if (error == 0)
		*out = (uint32_t)v;
	return error;
}

int
str_u64(struct str s, uint64_t *out)
{
	return digits(s, UINT64_MAX, out);
}

bool
str_copy(char *dst, size_t size, struct str s)
{
	if (size == 0)
		return false;
	if (s.len >= size) {
		dst[0] = '\0';
		return false;
	}
	if (s.len > 0)
		memcpy(dst, s.s, s.len);
	dst[s.len] = '\0';
	return true;
}

char *
str_dup(struct str s)
{
	char	*p = xcalloc(1, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.s, s.len);
	return p;
}

char *
str_dup_or_null(struct str s)
{
	return s.len > 0 ? str_dup(s) : NULL;
}

void
str_lower(char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s[i] = (char)lower((unsigned char)s[i]);
}

/* ---- text ---- */

void
text_init(struct text *t, char *buf, size_t size)
{
	*t = (struct text){ .s = buf, .size = size };
	if (size > 0)
		buf[0] = '\0';
}

/* Octets that still fit; one is kept for the NUL. */
static size_t
text_room(const struct text *t)
{
	return t->size > t->len ? t->size - t->len - 1 : 0;
}

void
text_add(struct text *t, struct str s)
{
	size_t	n = text_room(t);

	if (s.len > n)
		t->full = true;
	else
		n = s.len;
	if (n == 0)
		return;
	memcpy(t->s + t->len, s.s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

char *
text_take(struct text *t, size_t n)
{
	char	*p = t->s + t->len;

	if (n > text_room(t)) {
		t->full = true;
		return NULL;
	}
	t->len += n;
	t->s[t->len] = '\0';
	return p;
}

void
text_ch(struct text *t, char c)
{
	if (text_room(t) == 0) {
		t->full = true;
		return;
	}
	t->s[t->len++] = c;
	t->s[t->len] = '\0';
}

void
text_u64(struct text *t, uint64_t v)
{
	char	buf[20];
	size_t	i = sizeof(buf);

	do {
		buf[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	text_add(t, str_make(buf + i, sizeof(buf) - i));
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	size_t	room = text_room(t);
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? t->s + t->len : NULL, room > 0 ? room + 1 : 0,
	    fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n > room) {
		t->full = true;
		n = n < 0 ? 0 : (int)room;
	}
	t->len += (size_t)n;
	if (t->size > t->len)
		t->s[t->len] = '\0';
}

/* ---- allocations that die ---- */

void *
xcalloc(size_t n, size_t size)
{
	void	*p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (p == NULL)
		fatal("out of memory: %zu times %zu octets", n, size);
	return p;
}

void *
xrealloc(void *p, size_t n, size_t size)
{
	void	*q;

	if (n == 0 || size == 0)
		n = size = 1;
	q = reallocarray(p, n, size);
	if (q == NULL)
		fatal("out of memory: %zu times %zu octets", n, size);
	return q;
}

char *
xstrdup(const char *s)
{
	return str_dup(str_of(s));
}

bool
text_lists_equal(const void *a, size_t na, const void *b, size_t nb, size_t size)
{
	const char	*x = a, *y = b;

	if (na != nb)
		return false;
	for (; na > 0; na--, x += size, y += size)
		if (strcmp(*(char *const *)x, *(char *const *)y) != 0)
			return false;
	return true;
}
