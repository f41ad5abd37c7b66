/*
 * record - what one line of routes.conf does: matched, applied, explained.
 *
 * records.c keeps the table of them and finds the first that matches; it was read by
 * record_parse.c.
 */
#include "routed/record.h"

#include <errno.h>

#include "routed/pattern.h"

/* ---- match and apply ---- */

bool
record_match(const struct record *r, const char *local, const char *domain,
    struct captures *taken)
{
	taken->n = 0;
	if (!r->whole_domain && !pattern_match(&r->local, str_of(local), taken))
		return false;
	return pattern_match(&r->domain, str_of(domain), taken);
}

int
record_apply(const struct record *r, const struct address *from,
    const struct captures *taken, struct address *to)
{
	struct address	a = { .secure = from->secure, .port = r->to_port };

	if (r->to_local.n == 0)		/* a domain for a domain */
		strlcpy(a.local, from->local, sizeof(a.local));
	else if (!part_print(&r->to_local, taken, a.local))
		return -ENAMETOOLONG;
	if (!part_print(&r->to_domain, taken, a.domain) ||
	    !part_print(&r->to_app, taken, a.app))
		return -ENAMETOOLONG;
	str_lower(a.domain, strlen(a.domain));
	*to = a;
	return 0;
}

struct str
pattern_head(const struct pattern *p)
{
	return str_make(p->text, p->v[0].len);
}

struct str
pattern_tail(const struct pattern *p)
{
	const struct piece	*last = &p->v[p->n - 1];

	return last->wild ? STR("") : str_make(p->text + last->off, last->len);
}

/* ---- explained ---- */

/* A text that failed against one pattern, in a few words. */
static void
part_why_not(const struct pattern *p, struct str text, const char *what,
    struct text *out)
{
	struct str	head = pattern_head(p), tail = pattern_tail(p);

	if (!p->wild)
		text_printf(out, "%s is not \"%.*s\"", what, STR_ARG(head));
	else if (!str_caseprefix(text, head))
		text_printf(out, "%s does not start with \"%.*s\"", what,
		    STR_ARG(head));
	else if (text.len < tail.len || !str_caseeq(tail,
	    str_make(text.s + text.len - tail.len, tail.len)))
		text_printf(out, "%s does not end with \"%.*s\"", what,
		    STR_ARG(tail));
	else if (p->v[0].wild && p->v[0].max > 0) {
		text_printf(out, "not %u", p->v[0].min);
		if (p->v[0].max > p->v[0].min)
			text_printf(out, " to %u", p->v[0].max);
		text_printf(out, " digits after \"%.*s\"", STR_ARG(head));
	} else
		text_printf(out, "%s has another form", what);
}

void
record_why_not(const struct record *r, const char *local, const char *domain,
    enum record_class class, struct text *out)
{
	struct captures	none = { .n = 0 };

	if ((r->classes & class) == 0)
		text_printf(out, "it is not for %s", class == RECORD_SIGNAL ?
		    "signals" : "access");
	else if (!pattern_match(&r->domain, str_of(domain), &none)) {
		if (domain[0] == '\0' || (!r->domain.wild && r->domain.v[0].len == 0))
			text_printf(out, domain[0] == '\0' ?
			    "the address is in the main domain" :
			    "the domain is not the main one");
		else
			part_why_not(&r->domain, str_of(domain), "the domain", out);
	} else
		part_why_not(&r->local, str_of(local), "the local part", out);
}

bool
record_covers(const struct record *a, const struct record *b)
{
	return (a->classes & b->classes) == b->classes &&
	    pattern_covers(&a->domain, &b->domain) &&
	    pattern_covers(&a->local, &b->local);
}
