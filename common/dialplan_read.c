/*
 * dialplan_read - the lines of the dial plan, checked and put together: who, what and
 * where to. What is done with them, dialplan_rule.c reads.
 *
 * Everything wrong is told, each at its word; a name that is used must exist, and
 * one that does may stand later in the file.
 */
#include "common/dialplan_parts.h"

#include <stdlib.h>

#include "common/setting_types.h"
#include "common/uri.h"

bool
dial_name_want(struct words *w, struct str *name)
{
	if (!words_want(w, "a name", name))
		return false;
	if (nets_is_name(*name))
		return true;
	words_complain(w, "bad name \"%.*s\"; it has letters, digits, \".\", \"_\" and "
	    "\"-\"", STR_ARG(*name));
	return false;
}

/* ---- dial-from, dial-number ---- */

enum { PREFIX, HEAD, TAIL, MIN_TAIL, DOMAIN, REGEXP };
static const char *const pattern_words[] = { "prefix", "head", "tail", "min-tail",
    "domain", "regexp", NULL };

static bool
read_tail(struct words *w, struct dial_pattern *t)
{
	static const char *const	tails[] = { "number", "digits", "any", "none",
					    NULL };
	struct str			word;
	int				which;

	if (!words_want(w, "number, digits, any or none", &word) ||
	    (which = words_one_of(w, word, tails)) < 0)
		return false;
	t->tail = (enum dial_tail)which;
	return true;
}

static bool
read_domain(struct words *w, struct dial_pattern *t)
{
	struct str	word;

	if (!words_want(w, "a domain, * or *local", &word))
		return false;
	t->domain = word;
	t->where = str_eq(word, STR("*")) ? DOMAIN_ANY :
	    str_eq(word, STR("*local")) ? DOMAIN_LOCAL : DOMAIN_NAME;
	if (t->where != DOMAIN_NAME || str_chr(word, '*') < 0)
		return true;
	words_complain(w, "\"%.*s\" is no domain; only * and *local have stars",
	    STR_ARG(word));
	return false;
}

static bool
read_regexp(struct words *w, struct dial_pattern *t)
{
	struct str	word;
	const char	*why;
	size_t		 at;

	if (!words_want(w, "an expression", &word))
		return false;
	if (t->regexp != NULL) {
		words_complain(w, "there is an expression already");
		return false;
	}
	if (regexp_new(&t->regexp, word, false, &why, &at) == 0)
		return true;
	words_complain(w, "bad expression, after %zu characters: %s", at, why);
	return false;
}

static bool
read_option(struct words *w, struct str word, struct dial_pattern *t,
    unsigned *seen)
{
	int	which = words_one_of(w, word, pattern_words);

	if (which >= 0)
		*seen |= 1u << which;
	switch (which) {
	case PREFIX:
		return words_want(w, "what the number begins with", &t->prefix);
	case HEAD:
		return words_want(w, "what the number begins with", &t->head);
	case TAIL:
		return read_tail(w, t);
	case MIN_TAIL:
		return words_number(w, "min-tail", 0, 255, &t->min_tail);
	case DOMAIN:
		return read_domain(w, t);
	case REGEXP:
		return read_regexp(w, t);
	default:
		return false;
	}
}

static bool
read_pattern(struct words *w, struct dial_pattern *t)
{
	struct str	word;
	unsigned	seen = 0;

	while (words_next(w, &word))
		if (!read_option(w, word, t, &seen))
			return false;
	if (t->regexp != NULL && (seen & ~(1u << DOMAIN | 1u << REGEXP)) != 0) {
		words_complain(w, "an expression says all about the number: it stands "
		    "alone, or with a domain");
		return false;
	}
	if (seen == 0) {
		words_complain(w, "what is to be matched? Words are prefix, head, tail, "
		    "min-tail, domain and regexp");
		return false;
	}
	return true;
}

struct dial_table *
dial_table_find(const struct dial_tables *all, struct str name)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_caseeq(str_of(all->v[i].name), name))
			return &all->v[i];
	return NULL;
}

/* local: what is called in our domains, when the line does not say; else anywhere. */
static void
tables_read(struct dial_tables *all, const struct set_lines *lines, bool local,
    struct complaints *out)
{
	struct dial_table	*t;
	struct words		 w;
	struct str		 name;

	for (size_t i = 0; i < lines->n; i++) {
		struct dial_pattern	pattern = { .tail = TAIL_ANY, .where = local ?
					    DOMAIN_LOCAL : DOMAIN_ANY };

		words_init(&w, &lines->v[i], out);
		if (!dial_name_want(&w, &name) || !read_pattern(&w, &pattern)) {
			regexp_free(pattern.regexp);
			continue;
		}
		if ((t = dial_table_find(all, name)) == NULL) {
			all->v = xrealloc(all->v, all->n + 1, sizeof(*all->v));
			t = &all->v[all->n++];
			*t = (struct dial_table){ .name = name.s };
		}
		t->v = xrealloc(t->v, t->n + 1, sizeof(*t->v));
		t->v[t->n++] = pattern;
	}
}

/* ---- dial-to ---- */

/* Something that can become an address once its dollars are filled in. */
static bool
check_target(struct words *w, struct str text, struct dial_list *l)
{
	char		buf[DIALPLAN_TEXT_MAX];
	struct text	t;
	struct uri	u;

	text_init(&t, buf, sizeof(buf));
	if (!str_caseprefix(text, STR("sip:")) && !str_caseprefix(text, STR("sips:")))
		text_add(&t, STR("sip:"));
	if (text.s[0] == '@')
		text_ch(&t, '1');
	for (size_t i = 0; i < text.len; i++) {
		char	c = i + 1 < text.len ? text.s[i + 1] : '\0';

		if (text.s[i] != '$') {
			text_ch(&t, text.s[i]);
			continue;
		}
		i++;
		if (c >= '1' && c <= '9' && (unsigned)(c - '0') > l->groups)
			l->groups = (unsigned)(c - '0');
		if ((c < '0' || c > '9') && c != 'n' && c != '$') {
			words_complain(w, "behind $ stands n, or the number of a group");
			return false;
		}
		text_ch(&t, c == '$' ? '$' : '1');
	}
	if (!t.full && uri_parse(&u, text_str(&t)) == 0 && u.user.len > 0 &&
	    u.host.len > 0)
		return true;
	words_complain(w, "\"%.*s\" is no address; write anna@example.com, "
	    "@gateway1.sipgw, @192.0.2.1:5070;transport=tcp or $1@example.com",
	    STR_ARG(text));
	return false;
}

struct dial_list *
dial_list_find(const struct dialplan *p, struct str name)
{
	for (size_t i = 0; i < p->nlists; i++)
		if (str_caseeq(str_of(p->lists[i].name), name))
			return &p->lists[i];
	return NULL;
}

static void
lists_read(struct dialplan *p, const struct set_lines *lines, struct complaints *out)
{
	struct dial_list	*l;
	struct words		 w;
	struct str		 name, word;

	for (size_t i = 0; i < lines->n; i++) {
		words_init(&w, &lines->v[i], out);
		if (!dial_name_want(&w, &name))
			continue;
		if ((l = dial_list_find(p, name)) == NULL) {
			p->lists = xrealloc(p->lists, p->nlists + 1,
			    sizeof(*p->lists));
			l = &p->lists[p->nlists++];
			*l = (struct dial_list){ .name = name.s };
		}
		if (!words_want(&w, "an address", &word))
			continue;
		do {
			if (!check_target(&w, word, l))
				break;
			if (l->n == DIALPLAN_TARGETS_MAX) {
				words_complain(&w, "a list has at most %d addresses",
				    DIALPLAN_TARGETS_MAX);
				break;
			}
			l->v[l->n++] = word.s;
		} while (words_next(&w, &word));
	}
}

/* ---- the whole ---- */

/* Everything behind a line that holds always is never reached. */
static void
warn_unreached(const struct dialplan *p, struct complaints *out)
{
	for (unsigned i = 0; i + 1 < p->n; i++) {
		const struct dial_line	*l = &p->v[i];

		if (l->from != NULL || l->number != NULL || l->time != NULL ||
		    l->rule.actions == DIAL_ENUM)
			continue;
		complain(out, true, p->v[i + 1].rule.file, p->v[i + 1].rule.line, 1,
		    "never reached: line %u holds for all", l->rule.line);
		return;
	}
}

struct dialplan *
dialplan_build(const struct settings *s, struct complaints *out)
{
	struct dialplan	*p = xcalloc(1, sizeof(*p));
	size_t		 errors = out->errors;

	p->times = timeclasses_build(s, out);
	tables_read(&p->from, &s->dial_from, false, out);
	tables_read(&p->number, &s->dial_number, true, out);
	lists_read(p, &s->dial_to, out);
	p->v = s->dial_rules.n > 0 ? xcalloc(s->dial_rules.n, sizeof(*p->v)) : NULL;
	for (size_t i = 0; i < s->dial_rules.n; i++)
		dial_rule_read(p, &s->dial_rules.v[i], out);
	if (out->errors > errors) {
		dialplan_free(p);
		return NULL;
	}
	warn_unreached(p, out);
	return p;
}

static void
tables_free(struct dial_tables *all)
{
	for (size_t i = 0; i < all->n; i++) {
		for (size_t k = 0; k < all->v[i].n; k++)
			regexp_free(all->v[i].v[k].regexp);
		free(all->v[i].v);
	}
	free(all->v);
}

void
dialplan_free(struct dialplan *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->n; i++)
		free((char *)p->v[i].rule.text);
	free(p->v);
	tables_free(&p->from);
	tables_free(&p->number);
	free(p->lists);
	timeclasses_free(p->times);
	free(p);
}
