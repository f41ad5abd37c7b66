/*
 * access - an address as whoever signs in with it means it.
 *
 * handlers.c answers ACCESS with it, staged.c knows callers by it. A pass is much
 * like that of a Signal, but leads to one account and gives no right to anything.
 */
#include "routed/access.h"

#include "common/uri.h"
#include "routed/route_parts.h"

/* "anna@example.com" of an address, with the main domain where it has none. */
static struct str
name_of(const struct route_world *w, const struct address *a, char buf[AOR_MAX])
{
	struct text	t;

	text_init(&t, buf, AOR_MAX);
	text_add(&t, str_of(a->local));
	text_ch(&t, '@');
	text_add(&t, a->domain[0] != '\0' ? str_of(a->domain) :
	    domains_main(w->domains));
	if (t.full)
		return STR_NONE;
	str_lower(buf, t.len);
	return text_str(&t);
}

static bool
record_means(const struct route_world *w, struct address *a)
{
	const struct record	*r;
	struct captures		 taken;

	r = w->records != NULL ? records_find(w->records, a->local, a->domain,
	    RECORD_ACCESS, &taken) : NULL;
	return r != NULL && record_apply(r, a, &taken, a) == 0;
}

/* "sales@example.com", or "@old.example" for all of a domain; no groups. */
static bool
entry_means(const struct route_world *w, struct address *a, struct str name)
{
	const struct entry	*e = directory_find(w->directory, name);
	struct address		 to;
	ptrdiff_t		 at = str_rchr(name, '@');

	if (e != NULL && e->kind != ENTRY_GROUP &&
	    address_parse(&to, str_of(e->value), NULL) == 0) {
		*a = to;
		return true;
	}
	if (at < 0)
		return false;
	e = directory_find(w->directory,
	    str_make(name.s + at, name.len - (size_t)at));
	if (e == NULL || e->value[0] != '@')
		return false;
	strlcpy(a->domain, e->value + 1, sizeof(a->domain));
	return true;
}

/* A number or an extension, of an account or in the directory. */
static bool
number_means(const struct route_world *w, struct address *a)
{
	const struct account	*c;
	struct str		 number, user, domain, here;
	char			 buf[NUMBER_MAX];

	number = number_of(str_of(a->local), buf);
	if (number.len == 0)
		return false;
	if ((c = accounts_by_number(w->accounts, number)) == NULL)
		return number.s[0] == '+' && entry_means(w, a, number);
	here = a->domain[0] != '\0' ? str_of(a->domain) : domains_main(w->domains);
	aor_split(str_of(c->aor), &user, &domain);
	if (number.s[0] != '+' && !str_caseeq(domain, here))
		return false;
	return address_parse(a, str_of(c->aor), NULL) == 0;
}

struct str
access_find(const struct route_world *w, struct str uri, char buf[AOR_MAX])
{
	struct str	main = domains_main(w->domains), name = STR_NONE;
	struct address	a;
	struct uri	u;

	if (uri_parse(&u, uri) < 0 || address_of_uri(&a, &u) < 0)
		return STR_NONE;
	a.port = 0;
	for (unsigned n = 0; n < WALK_REWRITES; n++) {
		if (main.len > 0 && str_caseeq(str_of(a.domain), main))
			a.domain[0] = '\0';
		if (record_means(w, &a))
			continue;
		name = name_of(w, &a, buf);
		if (accounts_find(w->accounts, name) != NULL ||
		    (!entry_means(w, &a, name) && !number_means(w, &a)))
			break;
	}
	return name;
}
