/*
 * line - one header line of a message: RFC 3261 sections 7.3.1 and 25.1.
 *
 * Lines end in CRLF. A CR or LF alone is refused wherever it stands: what is a
 * line end to one program and a blank to the next hides headers from both (S17).
 */
#include "sipd/line.h"

#include <errno.h>
#include <string.h>

#include "common/scan.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

#define NAME_LOOK	32	/* octets in which the colon of a known name is */

/* What a line is, beside good. */
enum {
	BAD = 1,		/* no name, no colon, or a CR or LF of its own */
	LOOSE = 2,		/* folded, or blanks before the colon */
};

/* Behind the line that holds *p and its folds, or NULL. */
static const char *
line_end(const char *p, const char *end, unsigned *what)
{
	const char	*lf;

	for (;;) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			return NULL;
		if (lf == p || lf[-1] != '\r' ||
		    memchr(p, '\r', (size_t)(lf - p) - 1) != NULL)
			*what |= BAD;
		p = lf + 1;
		if (p == end || !is_space(*p))
			return p;
		*what |= LOOSE;
	}
}

/* The same without blanks at both ends. */
static struct str
trimmed(const char *s, const char *end)
{
	while (s < end && scan_is(*s, CHAR_BLANK))
		s++;
	while (end > s && scan_is(end[-1], CHAR_BLANK))
		end--;
	return str_make(s, (size_t)(end - s));
}

/*
 * Of a name that is known, right before its colon: most are, and those are tokens - but
 * for a CR, which header_id() takes for a '-', and line_end() for what it is.
 */
static enum header
known_name(const char *s, const char *end, const char **colon)
{
	size_t	left = (size_t)(end - s);

	*colon = memchr(s, ':', left < NAME_LOOK ? left : NAME_LOOK);
	return *colon != NULL ? header_id(str_make(s, (size_t)(*colon - s))) : HDR_OTHER;
}

/* Returns what the line is; its name ends at *name_end. */
static unsigned
any_name(const char *s, const char *end, const char **name_end, const char **colon)
{
	const char	*p = s;
	unsigned	 what = 0;

	while (p < end && scan_is(*p, CHAR_TOKEN))
		p++;
	*name_end = p;
	/* Blanks before the colon are legal: HCOLON. */
	for (; p < end && is_space(*p); p++)
		what = LOOSE;
	*colon = p;
	return *name_end == s || p == end || *p != ':' ? BAD : what;
}

int
line_read(const char **p, const char *end, struct sip_line *out)
{
	const char	*start = *p, *name_end, *colon, *next;
	enum header	 id = known_name(start, end, &colon);
	unsigned	 what = 0;

	if (id != HDR_OTHER)
		name_end = colon;
	else
		what = any_name(start, end, &name_end, &colon);
	next = line_end(start, end, &what);
	if (next == NULL) {
		*p = end;
		return -EAGAIN;
	}
	*p = next;
	if (what & BAD)
		return -EBADMSG;
	out->name = str_make(start, (size_t)(name_end - start));
	out->id = what & LOOSE ? header_id(out->name) : id;
	out->value = trimmed(colon + 1, next);
	out->text = str_make(start, (size_t)(next - start));
	return what & LOOSE ? 1 : 0;
}

/* Behind the name the colon, then what blanks were before it. */
static void
colon_forward(const struct sip_line *l)
{
	char	*name_end = (char *)l->name.s + l->name.len;
	char	*colon = memchr(name_end, ':', l->text.len - l->name.len);

	*colon = *name_end;
	*name_end = ':';
}

/* All but the last CRLF. */
static void
folds_to_blanks(const struct sip_line *l)
{
	char	*p = (char *)l->text.s, *end = p + l->text.len - 2;

	while ((p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		*p++ = ' ';
		*p++ = ' ';
	}
}

void
line_straighten(const struct sip_line *l)
{
	colon_forward(l);
	folds_to_blanks(l);
}

void
line_write(struct text *t, struct str name, struct str value)
{
	char	*p = text_take(t, name.len + value.len + 4);

	if (p == NULL)
		return;
	memcpy(p, name.s, name.len);
	p += name.len;
	*p++ = ':';
	*p++ = ' ';
	if (value.len > 0)	/* an empty slice may have no text at all */
		memcpy(p, value.s, value.len);
	p += value.len;
	*p++ = '\r';
	*p = '\n';
}

struct str
line_skip_blank(struct str in)
{
	while (in.len >= 2 && in.s[0] == '\r' && in.s[1] == '\n')
		scan_skip(&in, 2);
	return in;
}

int
line_length(struct str value, int64_t *out)
{
	uint64_t	v;
	int		error = str_u64(value, &v);

	if (error == -ERANGE || (error == 0 && v > INT64_MAX))
		v = INT64_MAX;
	else if (error < 0)
		return -EBADMSG;
	*out = (int64_t)v;
	return 0;
}
