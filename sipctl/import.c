/*
 * import - many accounts from a file, in batches; what is refused goes to a file of
 * its own, in the same form, so that it can be mended and imported again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mono.h"
#include "common/uri.h"
#include "sipctl/accounts.h"
#include "sipctl/csv.h"
#include "sipctl/pause.h"
#include "sipctl/progress.h"

#define FILE_MAX	(256u * 1024 * 1024)
#define AOR_TEXT_MAX	600

enum field {
	F_USER, F_DOMAIN, F_PASSWORD, F_HA1_MD5, F_HA1_SHA256, F_HA1_SHA512_256,
	F_HA1B_MD5, F_HA1B_SHA256, F_HA1B_SHA512_256, F_NAME, F_NUMBER,
	F_SERVICE, F_NETWORKS, F_SETTINGS, NFIELDS
};
#define FIELD_LIST	"user,domain,password,ha1_md5,ha1_sha256,ha1_sha512_256," \
			"ha1b_md5,ha1b_sha256,ha1b_sha512_256,name,number," \
			"service,networks,settings"
static const char *const field_names[NFIELDS] = {
	"user", "domain", "password", "ha1_md5", "ha1_sha256", "ha1_sha512_256",
	"ha1b_md5", "ha1b_sha256", "ha1b_sha512_256", "name", "number",
	"service", "networks", "settings"
};
#define FIELD_MAX	255	/* of most: the settings have SETTINGS_MAX */

/* One row as read, and its own text for the rejects. */
struct row {
	struct str	field[NFIELDS];
	uint32_t	column[NFIELDS];	/* where each begins; 0: not known */
	struct str	source;
	uint32_t	line;
};

struct import {
	struct ctl	*ctl;
	const char	*file;		/* as complaints name it */
	bool		 ndjson, dry_run;
	struct putting	 putting;
	char		*text;		/* csv unquotes in it */
	char		*original;	/* for the rejects */
	size_t		 len;
	/* reading */
	struct csv	 csv;
	int		 place[CSV_FIELDS_MAX];	/* column to enum field, or -1 */
	struct str	 rest;		/* ndjson */
	uint32_t	 line;
	/* the batch */
	struct batch	 batch;
	struct row	 rows[BATCH_MAX];
	char		 aors[BATCH_MAX][AOR_TEXT_MAX];
	char		 settings[BATCH_MAX][SETTINGS_MAX];
	json_t		*held[BATCH_MAX];	/* ndjson: owns the strings */
	/* the result */
	uint32_t	 seen, put, rejected, lasting;
	FILE		*rejects;
	bool		 no_rejects;	/* their file cannot be made */
	char		 rejects_name[4096];
	struct progress	 progress;
	uint32_t	 total;		/* lines of the file, nearly its rows */
};

/* ---- rejects ---- */

static void
open_rejects(struct import *im)
{
	struct str	 header = str_make(im->original, im->len), line;
	const char	*tmp = getenv("TMPDIR");
	mode_t		 old = umask(077);	/* it has passwords */
	int		 fd = -1;

	if (strcmp(im->file, "-") != 0) {
		snprintf(im->rejects_name, sizeof(im->rejects_name), "%s.rejected",
		    im->file);
		im->rejects = fopen(im->rejects_name, "we");
	} else {
		snprintf(im->rejects_name, sizeof(im->rejects_name),
		    "%s/sipctl-rejected.XXXXXX", tmp != NULL ? tmp : "/tmp");
		if ((fd = mkostemp(im->rejects_name, O_CLOEXEC)) >= 0)
			im->rejects = fdopen(fd, "w");
	}
	umask(old);
	if (im->rejects == NULL) {
		say("cannot write %s: %s", im->rejects_name, strerror(errno));
		im->no_rejects = true;
		return;
	}
	if (!im->ndjson && str_cut(&header, '\n', &line))
		fprintf(im->rejects, "%.*s\n", STR_ARG(line));
}

static void
reject(struct import *im, uint32_t line, uint32_t column, struct str source,
    const char *why)
{
	char		shown[1024];
	struct text	t;

	im->rejected++;
	text_init(&t, shown, sizeof(shown));
	out_escape(&t, str_of(why));
	fprintf(stderr, "%s:%u:%u: %.*s\n", im->file, line, column > 0 ? column : 1,
	    STR_ARG(text_str(&t)));
	if (im->dry_run)
		return;
	if (im->rejects == NULL && !im->no_rejects)
		open_rejects(im);
	if (im->rejects != NULL)
		fprintf(im->rejects, "%.*s\n", STR_ARG(str_trim(source)));
}

/* ---- reading rows ---- */

static int
read_header(struct import *im)
{
	struct csv_record r;
	size_t		  i;
	int		  f;
	bool		  has_user = false;

	if (csv_next(&im->csv, &r) != 1)
		return no(CTL_NO, "%s: there is no header line; it names the columns: "
		    FIELD_LIST, im->file);
	for (i = 0; i < r.n; i++) {
		im->place[i] = -1;
		for (f = 0; f < NFIELDS; f++)
			if (str_caseeq(str_trim(r.field[i]), str_of(field_names[f])))
				im->place[i] = f;
		if (im->place[i] < 0)
			return no(CTL_NO, "%s:%u:%u: unknown column \"%.*s\"; "
			    "possible are " FIELD_LIST, im->file, r.line, r.column[i],
			    STR_ARG(r.field[i]));
		has_user |= im->place[i] == F_USER;
	}
	for (; i < CSV_FIELDS_MAX; i++)
		im->place[i] = -1;
	if (!has_user)
		return no(CTL_NO, "%s:1:1: there is no column \"user\"", im->file);
	return CTL_DONE;
}

/* 1, 0 at the end, -EBADMSG after rejecting. */
static int
csv_row(struct import *im, struct row *row)
{
	struct csv_record r;
	size_t		  i, begin = (size_t)(im->csv.at - im->text);
	int		  e = csv_next(&im->csv, &r);

	memset(row, 0, sizeof(*row));
	row->source = str_make(im->original + begin,
	    (size_t)(im->csv.at - im->text) - begin);
	if (e == 0)
		return 0;
	im->seen++;
	row->line = r.line;
	if (e < 0) {
		reject(im, r.line, 1, row->source, r.error);
		return e;
	}
	for (i = 0; i < r.n; i++) {
		if (im->place[i] < 0) {
			reject(im, r.line, r.column[i], row->source,
			    "more fields than the header names");
			return -EBADMSG;
		}
		row->field[im->place[i]] = str_trim(r.field[i]);
		row->column[im->place[i]] = r.column[i];
	}
	return 1;
}

static int
ndjson_row(struct import *im, struct row *row)
{
	json_error_t	 error;
	struct str	 line;
	json_t		*object, *v;
	const char	*key;
	int		 f;

	memset(row, 0, sizeof(*row));
	do {
		if (!str_cut(&im->rest, '\n', &line))
			return 0;
		im->line++;
	} while (str_trim(line).len == 0);
	im->seen++;
	row->line = im->line;
	row->source = line;
	object = json_loadb(line.s, line.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		reject(im, im->line, error.column > 0 ? (uint32_t)error.column : 1,
		    line, object == NULL ? error.text : "not an object");
		json_decref(object);
		return -EBADMSG;
	}
	im->held[im->batch.n] = object;
	json_object_foreach(object, key, v) {
		for (f = 0; f < NFIELDS && strcmp(key, field_names[f]) != 0; f++)
			;
		if (f == NFIELDS || (!json_is_string(v) && !json_is_null(v))) {
			reject(im, im->line, 1, line, f == NFIELDS ?
			    "a key that is none of " FIELD_LIST :
			    "all values are strings");
			json_decref(object);
			im->held[im->batch.n] = NULL;
			return -EBADMSG;
		}
		row->field[f] = str_make(json_string_value(v),
		    json_string_length(v));
	}
	return 1;
}

/* ---- sending ---- */

static void
tell_progress(struct import *im)
{
	char	more[32];

	snprintf(more, sizeof(more), "%u rejected", im->rejected);
	progress_tell(&im->progress, im->ctl, im->seen, im->total, more);
}

static void
drop_batch(struct import *im)
{
	uint32_t	i;

	for (i = 0; i < im->batch.n; i++) {
		json_decref(im->held[i]);
		im->held[i] = NULL;
	}
	im->batch.n = 0;
}

/* Where the field of a complaint of regd's begins; what is missing, with the user. */
static uint32_t
column_of(const struct row *row, const char *field)
{
	for (int f = 0; f < NFIELDS; f++)
		if (strcmp(field, field_names[f]) == 0)
			return row->field[f].len > 0 ? row->column[f] :
			    row->column[F_USER];
	return 0;
}

static int
send_batch(struct import *im)
{
	static struct refusals	out;
	uint32_t		i, k;
	int			code;

	if (im->batch.n == 0)
		return CTL_DONE;
	im->putting.refused = &out;
	code = accounts_put(im->ctl, &im->batch, &im->putting);
	im->put += im->putting.put;
	im->lasting += im->putting.lasting;
	for (k = 0; k < out.n; k++)
		for (i = 0; i < im->batch.n; i++)
			if (im->rows[i].line == out.v[k].row) {
				reject(im, out.v[k].row,
				    column_of(&im->rows[i], out.v[k].field),
				    im->rows[i].source, out.v[k].why);
				break;
			}
	drop_batch(im);
	tell_progress(im);
	return code;
}

static void
add_row(struct import *im, const struct row *row)
{
	struct rec_user	*u = &im->batch.v[im->batch.n];
	char		*aor = im->aors[im->batch.n];
	struct text	 t;
	int		 f;

	for (f = 0; f < NFIELDS; f++)
		if (row->field[f].len > (f == F_SETTINGS ? SETTINGS_MAX - 2 :
		    FIELD_MAX)) {
			reject(im, row->line, 1, row->source,
			    "a field is too long");
			json_decref(im->held[im->batch.n]);
			im->held[im->batch.n] = NULL;
			return;
		}
	text_init(&t, aor, AOR_TEXT_MAX);
	text_add(&t, row->field[F_USER]);
	if (row->field[F_DOMAIN].len > 0) {
		text_ch(&t, '@');
		text_add(&t, row->field[F_DOMAIN]);
	}
	*u = (struct rec_user){ .aor = text_str(&t), .name = row->field[F_NAME],
	    .number = row->field[F_NUMBER], .password = row->field[F_PASSWORD],
	    .ha1_md5 = row->field[F_HA1_MD5],
	    .ha1_sha256 = row->field[F_HA1_SHA256],
	    .ha1_sha512_256 = row->field[F_HA1_SHA512_256],
	    .ha1b_md5 = row->field[F_HA1B_MD5],
	    .ha1b_sha256 = row->field[F_HA1B_SHA256],
	    .ha1b_sha512_256 = row->field[F_HA1B_SHA512_256],
	    .service = row->field[F_SERVICE],
	    .networks = row->field[F_NETWORKS], .row = row->line };
	(void)settings_lines(row->field[F_SETTINGS], im->settings[im->batch.n],
	    SETTINGS_MAX, &u->settings);
	im->rows[im->batch.n++] = *row;
}

static int
import_all(struct import *im)
{
	struct row	row;
	int		e, code = CTL_DONE;

	if (!im->ndjson && (code = read_header(im)) != CTL_DONE)
		return code;
	for (;;) {
		e = im->ndjson ? ndjson_row(im, &row) : csv_row(im, &row);
		if (e == 0 || interrupted())
			break;
		if (e > 0)
			add_row(im, &row);
		if (im->batch.n == BATCH_MAX &&
		    (code = send_batch(im)) != CTL_DONE)
			return code;
	}
	if (!interrupted())
		code = send_batch(im);
	drop_batch(im);
	return code;
}

static int
report(struct import *im, int code)
{
	char	rows[32], put[32];

	progress_end(&im->progress);
	if (im->rejects != NULL)
		fclose(im->rejects);
	count_text(im->seen, rows, sizeof(rows));
	count_text(im->put, put, sizeof(put));
	if (im->dry_run)
		done(im->ctl, "%s rows: %s would be added, %u rejected. Nothing was "
		    "changed.", rows, put, im->rejected);
	else
		done(im->ctl, "%s rows: %s added, %u rejected%s%s%s, %.1f s", rows,
		    put, im->rejected, im->rejects != NULL ? " (written to " : "",
		    im->rejects != NULL ? im->rejects_name : "",
		    im->rejects != NULL ? ")" : "",
		    (double)mono_ms_between(im->progress.begin, mono_now()) / 1000);
	if (im->lasting > 0)
		say("%u of them changed accounts beyond those that --undo remembers",
		    im->lasting);
	if ((interrupted() || code != CTL_DONE) && im->put > 0 && !im->dry_run)
		say("stopped after %s rows; what was added stays. To go on: import "
		    "the file again with --update", rows);
	if (code != CTL_DONE)
		return code;
	if (interrupted())
		return CTL_PARTLY;
	return im->rejected == 0 ? CTL_DONE : im->dry_run || im->put == 0 ?
	    CTL_NO : CTL_PARTLY;
}

static bool
is_ndjson(const struct line *l, const char *file, bool *out)
{
	const char	*format = line_option(l, "format");
	struct str	 f = str_of(file);

	if (format == NULL)
		*out = (f.len > 7 && str_eq(str_make(f.s + f.len - 7, 7),
		    STR(".ndjson"))) || (f.len > 6 &&
		    str_eq(str_make(f.s + f.len - 6, 6), STR(".jsonl")));
	else if (strcmp(format, "ndjson") == 0)
		*out = true;
	else if (strcmp(format, "csv") == 0)
		*out = false;
	else
		return false;
	return true;
}

static uint32_t
lines_of(const char *s, size_t len)
{
	const char	*end = s + len;
	uint32_t	 n = 0;

	for (; (s = memchr(s, '\n', (size_t)(end - s))) != NULL; s++)
		n++;
	return n + (len > 0 && end[-1] != '\n');
}

COMMAND(cmd_user_import)
{
	struct import	*im;
	int		 e, code;

	if (line_flag(l, "undo"))
		return l->nargs == 0 ? import_undo(c, line_flag(l, "dry-run")) :
		    no(CTL_USAGE, "--undo takes back the last import; it has no file");
	if (l->nargs == 0)
		return no(CTL_USAGE, "which file? - is standard input");
	im = xcalloc(1, sizeof(*im));
	im->ctl = c;
	im->file = l->args[0];
	im->dry_run = line_flag(l, "dry-run");
	im->putting.mode = line_flag(l, "update") ? USER_ADD_OR_SET : USER_ADD;
	im->putting.dry_run = im->dry_run;
	im->putting.import = (uint64_t)wall_ms();
	if (!is_ndjson(l, im->file, &im->ndjson)) {
		free(im);
		return no(CTL_USAGE, "--format is csv or ndjson");
	}
	e = strcmp(im->file, "-") == 0 ?
	    read_all(STDIN_FILENO, FILE_MAX, &im->text, &im->len) :
	    file_read(im->file, FILE_MAX, &im->text, &im->len);
	if (e < 0) {
		code = no(CTL_NO, "cannot read %s: %s", im->file, strerror(-e));
		free(im);
		return code;
	}
	im->original = str_dup(str_make(im->text, im->len));
	im->rest = str_make(im->text, im->len);
	csv_init(&im->csv, im->text, im->len);
	im->total = lines_of(im->text, im->len) - !im->ndjson;
	progress_begin(&im->progress, "importing");
	interrupt_catch();
	code = report(im, import_all(im));
	explicit_bzero(im->text, im->len);
	explicit_bzero(im->original, im->len);
	free(im->text);
	free(im->original);
	free(im);
	return code;
}
