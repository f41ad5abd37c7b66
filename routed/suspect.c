/*
 * suspect - records that are in order but hardly mean what they say.
 *
 * sipctl's checks print what this finds; a running table does not need it.
 */
#include "routed/records.h"

#include "common/setting_types.h"

/* Comparisons for one file: those of a hundred thousand alike would be billions. */
#define EFFORT	2000000

struct reach {
	const struct record	*one;
	uint32_t		 left;
};

static bool
covers(void *arg, const struct record *earlier)
{
	struct reach	*w = arg;

	if (w->left == 0 || earlier == w->one)
		return true;
	w->left--;
	return record_covers(earlier, w->one);
}

/* An earlier record matches all that one does. */
static void
suspect_reach(const struct records *r, struct reach *w, struct complaints *out)
{
	const struct record	*one = w->one, *by;

	if (w->left == 0)
		return;
	by = records_search(r, pattern_head(&one->local), one->domain.wild ?
	    pattern_tail(&one->domain) : pattern_head(&one->domain),
	    !one->domain.wild, covers, w);
	if (by != NULL && by < one && w->left > 0)
		complain(out, true, records_file(r), one->line, one->pattern_at,
		    "never reached: line %u already matches all it does", by->line);
}

/* The domain it leads to ends with this, or a wildcard may. */
static bool
leads_to(const struct record *one, const char *end)
{
	const struct record_part	*d = &one->to_domain;
	const struct piece		*last = d->n > 0 ? &d->v[d->n - 1] : NULL;
	size_t				 n = strlen(end);

	return last != NULL && !last->wild && last->len >= n &&
	    str_caseeq(str_make(d->text + last->off + last->len - n, n), str_of(end));
}

/* The name of the gateway that it leads to; empty: none, or not known yet. */
static struct str
gateway_of(const struct record *one)
{
	const struct record_part	*d = &one->to_domain;

	if (!leads_to(one, ".sipgw") || d->n != 1)
		return STR_NONE;
	return str_make(d->text, d->v[0].len - (sizeof(".sipgw") - 1));
}

static void
suspect_gateway(const struct records *r, const struct record *one,
    const struct settings *s, struct complaints *out)
{
	struct str	name = gateway_of(one), near = STR_NONE;
	size_t		best = 4, d;

	if (name.len == 0)
		return;
	for (size_t i = 0; i < s->ngateways; i++) {
		for (size_t k = 0; k < s->gateways[i].groups.n; k++)
			if (str_caseeq(name, str_of(s->gateways[i].groups.v[k])))
				return;
		d = str_caseeq(name, str_of(s->gateways[i].name)) ? 0 :
		    edit_distance(name, str_of(s->gateways[i].name));
		if (d == 0)
			return;
		if (d < best) {
			best = d;
			near = str_of(s->gateways[i].name);
		}
	}
	if (near.len > 0)
		complain(out, true, records_file(r), one->line, one->target_at,
		    "there is no gateway \"%.*s\"; did you mean \"%.*s\"?",
		    STR_ARG(name), STR_ARG(near));
	else
		complain(out, true, records_file(r), one->line, one->target_at,
		    "there is no gateway \"%.*s\"", STR_ARG(name));
}

static bool
is_ours(const struct settings *s, struct str domain)
{
	for (size_t i = 0; i < s->domains.n; i++)
		if (str_caseeq(domain, str_of(s->domains.v[i])))
			return true;
	return domain.len == 0 || str_caseeq(domain, STR("telnum"));
}

/*
 * It lets everybody send what matches it outside (row 117), with a part of the
 * address of the caller's choice: that is how toll is stolen.
 */
static void
suspect_open(const struct records *r, const struct record *one,
    const struct settings *s, struct complaints *out)
{
	const struct record_part	*d = &one->to_domain;
	bool				 chosen = one->local.wild &&
					    (one->whole_domain || one->to_local.n > 1 ||
					    (one->to_local.n == 1 &&
					    one->to_local.v[0].wild));

	if ((one->classes & RECORD_SIGNAL) == 0 || one->no_relay || one->relay ||
	    one->to_app.v[0].len > 0 || !chosen || d->n == 0)
		return;
	if (leads_to(one, ".sipgw"))
		complain(out, true, records_file(r), one->line, one->pattern_at,
		    "strangers can call through this gateway, at your cost; write "
		    "NoRelay: before it, or Relay: if that is meant");
	else if (d->n == 1 && !d->v[0].wild && d->v[0].len > 0 &&
	    !is_ours(s, str_make(d->text, d->v[0].len)) &&
	    memchr(d->text, '.', d->v[0].len) != NULL)
		complain(out, true, records_file(r), one->line, one->pattern_at,
		    "strangers can call there through this server; write NoRelay: "
		    "before it, or Relay: if that is meant");
}

void
records_suspect(const struct records *r, const struct settings *s,
    struct complaints *out)
{
	struct reach	w = { .left = EFFORT };

	for (uint32_t i = 0; i < records_count(r) && out->n < COMPLAINTS_MAX; i++) {
		w.one = records_at(r, i);
		suspect_reach(r, &w, out);
		suspect_open(r, w.one, s, out);
		suspect_gateway(r, w.one, s, out);
		if (w.one->classes == RECORD_MAIL)
			complain(out, true, records_file(r), w.one->line, 1,
			    "it is for mail only, and there is none here");
	}
}
