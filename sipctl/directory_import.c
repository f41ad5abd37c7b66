/*
 * directory_import - many entries of the directory from a file, in batches, and all
 * of them into one.
 *
 * CSV with a header line that names the two columns, or an object a line. A group's
 * members stand in one field, with blanks between them. The prices of one gateway, as
 * a carrier sends them, have its name before each prefix.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sipctl/ask.h"
#include "sipctl/csv.h"
#include "sipctl/directory.h"

#define FILE_MAX	(256u * 1024 * 1024)

struct import {
	struct ctl			*ctl;
	const struct directory_kind	*kind;
	const char			*file;
	bool				 dry_run;
	enum user_mode			 mode;
	struct entries			 batch;
	json_t				*held[ENTRIES_MAX];	/* own the strings */
	const char			*gateway;		/* of prices; or NULL */
	char				 names[ENTRIES_MAX][96];	/* with it */
	uint32_t			 seen, put, rejected;
};

static void
reject(void *arg, uint32_t row, struct str why)
{
	struct import	*im = arg;
	char		 shown[1024];
	struct text	 t;

	im->rejected++;
	text_init(&t, shown, sizeof(shown));
	out_escape(&t, why);
	fprintf(stderr, "%s:%u: %.*s\n", im->file, row, STR_ARG(text_str(&t)));
}

static int
send_batch(struct import *im)
{
	uint32_t	put = 0;
	int		code = CTL_DONE;

	if (im->batch.n > 0)
		code = entries_put(im->ctl, im->kind->kind, &im->batch, im->mode,
		    im->dry_run, &put, reject, im);
	im->put += put;
	for (uint32_t i = 0; i < im->batch.n; i++)
		json_decref(im->held[i]);
	im->batch.n = 0;
	return code;
}

/* The members of a field are one a line in the question: in place. */
static int
add(struct import *im, struct str name, struct str value, uint32_t row, json_t *held)
{
	char	*v = (char *)value.s;

	if (im->kind->kind == ENTRY_GROUP)
		for (size_t i = 0; i < value.len; i++)
			if (v[i] == ' ' || v[i] == ',')
				v[i] = '\n';
	if (im->gateway != NULL) {
		snprintf(im->names[im->batch.n], sizeof(im->names[0]), "%.63s/%.*s",
		    im->gateway, name.len < 30 ? (int)name.len : 30, name.s);
		name = str_of(im->names[im->batch.n]);
	}
	im->held[im->batch.n] = held;
	im->batch.v[im->batch.n++] = (struct rec_entry){ name, value, row };
	return im->batch.n == ENTRIES_MAX ? send_batch(im) : CTL_DONE;
}

static int
read_csv(struct import *im, char *text, size_t len)
{
	struct csv_record	r;
	struct csv		csv;
	int			e, code = CTL_DONE;

	csv_init(&csv, text, len);
	if (csv_next(&csv, &r) != 1 || r.n != 2 ||
	    !str_caseeq(str_trim(r.field[0]), str_of(im->kind->name)) ||
	    !str_caseeq(str_trim(r.field[1]), str_of(im->kind->value)))
		return no(CTL_NO, "%s:1: the header line names the columns: %s,%s",
		    im->file, im->kind->name, im->kind->value);
	while (code == CTL_DONE && (e = csv_next(&csv, &r)) != 0) {
		im->seen++;
		if (e < 0 || r.n != 2)
			reject(im, r.line, str_of(e < 0 ? r.error :
			    "a row has two fields"));
		else
			code = add(im, str_trim(r.field[0]), str_trim(r.field[1]),
			    r.line, NULL);
	}
	return code;
}

static int
read_ndjson(struct import *im, char *text, size_t len)
{
	struct str	 rest = str_make(text, len), line;
	uint32_t	 row = 0;
	json_t		*object, *name, *value;
	int		 code = CTL_DONE;

	while (code == CTL_DONE && str_cut(&rest, '\n', &line)) {
		row++;
		if (str_trim(line).len == 0)
			continue;
		im->seen++;
		object = json_loadb(line.s, line.len, JSON_REJECT_DUPLICATES, NULL);
		name = json_object_get(object, im->kind->name);
		value = json_object_get(object, im->kind->value);
		if (!json_is_string(name) || !json_is_string(value) ||
		    json_object_size(object) != 2) {
			reject(im, row, STR("it is no object with two texts"));
			json_decref(object);
			continue;
		}
		code = add(im, str_of(json_string_value(name)),
		    str_of(json_string_value(value)), row, object);
	}
	return code;
}

static int
report(struct import *im, int code)
{
	char	rows[32], put[32];

	count_text(im->seen, rows, sizeof(rows));
	count_text(im->put, put, sizeof(put));
	done(im->ctl, "%s rows: %s %s, %u rejected%s", rows, put,
	    im->dry_run ? "would be added" : "added", im->rejected,
	    im->dry_run ? ". Nothing was changed." : "");
	if (code != CTL_DONE)
		return code;
	return im->rejected == 0 ? CTL_DONE :
	    im->dry_run || im->put == 0 ? CTL_NO : CTL_PARTLY;
}

/* --format, else what the file's name says. False: neither csv nor ndjson. */
static bool
is_ndjson(const struct line *l, const char *file, bool *out)
{
	const char	*format = line_option(l, "format"), *dot = strrchr(file, '.');

	if (format == NULL)
		format = dot != NULL && strcmp(dot, ".ndjson") == 0 ? "ndjson" : "csv";
	*out = strcmp(format, "ndjson") == 0;
	return *out || strcmp(format, "csv") == 0;
}

COMMAND(cmd_directory_import)
{
	struct import	*im;
	char		*text;
	size_t		 len;
	bool		 ndjson;
	int		 e, code;

	if (!is_ndjson(l, l->args[0], &ndjson))
		return no(CTL_USAGE, "--format is csv or ndjson");
	e = strcmp(l->args[0], "-") == 0 ?
	    read_all(STDIN_FILENO, FILE_MAX, &text, &len) :
	    file_read(l->args[0], FILE_MAX, &text, &len);
	if (e < 0)
		return no(CTL_NO, "cannot read %s: %s", l->args[0], strerror(-e));
	im = xcalloc(1, sizeof(*im));
	im->ctl = c;
	im->kind = directory_kind_of(l);
	im->file = l->args[0];
	im->gateway = line_option(l, "gateway");
	im->dry_run = line_flag(l, "dry-run");
	im->mode = line_flag(l, "update") ? USER_ADD_OR_SET : USER_ADD;
	code = ndjson ? read_ndjson(im, text, len) : read_csv(im, text, len);
	if (code == CTL_DONE)
		code = send_batch(im);
	code = report(im, code);
	free(im);
	free(text);
	return code;
}

COMMAND(cmd_directory_export)
{
	const struct directory_kind	*k = directory_kind_of(l);
	struct out			 out = c->out;
	json_t				*rows, *row;
	bool				 ndjson;
	char				 value[8192];
	size_t				 i;
	int				 code;

	if (!is_ndjson(l, "", &ndjson))
		return no(CTL_USAGE, "--format is csv or ndjson");
	if ((code = ask_show(c, "routed", k->table, NULL, &rows)) != CTL_DONE)
		return code;
	json_array_foreach(rows, i, row) {
		strlcpy(value, json_string_value(json_object_get(row, k->value)),
		    sizeof(value));
		for (char *p = value; *p != '\0'; p++)
			if (*p == '\n')
				*p = ' ';
		json_object_set_new(row, k->value, json_string(value));
	}
	out.form = ndjson ? OUT_NDJSON : OUT_CSV;
	out_rows(&out, rows, (const struct column[]){
	    { k->name, k->name, COLUMN_TEXT }, { k->value, k->value, COLUMN_TEXT },
	    { NULL } });
	json_decref(rows);
	return CTL_DONE;
}
