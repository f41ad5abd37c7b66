/* tables - what sipctl shows of routed: domains, the directory, accounts. */
#include "routed/routed.h"

static uint64_t
show_domains(void *arg, struct show *s, uint64_t cursor)
{
	struct routed	*r = arg;
	uint64_t	 version;

	for (; cursor < domains_count(r->domains); cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "domain", domains_name(r->domains, cursor, &version));
		show_bool(s, "main", cursor == 0);
	}
	return 0;
}

static uint64_t
show_entries(struct routed *r, struct show *s, uint64_t cursor,
    enum entry_kind kind, const char *name, const char *value)
{
	const struct entry	*e;

	for (; (e = directory_next(r->directory, kind, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, name, str_of(e->name));
		show_text(s, value, str_of(e->value));
	}
	return 0;
}

#define SHOW_ENTRIES(fn, kind, name, value)				\
	static uint64_t							\
	fn(void *arg, struct show *s, uint64_t cursor)			\
	{								\
		return show_entries(arg, s, cursor, kind, name, value);	\
	}
SHOW_ENTRIES(show_aliases, ENTRY_ALIAS, "alias", "target")
SHOW_ENTRIES(show_forwarders, ENTRY_FORWARDER, "forwarder", "target")
SHOW_ENTRIES(show_groups, ENTRY_GROUP, "group", "members")
SHOW_ENTRIES(show_numbers, ENTRY_NUMBER, "number", "target")
SHOW_ENTRIES(show_prices, ENTRY_PRICE, "prefix", "price")
SHOW_ENTRIES(show_rules, ENTRY_RULES, "scope", "text")

static uint64_t
show_accounts(void *arg, struct show *s, uint64_t cursor)
{
	struct routed		*r = arg;
	const struct account	*a;

	for (; (a = accounts_next(r->accounts, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "aor", str_of(a->aor));
		show_text(s, "name", str_of(a->name));
		show_text(s, "number", str_of(a->number));
	}
	return 0;
}

/* As sipd's table "meters": how many decisions took up to le_us. */
static uint64_t
show_cost(void *arg, struct show *s, uint64_t cursor)
{
	static const uint64_t	 bounds_us[] = { 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
	    10000, 100000, 1000000 };
	const struct cost	*c = &((struct routed *)arg)->cost;

	(void)cursor;
	for (size_t i = 0; i < sizeof(bounds_us) / sizeof(bounds_us[0]); i++) {
		show_row(s);
		show_number(s, "le_us", (int64_t)bounds_us[i]);
		show_number(s, "n", (int64_t)cost_within(c, bounds_us[i] * 1000));
	}
	show_row(s);
	show_null(s, "le_us");
	show_number(s, "sum_us", (int64_t)(c->sum_ns / 1000));
	show_number(s, "n", (int64_t)c->count);
	return 0;
}

const struct show_table routed_tables[] = {
	{ "cost", show_cost },
	{ "domains", show_domains },
	{ "aliases", show_aliases },
	{ "forwarders", show_forwarders },
	{ "groups", show_groups },
	{ "numbers", show_numbers },
	{ "prices", show_prices },
	{ "rules", show_rules },
	{ "accounts", show_accounts },
	{ 0 }
};
