/*
 * accounts - who has an account, as regd's feed tells.
 *
 * A snapshot marks what it shows; what it did not show is removed when it is
 * complete. A record that is older than what is here is left out; who is removed
 * while a snapshot is under way stays as a stone until it is complete, since an
 * older part of it may come later.
 */
#include "routed/accounts.h"

#include <stdlib.h>

#include "common/map.h"
#include "routed/table.h"

struct accounts {
	struct table		 by_aor;
	struct map		*by_number;
	accounts_changed_fn	*changed;
	void			*arg;
	uint32_t		 mark;
	bool			 loading;
	bool			 ready;
};

static struct str
aor_key(const void *object)
{
	const struct account	*o = object;

	return str_of(o->aor);
}

static struct str
number_key(const void *object)
{
	const struct account	*o = object;

	return str_of(o->number);
}

struct accounts *
accounts_new(accounts_changed_fn *changed, void *arg)
{
	struct accounts	*a = xcalloc(1, sizeof(*a));

	table_init(&a->by_aor, aor_key);
	a->by_number = map_new(number_key);
	a->changed = changed;
	a->arg = arg;
	return a;
}

static void
account_free(void *object)
{
	struct account	*o = object;

	free(o->aor);
	free(o->number);
	free(o->name);
	free(o);
}

void
accounts_free(struct accounts *a)
{
	if (a == NULL)
		return;
	table_fini(&a->by_aor, account_free);
	map_free(a->by_number);
	free(a);
}

static void
tell(struct accounts *a, struct str key)
{
	if (a->ready && key.len > 0)
		a->changed(a->arg, key);
}

/* Two may have had the same number for a moment: only its owner gives it up. */
static void
number_drop(struct accounts *a, struct account *o)
{
	if (o->number[0] == '\0')
		return;
	if (map_find(a->by_number, number_key(o)) == o)
		map_remove(a->by_number, number_key(o));
	tell(a, number_key(o));
}

static void
number_set(struct accounts *a, struct account *o, struct str number)
{
	if (str_eq(number_key(o), number))
		return;
	number_drop(a, o);
	free(o->number);
	o->number = str_dup(number);
	if (number.len == 0)
		return;
	map_put(a->by_number, o);
	tell(a, number);
}

static void
account_remove(struct accounts *a, struct account *o)
{
	number_drop(a, o);
	table_remove(&a->by_aor, aor_key(o), o->place);
	tell(a, aor_key(o));
	account_free(o);
}

static struct account *
account_new(struct accounts *a, struct str aor)
{
	struct account	*o = xcalloc(1, sizeof(*o));

	o->aor = str_dup(aor);
	o->number = xstrdup("");
	o->name = xstrdup("");
	o->place = table_put(&a->by_aor, o);
	tell(a, aor);
	return o;
}

void
accounts_begin(struct accounts *a)
{
	a->mark++;
	a->loading = true;
}

void
accounts_record(struct accounts *a, const struct msg_account *m)
{
	struct account	*o = table_find(&a->by_aor, m->aor);

	if (o != NULL && m->version < o->version) {
		o->mark = a->mark;
		return;
	}
	if (m->deleted && !a->loading) {
		if (o != NULL)
			account_remove(a, o);
		return;
	}
	if (o == NULL)
		o = account_new(a, m->aor);
	else if (o->gone != m->deleted)
		tell(a, aor_key(o));
	o->version = m->version;
	o->mark = a->mark;
	o->gone = m->deleted;
	number_set(a, o, m->number);
	if (!str_eq(str_of(o->name), m->name)) {
		free(o->name);
		o->name = str_dup(m->name);
	}
}

void
accounts_complete(struct accounts *a)
{
	struct account	*o;

	for (uint64_t at = 0; (o = table_next(&a->by_aor, &at)) != NULL; at++)
		if (o->mark != a->mark || o->gone)
			account_remove(a, o);
	a->loading = false;
	a->ready = true;
}

bool
accounts_ready(const struct accounts *a)
{
	return a->ready;
}

const struct account *
accounts_find(const struct accounts *a, struct str aor)
{
	const struct account	*o = table_find(&a->by_aor, aor);

	return o != NULL && !o->gone ? o : NULL;
}

const struct account *
accounts_by_number(const struct accounts *a, struct str number)
{
	return number.len > 0 ? map_find(a->by_number, number) : NULL;
}

uint32_t
accounts_count(const struct accounts *a)
{
	return map_count(a->by_aor.map);
}

const struct account *
accounts_next(const struct accounts *a, uint64_t *at)
{
	const struct account	*o;

	while ((o = table_next(&a->by_aor, at)) != NULL && o->gone)
		++*at;
	return o;
}
