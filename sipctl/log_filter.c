/*
 * log_filter - one record of a log, and which of them somebody wants to see.
 *
 * A record is "TIME LEVEL TAG-id text" (common/log.c).
 */
#include "sipctl/log_filter.h"

#include <stdio.h>

#include "common/id.h"
#include "sipctl/query.h"
#include "sipctl/span.h"

/* ---- one record ---- */

bool
log_record_parse(struct str line, struct log_record *r)
{
	struct str	rest = line, tag;

	if (!str_cut(&rest, ' ', &r->time) || !str_cut(&rest, ' ', &r->level) ||
	    !str_cut(&rest, ' ', &tag) || r->time.len < 20 || r->level.len != 1 ||
	    r->time.s[4] != '-' || r->level.s[0] < '1' || r->level.s[0] > '5')
		return false;
	r->text = rest.s != NULL ? rest : STR_NONE;
	r->id = tag;
	str_cut(&r->id, '-', &r->tag);
	return true;
}

static bool
in_list(const char *list, struct str word)
{
	struct str	rest = str_of(list), one;

	while (str_cut(&rest, ',', &one))
		if (str_caseeq(str_trim(one), word))
			return true;
	return false;
}

static bool
has(struct str text, const char *needle)
{
	return needle == NULL || str_find(text, str_of(needle)) >= 0;
}

/* The value behind "name=" in a record's text: a word, or quoted. */
static bool
key_of(struct str text, struct str name, struct str *value)
{
	struct str	word, key;

	while (str_cut(&text, ' ', &word))
		if (str_cut(&word, '=', &key) && word.s != NULL && str_eq(key, name)) {
			*value = word;
			return true;
		}
	return false;
}

/* Fields of every record, and those that its text has. */
static bool
field_of(void *arg, struct str name, struct str *value)
{
	const struct log_record	*r = arg;
	const struct {
		const char	*name;
		struct str	 value;
	} fields[] = {
		{ "time", r->time }, { "level", r->level }, { "tag", r->tag }, { "call", r->id },
		{ "daemon", str_of(r->source) }, { "text", r->text },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq(name, str_of(fields[i].name))) {
			*value = fields[i].value;
			return value->s != NULL;
		}
	return key_of(r->text, name, value);
}

/* Is needle in the value of this field? */
static bool
has_in(struct str text, const char *name, const char *needle)
{
	struct str	value;

	return needle == NULL || (key_of(text, str_of(name), &value) &&
	    str_find(value, str_of(needle)) >= 0);
}

static bool
is_field(struct str text, const char *name, const char *wanted)
{
	struct str	value;

	return wanted == NULL || (key_of(text, str_of(name), &value) &&
	    str_caseeq(value, str_of(wanted)));
}

/* Does it name whom the line asks for? */
static bool
names(const struct log_filter *f, const struct log_record *r)
{
	return (f->call_id == NULL || has(r->text, f->call_id) ||
	    str_eq(r->id, str_of(f->call))) && has(r->text, f->user) &&
	    has(r->text, f->ip) && has(r->text, f->gw) &&
	    has_in(r->text, "from", f->from) && has_in(r->text, "to", f->to);
}

static bool
knows(const struct log_filter *f, struct str call)
{
	for (unsigned i = 0; i < f->ncalls && i < LOG_CALLS_MAX; i++)
		if (str_eq(str_of(f->calls[i]), call))
			return true;
	return false;
}

void
log_filter_learn(struct log_filter *f, const struct log_record *r)
{
	if (r->id.len > 0 && r->id.len < sizeof(f->calls[0]) && names(f, r) &&
	    !knows(f, r->id))
		str_copy(f->calls[f->ncalls++ % LOG_CALLS_MAX], sizeof(f->calls[0]), r->id);
}

bool
log_filter_passes(const struct log_filter *f, const struct log_record *r)
{
	struct log_record	copy = *r;

	return (f->since[0] == '\0' || str_cmp(r->time, str_of(f->since)) >= 0) &&
	    (f->until[0] == '\0' || str_cmp(r->time, str_of(f->until)) <= 0) &&
	    r->level.s[0] - '0' <= (int)f->level &&
	    (f->tags == NULL || in_list(f->tags, r->tag)) &&
	    (f->daemon == NULL || strcmp(f->daemon, r->source) == 0) &&
	    (names(f, r) || (f->sticky && knows(f, r->id))) && has(r->text, f->grep) &&
	    is_field(r->text, "method", f->method) &&
	    is_field(r->text, "status", f->status) &&
	    (f->query == NULL || query_match(f->query, field_of, &copy));
}

/* ---- the line's options ---- */

static bool
level_arg(const char *v, enum log_level *out)
{
	if (v == NULL)
		return true;
	if (log_level_parse(str_of(v), out))
		return true;
	say("--level is failure, major, problems, low-level, all or 1 to 5");
	return false;
}

static bool
query_arg(const char *v, struct query **out)
{
	char		error[512];
	struct text	t;

	if (v == NULL)
		return true;
	text_init(&t, error, sizeof(error));
	if ((*out = query_parse(str_of(v), &t)) != NULL)
		return true;
	say("-q, %s", error);
	return false;
}

static bool
group_arg(const char *v, bool *whole_calls)
{
	if (v != NULL && strcmp(v, "call") != 0 && strcmp(v, "none") != 0) {
		say("--group is call or none");
		return false;
	}
	*whole_calls = v != NULL && strcmp(v, "call") == 0;
	return true;
}

/* As records have it: "2026-11-28T14:00:05.123Z". */
static void
time_of(int64_t ms, char out[40])
{
	size_t	n;

	time_text(ms, out, 40);
	n = strlen(out);
	if (n > 0)
		snprintf(out + n - 1, 40 - n + 1, ".%03dZ", (int)(ms % 1000));
}

static bool
span_arg(const struct line *l, struct log_filter *f)
{
	struct span	s;

	if (!span_read(l, &s))
		return false;
	if (s.since_ms > 0)
		time_of(s.since_ms, f->since_text);
	if (s.until_ms < INT64_MAX)
		time_of(s.until_ms, f->until);
	return true;
}

bool
log_filter_read(const struct line *l, struct log_filter *f)
{
	*f = (struct log_filter){ .level = LOG_ALL, .tags = line_option(l, "tag"),
	    .call_id = line_option(l, "call-id"), .user = line_option(l, "user"),
	    .from = line_option(l, "from"), .to = line_option(l, "to"),
	    .ip = line_option(l, "ip"), .gw = line_option(l, "gw"),
	    .method = line_option(l, "method"), .status = line_option(l, "status"),
	    .grep = line_option(l, "grep"), .daemon = line_option(l, "daemon") };
	f->since = f->since_text;
	if (f->call_id != NULL)
		snprintf(f->call, sizeof(f->call), "%llx",
		    (unsigned long long)id_call(str_of(f->call_id)));
	return level_arg(line_option(l, "level"), &f->level) &&
	    query_arg(line_option(l, "query"), &f->query) &&
	    group_arg(line_option(l, "group"), &f->whole_calls) &&
	    span_arg(l, f);
}

void
log_filter_fini(struct log_filter *f)
{
	query_free(f->query);
}
