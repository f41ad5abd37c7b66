/*
 * undo - the last import taken back, part by part.
 *
 * users.c tells of every change. A part of USER_UNDO is as durable as any change;
 * when it is interrupted, asking again goes on, because what was taken back no
 * longer bears the import's number.
 */
#include "regd/undo.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"

#define VISIT_MAX	5000	/* accounts a part */
#define CHANGE_MAX	200	/* of them changed */

/* ---- what was before ---- */

static void
keep(struct regd *r, const struct account *c)
{
	struct store_item i = { .kind = STORE_BEFORE, .key = account_aor(c) };
	struct rec_packed ha1[DIGEST_ALGORITHMS * HA1_FORMS];
	struct msg_account_before m;
	struct store_account row;
	struct buf packed = { 0 };

	account_row(c, &row);
	for (int k = 0; k < DIGEST_ALGORITHMS * HA1_FORMS; k++)
		ha1[k].message = row.ha1[k / HA1_FORMS][k % HA1_FORMS];
	m = (struct msg_account_before){
		.aor = row.aor, .name = row.name, .number = row.number,
		.realm = row.realm, .settings = row.settings,
		.ha1 = { ha1, DIGEST_ALGORITHMS * HA1_FORMS },
	};
	msg_pack(&packed, MSG_ACCOUNT_BEFORE, &m);
	i.value = str_make(packed.s, packed.len);
	journal_item(r->journal, &i);
	explicit_bzero(packed.s, packed.len);
	buf_fini(&packed);
}

static void
forget(struct regd *r, struct str aor)
{
	struct account *old = accounts_take(r->before, aor);
	struct store_item i = { .kind = STORE_BEFORE, .key = aor };

	if (old == NULL)
		return;
	journal_item(r->journal, &i);
	account_free(old);
}

/*
 * Another import begins: the one before can no longer be taken back, though its
 * accounts still bear its number.
 */
static void
begin_import(struct regd *r, uint64_t import)
{
	struct store_item i = { .kind = STORE_IMPORT, .key = STR("last") };
	struct account *c;
	uint64_t cursor = 0;
	char digits[24];
	struct text t;

	while ((c = accounts_next(r->before, &cursor)) != NULL)
		forget(r, account_aor(c));
	text_init(&t, digits, sizeof(digits));
	text_u64(&t, import);
	i.value = text_str(&t);
	journal_item(r->journal, &i);
	r->last_import = import;
}

bool
undo_note(struct regd *r, struct str aor, uint64_t import)
{
	const struct account *have = accounts_find(r->accounts, aor);
	struct store_account row;

	if (import == 0) {
		forget(r, aor);
		return true;
	}
	if (import != r->last_import)
		begin_import(r, import);
	/* Twice in one file: what was before the first time counts. */
	if (have == NULL || account_import(have) == import)
		return true;
	if (accounts_count(r->before) >= BEFORE_MAX)
		return false;
	account_row(have, &row);
	account_free(accounts_put(r->before, &row, 0));
	keep(r, have);
	return true;
}

bool
undo_load(struct regd *r, const struct store_item *i)
{
	static union msg m;
	const struct msg_account_before *b = &m.account_before;
	struct store_account row;
	struct unpack u;

	if (i->kind == STORE_IMPORT)
		return str_u64(i->value, &r->last_import) == 0;
	unpack_init(&u, i->value.s, i->value.len);
	if (msg_unpack(&u, &m) != MSG_ACCOUNT_BEFORE ||
	    b->ha1.n != DIGEST_ALGORITHMS * HA1_FORMS)
		return false;
	row = (struct store_account){
		.aor = b->aor, .name = b->name, .number = b->number,
		.realm = b->realm, .settings = b->settings,
	};
	for (uint32_t k = 0; k < b->ha1.n; k++)
		row.ha1[k / HA1_FORMS][k % HA1_FORMS] = b->ha1.v[k].message;
	account_free(accounts_put(r->before, &row, 0));
	return true;
}

/* ---- back to it ---- */

struct part {
	struct regd	*regd;
	struct bus_ticket ticket;
	struct msg_user_undone done;
};

static void
answer(void *arg, int error)
{
	struct part *p = arg;

	stats->accounts = (int64_t)accounts_count(p->regd->accounts);
	if (error < 0)
		bus_refuse(p->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else
		bus_answer(p->ticket, MSG_USER_UNDONE, &p->done);
	free(p);
}

static void
take_back(struct regd *r, struct account *c, struct part *p, bool dry_run)
{
	const struct account *before = accounts_find(r->before, account_aor(c));
	struct store_account row;
	struct account *old;
	char *aor;

	p->done.restored += before != NULL;
	p->done.removed += before == NULL;
	if (dry_run)
		return;
	aor = str_dup(account_aor(c));
	if (before != NULL) {
		account_row(before, &row);
		row.import = 0;
		old = accounts_put(r->accounts, &row,
		    bindings_version(r->bindings));
	} else {
		old = accounts_take(r->accounts, str_of(aor));
		asked_forget(r, str_of(aor));
	}
	journal_account(r->journal, str_of(aor),
	    accounts_find(r->accounts, str_of(aor)), old);
	forget(r, str_of(aor));
	free(aor);
}

static void
asked_user_undo(void *arg, struct bus_ticket t, const union msg *msg)
{
	const struct msg_user_undo *m = &msg->user_undo;
	struct regd *r = arg;
	struct part *p = xcalloc(1, sizeof(*p));
	uint64_t cursor = m->cursor;
	struct account *c;
	unsigned visits = 0;

	p->regd = r;
	p->ticket = t;
	while ((c = accounts_next(r->accounts, &cursor)) != NULL &&
	    visits++ < VISIT_MAX && p->done.removed + p->done.restored < CHANGE_MAX) {
		if (r->last_import != 0 && account_import(c) == r->last_import)
			take_back(r, c, p, m->dry_run);
		cursor++;
	}
	p->done.next = c != NULL ? cursor : 0;
	if (m->dry_run || p->done.removed + p->done.restored == 0) {
		answer(p, 0);
		return;
	}
	log_major("REG", "users: import taken back: %u removed, %u as before, by %s",
	    p->done.removed, p->done.restored, log_str(m->by));
	journal_when_durable(r->journal, answer, p);
}

const struct bus_handler undo_handlers[] = {
	{ MSG_USER_UNDO, asked_user_undo },
	{ 0 }
};
