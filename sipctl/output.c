/*
 * output - rows as tables, JSON, CSV: the only place that writes data to stdout.
 *
 * Whatever came from the network is escaped here before a terminal can see it. On
 * a terminal a long value is shortened in its middle, and the last line says so.
 */
#include "sipctl/output.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "sipctl/sipctl.h"

#define CELL_WIDE	44	/* columns of a cell on a terminal */

static const char *const forms[] = {
	[OUT_TABLE] = "table", [OUT_WIDE] = "wide", [OUT_JSON] = "json",
	[OUT_NDJSON] = "ndjson", [OUT_CSV] = "csv", [OUT_TSV] = "tsv",
	[OUT_NAME] = "name",
};

int
out_form_parse(const char *name, enum out_form *out)
{
	size_t	i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i], name) == 0) {
			*out = (enum out_form)i;
			return 0;
		}
	return -EINVAL;
}

bool
out_for_people(const struct out *o)
{
	return o->form == OUT_TABLE || o->form == OUT_WIDE;
}

/* ---- text from anywhere ---- */

/* Octets of the UTF-8 character at s that a terminal may see; 0: none. */
static size_t
utf8_length(const unsigned char *s, size_t n)
{
	size_t	len, i;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) ||		/* C1 controls */
	    (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	/* Bidirectional controls can turn a line around. */
	if (s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	    (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
		return 0;
	return len;
}

/*
 * In the form of vis(3) with VIS_OCTAL, which itself depends on the locale and lets
 * C1 controls through in one.
 */
void
out_escape(struct text *t, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.s;
	size_t		     i, len;

	for (i = 0; i < s.len; i += len) {
		len = 1;
		if (p[i] >= ' ' && p[i] < 0x7f)
			text_ch(t, s.s[i]);
		else if ((len = utf8_length(p + i, s.len - i)) > 0)
			text_add(t, str_make(s.s + i, len));
		else {
			len = 1;
			text_printf(t, "\\%03o", p[i]);
		}
	}
}

json_t *
json_text(struct str s)
{
	json_t		*j = json_stringn(s.s != NULL ? s.s : "", s.len);
	struct text	 t;
	char		*buf;

	if (j != NULL)
		return j;
	buf = xcalloc(1, s.len * 4 + 1);
	text_init(&t, buf, s.len * 4 + 1);
	out_escape(&t, s);
	j = json_stringn(t.s, t.len);
	free(buf);
	return j != NULL ? j : json_string("");
}

/* ---- figures for people ---- */

void
bytes_text(double n, char *buf, size_t size)
{
	static const char	units[] = "BKMGT";
	int			u = 0;

	while (n >= 1024 && units[u + 1] != '\0') {
		n /= 1024;
		u++;
	}
	if (u == 0)
		snprintf(buf, size, "%.0f", n);
	else
		snprintf(buf, size, n < 10 ? "%.1f%c" : "%.0f%c", n, units[u]);
}

void
count_text(long long n, char *buf, size_t size)
{
	char		digits[32];
	struct text	t;
	size_t		i, len;

	snprintf(digits, sizeof(digits), "%lld", n < 0 ? -n : n);
	len = strlen(digits);
	text_init(&t, buf, size);
	if (n < 0)
		text_ch(&t, '-');
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text_ch(&t, ',');
		text_ch(&t, digits[i]);
	}
	buf[t.len < size ? t.len : size - 1] = '\0';
}

void
time_text(long long ms, char *buf, size_t size)
{
	time_t		t = (time_t)(ms / 1000);
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "%lld", ms);
}

void
duration_text(double seconds, char *buf, size_t size)
{
	long long	s = seconds < 0 ? 0 : (long long)seconds;

	if (s < 3600)
		snprintf(buf, size, "%02lld:%02lld", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60,
		    s % 60);
	else
		snprintf(buf, size, "%lldd %02lld:%02lld", s / 86400,
		    s / 3600 % 24, s / 60 % 60);
}

/* ---- cells ---- */

static void
plain(const json_t *v, struct text *t)
{
	const json_t	*one;
	size_t		 i;

	switch (v == NULL ? JSON_NULL : json_typeof(v)) {
	case JSON_STRING:
		text_add(t, str_make(json_string_value(v), json_string_length(v)));
		break;
	case JSON_INTEGER:
		text_printf(t, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_REAL:
		text_printf(t, "%.6g", json_real_value(v));
		break;
	case JSON_TRUE:
		text_add(t, STR("true"));
		break;
	case JSON_FALSE:
		text_add(t, STR("false"));
		break;
	case JSON_ARRAY:
		for (i = 0; i < json_array_size(v); i++) {
			if (i > 0)
				text_ch(t, ' ');
			one = json_array_get(v, i);
			plain(one, t);
		}
		break;
	case JSON_OBJECT: {
		char	*s = json_dumps(v, JSON_COMPACT);

		if (s != NULL)
			text_add(t, str_of(s));
		free(s);
		break;
	}
	default:
		break;
	}
}

static void
drawn(const json_t *v, enum column_kind kind, struct text *t)
{
	char	buf[64];

	if (!json_is_number(v)) {
		plain(v, t);
		return;
	}
	switch (kind) {
	case COLUMN_SECONDS:
		duration_text(json_number_value(v), buf, sizeof(buf));
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
		plain(v, t);
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

#define CELL_MAX	65536

static bool
wanted(const struct out *o, const char *key)
{
	struct str	rest = str_of(o->fields), one;

	if (o->fields == NULL)
		return true;
	while (str_cut(&rest, ',', &one))
		if (str_eq(str_trim(one), str_of(key)))
			return true;
	return false;
}

/* A column that no row has is left out. */
static bool
shown_column(const struct out *o, const json_t *rows, const char *key)
{
	const json_t	*row;
	size_t		 i;

	if (!wanted(o, key))
		return false;
	json_array_foreach((json_t *)rows, i, row)
		if (json_object_get(row, key) != NULL)
			return true;
	return false;
}

static void
table_cell(struct libscols_line *line, size_t at, const struct out *o,
    const json_t *value, const struct column *c, bool *shortened)
{
	char		*raw = xcalloc(1, CELL_MAX), *shown = xcalloc(4, CELL_MAX);
	struct text	 r, s;

	text_init(&r, raw, CELL_MAX);
	text_init(&s, shown, 4 * CELL_MAX - 1);
	drawn(value, c->kind, &r);
	if (r.len == 0)
		text_ch(&r, '-');
	out_escape(&s, text_str(&r));
	shown[s.len] = '\0';
	if (o->tty && o->form == OUT_TABLE && shorten(shown, 4 * CELL_MAX, o->utf8))
		*shortened = true;
	scols_line_set_data(line, at, shown);
	free(raw);
	free(shown);
}

static void
print_table(FILE *f, const struct out *o, const json_t *rows,
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
		if (shown_column(o, rows, c->key))
			scols_table_new_column(t, c->head, 0,
			    c->kind == COLUMN_TEXT ? 0 : SCOLS_FL_RIGHT);
	for (i = 0; i < json_array_size(rows); i++) {
		row = json_array_get(rows, i);
		line = scols_table_new_line(t, NULL);
		for (c = columns, at = 0; c->key != NULL; c++)
			if (shown_column(o, rows, c->key))
				table_cell(line, at++, o,
				    json_object_get(row, c->key), c, &shortened);
	}
	scols_print_table(t);
	scols_unref_table(t);
	if (shortened)
		fprintf(f, "(long values are shortened; -o wide shows them whole)\n");
}

/* ---- CSV ---- */

static void
csv_cell(FILE *f, const char *s, size_t len, char separator)
{
	size_t	i;

	if (separator == '\t') {
		for (i = 0; i < len; i++)
			fputc(s[i] == '\t' || s[i] == '\n' || s[i] == '\r' ? ' ' :
			    s[i], f);
		return;
	}
	if (memchr(s, ',', len) == NULL && memchr(s, '"', len) == NULL &&
	    memchr(s, '\n', len) == NULL && memchr(s, '\r', len) == NULL) {
		fwrite(s, 1, len, f);
		return;
	}
	fputc('"', f);
	for (i = 0; i < len; i++) {
		if (s[i] == '"')
			fputc('"', f);
		fputc(s[i], f);
	}
	fputc('"', f);
}

/* Keys of all rows in the order they first appear: values are ignored. */
static json_t *
all_keys(const struct out *o, const json_t *rows, const struct column *columns)
{
	json_t		    *keys = json_object(), *row;
	const struct column *c;
	const char	    *key;
	void		    *it;
	size_t		     i;

	for (i = 0; i < json_array_size(rows); i++) {
		row = json_array_get(rows, i);
		for (it = json_object_iter(row); it != NULL;
		    it = json_object_iter_next(row, it)) {
			key = json_object_iter_key(it);
			if (wanted(o, key) && json_object_get(keys, key) == NULL)
				json_object_set_new(keys, key, json_true());
		}
	}
	if (json_array_size(rows) == 0)
		for (c = columns; c->key != NULL; c++)
			if (wanted(o, c->key))
				json_object_set_new(keys, c->key, json_true());
	return keys;
}

static void
print_csv(FILE *f, const struct out *o, const json_t *rows,
    const struct column *columns, char separator)
{
	json_t		*keys = all_keys(o, rows, columns);
	char		*buf = xcalloc(1, CELL_MAX), *shown = xcalloc(4, CELL_MAX);
	struct text	 t, s;
	void		*it;
	size_t		 i;

	if (o->header) {
		for (it = json_object_iter(keys); it != NULL; ) {
			fputs(json_object_iter_key(it), f);
			it = json_object_iter_next(keys, it);
			fputc(it != NULL ? separator : '\n', f);
		}
	}
	for (i = 0; i < json_array_size(rows); i++)
		for (it = json_object_iter(keys); it != NULL; ) {
			text_init(&t, buf, CELL_MAX);
			plain(json_object_get(json_array_get(rows, i),
			    json_object_iter_key(it)), &t);
			text_init(&s, shown, 4 * CELL_MAX);
			if (o->tty)
				out_escape(&s, text_str(&t));
			else
				text_add(&s, text_str(&t));
			csv_cell(f, s.s, s.len, separator);
			it = json_object_iter_next(keys, it);
			fputc(it != NULL ? separator : '\n', f);
		}
	free(buf);
	free(shown);
	json_decref(keys);
}

/* ---- JSON ---- */

static void
dump(FILE *f, const struct out *o, const json_t *v, size_t flags)
{
	if (o->tty)
		flags |= JSON_ENSURE_ASCII;	/* nothing drives the terminal */
	json_dumpf(v, f, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
	fputc('\n', f);
}

static json_t *
with_fields(const struct out *o, const json_t *row)
{
	json_t	*copy = json_object();
	void	*it;

	for (it = json_object_iter((json_t *)row); it != NULL;
	    it = json_object_iter_next((json_t *)row, it))
		if (wanted(o, json_object_iter_key(it)))
			json_object_set(copy, json_object_iter_key(it),
			    json_object_iter_value(it));
	return copy;
}

static void
print_json(FILE *f, const struct out *o, const json_t *rows)
{
	json_t	*list = json_array(), *one;
	size_t	 i;

	for (i = 0; i < json_array_size(rows); i++) {
		one = with_fields(o, json_array_get(rows, i));
		if (o->form == OUT_NDJSON)
			dump(f, o, one, JSON_COMPACT);
		json_array_append_new(list, one);
	}
	if (o->form == OUT_JSON)
		dump(f, o, list, JSON_INDENT(2));
	json_decref(list);
}

static void
print_names(FILE *f, const struct out *o, const json_t *rows, const char *key)
{
	char		buf[4096], shown[4 * sizeof(buf)];
	struct text	t, s;
	size_t		i;

	for (i = 0; i < json_array_size(rows); i++) {
		text_init(&t, buf, sizeof(buf));
		plain(json_object_get(json_array_get(rows, i), key), &t);
		text_init(&s, shown, sizeof(shown));
		out_escape(&s, text_str(&t));
		fprintf(f, "%.*s\n", STR_ARG(text_str(&s)));
	}
}

void
out_rows_to(FILE *f, const struct out *o, const json_t *rows,
    const struct column *columns)
{
	switch (o->form) {
	case OUT_TABLE:
	case OUT_WIDE:
		if (json_array_size(rows) > 0)
			print_table(f, o, rows, columns);
		break;
	case OUT_CSV:
		print_csv(f, o, rows, columns, ',');
		break;
	case OUT_TSV:
		print_csv(f, o, rows, columns, '\t');
		break;
	case OUT_NAME:
		print_names(f, o, rows, columns[0].key);
		break;
	default:
		print_json(f, o, rows);
	}
}

void
out_rows(const struct out *o, const json_t *rows, const struct column *columns)
{
	out_rows_to(stdout, o, rows, columns);
}

void
out_json(const struct out *o, const json_t *value)
{
	dump(stdout, o, value, o->form == OUT_NDJSON ? JSON_COMPACT :
	    JSON_INDENT(2));
}
