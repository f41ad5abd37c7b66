#ifndef REGD_STORE_H
#define REGD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/mono.h"
#include "common/str.h"

/*
 * Where accounts and registrations are kept. An interface with drivers; the
 * conformance test (store_test.c) is what a driver must pass. A store belongs to
 * one thread at a time: the main thread at start, then the writer (writer.c).
 *
 * Registrations are whole records, one an AOR: a packed BINDINGS message whose
 * expires_ms is what was left at the record's stamp. A batch is appended to a
 * journal; folding moves what is current into the table and shortens the
 * journal.
 */
struct store;

/* When a record was made: within the same boot boot_ms counts, else wall_ms. */
struct store_stamp {
	char		boot[40];		/* boot_id() */
	int64_t		boot_ms;
	int64_t		wall_ms;
};

static inline void
store_stamp_now(struct store_stamp *s)
{
	str_copy(s->boot, sizeof(s->boot), str_of(boot_id()));
	s->boot_ms = boot_ms();
	s->wall_ms = wall_ms();
}

/* HA1 for "user" and for "user@domain" as the digest's user name. */
enum ha1_form {
	HA1_USER,
	HA1_USER_DOMAIN,
};
#define HA1_FORMS	2

struct store_account {
	struct str	aor, name, number, realm;
	struct str	settings;	/* its own: lines, see user_settings.h */
	uint64_t	import;		/* number of the import that put it so, or 0 */
	/* Octets, not hex; empty when not known. */
	struct str	ha1[DIGEST_ALGORITHMS][HA1_FORMS];
	bool		remove;
};

/* Small things of which there are few: a packed message each, by kind and key. */
enum store_kind {
	STORE_BAN = 1,		/* BAN, by network */
	STORE_RIGHTS,		/* RIGHTS, by name */
	STORE_BEFORE,		/* ACCOUNT_BEFORE, by AOR */
	STORE_IMPORT,		/* number of the last import in digits, by "last" */
};

struct store_item {
	enum store_kind	kind;
	struct str	key;
	struct str	value;		/* empty: removed */
};

/* Everything in it becomes durable together, or nothing does. */
struct store_batch {
	uint64_t		 number;	/* grows by the caller's hand */
	struct store_stamp	 stamp;
	struct str		 changes;	/* packed BINDINGS, one after another */
	const struct store_account *accounts;
	size_t			 naccounts;
	const struct store_item	*items;
	size_t			 nitems;
};

struct store_record {
	struct str	aor;
	struct str	packed;		/* empty: the AOR has no contacts any more */
};

/* A part of folding; the last part ends the journal's batches up to through. */
struct store_fold {
	struct store_stamp	 stamp;
	const struct store_record *records;
	size_t			 n;
	bool			 last;
	uint64_t		 through;
};

/*
 * What store_load() finds: first the items, then the accounts, then the table, then
 * the journal in its order (journal true: the record is still to be folded). octets
 * is the journal's size. Slices are borrowed for the call.
 */
struct store_loader {
	void	(*item)(void *arg, const struct store_item *i);
	void	(*account)(void *arg, const struct store_account *a);
	void	(*record)(void *arg, const struct store_stamp *stamp,
		    struct str packed, bool journal);
	void	(*journal)(void *arg, uint64_t last_number, uint64_t octets);
};

struct store_driver {
	const char *name;
	/* Opens what lies in the directory, or creates it. 0 or -errno. */
	int	(*open)(struct store **out, const char *dir);
	void	(*close)(struct store *s);		/* NULL is fine */
	int	(*load)(struct store *s, const struct store_loader *l, void *arg);
	/* 0 means durable. -errno: -ENOSPC, -EIO ...: nothing has changed. */
	int	(*commit)(struct store *s, const struct store_batch *b);
	int	(*fold)(struct store *s, const struct store_fold *f);
	/* The last error in words, for the log. */
	const char *(*error)(const struct store *s);
};

extern const struct store_driver store_sqlite;

#endif
