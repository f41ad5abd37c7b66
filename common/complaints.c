/*
 * complaints - what is wrong with a configuration, and where.
 *
 * A list that conf.c, settings.c and the daemons' own checks fill; sipctl prints
 * it. Bounded: a broken file has at most COMPLAINTS_MAX of them kept.
 */
#include "common/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

void
complain(struct complaints *c, bool warning, const char *file, uint32_t line,
    uint32_t column, const char *fmt, ...)
{
	struct complaint *one;
	char		  text[1024];
	va_list		  ap;

	if (!warning)
		c->errors++;
	if (c->n == COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if ((c->n & (c->n - 1)) == 0)
		c->v = xrealloc(c->v, c->n == 0 ? 1 : c->n * 2, sizeof(*c->v));
	one = &c->v[c->n++];
	one->file = xstrdup(file != NULL ? file : "");
	one->line = line;
	one->column = column;
	one->warning = warning;
	one->text = xstrdup(text);
	one->source = NULL;
}

void
complaints_fini(struct complaints *c)
{
	size_t	i;

	for (i = 0; i < c->n; i++) {
		free(c->v[i].file);
		free(c->v[i].text);
		free(c->v[i].source);
	}
	free(c->v);
	memset(c, 0, sizeof(*c));
}

/* Escaped for a terminal; a tab becomes one blank, so that columns agree. */
static void
add_line(struct text *out, const char *s, size_t max)
{
	char	v[8];

	for (; *s != '\0' && max > 0; s++, max--) {
		if (*s == '\t') {
			text_ch(out, ' ');
			continue;
		}
		if ((unsigned char)*s >= 0x80) {	/* UTF-8 stays readable */
			text_ch(out, *s);
			continue;
		}
		vis(v, *s, VIS_NOSLASH, 0);
		text_add(out, str_of(v));
	}
}

/* Of the token at column, at least 1. */
static size_t
token_length(const char *source, size_t column)
{
	size_t	len = strlen(source), n = 0;

	if (column == 0 || column > len)
		return 1;
	source += column - 1;
	if (*source == '"') {
		const char	*close = strchr(source + 1, '"');

		return close != NULL ? (size_t)(close - source) + 1 : 1;
	}
	n = strcspn(source, " \t,]{}#");
	return n > 0 ? n : 1;
}

void
complaint_print(const struct complaint *c, bool utf8, struct text *out)
{
	const char	*bar = utf8 ? "\xe2\x94\x82" : "|";
	size_t		 i, n, width;
	char		 number[16];

	if (c->file[0] != '\0') {
		add_line(out, c->file, 4096);
		if (c->line > 0)
			text_printf(out, ":%u", c->line);
		if (c->line > 0 && c->column > 0)
			text_printf(out, ":%u", c->column);
		text_add(out, STR(": "));
	}
	text_printf(out, "%s: ", c->warning ? "warning" : "error");
	add_line(out, c->text, 2048);
	text_ch(out, '\n');
	if (c->source == NULL || c->line == 0)
		return;
	snprintf(number, sizeof(number), "%u", c->line);
	width = strlen(number);
	text_printf(out, "   %s %s ", number, bar);
	add_line(out, c->source, 200);
	text_ch(out, '\n');
	if (c->column == 0 || c->column > 200)
		return;
	text_printf(out, "   %*s %s ", (int)width, "", bar);
	for (i = 1; i < c->column; i++)
		text_ch(out, ' ');
	text_ch(out, '^');
	n = token_length(c->source, c->column);
	for (i = 1; i < n && c->column + i <= 200; i++)
		text_ch(out, '~');
	text_ch(out, '\n');
}
