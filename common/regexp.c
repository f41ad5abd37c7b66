/*
 * regexp - bounded regular expressions.
 *
 * glibc's regcomp() expands counted repetitions in memory without bound, so that
 * thirty octets can end a process; PCRE2 bounds what it compiles, and counts its
 * steps, the memory and the depth of a match. Its extras are cut off by reading the
 * pattern first: what comes from a name server can say no more than POSIX lets it.
 */
#include "common/regexp.h"

#include <errno.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/scan.h"
#include "common/stats.h"

#define STEPS_MAX	10000	/* of one match: below a millisecond */
#define DEPTH_MAX	1000
#define MEMORY_MAX	256	/* KiB, of one match */

struct regexp {
	pcre2_code		*code;
	pcre2_match_context	*context;
	pcre2_match_data	*data;
	unsigned		 groups;
};

/* ---- what may stand in a pattern ---- */

/* A pattern as PCRE2 is to see it. */
struct reader {
	struct str	 in;
	size_t		 at;
	struct text	 out;
	const char	*why;
	bool		 repeated;	/* the last thing was a repetition */
	bool		 begins;	/* nothing yet that could be repeated */
};

static char
ahead(const struct reader *r, size_t n)
{
	return r->at + n < r->in.len ? r->in.s[r->at + n] : '\0';
}

static bool
refuse(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

/* "[...]": there a backslash is one (POSIX), where PCRE2 would see an escape. */
static bool
read_brackets(struct reader *r)
{
	bool	first = true;
	char	c, kind;

	text_ch(&r->out, '[');
	r->at++;
	if (ahead(r, 0) == '^') {
		text_ch(&r->out, '^');
		r->at++;
	}
	for (; r->at < r->in.len; r->at++, first = false) {
		c = r->in.s[r->at];
		if (c == ']' && !first) {
			text_ch(&r->out, c);
			r->at++;
			return true;
		}
		kind = ahead(r, 1);
		if (c == '[' && (kind == '.' || kind == '='))
			return refuse(r, "[. .] and [= =] are not understood");
		if (c == '[' && kind == ':') {
			ptrdiff_t	end = str_find(str_make(r->in.s + r->at,
					    r->in.len - r->at), STR(":]"));

			if (end < 0)
				break;
			text_add(&r->out, str_make(r->in.s + r->at, (size_t)end + 2));
			r->at += (size_t)end + 1;
			continue;
		}
		if (c == '\\' || c == '[')
			text_ch(&r->out, '\\');
		text_ch(&r->out, c);
	}
	return refuse(r, "\"[\" is not closed");
}

static bool
read_escape(struct reader *r)
{
	char	c = ahead(r, 1);

	if (r->at + 1 >= r->in.len)
		return refuse(r, "nothing follows the last \"\\\"");
	if (scan_is(c, CHAR_ALPHA | CHAR_DIGIT) || (unsigned char)c >= 0x80)
		return refuse(r, "\"\\\" stands before a special character only");
	text_ch(&r->out, '\\');
	text_ch(&r->out, c);
	r->at += 2;
	return true;
}

/* "{2}", "{2,}", "{2,5}", each up to 255; false without complaint: it is none. */
static bool
is_count(const struct reader *r)
{
	struct str	in = str_make(r->in.s + r->at + 1, r->in.len - r->at - 1);
	uint32_t	low, high;

	if (scan_u32(&in, &low) < 0 || low > 255)
		return false;
	high = low;
	if (scan_ch(&in, ',') && in.len > 0 && scan_is(in.s[0], CHAR_DIGIT) &&
	    (scan_u32(&in, &high) < 0 || high > 255 || high < low))
		return false;
	return in.len > 0 && in.s[0] == '}';
}

static bool
read_repetition(struct reader *r)
{
	if (r->begins || r->repeated)
		return refuse(r, r->begins ? "there is nothing to repeat" :
		    "two repetitions in a row");
	if (r->in.s[r->at] == '{') {
		if (!is_count(r))
			return refuse(r, "a count looks like {2}, {2,} or {2,5}, up to "
			    "255");
		while (r->in.s[r->at] != '}')
			text_ch(&r->out, r->in.s[r->at++]);
	}
	text_ch(&r->out, r->in.s[r->at++]);
	return true;
}

static bool
read_pattern(struct reader *r)
{
	bool	fine = true;

	while (fine && r->at < r->in.len) {
		char	c = r->in.s[r->at];
		bool	repetition = c == '*' || c == '+' || c == '?' || c == '{';

		if (repetition)
			fine = read_repetition(r);
		else if (c == '[')
			fine = read_brackets(r);
		else if (c == '\\')
			fine = read_escape(r);
		else if (c == '\0')
			fine = refuse(r, "a control character");
		else {
			text_ch(&r->out, c);
			r->at++;
		}
		r->repeated = repetition;
		r->begins = c == '(' || c == '|' || c == '^';
	}
	return fine;
}

/* ---- life ---- */

int
regexp_new(struct regexp **out, struct str pattern, bool any_case, const char **why,
    size_t *at)
{
	static _Thread_local char said[128];
	char		 buf[2 * REGEXP_PATTERN_MAX + 1];
	struct reader	 r = { .in = pattern, .begins = true };
	struct regexp	*made;
	pcre2_code	*code;
	uint32_t	 groups;
	PCRE2_SIZE	 offset = 0;
	int		 error = 0;

	*at = 0;
	*why = "an expression has 1 to 255 characters";
	if (pattern.len == 0 || pattern.len > REGEXP_PATTERN_MAX)
		return -EINVAL;
	text_init(&r.out, buf, sizeof(buf));
	if (!read_pattern(&r)) {
		*at = r.at;
		*why = r.why;
		return -EINVAL;
	}
	code = pcre2_compile((PCRE2_SPTR)r.out.s, r.out.len, PCRE2_DOTALL |
	    PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
	    PCRE2_NEVER_BACKSLASH_C | (any_case ? PCRE2_CASELESS : 0), &error, &offset,
	    NULL);
	if (code == NULL) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)said, sizeof(said));
		*why = said;
		*at = offset < pattern.len ? offset : pattern.len;
		return -EINVAL;
	}
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups >= REGEXP_GROUPS) {
		pcre2_code_free(code);
		*why = "there are at most nine groups";
		return -EINVAL;
	}
	made = xcalloc(1, sizeof(*made));
	made->code = code;
	made->groups = groups;
	made->context = pcre2_match_context_create(NULL);
	made->data = pcre2_match_data_create(REGEXP_GROUPS, NULL);
	if (made->context == NULL || made->data == NULL) {
		regexp_free(made);
		*why = "no memory";
		return -EINVAL;
	}
	pcre2_set_match_limit(made->context, STEPS_MAX);
	pcre2_set_depth_limit(made->context, DEPTH_MAX);
	pcre2_set_heap_limit(made->context, MEMORY_MAX);
	*out = made;
	return 0;
}

void
regexp_free(struct regexp *r)
{
	if (r == NULL)
		return;
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->context);
	pcre2_code_free(r->code);
	free(r);
}

unsigned
regexp_groups(const struct regexp *r)
{
	return r->groups;
}

/* ---- use ---- */

int
regexp_match(const struct regexp *r, struct str subject,
    struct str groups[REGEXP_GROUPS])
{
	const PCRE2_SIZE	*v;
	int			 n;

	if (subject.len > REGEXP_SUBJECT_MAX)
		return -E2BIG;
	if (subject.s == NULL)
		subject = STR("");
	n = pcre2_match(r->code, (PCRE2_SPTR)subject.s, subject.len, 0, 0, r->data, r->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return -ENOENT;
	if (n <= 0) {
		stats->regexp_limited++;
		return -ELOOP;
	}
	v = pcre2_get_ovector_pointer(r->data);
	for (int i = 0; i < REGEXP_GROUPS; i++)
		groups[i] = i < n && v[2 * i] != PCRE2_UNSET ?
		    str_make(subject.s + v[2 * i], v[2 * i + 1] - v[2 * i]) :
		    STR_NONE;
	return 0;
}

int
regexp_expand(struct text *out, struct str by, char mark,
    const struct str groups[REGEXP_GROUPS])
{
	for (size_t i = 0; i < by.len; i++) {
		char	c = by.s[i];

		if (c == mark) {
			c = ++i < by.len ? by.s[i] : '\0';
			if (c >= '0' && c <= '9') {
				text_add(out, groups[c - '0']);
				continue;
			}
			if (c != mark)
				return -EINVAL;
		}
		text_ch(out, c);
	}
	return 0;
}
