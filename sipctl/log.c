/*
 * log - the records of all daemons in the order of their times, read from their
 * files and followed as they grow.
 *
 * What a record is, and which are shown, is log_filter.c's; their time is of fixed
 * width, so that comparing texts orders records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/id.h"
#include "common/mono.h"
#include "sipctl/log_filter.h"
#include "sipctl/log_raise.h"
#include "sipctl/log_source.h"
#include "sipctl/pause.h"

#define SOURCES		(DAEMONS + 1)
#define FOLLOW_MS	100	/* records of one round are put in order of time */
#define FOLLOW_BEGIN	10	/* records shown before following */
#define RAISE_MS	600000	/* how long following logs in detail */
#define LEASE_MS	5000	/* how long it does when we are no more */
#define AGAIN_MS	1000

struct records {
	struct log_record	*v;
	size_t		 n, size;
};

/* ---- records ---- */

static void
learn(const struct log_source *s, struct log_filter *f)
{
	struct str		whole = log_source_lines(s), line;
	struct log_record	r;

	while (str_cut(&whole, '\n', &line))
		if (log_record_parse(line, &r))
			log_filter_learn(f, &r);
}

/* Whole lines that pass; they point into the source's text. */
static void
collect(struct log_source *s, const struct log_filter *f, struct records *out)
{
	struct str		whole = log_source_lines(s), line;
	struct log_record	r;

	while (str_cut(&whole, '\n', &line)) {
		if (!log_record_parse(line, &r))
			continue;
		r.source = s->name;
		r.hit = log_filter_passes(f, &r);
		if (!r.hit && !f->whole_calls)
			continue;
		if (out->n == out->size) {
			out->size = out->size == 0 ? 1024 : out->size * 2;
			out->v = xrealloc(out->v, out->size, sizeof(*out->v));
		}
		out->v[out->n++] = r;
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct log_record	*x = a, *y = b;
	int			 order = str_cmp(x->time, y->time);

	/* Of one file the order stays: lines lie one behind the other. */
	if (order == 0 && x->source == y->source)
		order = x->text.s < y->text.s ? -1 : x->text.s > y->text.s;
	return order;
}

static int
by_call(const void *a, const void *b)
{
	const struct log_record	*x = a, *y = b;
	int			 order = str_cmp(x->id, y->id);

	return order != 0 ? order : by_time(a, b);
}

/* Of each call of which one record is a hit, all; calls by their first record. */
static void
keep_calls(struct records *list)
{
	size_t	n = 0, begin, end;

	qsort(list->v, list->n, sizeof(*list->v), by_call);
	for (begin = 0; begin < list->n; begin = end) {
		bool	hit = false, call = list->v[begin].id.len > 0;

		for (end = begin; end < list->n && str_eq(list->v[end].id,
		    list->v[begin].id); end++)
			hit |= list->v[end].hit;
		for (size_t i = begin; i < end; i++)
			if (list->v[i].hit || (hit && call))
				list->v[n++] = list->v[i];
	}
	list->n = n;
}

/* ---- printing ---- */

static json_t *
record_json(const struct log_record *r)
{
	return json_pack("{s:o,s:i,s:o,s:o,s:s,s:o}", "time", json_text(r->time),
	    "level", r->level.s[0] - '0', "tag", json_text(r->tag), "id",
	    r->id.s != NULL ? json_text(r->id) : json_null(), "daemon", r->source,
	    "text", json_text(r->text));
}

static void
print_record(const struct ctl *c, const struct log_record *r)
{
	char		buf[16384];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	out_escape(&t, r->text);
	printf("%.*s %s%.*s%s %.*s%s%.*s %.*s\n", STR_ARG(r->time),
	    c->out.color && r->level.s[0] <= '1' ? "\033[31m" :
	    c->out.color && r->level.s[0] == '3' ? "\033[33m" : "",
	    STR_ARG(r->level), c->out.color ? "\033[0m" : "", STR_ARG(r->tag),
	    r->id.s != NULL ? "-" : "", STR_ARG(r->id), STR_ARG(text_str(&t)));
}

static const struct column columns[] = {
	{ "time", "TIME", COLUMN_TEXT },
	{ "level", "LEVEL", COLUMN_NUMBER },
	{ "tag", "TAG", COLUMN_TEXT },
	{ "id", "ID", COLUMN_TEXT },
	{ "daemon", "DAEMON", COLUMN_TEXT },
	{ "text", "TEXT", COLUMN_TEXT },
	{ NULL }
};

static void
print_records(const struct ctl *c, const struct records *list, size_t from)
{
	json_t	*rows, *one;
	size_t	 i;

	if (!out_for_people(&c->out) && c->out.form != OUT_NDJSON) {
		rows = json_array();
		for (i = from; i < list->n; i++)
			json_array_append_new(rows, record_json(&list->v[i]));
		out_rows(&c->out, rows, columns);
		json_decref(rows);
		return;
	}
	for (i = from; i < list->n; i++) {
		if (c->out.form == OUT_NDJSON) {
			one = record_json(&list->v[i]);
			out_json(&c->out, one);
			json_decref(one);
		} else {
			print_record(c, &list->v[i]);
		}
	}
}

/* ---- the command ---- */

static void
sources_open(const struct ctl *c, struct log_source s[SOURCES], bool history)
{
	int	i;

	for (i = 0; i < SOURCES; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		s[i].name = i < DAEMONS ? daemon_names[i] : "keeper";
		dirs_path(s[i].path, c->dirs.log, "%s.log", s[i].name);
		log_source_open(&s[i], history);
	}
}

/* One round over all files: reads, prints from the last `lines` records on. */
static void
round_of(const struct ctl *c, struct log_source s[SOURCES], struct log_filter *f,
    size_t lines)
{
	struct records	list = { 0 };
	int		i;

	for (i = 0; i < SOURCES; i++) {
		log_source_read(&s[i]);
		if (f->sticky)
			learn(&s[i], f);
	}
	for (i = 0; i < SOURCES; i++)
		collect(&s[i], f, &list);
	if (list.n > 0 && f->whole_calls)
		keep_calls(&list);
	else if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), by_time);
	if (list.n > 0 || !(out_for_people(&c->out) || c->out.form == OUT_NDJSON))
		print_records(c, &list, list.n > lines ? list.n - lines : 0);
	free(list.v);
	for (i = 0; i < SOURCES; i++)
		log_source_forget(&s[i]);
}

/* ---- following ---- */

/* What is logged in detail as long as we follow; level 0: nothing. */
struct raising {
	struct raised	r;
	int64_t		until_ms, again_ms;
};

/* More than is logged anyway is asked for of somebody. */
static void
raising_begin(struct ctl *c, const struct line *l, struct log_filter *f,
    struct raising *k)
{
	*k = (struct raising){ { 0 } };
	if (f->level < LOG_LOW || line_option(l, "level") == NULL ||
	    !log_raise_of(l, &k->r))
		return;
	k->r.number = id_u64() >> 1;
	k->r.level = (uint8_t)f->level;
	if (log_raise_tell(c, &k->r, LEASE_MS, true) != CTL_DONE) {
		(void)log_raise_tell(c, &k->r, 0, false);
		k->r.level = 0;
		return;
	}
	k->until_ms = boot_ms() + RAISE_MS;
	f->sticky = true;
	interrupt_catch();
	if (!c->quiet)
		fprintf(stderr, "raised to \"%s\" for matching transactions only, until ^C "
		    "or %d min\n", f->level == LOG_ALL ? "all" : "low-level",
		    RAISE_MS / 60000);
}

/* Said again and again: to a daemon that began meanwhile, too. We may be killed. */
static void
raising_go_on(struct ctl *c, struct raising *k)
{
	int64_t	now = boot_ms();

	if (k->r.level == 0 || now < k->again_ms || now > k->until_ms)
		return;
	k->again_ms = now + AGAIN_MS;
	(void)log_raise_tell(c, &k->r, LEASE_MS, false);
}

static void
follow(struct ctl *c, const struct line *l, struct log_source s[SOURCES],
    struct log_filter *f, size_t lines)
{
	struct raising	k;
	int		i;

	raising_begin(c, l, f, &k);
	round_of(c, s, f, lines);
	while (!interrupted() && fflush(stdout) == 0) {
		pause_ms(FOLLOW_MS);
		raising_go_on(c, &k);
		round_of(c, s, f, SIZE_MAX);
		for (i = 0; i < SOURCES; i++)
			if (!log_source_follow(&s[i]))
				say("... records of %s may be missing: its file was cut "
				    "before they were read", s[i].name);
	}
	if (k.r.level != 0)
		(void)log_raise_tell(c, &k.r, 0, false);
}

static int
show(struct ctl *c, const struct line *l, struct log_filter *f, uint32_t lines,
    bool following)
{
	struct log_source	*s = xcalloc(SOURCES, sizeof(*s));
	int		 i, opened = 0, code = CTL_DONE;

	sources_open(c, s, !following);
	for (i = 0; i < SOURCES; i++)
		opened += s[i].fd >= 0;
	if (following)
		follow(c, l, s, f, lines);
	else if (opened == 0)
		code = no(CTL_NO, "there is no log in %s that may be read", c->dirs.log);
	else
		round_of(c, s, f, lines);
	for (i = 0; i < SOURCES; i++)
		log_source_close(&s[i]);
	free(s);
	return code;
}

COMMAND(cmd_log)
{
	struct log_filter	 f;
	const char	*n = line_option(l, "lines");
	uint32_t	 lines = UINT32_MAX;
	bool		 following = line_flag(l, "follow");
	int		 code = CTL_USAGE;

	if (!log_filter_read(l, &f))
		code = CTL_USAGE;
	else if (n != NULL && str_u32(str_of(n), &lines) < 0)
		say("--lines wants a number, not \"%s\"", n);
	else if (following && !out_for_people(&c->out) && c->out.form != OUT_NDJSON)
		say("with -f the output is table or ndjson");
	else if (following && f.whole_calls)
		say("--group call looks at what was: without -f");
	else {
		if (following && n == NULL && f.since[0] == '\0')
			lines = FOLLOW_BEGIN;
		code = show(c, l, &f, lines, following);
	}
	log_filter_fini(&f);
	return code;
}
