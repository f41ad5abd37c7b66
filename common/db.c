/*
 * db - the only door to SQLite: open with a schema, prepared statements, and
 * SQLite's many errors as a few errno values.
 *
 * What a full or failing disk refuses can be tried again: nothing here keeps a
 * transaction open behind the caller's back, and db_rollback() is right after
 * any failure.
 */
#include "common/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <unistd.h>

#include "common/log.h"

#define BUSY_MS		1000	/* only our own other connections can be in the way */
/* Pages after which a commit passes the log on, if db_checkpoint() never came. */
#define CHECKPOINT_PAGES "8000"

struct db {
	sqlite3	*h;
	struct db_stmt *begin, *commit, *rollback;
};

struct db_stmt {
	struct db	*db;
	sqlite3_stmt	*h;
};

static int
system_error(sqlite3 *h, int otherwise)
{
	int	e = sqlite3_system_errno(h);

	if (e == ENOSPC || e == EDQUOT || e == EFBIG)
		return -ENOSPC;
	return e == EACCES || e == EPERM || e == EROFS ? -EACCES : -otherwise;
}

static int
error_of(sqlite3 *h, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		return system_error(h, EIO);
	case SQLITE_CANTOPEN:
		return system_error(h, EACCES);
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EAGAIN;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	}
	return -EIO;
}

static int
run(struct db *db, const char *sql)
{
	return error_of(db->h, sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

static int
user_version(struct db *db, int64_t *out)
{
	sqlite3_stmt	*s;
	int		 code;

	code = sqlite3_prepare_v2(db->h, "PRAGMA user_version", -1, &s, NULL);
	if (code != SQLITE_OK)
		return error_of(db->h, code);
	if ((code = sqlite3_step(s)) == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : error_of(db->h, code);
}

/* One step of the schema and its number, both or neither. */
static int
upgrade(struct db *db, const char *sql, int64_t to)
{
	char	set[64];
	int	error;

	snprintf(set, sizeof(set), "PRAGMA user_version = %d", (int)to);
	if ((error = run(db, "BEGIN IMMEDIATE")) < 0)
		return error;
	if ((error = run(db, sql)) == 0 && (error = run(db, set)) == 0)
		error = run(db, "COMMIT");
	if (error < 0 && !sqlite3_get_autocommit(db->h))
		run(db, "ROLLBACK");
	return error;
}

static int
schema_apply(struct db *db, const char *const *schema)
{
	int64_t	have = 0, n = 0;
	int	error;

	while (schema[n] != NULL)
		n++;
	if ((error = user_version(db, &have)) < 0)
		return error;
	if (have > n)
		return -EBADMSG;
	for (; have < n; have++)
		if ((error = upgrade(db, schema[have], have + 1)) < 0)
			return error;
	return 0;
}

static int
set_up(struct db *db, const char *const *schema)
{
	static const char *const pragmas[] = {
		"PRAGMA cache_size = -4096",	/* KiB: most of a folding's pages */
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA temp_store = MEMORY",	/* the sandbox knows no /tmp */
		"PRAGMA wal_autocheckpoint = " CHECKPOINT_PAGES,
	};
	int	error;

	sqlite3_extended_result_codes(db->h, 1);
	sqlite3_busy_timeout(db->h, BUSY_MS);
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
		if ((error = run(db, pragmas[i])) < 0)
			return error;
	if ((error = schema_apply(db, schema)) < 0)
		return error;
	db->begin = db_prepare(db, "BEGIN IMMEDIATE");
	db->commit = db_prepare(db, "COMMIT");
	db->rollback = db_prepare(db, "ROLLBACK");
	return 0;
}

int
db_open(struct db **out, const char *path, const char *const *schema)
{
	struct db	*db;
	int		 code, error, fd;

	/* SQLite's own creation would give 0644; -wal and -shm follow this file. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return -errno;
	close(fd);
	db = xcalloc(1, sizeof(*db));
	code = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL);
	error = code == SQLITE_OK ? set_up(db, schema) : error_of(db->h, code);
	if (error < 0) {
		db_close(db);
		return error;
	}
	*out = db;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_stmt_free(db->begin);
	db_stmt_free(db->commit);
	db_stmt_free(db->rollback);
	sqlite3_close_v2(db->h);
	free(db);
}

int
db_begin(struct db *db)
{
	return db_step(db->begin);
}

int
db_commit(struct db *db)
{
	return db_step(db->commit);
}

/* Some failures have rolled back already; then there is nothing to do. */
void
db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->h))
		db_step(db->rollback);
}

const char *
db_error(const struct db *db)
{
	return sqlite3_errmsg(db->h);
}

struct db_stmt *
db_prepare(struct db *db, const char *sql)
{
	struct db_stmt	*s = xcalloc(1, sizeof(*s));

	s->db = db;
	if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->h,
	    NULL) != SQLITE_OK)
		fatal("database: %s: %s", db_error(db), sql);
	return s;
}

void
db_stmt_free(struct db_stmt *s)
{
	if (s == NULL)
		return;
	sqlite3_finalize(s->h);
	free(s);
}

/* Only a wrong index can fail here: our bug. */
static void
bound(struct db_stmt *s, int code)
{
	if (code != SQLITE_OK)
		fatal("database: %s: %s", db_error(s->db), sqlite3_sql(s->h));
}

void
db_bind_str(struct db_stmt *s, int i, struct str v)
{
	bound(s, sqlite3_bind_text64(s->h, i, v.s != NULL ? v.s : "", v.len,
	    SQLITE_STATIC, SQLITE_UTF8));
}

void
db_bind_blob(struct db_stmt *s, int i, struct str v)
{
	bound(s, sqlite3_bind_blob64(s->h, i, v.s != NULL ? v.s : "", v.len,
	    SQLITE_STATIC));
}

void
db_bind_i64(struct db_stmt *s, int i, int64_t v)
{
	bound(s, sqlite3_bind_int64(s->h, i, v));
}

int
db_step(struct db_stmt *s)
{
	int	code = sqlite3_step(s->h), error;

	if (code == SQLITE_ROW)
		return 1;
	error = error_of(s->db->h, code);
	sqlite3_reset(s->h);
	return error;
}

void
db_reset(struct db_stmt *s)
{
	sqlite3_reset(s->h);
}

struct str
db_str(struct db_stmt *s, int column)
{
	const char	*p = (const char *)sqlite3_column_text(s->h, column);

	return str_make(p, (size_t)sqlite3_column_bytes(s->h, column));
}

struct str
db_blob(struct db_stmt *s, int column)
{
	const char	*p = sqlite3_column_blob(s->h, column);

	return str_make(p, (size_t)sqlite3_column_bytes(s->h, column));
}

int64_t
db_i64(struct db_stmt *s, int column)
{
	return sqlite3_column_int64(s->h, column);
}

void
db_checkpoint(struct db *db)
{
	sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
	    NULL);
}

void
db_release(struct db *db)
{
	sqlite3_db_release_memory(db->h);
}
