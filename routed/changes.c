/*
 * changes - DIRECTORY_PUT: what sipctl adds to the directory and takes out of it.
 *
 * Each entry is judged alone: refused at once, or given to the directory's writer.
 * The answer goes when the last of them is on disk.
 */
#include "routed/routed.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/scan.h"
#include "common/uri.h"
#include "routed/address.h"
#include "routed/prices.h"
#include "routed/rules.h"

#define MEMBERS_MAX	32	/* of a group */
#define BATCH_MAX	1000

/* One question until it is answered. */
struct put {
	struct routed		*routed;
	struct bus_ticket	 ticket;
	uint8_t			 kind, mode;
	bool			 dry_run;
	char			 by[64];
	uint32_t		 open;		/* with the writer, and ourselves */
	uint32_t		 done;
	int			 error;		/* of the disk */
	struct rec_complaint	*complaints;
	uint32_t		 ncomplaints;
};

/* An entry as the directory is to have it. */
struct canonical {
	char		name[AOR_MAX];
	char		value[ENTRY_VALUE_MAX + 1];
	char		why[512];	/* set when it is refused */
};

static const char *const kind_names[ENTRY_KINDS] = {
	NULL, "alias", "forwarder", "group", "number", "rules", "price"
};

static bool
refuse(struct canonical *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool
refuse(struct canonical *c, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- names ---- */

/*
 * "@old.example", or an address as aor_parse() takes it, to its canonical form.
 * False when it is neither.
 */
static bool
name_canonical(const struct routed *r, struct str in, char buf[AOR_MAX])
{
	char		text[AOR_MAX + 8];
	struct str	out;
	struct uri	u;
	struct text	t;

	if (in.len > 0 && in.s[0] == '@') {
		if (!str_copy(buf, AOR_MAX, in))
			return false;
		str_lower(buf, in.len);
		out = str_make(buf + 1, in.len - 1);
	} else if (aor_parse(in, domains_main(r->domains), buf, &out) == 0)
		buf[out.len] = '\0';
	else
		return false;
	text_init(&t, text, sizeof(text));
	text_add(&t, STR("sip:"));
	text_add(&t, out);
	return !t.full && uri_parse(&u, text_str(&t)) == 0 && u.port == 0 &&
	    u.params.len == 0 && u.headers.len == 0 &&
	    (buf[0] == '@') == (u.user.len == 0);
}

static struct str
domain_of(const char *aor)
{
	struct str	user, domain;

	aor_split(str_of(aor), &user, &domain);
	return domain;
}

/* An address of a domain of ours that nobody has yet. */
static bool
name_free(const struct routed *r, struct canonical *c)
{
	if (c->name[0] == '@')
		return true;
	if (accounts_find(r->accounts, str_of(c->name)) != NULL)
		return refuse(c, "%s is an account", log_str(str_of(c->name)));
	if (domains_find(r->domains, domain_of(c->name)).len == 0)
		return refuse(c, "%s: domain not served", log_str(str_of(c->name)));
	return true;
}

/* What somebody writes where a call is to go; bare names are of the domain's. */
static bool
address_canonical(struct canonical *c, struct str written, struct str domain,
    struct text *out)
{
	struct address	 a;
	const char	*why;

	if (address_parse(&a, written, &why) < 0)
		return refuse(c, "bad address %s; %s", log_str(written), why);
	if (a.app[0] == '\0' && a.local[0] != '#' && a.domain[0] == '\0' &&
	    !str_copy(a.domain, sizeof(a.domain), domain))
		return refuse(c, "bad address %s", log_str(written));
	if (a.params[0] != '\0' || a.secure)
		text_add(out, written);		/* a URI, as it is */
	else
		address_print(&a, out);
	return true;
}

/* ---- the kinds ---- */

static bool
take_alias(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	if (!name_canonical(r, name, c->name))
		return refuse(c, "bad alias %s; it looks like sales@example.com or "
		    "@old.example", log_str(name));
	if (value.len == 0)
		return true;
	if (!name_canonical(r, value, c->value) ||
	    (c->name[0] == '@') != (c->value[0] == '@'))
		return refuse(c, "bad target %s; %s", log_str(value),
		    c->name[0] == '@' ? "a domain's alias means another @domain" :
		    "it looks like anna@example.com");
	if (strcmp(c->name, c->value) == 0)
		return refuse(c, "%s would mean itself", log_str(name));
	return name_free(r, c);
}

static bool
take_forwarder(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	struct text	t;

	if (!name_canonical(r, name, c->name) || c->name[0] == '@')
		return refuse(c, "bad forwarder %s; it looks like boss@example.com",
		    log_str(name));
	text_init(&t, c->value, sizeof(c->value));
	if (value.len > 0 && !address_canonical(c, value, domain_of(c->name), &t))
		return false;
	if (strcmp(c->name, c->value) == 0)
		return refuse(c, "%s would mean itself", log_str(name));
	return value.len == 0 || name_free(r, c);
}

static bool
take_group(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	struct str	one;
	struct text	t;
	unsigned	n = 0;

	if (!name_canonical(r, name, c->name) || c->name[0] == '@')
		return refuse(c, "bad group %s; it looks like all@example.com",
		    log_str(name));
	text_init(&t, c->value, sizeof(c->value));
	for (bool removed = value.len == 0; !removed && str_cut(&value, '\n', &one);) {
		one = str_trim(one);
		if (one.len == 0)
			continue;
		if (n++ > 0)
			text_ch(&t, '\n');
		if (!address_canonical(c, one, domain_of(c->name), &t))
			return false;
		removed = value.s == NULL;
	}
	if (t.full || n > MEMBERS_MAX)
		return refuse(c, "a group has at most %d members", MEMBERS_MAX);
	return n == 0 || name_free(r, c);
}

static bool
take_number(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	const struct account	*a;
	size_t			 n = 0;
	struct text		 t;

	for (size_t i = 0; i < name.len && n < sizeof(c->name) - 1; i++)
		if (scan_is(name.s[i], CHAR_DIGIT) || (name.s[i] == '+' && n == 0))
			c->name[n++] = name.s[i];
		else if (strchr("-.() ", name.s[i]) == NULL)
			return refuse(c, "bad number %s; it looks like "
			    "+442071234567", log_str(name));
	c->name[n] = '\0';
	if (c->name[0] != '+' || n < 4 || n > 16)
		return refuse(c, "bad number %s; E.164 has a plus and 3 to 15 "
		    "digits: +442071234567", log_str(name));
	text_init(&t, c->value, sizeof(c->value));
	if (value.len == 0)
		return true;
	a = accounts_by_number(r->accounts, str_of(c->name));
	if (a != NULL)
		return refuse(c, "%s belongs to %s", c->name,
		    log_str(str_of(a->aor)));
	return address_canonical(c, value, domains_main(r->domains), &t);
}

static bool
take_rules(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	struct complaints	 out = { 0 };
	struct rules		*rules;

	if (str_eq(name, STR("*")))
		strlcpy(c->name, "*", sizeof(c->name));
	else if (!name_canonical(r, name, c->name))
		return refuse(c, "rules are of *, @domain or anna@example.com");
	if (value.len == 0)
		return true;
	if (!str_copy(c->value, sizeof(c->value), value))
		return refuse(c, "rules have at most %d octets", ENTRY_VALUE_MAX);
	if (c->name[0] != '*' && (c->name[0] == '@' ?
	    domains_find(r->domains, str_of(c->name + 1)).len == 0 :
	    accounts_find(r->accounts, str_of(c->name)) == NULL))
		return refuse(c, "there is no %s here", log_str(str_of(c->name)));
	rules = rules_parse("rules", value, &out);
	if (rules == NULL)
		refuse(c, "line %u: %s", out.v[0].line, out.v[0].text);
	rules_free(rules);
	complaints_fini(&out);
	return c->why[0] == '\0';
}

static bool
take_price(const struct routed *r, struct canonical *c, struct str name,
    struct str value)
{
	int64_t	price;

	if (!price_name(name, c->name))
		return refuse(c, "bad prefix %s; it looks like teleco1/4420, or "
		    "teleco1/* for all others", log_str(name));
	if (value.len == 0)
		return true;
	if (!price_parse(value, &price))
		return refuse(c, "bad price %s; it looks like 0.0125, with at most 6 "
		    "decimals", log_str(value));
	return str_copy(c->value, sizeof(c->value), value);
}

static bool	(*const take[ENTRY_KINDS])(const struct routed *, struct canonical *,
		    struct str, struct str) = {
	[ENTRY_ALIAS] = take_alias,
	[ENTRY_FORWARDER] = take_forwarder,
	[ENTRY_GROUP] = take_group,
	[ENTRY_NUMBER] = take_number,
	[ENTRY_RULES] = take_rules,
	[ENTRY_PRICE] = take_price,
};

/* ---- one entry ---- */

/* Does mode suit what is there? */
static bool
mode_allows(const struct routed *r, const struct put *p, struct canonical *c)
{
	const struct entry	*old = p->kind == ENTRY_RULES ?
				    directory_rules(r->directory, str_of(c->name)) :
				    directory_find(r->directory, str_of(c->name));
	const char		*name = log_str(str_of(c->name));

	if (old == NULL && (p->mode == USER_SET || p->mode == USER_REMOVE))
		return refuse(c, "there is no %s %s", kind_names[p->kind], name);
	if (old != NULL && old->kind != p->kind)
		return refuse(c, "%s is a %s", name, kind_names[old->kind]);
	if (old != NULL && p->mode == USER_ADD && p->kind != ENTRY_RULES)
		return refuse(c, "there is a %s %s already; \"set\" changes it",
		    kind_names[p->kind], name);
	return true;
}

static void
complain_row(struct put *p, const struct canonical *c, uint32_t row)
{
	p->complaints[p->ncomplaints++] = (struct rec_complaint){
		.line = row, .text = str_of(xstrdup(c->why)) };
}

/* They come in thousands: one line for all, and the groups are decided anew. */
static void
prices_changed(const struct put *p)
{
	const struct set_texts	*groups = &p->routed->self->settings->least_cost;

	log_major("ROUTER", "%u prices %s by %s", p->done,
	    p->mode == USER_REMOVE ? "removed" : "set", p->by);
	for (size_t i = 0; i < groups->n; i++)
		publish_forget_trunk(p->routed, str_of(groups->v[i]));
}

static void
finish(struct put *p)
{
	struct msg_users_put	m = { .done = p->done,
				    .complaints = { p->complaints, p->ncomplaints } };

	if (--p->open > 0)
		return;
	if (p->kind == ENTRY_PRICE && p->done > 0)
		prices_changed(p);
	if (p->error < 0)
		bus_refuse(p->ticket, -p->error, "it could not be stored: %s",
		    strerror(-p->error));
	else
		bus_answer(p->ticket, MSG_USERS_PUT, &m);
	for (uint32_t i = 0; i < p->ncomplaints; i++)
		free((char *)p->complaints[i].text.s);
	free(p->complaints);
	free(p);
}

static void
on_done(void *arg, int error, enum entry_kind kind, struct str name)
{
	struct put	*p = arg;

	if (error < 0)
		p->error = error;
	else if (kind == ENTRY_PRICE)
		p->done++;
	else {
		p->done++;
		log_major("ROUTER", "%s %s: %s by %s", kind_names[kind],
		    log_str(name), p->mode == USER_REMOVE ? "removed" : "set", p->by);
		if (kind == ENTRY_ALIAS)
			publish_alias(p->routed, name);
		if (name.s[0] == '@')
			name = str_make(name.s + 1, name.len - 1);
		publish_forget(p->routed, str_eq(name, STR("*")) ? STR_NONE : name);
	}
	finish(p);
}

static void
put_one(struct put *p, const struct rec_entry *e)
{
	struct routed		*r = p->routed;
	struct canonical	*c = xcalloc(1, sizeof(*c));
	struct str		 value = p->mode == USER_REMOVE ? STR_NONE : e->value;
	int			 error;

	if (value.len > ENTRY_VALUE_MAX ||
	    (value.len == 0 && p->mode != USER_REMOVE))
		refuse(c, value.len > 0 ? "it is too long" : "what does it mean?");
	else if (take[p->kind](r, c, e->name, value) && mode_allows(r, p, c)) {
		if (p->dry_run)
			p->done++;
		else if ((error = directory_change(r->directory, p->kind,
		    str_of(c->name), str_of(c->value), on_done, p)) == 0)
			p->open++;
		else
			refuse(c, error == -EAGAIN ?
			    "too many changes at once, try again" :
			    "there are %d entries, more are not kept", DIRECTORY_MAX);
	}
	if (c->why[0] != '\0')
		complain_row(p, c, e->row);
	free(c);
}

void
on_directory_put(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_directory_put	*q = &m->directory_put;
	struct put			*p;

	if (q->kind == 0 || q->kind >= ENTRY_KINDS || q->mode == 0 ||
	    q->mode > USER_REMOVE || q->entries.n > BATCH_MAX) {
		bus_refuse(t, EINVAL, "at most %d entries at a time, of a kind that "
		    "there is", BATCH_MAX);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->routed = arg;
	p->ticket = t;
	p->kind = q->kind;
	p->mode = q->mode;
	p->dry_run = q->dry_run;
	p->open = 1;
	p->complaints = xcalloc(q->entries.n + 1, sizeof(*p->complaints));
	strlcpy(p->by, log_str(q->by), sizeof(p->by));
	for (uint32_t i = 0; i < q->entries.n; i++)
		put_one(p, &q->entries.v[i]);
	finish(p);
}
