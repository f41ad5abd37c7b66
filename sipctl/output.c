/*
 * output - rows as JSON, CSV, names; output_table.c draws tables.
 */
#include "sipctl/output_own.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "sipctl/sipctl.h"

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

bool
out_wants(const struct out *o, const char *key)
{
	struct str	rest = str_of(o->fields), one;

	if (o->fields == NULL)
		return true;
	while (str_cut(&rest, ',', &one))
		if (str_eq(str_trim(one), str_of(key)))
			return true;
	return false;
}

/* ---- cells ---- */

void
out_plain(const json_t *v, struct text *t)
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
			out_plain(one, t);
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
			if (out_wants(o, key) && json_object_get(keys, key) == NULL)
				json_object_set_new(keys, key, json_true());
		}
	}
	if (json_array_size(rows) == 0)
		for (c = columns; c->key != NULL; c++)
			if (out_wants(o, c->key))
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
			out_plain(json_object_get(json_array_get(rows, i),
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
		if (out_wants(o, json_object_iter_key(it)))
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
		out_plain(json_object_get(json_array_get(rows, i), key), &t);
		text_init(&s, shown, sizeof(shown));
		out_escape(&s, text_str(&t));
		fprintf(f, "%.*s\n", STR_ARG(text_str(&s)));
	}
}

/* ---- fields ---- */

static bool
is_column(const struct column *c, const char *key)
{
	for (; c->key != NULL; c++)
		if (strcmp(c->key, key) == 0)
			return true;
	return false;
}

#define COLUMNS_MAX	64
#define EXTRAS_MAX	16

static bool
is_key(const json_t *rows, const char *key)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (json_object_get(json_array_get(rows, i), key) != NULL)
			return true;
	return false;
}

/* The table's columns and those that --fields asks for beyond them, under their keys. */
static void
table(FILE *f, const struct out *o, const json_t *rows, const struct column *columns)
{
	struct column	all[COLUMNS_MAX + 1] = { 0 };
	char		keys[EXTRAS_MAX][64] = { 0 }, heads[EXTRAS_MAX][64];
	struct str	rest = str_of(o->fields), one;
	size_t		n, extras = 0;

	for (n = 0; columns[n].key != NULL && n < COLUMNS_MAX; n++)
		all[n] = columns[n];
	while (n < COLUMNS_MAX && extras < EXTRAS_MAX && str_cut(&rest, ',', &one)) {
		if (!str_copy(keys[extras], sizeof(keys[0]), str_trim(one)) ||
		    is_column(all, keys[extras]) || !is_key(rows, keys[extras]))
			continue;
		for (size_t i = 0; i < sizeof(keys[0]); i++)
			heads[extras][i] = keys[extras][i] == '_' ? ' ' :
			    (char)toupper((unsigned char)keys[extras][i]);
		all[n++] = (struct column){ keys[extras], heads[extras], COLUMN_TEXT,
		    false };
		extras++;
	}
	out_table(f, o, rows, all);
}

void
out_rows_to(FILE *f, const struct out *o, const json_t *rows,
    const struct column *columns)
{
	switch (o->form) {
	case OUT_TABLE:
	case OUT_WIDE:
		if (json_array_size(rows) > 0)
			table(f, o, rows, columns);
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

/* What --fields names and nothing here has. Of no rows at all only columns are known. */
static void
look_for_unknown(const struct out *o, const json_t *rows, const struct column *columns)
{
	struct out	all = { .form = o->form };
	struct str	rest = str_of(o->fields), one;
	json_t		*keys;
	char		 name[128], known[1024];
	struct text	 t;
	void		*it;

	if (o->fields == NULL || json_array_size(rows) == 0)
		return;
	keys = all_keys(&all, rows, columns);
	text_init(&t, known, sizeof(known));
	for (it = json_object_iter(keys); it != NULL; it = json_object_iter_next(keys, it))
		text_printf(&t, "%s%s", t.len > 0 ? ", " : "", json_object_iter_key(it));
	while (str_cut(&rest, ',', &one)) {
		if (str_copy(name, sizeof(name), str_trim(one)) &&
		    (json_object_get(keys, name) != NULL || is_column(columns, name)))
			continue;
		say("there is no field \"%.*s\"; choose from %.*s", STR_ARG(str_trim(one)),
		    STR_ARG(text_str(&t)));
		if (o->unknown != NULL)
			*o->unknown = true;
	}
	json_decref(keys);
}

void
out_rows(const struct out *o, const json_t *rows, const struct column *columns)
{
	look_for_unknown(o, rows, columns);
	out_rows_to(stdout, o, rows, columns);
}

void
out_json(const struct out *o, const json_t *value)
{
	dump(stdout, o, value, o->form == OUT_NDJSON ? JSON_COMPACT :
	    JSON_INDENT(2));
}
