/*
 * dialplan_rule - the lines that say what is done: dial-rule.
 *
 * dialplan_read.c calls it when all that a line can name has been read.
 */
#include "common/dialplan_parts.h"

#include "common/setting_types.h"

enum { RULE_FROM, RULE_NUMBER, RULE_TIME, RULE_RELAY, RULE_AUTH, RULE_ENUM,
    RULE_ENUM_PREFIX, RULE_FORWARD, RULE_PREFIX, RULE_ALLOW, RULE_REJECT };
static const char *const rule_words[] = { "from", "number", "time", "relay", "auth",
    "enum", "enum-prefix", "forward", "prefix", "allow", "reject", NULL };

static void
complain_unknown(struct words *w, const char *what, struct str name, const char *near)
{
	words_complain(w, "there is no %s \"%.*s\"%s%s%s", what, STR_ARG(name),
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

static void
nearer(struct str name, const char *candidate, const char **near, size_t *best)
{
	size_t	d = edit_distance(name, str_of(candidate));

	if (d < *best) {
		*best = d;
		*near = candidate;
	}
}

static bool
use_table(struct words *w, const struct dial_tables *all, const char *setting,
    const struct dial_table **out)
{
	const char	*near = NULL;
	struct str	 name;
	size_t		 best = 4;

	if (!dial_name_want(w, &name))
		return false;
	if ((*out = dial_table_find(all, name)) != NULL)
		return true;
	for (size_t i = 0; i < all->n; i++)
		nearer(name, all->v[i].name, &near, &best);
	complain_unknown(w, setting, name, near);
	return false;
}

static bool
use_list(struct words *w, struct dialplan *p, struct dial_line *l)
{
	const char	*near = NULL;
	struct str	 name;
	size_t		 best = 4;

	if (!dial_name_want(w, &name))
		return false;
	if ((l->to = dial_list_find(p, name)) != NULL) {
		l->rule.to = l->to->name;
		l->rule.ntargets = l->to->n;
		return true;
	}
	for (size_t i = 0; i < p->nlists; i++)
		nearer(name, p->lists[i].name, &near, &best);
	complain_unknown(w, "dial-to", name, near);
	return false;
}

static bool
use_time(struct words *w, struct dialplan *p, struct dial_line *l)
{
	struct str	name;

	if (!dial_name_want(w, &name))
		return false;
	if (p->times == NULL)		/* they were complained about */
		return true;
	if ((l->time = timeclass_find(p->times, name)) != NULL)
		return true;
	complain_unknown(w, "time-class", name, timeclass_nearest(p->times, name));
	return false;
}

static bool
read_text(struct words *w, const char *what, const char **out)
{
	struct str	text;

	if (!words_want(w, what, &text))
		return false;
	*out = text.s;
	return true;
}

static bool
read_rule_word(struct words *w, int which, struct dialplan *p, struct dial_line *l)
{
	struct dial_rule	*r = &l->rule;

	switch (which) {
	case RULE_FROM:
		return use_table(w, &p->from, "dial-from", &l->from);
	case RULE_NUMBER:
		return use_table(w, &p->number, "dial-number", &l->number);
	case RULE_TIME:
		return use_time(w, p, l);
	case RULE_RELAY:
		r->relay = true;
		return true;
	case RULE_AUTH:
		r->actions |= DIAL_AUTH;
		return true;
	case RULE_ENUM:
		r->actions |= DIAL_ENUM;
		return true;
	case RULE_ENUM_PREFIX:
		return read_text(w, "the digits before the number", &r->enum_prefix);
	case RULE_FORWARD:
		r->actions |= DIAL_FORWARD;
		return use_list(w, p, l);
	case RULE_PREFIX:
		return read_text(w, "the digits before the number", &r->prefix);
	case RULE_ALLOW:
		r->actions |= DIAL_ALLOW;
		return true;
	case RULE_REJECT:
		r->actions |= DIAL_REJECT;
		return true;
	default:
		return false;
	}
}

/* The expressions of the rule's numbers must have the groups that its targets name. */
static bool
groups_are_there(const struct dial_line *l)
{
	for (size_t i = 0; l->to != NULL && l->to->groups > 0 &&
	    (l->number == NULL || i < l->number->n); i++)
		if (l->number == NULL || l->number->v[i].regexp == NULL ||
		    regexp_groups(l->number->v[i].regexp) < l->to->groups)
			return false;
	return true;
}

/* What a rule does must make sense together. */
static bool
check_rule(struct words *w, const struct dial_line *l)
{
	unsigned	a = l->rule.actions;

	if ((a & ~DIAL_AUTH) == 0)
		words_complain(w, "what is to be done? Words are forward, enum, allow "
		    "and reject, each also behind auth");
	else if ((a & DIAL_REJECT) && a != DIAL_REJECT)
		words_complain(w, "what is rejected is not forwarded, allowed or "
		    "looked up as well");
	else if ((a & DIAL_ALLOW) && (a & DIAL_FORWARD))
		words_complain(w, "allow leaves the dial plan: nothing is forwarded");
	else if (l->rule.prefix[0] != '\0' && !(a & DIAL_FORWARD))
		words_complain(w, "a prefix is for what is forwarded");
	else if (l->rule.enum_prefix[0] != '\0' && !(a & DIAL_ENUM))
		words_complain(w, "enum-prefix is for enum");
	else if (l->rule.relay && !(a & DIAL_FORWARD))
		words_complain(w, "relay is for what is forwarded");
	else if (l->rule.relay && (a & DIAL_AUTH))
		words_complain(w, "who has signed in may be relayed: relay is for "
		    "everybody else");
	else if (!groups_are_there(l))
		words_complain(w, "dial-to %s names group $%u, which its numbers do not "
		    "have: they need a regexp with as many", l->to->name, l->to->groups);
	return !w->failed;
}

static const char *
rule_text(const struct set_line *line)
{
	char		buf[512];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < line->n; i++)
		text_printf(&t, "%s%s", i > 0 ? " " : "", line->v[i].text);
	return str_dup(text_str(&t));
}

void
dial_rule_read(struct dialplan *p, const struct set_line *line, struct complaints *out)
{
	struct dial_line	*l = &p->v[p->n];
	struct words		 w;
	struct str		 word;
	int			 which;

	*l = (struct dial_line){ .rule = { .file = line->file, .line = line->line,
	    .prefix = "", .enum_prefix = "" } };
	words_init(&w, line, out);
	while (!w.failed && words_next(&w, &word))
		if ((which = words_one_of(&w, word, rule_words)) < 0 ||
		    !read_rule_word(&w, which, p, l))
			return;
	if (w.failed || !check_rule(&w, l))
		return;
	if (l->rule.relay)
		complain(out, true, line->file, line->line, line->v[0].column,
		    "anybody may call by this line: strangers too");
	l->rule.text = rule_text(line);
	p->n++;
}
