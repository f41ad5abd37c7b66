/*
 * log_filter - one record of a log, and which of them somebody wants to see.
 *
 * A record is "TIME LEVEL TAG-id text" (common/log.c).
 */
#include "sipctl/log_filter.h"

#include <stdio.h>

#include "common/mono.h"
#include "common/setting_types.h"
#include "sipctl/query.h"

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

bool
log_filter_passes(const struct log_filter *f, const struct log_record *r)
{
	struct log_record	copy = *r;

	return (f->since[0] == '\0' || str_cmp(r->time, str_of(f->since)) >= 0) &&
	    r->level.s[0] - '0' <= (int)f->level &&
	    (f->tags == NULL || in_list(f->tags, r->tag)) &&
	    (f->daemon == NULL || strcmp(f->daemon, r->source) == 0) &&
	    has(r->text, f->call_id) && has(r->text, f->user) &&
	    has(r->text, f->ip) && has(r->text, f->grep) &&
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

bool
log_filter_read(const struct line *l, struct log_filter *f)
{
	const char	*last = line_option(l, "last");
	int64_t		 ms, now = wall_ms();
	size_t		 n;

	*f = (struct log_filter){ .level = LOG_ALL, .tags = line_option(l, "tag"),
	    .call_id = line_option(l, "call-id"), .user = line_option(l, "user"),
	    .ip = line_option(l, "ip"), .grep = line_option(l, "grep"),
	    .daemon = line_option(l, "daemon") };
	f->since = f->since_text;
	if (!level_arg(line_option(l, "level"), &f->level) ||
	    !query_arg(line_option(l, "query"), &f->query) ||
	    !group_arg(line_option(l, "group"), &f->whole_calls))
		return false;
	if (last == NULL)
		return true;
	if (duration_parse(str_of(last), &ms) < 0) {
		say("--last wants a time like 15m, not \"%s\"", last);
		return false;
	}
	time_text(now - ms, f->since_text, sizeof(f->since_text));
	/* Records have milliseconds: "...:05.123Z" */
	n = strlen(f->since_text);
	if (n > 0)
		snprintf(f->since_text + n - 1, sizeof(f->since_text) - n + 1,
		    ".%03dZ", (int)((now - ms) % 1000));
	return true;
}

void
log_filter_fini(struct log_filter *f)
{
	query_free(f->query);
}
