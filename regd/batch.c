/*
 * batch - what becomes durable together, while it gathers and while it is written.
 *
 * journal.c has two of them and decides when. The lists grow to what the busiest
 * batch needed and stay so.
 */
#include "regd/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
items_free(struct batch *b)
{
	for (size_t i = 0; i < b->nitems; i++) {
		free((char *)(uintptr_t)b->items[i].key.s);
		explicit_bzero((char *)(uintptr_t)b->items[i].value.s,
		    b->items[i].value.len);		/* some hold HA1s */
		free((char *)(uintptr_t)b->items[i].value.s);
	}
	b->nitems = 0;
}

void
batch_clear(struct batch *b)
{
	buf_clear(&b->packed);
	items_free(b);
	b->first = NULL;
	b->last = &b->first;
	b->nchanges = b->npacked = 0;
	b->naccounts = b->nwaiters = 0;
}

bool
batch_empty(const struct batch *b)
{
	return b->packed.len == 0 && b->naccounts == 0 && b->nitems == 0 &&
	    b->nwaiters == 0;
}

void
batch_account(struct batch *b, struct str aor, const struct account *now,
    struct account *old)
{
	if (b->naccounts == b->accounts_size) {
		b->accounts_size = b->accounts_size == 0 ? 16 :
		    b->accounts_size * 2;
		b->accounts = xrealloc(b->accounts, b->accounts_size,
		    sizeof(*b->accounts));
	}
	b->accounts[b->naccounts++] = (struct account_change){
		.now = now, .old = old, .aor = str_dup(aor),
	};
}

void
batch_item(struct batch *b, const struct store_item *i)
{
	if (b->nitems == b->items_size) {
		b->items_size = b->items_size == 0 ? 4 : b->items_size * 2;
		b->items = xrealloc(b->items, b->items_size, sizeof(*b->items));
	}
	b->items[b->nitems++] = (struct store_item){ i->kind,
	    str_of(str_dup(i->key)),
	    str_make(str_dup(i->value), i->value.len) };
}

void
batch_waiter(struct batch *b, journal_fn *fn, void *arg)
{
	if (b->nwaiters == b->waiters_size) {
		b->waiters_size = b->waiters_size == 0 ? 4 :
		    b->waiters_size * 2;
		b->waiters = xrealloc(b->waiters, b->waiters_size,
		    sizeof(*b->waiters));
	}
	b->waiters[b->nwaiters++] = (struct waiter){ fn, arg };
}

/* ---- for the writer, and afterwards ---- */

struct store_account *
batch_rows(const struct batch *b)
{
	const struct account_change *a;
	struct store_account *rows;

	if (b->naccounts == 0)
		return NULL;
	rows = xcalloc(b->naccounts, sizeof(*rows));
	for (size_t i = 0; i < b->naccounts; i++) {
		a = &b->accounts[i];
		if (a->now != NULL)
			account_row(a->now, &rows[i]);
		else
			rows[i].remove = true;
		rows[i].aor = str_of(a->aor);
	}
	return rows;
}

void
batch_tell(const struct batch *b, int error)
{
	for (size_t i = 0; i < b->nwaiters; i++)
		b->waiters[i].fn(b->waiters[i].arg, error);
}

void
batch_fini(struct batch *b)
{
	struct change *c, *next;

	for (c = b->first; c != NULL; c = next) {
		next = c->next;
		aor_change_ends(c->aor);
		set_free(c->set);
		free(c);
	}
	for (size_t i = 0; i < b->naccounts; i++) {
		account_free(b->accounts[i].old);
		free(b->accounts[i].aor);
	}
	for (size_t i = 0; i < b->nwaiters; i++)
		b->waiters[i].fn(b->waiters[i].arg, -ECANCELED);
	items_free(b);
	free(b->accounts);
	free(b->items);
	free(b->waiters);
	buf_fini(&b->packed);
}
