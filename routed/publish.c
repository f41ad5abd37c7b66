/* publish - tells sipd which domains are ours and which decisions to forget. */
#include "routed/routed.h"

#define IN_ALIASES	(1ull << 40)	/* the cursor's second part */

void
publish_domain(void *arg, struct str name, uint64_t version, bool deleted)
{
	struct routed		*r = arg;
	struct msg_domain	 m = { .name = name, .version = version,
				    .deleted = deleted };

	if (r->feed != NULL)
		feed_publish(r->feed, MSG_DOMAIN, &m);
}

/* "@old.example", not served itself, for one that is: the message. False: it is not. */
static bool
alias_message(const struct routed *r, const struct entry *e, struct msg_domain *m)
{
	if (e->name[0] != '@' || e->value[0] != '@' ||
	    domains_find(r->domains, str_of(e->name + 1)).len > 0)
		return false;
	*m = (struct msg_domain){ .name = str_of(e->name + 1),
	    .means = domains_find(r->domains, str_of(e->value + 1)) };
	return m->means.len > 0;
}

void
publish_alias(struct routed *r, struct str name)
{
	const struct entry	*e = directory_find(r->directory, name);
	struct msg_domain	 m;

	if (name.len < 2 || name.s[0] != '@' || r->feed == NULL)
		return;
	if (e == NULL || !alias_message(r, e, &m)) {
		m = (struct msg_domain){ .deleted = true,
		    .name = str_make(name.s + 1, name.len - 1) };
		if (domains_find(r->domains, m.name).len > 0)
			return;		/* it is there by itself */
	}
	feed_publish(r->feed, MSG_DOMAIN, &m);
}

void
publish_aliases(struct routed *r)
{
	const struct entry	*e;

	for (uint64_t at = 0; (e = directory_next(r->directory, ENTRY_ALIAS, &at)) != NULL;
	    at++)
		publish_alias(r, str_of(e->name));
}

void
publish_forget(void *arg, struct str key)
{
	struct routed		*r = arg;
	struct msg_forget	 m = { key };

	if (r->feed != NULL)
		feed_publish(r->feed, MSG_FORGET, &m);
}

void
publish_forget_trunk(struct routed *r, struct str name)
{
	char		host[80];
	struct text	t;

	text_init(&t, host, sizeof(host));
	text_printf(&t, "%.*s.sipgw", STR_ARG(name));
	str_lower(host, t.len);
	publish_forget(r, text_str(&t));
}

/* From the alias at or behind at; the cursor of the next part, 0 at the end. */
static uint64_t
walk_aliases(struct routed *r, uint64_t at, struct feed *f)
{
	const struct entry	*e;
	struct msg_domain	 m;
	bool			 fits = true;

	for (; fits && (e = directory_next(r->directory, ENTRY_ALIAS, &at)) != NULL;
	    at++)
		if (alias_message(r, e, &m))
			fits = feed_emit(f, MSG_DOMAIN, &m);
	return fits ? 0 : at | IN_ALIASES;
}

uint64_t
publish_walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct routed		*r = arg;
	struct msg_domain	 m = { 0 };
	bool			 fits = true;

	if (cursor & IN_ALIASES)
		return walk_aliases(r, cursor & ~IN_ALIASES, f);
	for (; fits && cursor < domains_count(r->domains); cursor++) {
		m.name = domains_name(r->domains, cursor, &m.version);
		fits = feed_emit(f, MSG_DOMAIN, &m);
	}
	if (!fits)
		return cursor < domains_count(r->domains) ? cursor : IN_ALIASES;
	return walk_aliases(r, 0, f);
}
