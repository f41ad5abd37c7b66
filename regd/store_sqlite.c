/*
 * store_sqlite - accounts and registrations in one SQLite file, regd.db.
 *
 * The journal makes a commit cheap: one row holds a whole batch, however many
 * AORs it changes, so the B-tree of the registrations is touched only when
 * journal.c folds (DESIGN.md part 5). SQLite is reached through common/db.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/db.h"
#include "common/messages.h"
#include "regd/store.h"

static const char *const schema[] = {
	"CREATE TABLE accounts ("
	" aor TEXT PRIMARY KEY, name TEXT NOT NULL, number TEXT NOT NULL,"
	" realm TEXT NOT NULL,"
	" md5_user BLOB NOT NULL, md5_full BLOB NOT NULL,"
	" sha256_user BLOB NOT NULL, sha256_full BLOB NOT NULL,"
	" sha512_256_user BLOB NOT NULL, sha512_256_full BLOB NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE bindings ("
	" aor TEXT PRIMARY KEY, boot TEXT NOT NULL, boot_ms INTEGER NOT NULL,"
	" wall_ms INTEGER NOT NULL, record BLOB NOT NULL"
	");"
	"CREATE TABLE journal ("
	" number INTEGER PRIMARY KEY, boot TEXT NOT NULL,"
	" boot_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL,"
	" batch BLOB NOT NULL"
	");",
	"ALTER TABLE accounts ADD COLUMN networks TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE accounts ADD COLUMN off INTEGER NOT NULL DEFAULT 0;",
	"CREATE TABLE items ("
	" kind INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
	" PRIMARY KEY (kind, key)"
	") WITHOUT ROWID;",
	"ALTER TABLE accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE accounts ADD COLUMN import INTEGER NOT NULL DEFAULT 0;"
	"UPDATE accounts SET settings ="
	" CASE WHEN off <> 0 THEN 'service off' || char(10) ELSE '' END ||"
	" CASE WHEN networks <> '' THEN"
	" 'networks [' || replace(networks, ' ', ', ') || ']' || char(10)"
	" ELSE '' END;"
	"ALTER TABLE accounts DROP COLUMN networks;"
	"ALTER TABLE accounts DROP COLUMN off;",
	NULL
};
#define HA1S	(DIGEST_ALGORITHMS * HA1_FORMS)

enum sql {
	SQL_ACCOUNT_PUT,
	SQL_ACCOUNT_DEL,
	SQL_ACCOUNTS,
	SQL_BINDING_PUT,
	SQL_BINDING_DEL,
	SQL_BINDINGS,
	SQL_JOURNAL_ADD,
	SQL_JOURNAL_CUT,
	SQL_JOURNAL,
	SQL_ITEM_PUT,
	SQL_ITEM_DEL,
	SQL_ITEMS,
	SQLS,
};
static const char *const sqls[SQLS] = {
	[SQL_ACCOUNT_PUT] = "INSERT OR REPLACE INTO accounts VALUES"
	    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[SQL_ACCOUNT_DEL] = "DELETE FROM accounts WHERE aor = ?1",
	[SQL_ACCOUNTS] = "SELECT * FROM accounts",
	[SQL_BINDING_PUT] = "INSERT OR REPLACE INTO bindings VALUES"
	    " (?1, ?2, ?3, ?4, ?5)",
	[SQL_BINDING_DEL] = "DELETE FROM bindings WHERE aor = ?1",
	[SQL_BINDINGS] = "SELECT boot, boot_ms, wall_ms, record FROM bindings",
	[SQL_JOURNAL_ADD] = "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQL_JOURNAL_CUT] = "DELETE FROM journal WHERE number <= ?1",
	[SQL_JOURNAL] = "SELECT boot, boot_ms, wall_ms, batch, number"
	    " FROM journal ORDER BY number",
	[SQL_ITEM_PUT] = "INSERT OR REPLACE INTO items VALUES (?1, ?2, ?3)",
	[SQL_ITEM_DEL] = "DELETE FROM items WHERE kind = ?1 AND key = ?2",
	[SQL_ITEMS] = "SELECT kind, key, value FROM items",
};

struct store {
	struct db	*db;
	struct db_stmt	*stmts[SQLS];
};

static void
sqlite_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < SQLS; i++)
		if (s->stmts[i] != NULL)
			db_stmt_free(s->stmts[i]);
	db_close(s->db);
	free(s);
}

static int
sqlite_open(struct store **out, const char *dir)
{
	struct store *s;
	char path[4096];
	int error, n;

	n = snprintf(path, sizeof(path), "%s/regd.db", dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	s = xcalloc(1, sizeof(*s));
	if ((error = db_open(&s->db, path, schema)) < 0) {
		free(s);
		return error;
	}
	for (int i = 0; i < SQLS; i++)
		s->stmts[i] = db_prepare(s->db, sqls[i]);
	*out = s;
	return 0;
}

/* Runs a statement that yields no row. */
static int
run(struct db_stmt *st)
{
	int n = db_step(st);

	if (n > 0)
		db_reset(st);
	return n > 0 ? 0 : n;
}

/* ---- loading ---- */

static void
stamp_read(struct db_stmt *st, struct store_stamp *out)
{
	str_copy(out->boot, sizeof(out->boot), db_str(st, 0));
	out->boot_ms = db_i64(st, 1);
	out->wall_ms = db_i64(st, 2);
}

static int
load_items(struct store *s, const struct store_loader *l, void *arg)
{
	struct db_stmt *st = s->stmts[SQL_ITEMS];
	struct store_item i;
	int n;

	while ((n = db_step(st)) == 1) {
		i.kind = (enum store_kind)db_i64(st, 0);
		i.key = db_str(st, 1);
		i.value = db_blob(st, 2);
		l->item(arg, &i);
	}
	return n;
}

static int
load_accounts(struct store *s, const struct store_loader *l, void *arg)
{
	struct db_stmt *st = s->stmts[SQL_ACCOUNTS];
	struct store_account a = { .remove = false };
	int n;

	while ((n = db_step(st)) == 1) {
		a.aor = db_str(st, 0);
		a.name = db_str(st, 1);
		a.number = db_str(st, 2);
		a.realm = db_str(st, 3);
		for (int i = 0; i < HA1S; i++)
			a.ha1[i / HA1_FORMS][i % HA1_FORMS] = db_blob(st, 4 + i);
		a.settings = db_str(st, 4 + HA1S);
		a.import = (uint64_t)db_i64(st, 5 + HA1S);
		l->account(arg, &a);
	}
	return n;
}

static int
load_table(struct store *s, const struct store_loader *l, void *arg)
{
	struct db_stmt *st = s->stmts[SQL_BINDINGS];
	struct store_stamp stamp;
	int n;

	while ((n = db_step(st)) == 1) {
		stamp_read(st, &stamp);
		l->record(arg, &stamp, db_blob(st, 3), false);
	}
	return n;
}

/* Cuts a batch into its messages. */
static void
batch_load(const struct store_loader *l, void *arg,
    const struct store_stamp *stamp, struct str batch)
{
	struct unpack u;
	const uint8_t *from;

	unpack_init(&u, batch.s, batch.len);
	while (u.error == 0 && !unpack_at_end(&u)) {
		from = u.p;
		unpack_skip(&u);
		if (u.error == 0)
			l->record(arg, stamp, str_make((const char *)from,
			    (size_t)(u.p - from)), true);
	}
}

static int
load_journal(struct store *s, const struct store_loader *l, void *arg)
{
	struct db_stmt *st = s->stmts[SQL_JOURNAL];
	struct store_stamp stamp;
	uint64_t last = 0, octets = 0;
	int n;

	while ((n = db_step(st)) == 1) {
		stamp_read(st, &stamp);
		last = (uint64_t)db_i64(st, 4);
		octets += db_blob(st, 3).len;
		batch_load(l, arg, &stamp, db_blob(st, 3));
	}
	l->journal(arg, last, octets);
	return n;
}

static int
sqlite_load(struct store *s, const struct store_loader *l, void *arg)
{
	int error;

	if ((error = load_items(s, l, arg)) < 0 ||
	    (error = load_accounts(s, l, arg)) < 0 ||
	    (error = load_table(s, l, arg)) < 0)
		return error;
	error = load_journal(s, l, arg);
	db_release(s->db);
	return error;
}

/* ---- writing ---- */

static void
stamp_bind(struct db_stmt *st, int from, const struct store_stamp *stamp)
{
	db_bind_str(st, from, str_of(stamp->boot));
	db_bind_i64(st, from + 1, stamp->boot_ms);
	db_bind_i64(st, from + 2, stamp->wall_ms);
}

static int
account_write(struct store *s, const struct store_account *a)
{
	struct db_stmt *st;

	if (a->remove) {
		st = s->stmts[SQL_ACCOUNT_DEL];
		db_bind_str(st, 1, a->aor);
		return run(st);
	}
	st = s->stmts[SQL_ACCOUNT_PUT];
	db_bind_str(st, 1, a->aor);
	db_bind_str(st, 2, a->name);
	db_bind_str(st, 3, a->number);
	db_bind_str(st, 4, a->realm);
	for (int i = 0; i < HA1S; i++)
		db_bind_blob(st, 5 + i, a->ha1[i / HA1_FORMS][i % HA1_FORMS]);
	db_bind_str(st, 5 + HA1S, a->settings);
	db_bind_i64(st, 6 + HA1S, (int64_t)a->import);
	return run(st);
}

static int
item_write(struct store *s, const struct store_item *i)
{
	struct db_stmt *st = s->stmts[i->value.len > 0 ? SQL_ITEM_PUT :
	    SQL_ITEM_DEL];

	db_bind_i64(st, 1, i->kind);
	db_bind_str(st, 2, i->key);
	if (i->value.len > 0)
		db_bind_blob(st, 3, i->value);
	return run(st);
}

static int
batch_write(struct store *s, const struct store_batch *b)
{
	struct db_stmt *st = s->stmts[SQL_JOURNAL_ADD];
	int error;

	for (size_t i = 0; i < b->naccounts; i++)
		if ((error = account_write(s, &b->accounts[i])) < 0)
			return error;
	for (size_t i = 0; i < b->nitems; i++)
		if ((error = item_write(s, &b->items[i])) < 0)
			return error;
	if (b->changes.len == 0)
		return 0;
	db_bind_i64(st, 1, (int64_t)b->number);
	stamp_bind(st, 2, &b->stamp);
	db_bind_blob(st, 5, b->changes);
	return run(st);
}

static int
fold_write(struct store *s, const struct store_fold *f)
{
	struct db_stmt *st;
	int error;

	for (size_t i = 0; i < f->n; i++) {
		st = s->stmts[f->records[i].packed.len > 0 ?
		    SQL_BINDING_PUT : SQL_BINDING_DEL];
		db_bind_str(st, 1, f->records[i].aor);
		if (f->records[i].packed.len > 0) {
			stamp_bind(st, 2, &f->stamp);
			db_bind_blob(st, 5, f->records[i].packed);
		}
		if ((error = run(st)) < 0)
			return error;
	}
	if (!f->last)
		return 0;
	db_bind_i64(s->stmts[SQL_JOURNAL_CUT], 1, (int64_t)f->through);
	return run(s->stmts[SQL_JOURNAL_CUT]);
}

static int
sqlite_commit(struct store *s, const struct store_batch *b)
{
	int error;

	if ((error = db_begin(s->db)) < 0)
		return error;
	if ((error = batch_write(s, b)) < 0 || (error = db_commit(s->db)) < 0)
		db_rollback(s->db);
	return error;
}

static int
sqlite_fold(struct store *s, const struct store_fold *f)
{
	int error;

	if ((error = db_begin(s->db)) < 0)
		return error;
	if ((error = fold_write(s, f)) < 0 || (error = db_commit(s->db)) < 0) {
		db_rollback(s->db);
		return error;
	}
	if (f->last) {
		db_checkpoint(s->db);
		db_release(s->db);
	}
	return 0;
}

static const char *
sqlite_error(const struct store *s)
{
	return db_error(s->db);
}

const struct store_driver store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.load = sqlite_load,
	.commit = sqlite_commit,
	.fold = sqlite_fold,
	.error = sqlite_error,
};
