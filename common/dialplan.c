/*
 * dialplan - does a line of the dial plan hold, and where does it lead?
 *
 * routed goes through the lines in their order; what a line says to do is its
 * business (dial.c there). What a plan is made of, dialplan_read.c reads.
 */
#include "common/dialplan_parts.h"

#include <errno.h>

#include "common/scan.h"

unsigned
dialplan_count(const struct dialplan *p)
{
	return p->n;
}

const struct dial_rule *
dialplan_rule(const struct dialplan *p, unsigned i)
{
	return &p->v[i].rule;
}

bool
dialplan_wants_caller(const struct dialplan *p, unsigned i)
{
	return p->v[i].from != NULL;
}

/* ---- matching ---- */

static bool
tail_fits(const struct dial_pattern *t, struct str tail)
{
	if (tail.len < t->min_tail)
		return false;
	for (size_t i = 0; i < tail.len; i++)
		switch (t->tail) {
		case TAIL_NONE:
			return false;
		case TAIL_DIGITS:
			if (!scan_is(tail.s[i], CHAR_DIGIT))
				return false;
			break;
		case TAIL_NUMBER:	/* row 130: digits and # * - + */
			if (!scan_is(tail.s[i], CHAR_DIGIT) &&
			    strchr("#*-+", tail.s[i]) == NULL)
				return false;
			break;
		case TAIL_ANY:
			break;
		}
	return true;
}

static bool
domain_fits(const struct dial_pattern *t, struct str domain, bool local)
{
	return t->where == DOMAIN_ANY || (t->where == DOMAIN_LOCAL && local) ||
	    (t->where == DOMAIN_NAME && str_caseeq(t->domain, domain));
}

/* user@domain, which the expression sees; false: it is too long for one. */
static bool
subject_of(struct dial_match *m, struct str user, struct str domain, struct str *out)
{
	struct text	t;

	text_init(&t, m->text, sizeof(m->text));
	text_add(&t, user);
	text_ch(&t, '@');
	text_add(&t, domain);
	*out = text_str(&t);
	return !t.full;
}

static bool
pattern_fits(const struct dial_pattern *t, struct str user, struct str domain,
    bool local, struct dial_match *m)
{
	struct str	subject, tail = user;

	if (!domain_fits(t, domain, local))
		return false;
	m->rest = user;
	if (t->regexp != NULL)
		return subject_of(m, user, domain, &subject) &&
		    regexp_match(t->regexp, subject, m->groups) == 0;
	if (!str_prefix(tail, t->prefix))
		return false;
	scan_skip(&tail, t->prefix.len);
	m->rest = tail;
	m->groups[0] = tail;
	if (!str_prefix(tail, t->head))
		return false;
	scan_skip(&tail, t->head.len);
	return tail_fits(t, tail);
}

static bool
table_fits(const struct dial_table *t, struct str user, struct str domain,
    bool local, struct dial_match *m)
{
	for (size_t i = 0; i < t->n; i++)
		if (pattern_fits(&t->v[i], user, domain, local, m))
			return true;
	return false;
}

enum dial_verdict
dialplan_try(struct dialplan *p, unsigned i, const struct dial_query *q,
    struct dial_match *m, int64_t *until)
{
	struct dial_line	*l = &p->v[i];
	struct dial_match	 ignored;
	int64_t			 edge;

	if (l->time != NULL) {
		bool	holds = timeclass_holds(l->time, q->now_s, &edge);

		if (edge < *until)
			*until = edge;
		if (!holds)
			return DIAL_NO_TIME;
	}
	if (l->from != NULL && !table_fits(l->from, q->from_user, q->from_domain,
	    q->from_local, &ignored))
		return DIAL_NO_FROM;
	memset(m->groups, 0, sizeof(m->groups));
	m->rest = m->groups[0] = q->user;
	if (l->number != NULL && !table_fits(l->number, q->user, q->domain, q->local,
	    m))
		return DIAL_NO_NUMBER;
	return DIAL_HOLDS;
}

/* ---- targets ---- */

static void
add_number(struct text *out, const struct dial_rule *r, const struct dial_match *m)
{
	text_add(out, str_of(r->prefix));
	text_add(out, m->rest);
}

int
dialplan_target(const struct dialplan *p, unsigned i, unsigned k,
    const struct dial_match *m, struct text *out)
{
	const struct dial_line	*l = &p->v[i];
	const char		*t = l->to->v[k];

	if (t[0] == '@')
		add_number(out, &l->rule, m);
	for (; *t != '\0'; t++) {
		if (t[0] != '$' || t[1] == '\0') {
			text_ch(out, *t);
			continue;
		}
		t++;
		if (*t == 'n')
			add_number(out, &l->rule, m);
		else if (*t >= '0' && *t <= '9')
			text_add(out, m->groups[*t - '0']);
		else
			text_ch(out, *t);
	}
	return out->full ? -ENAMETOOLONG : 0;
}
