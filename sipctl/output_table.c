/*
 * output_table - rows as a table for people, drawn by libsmartcols.
 *
 * Whatever came from the network is escaped here before a terminal can see it. On
 * a terminal a long value is shortened in its middle, and the last line says so.
 */
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

#include "common/mono.h"
#include "sipctl/output_own.h"
#include "sipctl/sipctl.h"

#define CELL_WIDE	44	/* columns of a cell on a terminal */

/* ---- cells ---- */

static void
drawn(const json_t *v, enum column_kind kind, struct text *t)
{
	char	buf[64];
	int64_t	ms;

	if (kind == COLUMN_WHEN && json_is_string(v) &&
	    time_parse(json_string_value(v), &ms)) {
		when_text(ms, wall_ms(), buf, sizeof(buf));
		text_add(t, str_of(buf));
		return;
	}
	if (!json_is_number(v)) {
		out_plain(v, t);
		return;
	}
	switch (kind) {
	case COLUMN_SECONDS:
		duration_text(json_number_value(v), buf, sizeof(buf));
		break;
	case COLUMN_COUNT:
		count_text(json_integer_value(v), buf, sizeof(buf));
		break;
	case COLUMN_TENTHS:
		snprintf(buf, sizeof(buf), "%.1f s", json_number_value(v));
		break;
	case COLUMN_AGO:
		ago_text(json_number_value(v), buf, sizeof(buf));
		break;
	case COLUMN_MS:
		snprintf(buf, sizeof(buf), "%.0f ms", json_number_value(v));
		break;
	case COLUMN_BYTES:
		bytes_text(json_number_value(v), buf, sizeof(buf));
		break;
	case COLUMN_SHARE:
		snprintf(buf, sizeof(buf), "%.0f%%", 100 * json_number_value(v));
		break;
	default:
		out_plain(v, t);
		return;
	}
	text_add(t, str_of(buf));
}

/* Columns a UTF-8 text takes: characters, near enough. */
static size_t
width_of(const char *s)
{
	size_t	n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static const char *
skip_characters(const char *s, size_t n)
{
	while (*s != '\0' && n > 0) {
		s++;
		while (((unsigned char)*s & 0xc0) == 0x80)
			s++;
		n--;
	}
	return s;
}

/* Cuts the middle out of s; true when it did. */
static bool
shorten(char *s, size_t size, bool utf8)
{
	const char	*dots = utf8 ? "\xe2\x80\xa6" : "..";
	size_t		 width = width_of(s), keep = CELL_WIDE - 2;
	char		*result;
	struct text	 t;

	if (width <= CELL_WIDE)
		return false;
	result = xcalloc(1, size);
	text_init(&t, result, size);
	text_add(&t, str_make(s, (size_t)(skip_characters(s, keep / 2) - s)));
	text_add(&t, str_of(dots));
	text_add(&t, str_of(skip_characters(s, width - keep / 2)));
	memcpy(s, result, t.len);
	s[t.len] = '\0';
	free(result);
	return true;
}

/* ---- tables ---- */

/* A column that no row has is left out. */
static bool
shown_column(const struct out *o, const json_t *rows, const struct column *c)
{
	const json_t	*row;
	size_t		 i;

	if (!out_wants(o, c->key) ||
	    (c->wide && o->form != OUT_WIDE && o->fields == NULL))
		return false;
	json_array_foreach((json_t *)rows, i, row)
		if (json_object_get(row, c->key) != NULL)
			return true;
	return false;
}

static void
table_cell(struct libscols_line *line, size_t at, const struct out *o,
    const json_t *value, const struct column *c, bool *shortened)
{
	static char	 raw[CELL_MAX], shown[4 * CELL_MAX];
	struct text	 r, s;

	text_init(&r, raw, CELL_MAX);
	text_init(&s, shown, sizeof(shown) - 1);
	drawn(value, c->kind, &r);
	if (r.len == 0)
		text_ch(&r, '-');
	out_escape(&s, text_str(&r));
	shown[s.len] = '\0';
	if (o->tty && o->form == OUT_TABLE && shorten(shown, sizeof(shown), o->utf8))
		*shortened = true;
	scols_line_set_data(line, at, shown);
}

void
out_table(FILE *f, const struct out *o, const json_t *rows,
    const struct column *columns)
{
	struct libscols_table *t = scols_new_table();
	struct libscols_line  *line;
	const struct column   *c;
	const json_t	      *row;
	bool		       shortened = false;
	size_t		       i, at;

	scols_table_set_stream(t, f);
	scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER);
	scols_table_set_column_separator(t, "  ");
	scols_table_enable_noheadings(t, !o->header);
	scols_table_enable_noencoding(t, 1);	/* out_escape() did it */
	for (c = columns; c->key != NULL; c++)
		if (shown_column(o, rows, c))
			scols_table_new_column(t, c->head, 0, c->kind == COLUMN_TEXT ||
			    c->kind == COLUMN_WHEN ? 0 : SCOLS_FL_RIGHT);
	for (i = 0; i < json_array_size(rows); i++) {
		row = json_array_get(rows, i);
		line = scols_table_new_line(t, NULL);
		for (c = columns, at = 0; c->key != NULL; c++)
			if (shown_column(o, rows, c))
				table_cell(line, at++, o,
				    json_object_get(row, c->key), c, &shortened);
	}
	scols_print_table(t);
	scols_unref_table(t);
	if (shortened)
		fprintf(f, "(long values are shortened; -o wide shows them whole)\n");
}
