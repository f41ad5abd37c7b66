#ifndef COMMON_DB_H
#define COMMON_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * A thin door to SQLite: prepared statements with bound parameters only (S46).
 * One connection per thread. WAL, synchronous=FULL, foreign keys on.
 */
struct db;
struct db_stmt;

/*
 * Opens or creates path (0600). schema: statements ended by NULL, entry i brings
 * the database from version i to i+1 (user_version). 0 or -errno: -EACCES, -ENOSPC,
 * -EIO, -EBADMSG (not a database, or of a newer version).
 */
int	db_open(struct db **out, const char *path, const char *const *schema);
void	db_close(struct db *db);	/* NULL is fine */
int	db_begin(struct db *db);	/* immediate */
int	db_commit(struct db *db);	/* 0 means durable */
void	db_rollback(struct db *db);
/* The last error in SQLite's words, for the log. */
const char *db_error(const struct db *db);

/* sql must live as long as the statement; dies on a syntax error (our bug). */
struct db_stmt *db_prepare(struct db *db, const char *sql);
void	db_stmt_free(struct db_stmt *s);
/* Index from 1. Slices must live until db_step()'s last row or db_reset(). */
void	db_bind_str(struct db_stmt *s, int i, struct str v);
void	db_bind_blob(struct db_stmt *s, int i, struct str v);
void	db_bind_i64(struct db_stmt *s, int i, int64_t v);
/* 1: a row; 0: done (and reset); -errno (and reset). */
int	db_step(struct db_stmt *s);
void	db_reset(struct db_stmt *s);
/* Column from 0; borrowed until the next db_step(). */
struct str db_str(struct db_stmt *s, int column);
struct str db_blob(struct db_stmt *s, int column);
int64_t	db_i64(struct db_stmt *s, int column);
/* Passes the WAL into the database as far as readers allow; for idle times. */
void	db_checkpoint(struct db *db);
/* Gives the memory of the page cache back: after much was read or written at once. */
void	db_release(struct db *db);

#endif
