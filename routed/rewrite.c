/*
 * rewrite - what records of routes.conf make of an address on its walk, and what
 * right that gives (FEATURES.md rows 112-117).
 */
#include "routed/route_parts.h"

#define EXPLAINED_MAX	24	/* records that did not match, of one decision */

static void
explain_one(struct walk *w, const struct record *one, const struct record *found)
{
	const struct records	*all = w->route->w->records;
	struct captures		 unused;
	char			 why[256];
	struct text		 t;

	if (one == found)
		return;
	text_init(&t, why, sizeof(why));
	if (found != NULL && found < one && (one->classes & RECORD_SIGNAL) != 0 &&
	    record_match(one, w->a.local, w->a.domain, &unused))
		text_printf(&t, "it matches, but so does line %u before it",
		    found->line);
	else
		record_why_not(one, w->a.local, w->a.domain, RECORD_SIGNAL, &t);
	trace_line(&w->route->d->trace, records_file(all), one->line, one->text,
	    false, "%s", why);
}

/* "--why-not LINE": of that record alone, wherever it stands. */
static void
explain_line(struct walk *w, uint32_t line, const struct record *found)
{
	const struct records	*all = w->route->w->records;

	for (uint32_t i = 0; i < records_count(all); i++)
		if (records_at(all, i)->line == line)
			explain_one(w, records_at(all, i), found);
}

/*
 * For people: which records before it were looked at in vain. Of a long table those
 * that begin as the address does.
 */
static void
explain_records(struct walk *w, const struct record *found)
{
	const struct records	*all = w->route->w->records;
	uint32_t		 n = found != NULL ?
				    (uint32_t)(found - records_at(all, 0)) :
				    records_count(all), left_out = 0;

	if (w->route->q->why_not != 0) {
		explain_line(w, w->route->q->why_not, found);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct record	*one = records_at(all, i);

		if (w->route->explained == EXPLAINED_MAX || (n > EXPLAINED_MAX &&
		    pattern_head(&one->local).len > 0 &&
		    pattern_head(&one->local).s[0] != w->a.local[0])) {
			left_out++;
			continue;
		}
		w->route->explained++;
		explain_one(w, one, found);
	}
	if (left_out > 0)
		STEP(w, "records", false, "%u others do not match", left_out);
}

/* Does the caller's part of the address name a way of its own? */
static bool
names_way(struct str s)
{
	return str_chr(s, '%') >= 0 || str_chr(s, '@') >= 0 || str_chr(s, '!') >= 0;
}

/* Row 117. Who wrote "x%there" chose himself where it goes: no record did. */
static void
record_grants(struct walk *w, const struct record *one,
    const struct captures *taken)
{
	bool	chosen = one->whole_domain && names_way(str_of(w->a.local));

	for (unsigned i = 0; i < taken->n; i++)
		chosen |= names_way(taken->v[i]);
	if (one->no_relay)
		w->withheld = true;
	else if (w->grant == GRANT_NOT && !chosen)
		w->grant = GRANT_RECORD;
}

static enum step
record_found(struct walk *w, const struct record *one,
    const struct captures *taken)
{
	struct address	to;
	char		buf[2 * ADDRESS_MAX];

	if (record_apply(one, &w->a, taken, &to) < 0)
		return walk_refuse(w, 414, "Request-URI Too Long");
	record_grants(w, one, taken);
	walk_again(w, &to);
	trace_line(&w->route->d->trace, records_file(w->route->w->records),
	    one->line, one->text, true, "rewritten to %.300s", walk_print(w, buf));
	return STEP_AGAIN;
}

enum step
by_record(struct walk *w)
{
	const struct records	*all = w->route->w->records;
	const struct record	*one;
	struct captures		 taken;

	if (all == NULL || records_count(all) == 0)
		return STEP_ON;
	one = records_find(all, w->a.local, w->a.domain, RECORD_SIGNAL, &taken);
	if (w->route->q->test)
		explain_records(w, one);
	return one != NULL ? record_found(w, one, &taken) : STEP_ON;
}

/*
 * Row 140a: a record may name one of our own addresses, which else would be the main
 * domain by the time that records are asked.
 */
enum step
by_literal_record(struct walk *w)
{
	const struct records	*all = w->route->w->records;
	const struct record	*one;
	struct captures		 taken;

	if (all == NULL || w->a.domain[0] == '\0' || !address_bracket(&w->a))
		return STEP_ON;
	one = records_find(all, w->a.local, w->a.domain, RECORD_SIGNAL, &taken);
	return one != NULL && !one->domain.wild ? record_found(w, one, &taken) :
	    STEP_ON;
}
