/* tables - what sipctl shows of routed: domains, aliases, accounts. */
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
show_aliases(void *arg, struct show *s, uint64_t cursor)
{
	struct routed		*r = arg;
	const struct alias	*a;

	for (; (a = aliases_next(r->aliases, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "alias", str_of(a->name));
		show_text(s, "target", str_of(a->target));
	}
	return 0;
}

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

const struct show_table routed_tables[] = {
	{ "domains", show_domains },
	{ "aliases", show_aliases },
	{ "accounts", show_accounts },
	{ 0 }
};
