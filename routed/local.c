/*
 * local - what an address in a domain of ours means: an account, an entry of the
 * directory, a number (FEATURES.md rows 81, 120, 121).
 */
#include "routed/route_parts.h"

#include "common/route.h"

/* Where an account is called by: its AOR. */
static enum step
account_found(struct walk *w, const struct account *a)
{
	route_key(w->route, str_of(a->aor));
	route_target(w, TARGET_AOR, str_of(a->aor), STR_NONE);
	account_rules(w, str_of(a->aor));
	return STEP_DONE;
}

/* An entry that stands for another address. */
static enum step
means(struct walk *w, const char *what, const struct entry *e)
{
	struct address	to;

	if (address_parse(&to, str_of(e->value), NULL) < 0)
		return walk_refuse(w, 404, "Not Found");
	STEP(w, what, true, "%s means %.300s", e->name, e->value);
	w->grant = GRANT_DIRECTORY;
	return walk_again(w, &to);
}

static enum step
group_found(struct walk *w, const struct entry *e)
{
	struct str	rest = str_of(e->value), one;
	char		member[ADDRESS_MAX];
	unsigned	reached = 0, n = 0;

	STEP(w, "group", true, "%s", e->name);
	while (str_cut(&rest, '\n', &one)) {
		if (!str_copy(member, sizeof(member), one) || one.len == 0)
			continue;
		n++;
		reached += route_also(w, member, w->home, w->stage);
	}
	if (reached == 0)
		return walk_refuse(w, 480, "Nobody Of The Group");
	STEP(w, "group", true, "%u of %u are called", reached, n);
	return STEP_DONE;
}

static enum step
entry_found(struct walk *w, const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_GROUP:
		return group_found(w, e);
	case ENTRY_FORWARDER:
		return means(w, "forwarder", e);
	case ENTRY_NUMBER:
		return means(w, "number", e);
	default:
		return means(w, "alias", e);
	}
}

/* ---- numbers ---- */

struct str
number_of(struct str local, char buf[NUMBER_MAX])
{
	size_t	n = 0;

	for (size_t i = 0; i < local.len; i++) {
		char	c = local.s[i];

		if (c != '\0' && strchr("-.()", c) != NULL && n > 0)
			continue;
		if ((c < '0' || c > '9') && (c != '+' || n > 0))
			return STR_NONE;
		if (n == NUMBER_MAX)
			return STR_NONE;
		buf[n++] = c;
	}
	return n > 0 && (buf[0] != '+' || n > 1) ? str_make(buf, n) : STR_NONE;
}

/*
 * A number of the world, in whatever domain of ours or none: who has it here? Asked
 * before routes.conf, so that nobody who is here is called through a gateway (row
 * 120: convert to E.164, search telnum, ENUM, else the gateways).
 */
enum step
by_number(struct walk *w)
{
	const struct route_world	*world = w->route->w;
	bool				 telnum = strcmp(w->a.domain, "telnum") == 0;
	const struct account		*a;
	const struct entry		*e;
	struct str			 number;
	char				 buf[NUMBER_MAX];

	if (!telnum && w->home.len == 0)
		return STEP_ON;
	number = number_of(str_of(w->a.local), buf);
	if (number.len == 0 || number.s[0] != '+')
		return STEP_ON;
	if (!accounts_ready(world->accounts)) {
		w->route->d->waits = true;
		return STEP_DONE;
	}
	route_key(w->route, number);
	if ((a = accounts_by_number(world->accounts, number)) != NULL) {
		STEP(w, "number", true, "%.*s belongs to %s", STR_ARG(number),
		    a->aor);
		return account_found(w, a);
	}
	if ((e = directory_find(world->directory, number)) != NULL)
		return means(w, "number", e);
	STEP(w, "number", false, "nobody here has %.*s", STR_ARG(number));
	return STEP_ON;
}

/* Its own domain's only: without a plus it means nothing elsewhere. */
static const struct account *
by_extension(struct walk *w)
{
	const struct account	*a;
	struct str		 number, user, domain;
	char			 buf[NUMBER_MAX];

	number = number_of(str_of(w->a.local), buf);
	if (number.len == 0 || number.s[0] == '+')
		return NULL;
	route_key(w->route, number);
	a = accounts_by_number(w->route->w->accounts, number);
	if (a == NULL)
		return NULL;
	aor_split(str_of(a->aor), &user, &domain);
	if (!str_eq(domain, w->home))
		return NULL;
	STEP(w, "number", true, "%.*s belongs to %s", STR_ARG(number), a->aor);
	return a;
}

/* ---- names ---- */

struct str
walk_aor(const struct walk *w, char buf[AOR_MAX])
{
	struct text	t;

	text_init(&t, buf, AOR_MAX);
	text_add(&t, str_of(w->a.local));
	text_ch(&t, '@');
	text_add(&t, w->home);
	if (t.full || w->a.local[0] == '\0')
		return STR_NONE;
	str_lower(buf, t.len);
	return text_str(&t);
}

/*
 * The same user of another domain. One that is not ours is called by the
 * administrator's will, unless a record says otherwise.
 */
static enum step
by_domain_alias(struct walk *w, struct str domain)
{
	char			 name[AOR_MAX] = "@";
	const struct entry	*e;
	struct address		 to = w->a;

	if (!str_copy(name + 1, sizeof(name) - 1, domain))
		return STEP_ON;
	e = directory_find(w->route->w->directory, str_of(name));
	if (e == NULL)
		return STEP_ON;
	STEP(w, "alias", true, "%s means %s", e->name, e->value);
	if (w->grant == GRANT_NOT && strpbrk(w->a.local, "%@!") == NULL &&
	    domains_find(w->route->w->domains, str_of(e->value + 1)).len == 0)
		w->grant = GRANT_RECORD;
	strlcpy(to.domain, e->value + 1, sizeof(to.domain));
	to.port = 0;
	to.params[0] = '\0';
	return walk_again(w, &to);
}

static enum step
by_local_name(struct walk *w, struct str aor)
{
	const struct route_world	*world = w->route->w;
	const struct account		*a = accounts_find(world->accounts, aor);
	const struct entry		*e;

	if (a != NULL) {
		STEP(w, "account", true, "%s", a->aor);
		return account_found(w, a);
	}
	STEP(w, "account", false, "there is no account %.*s", STR_ARG(aor));
	if ((e = directory_find(world->directory, aor)) != NULL)
		return entry_found(w, e);
	STEP(w, "directory", false, "nothing is called %.*s", STR_ARG(aor));
	if ((a = by_extension(w)) != NULL)
		return account_found(w, a);
	return STEP_ON;
}

/* What nobody here has, and no record has sent elsewhere. */
static enum step
not_found(struct walk *w)
{
	struct address	to = { .secure = w->a.secure };
	struct str	number;
	char		buf[NUMBER_MAX], text[2 * ADDRESS_MAX];

	number = number_of(str_of(w->a.local), buf);
	if (w->home.len > 0 && number.len > 0 && number.s[0] == '+') {
		str_copy(to.local, sizeof(to.local), number);
		strlcpy(to.domain, "telnum", sizeof(to.domain));
		walk_again(w, &to);
		STEP(w, "number", true, "looked for as %s", walk_print(w, text));
		return STEP_AGAIN;
	}
	if (w->unsure)		/* for want of an answer, not for ever */
		return walk_refuse(w, 503, "Service Unavailable");
	return walk_refuse(w, 404, "Not Found");
}

enum step
by_name(struct walk *w)
{
	char		buf[AOR_MAX];
	struct str	aor;
	enum step	step;

	if (strcmp(w->a.domain, "telnum") == 0)
		return not_found(w);
	if (w->home.len == 0)
		return by_domain_alias(w, str_of(w->a.domain));
	if (w->a.local[0] == '\0') {
		STEP(w, "address", false, "it names no user");
		return walk_refuse(w, 404, "Not Found");
	}
	aor = walk_aor(w, buf);
	if (aor.len == 0)
		return walk_refuse(w, 404, "Not Found");
	route_key(w->route, aor);
	if (!accounts_ready(w->route->w->accounts)) {
		w->route->d->waits = true;
		return STEP_DONE;
	}
	step = by_local_name(w, aor);
	if (step == STEP_ON)
		step = by_domain_alias(w, w->home);
	return step != STEP_ON ? step : not_found(w);
}
