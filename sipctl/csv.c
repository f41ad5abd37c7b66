/*
 * csv - records out of a text; empty lines are skipped.
 */
#include "sipctl/csv.h"

#include <errno.h>

void
csv_init(struct csv *c, char *text, size_t len)
{
	c->at = text;
	c->end = text + len;
	c->line = 1;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at += 3;		/* spreadsheets begin with it */
}

static bool
at_line_end(const struct csv *c)
{
	return c->at == c->end || *c->at == '\n' || *c->at == '\r';
}

static void
skip_line_end(struct csv *c)
{
	if (c->at < c->end && *c->at == '\r')
		c->at++;
	if (c->at < c->end && *c->at == '\n')
		c->at++;
	c->line++;
}

/* The rest of a bad record is not looked at. */
static int
bad(struct csv *c, struct csv_record *r, const char *what)
{
	r->error = what;
	while (c->at < c->end && *c->at != '\n')
		c->at++;
	if (c->at < c->end)
		c->at++;
	c->line++;
	return -EBADMSG;
}

/* After the opening quote; writes over what was read. NULL: never closed. */
static char *
quoted(struct csv *c, char *to)
{
	while (c->at < c->end) {
		if (*c->at == '"') {
			if (c->at + 1 == c->end || c->at[1] != '"') {
				c->at++;
				return to;
			}
			c->at++;
		} else if (*c->at == '\n') {
			c->line++;
		}
		*to++ = *c->at++;
	}
	return NULL;
}

static int
field(struct csv *c, struct csv_record *r, const char *line_start)
{
	char	*begin = c->at, *to;

	if (r->n == CSV_FIELDS_MAX)
		return bad(c, r, "more than 32 fields");
	r->column[r->n] = (uint32_t)(begin - line_start) + 1;
	if (begin < c->end && *begin == '"') {
		c->at++;
		to = quoted(c, begin);
		if (to == NULL)
			return bad(c, r, "a quote is not closed");
		if (!at_line_end(c) && *c->at != ',')
			return bad(c, r, "a comma is expected after a quote");
		r->field[r->n++] = str_make(begin, (size_t)(to - begin));
		return 0;
	}
	while (!at_line_end(c) && *c->at != ',') {
		if (*c->at == '"')
			return bad(c, r, "a quote in the middle of a field");
		c->at++;
	}
	r->field[r->n++] = str_make(begin, (size_t)(c->at - begin));
	return 0;
}

int
csv_next(struct csv *c, struct csv_record *r)
{
	const char	*line_start;

	while (c->at < c->end && at_line_end(c))
		skip_line_end(c);
	if (c->at == c->end)
		return 0;
	line_start = c->at;
	r->n = 0;
	r->line = c->line;
	r->error = NULL;
	for (;;) {
		if (field(c, r, line_start) < 0)
			return -EBADMSG;
		if (at_line_end(c)) {
			skip_line_end(c);
			return 1;
		}
		c->at++;		/* the comma */
	}
}
