#ifndef SIPCTL_OUTPUT_H
#define SIPCTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/str.h"

/*
 * What sipctl prints: rows as a table for people, or as JSON, CSV and the like for
 * programs. Rows are a JSON array of objects whose keys are the daemons' cell
 * names; columns choose what a table shows of them.
 */
enum out_form {
	OUT_TABLE,
	OUT_WIDE,
	OUT_JSON,
	OUT_NDJSON,
	OUT_CSV,
	OUT_TSV,
	OUT_NAME,
};

struct out {
	enum out_form	 form;
	bool		 header;
	bool		 tty;		/* stdout is a terminal */
	bool		 color;
	bool		 utf8;
	const char	*fields;	/* "a,b,c", or NULL: all */
	bool		*unknown;	/* set when a row has no such field; or NULL */
};

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,		/* right */
	COLUMN_COUNT,		/* "11,204" */
	COLUMN_SECONDS,		/* a duration, right: "03:12" */
	COLUMN_TENTHS,		/* seconds: "0.9 s" */
	COLUMN_AGO,		/* seconds: "2 s", "4 min" */
	COLUMN_WHEN,		/* RFC 3339: "14:10" if it was today */
	COLUMN_MS,		/* "18 ms" */
	COLUMN_BYTES,		/* "84M" */
	COLUMN_SHARE,		/* 0..1 as "97%" */
};
struct column {
	const char	*key;
	const char	*head;
	enum column_kind kind;
	bool		 wide;		/* only with -o wide, or when it is asked for */
};

/* 0 or -EINVAL: "table", "json" ... */
int	out_form_parse(const char *name, enum out_form *out);
bool	out_for_people(const struct out *o);

/*
 * Prints rows; columns end with key NULL. Errors of stdout show at its close. A field that
 * is none is said to be one, with those there are.
 */
void	out_rows(const struct out *o, const json_t *rows, const struct column *columns);
/* The table as text: for tests. */
void	out_rows_to(FILE *f, const struct out *o, const json_t *rows,
	    const struct column *columns);
/* One value as JSON, whatever it is (ndjson: on one line). */
void	out_json(const struct out *o, const json_t *value);

/* A JSON string of octets from anywhere: what is not UTF-8 is escaped. */
json_t	*json_text(struct str s);
/* Escapes what could drive a terminal, as vis(3) does: \ooo; UTF-8 text stays. */
void	out_escape(struct text *t, struct str s);
/* The same, to a stream. */
void	out_print(FILE *f, struct str s);
/* 12.345.678 octets: "12M". */
void	bytes_text(double n, char *buf, size_t size);
/* 1234567: "1,234,567". */
void	count_text(long long n, char *buf, size_t size);
/* "2 s", "4 min", "2 h": how long, in one unit. */
void	ago_text(double seconds, char *buf, size_t size);
/* "14:10" of the same UTC day, "2026-11-20 14:10" of another. */
void	when_text(int64_t ms, int64_t now_ms, char *buf, size_t size);

#endif
