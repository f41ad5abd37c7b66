#ifndef ROUTED_ACCOUNTS_H
#define ROUTED_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/str.h"

/*
 * The names of the accounts: a replica of regd's, by AOR and by number. What is
 * in stays while regd is away or its feed is read anew.
 */
struct accounts;

struct account {
	char		*aor;
	char		*number;	/* "": none; "+4420..." or an extension */
	char		*name;
	uint64_t	 version;
	uint32_t	 place;
	uint32_t	 mark;		/* of the snapshot that showed it */
	bool		 gone;		/* removed while a snapshot is under way */
};

/* The decisions that asked for this AOR or number are no longer true. */
typedef void accounts_changed_fn(void *arg, struct str key);

struct accounts *accounts_new(accounts_changed_fn *changed, void *arg);
void	accounts_free(struct accounts *a);	/* NULL is fine */
/* Of the feed: see struct feed_follower. */
void	accounts_begin(struct accounts *a);
void	accounts_record(struct accounts *a, const struct msg_account *m);
void	accounts_complete(struct accounts *a);
/* A snapshot was in, once: who is not here does not exist. */
bool	accounts_ready(const struct accounts *a);

const struct account *accounts_find(const struct accounts *a, struct str aor);
const struct account *accounts_by_number(const struct accounts *a,
	    struct str number);
uint32_t accounts_count(const struct accounts *a);
/* As table_next(). */
const struct account *accounts_next(const struct accounts *a, uint64_t *at);

#endif
