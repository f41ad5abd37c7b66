#ifndef REGD_ACCOUNTS_H
#define REGD_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/user_settings.h"
#include "regd/store.h"

/*
 * The accounts in memory: who may register, with what credential. An account
 * is an immutable block; a change replaces it. The key is the canonical AOR.
 * Passwords are never here, only HA1 values.
 */
struct accounts;
struct account;

struct accounts *accounts_new(void);
void	accounts_free(struct accounts *a);	/* NULL is fine */
size_t	accounts_count(const struct accounts *a);

struct account *accounts_find(const struct accounts *a, struct str aor);
struct account *accounts_find_number(const struct accounts *a, struct str number);
/*
 * A copy of from takes the place of the account of that AOR, which is returned
 * (NULL when there was none) and is the caller's: to free, or to put back.
 */
struct account *accounts_put(struct accounts *a,
	    const struct store_account *from, uint64_t version);
/* The account leaves; it is the caller's. NULL when there was none. */
struct account *accounts_take(struct accounts *a, struct str aor);
/* Undoes a put or a take: back is what they returned. Frees the present one. */
void	accounts_restore(struct accounts *a, struct str aor, struct account *back);
void	account_free(struct account *c);	/* NULL is fine */

/* Borrowed for as long as the account lives. */
struct str account_aor(const struct account *c);
struct str account_name(const struct account *c);
struct str account_number(const struct account *c);
struct str account_realm(const struct account *c);
/* Its own settings: lines, see user_settings.h. */
struct str account_settings(const struct account *c);
/* Number of the import that put it so, or 0. */
uint64_t account_import(const struct account *c);
/* What is in force for it; user_policy_fini() afterwards. */
void	account_policy(const struct account *c, const struct settings *s,
	    struct user_policy *out);
/* It signed in, at that wall clock time; kept as long as regd runs. */
void	account_signed_in(struct accounts *a, const struct account *c, int64_t wall_ms);
int64_t	account_last_login(const struct account *c);	/* ms, 0: not since then */
uint64_t account_version(const struct account *c);
/* In hex into *out; false (and *out untouched) when there is none. */
bool	account_ha1(const struct account *c, enum digest_algorithm a,
	    enum ha1_form form, struct digest_hex *out);
/* As the store wants it: slices into the account. */
void	account_row(const struct account *c, struct store_account *out);
/* Octets from hex digits into out, which holds hex.len / 2; false: not hex. */
bool	ha1_from_hex(struct str hex, char *out);

/* Walks in parts: the account numbered *cursor or the next one. */
struct account *accounts_next(const struct accounts *a, uint64_t *cursor);

#endif
