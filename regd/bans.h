#ifndef REGD_BANS_H
#define REGD_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/show.h"
#include "common/str.h"

/*
 * The ban list: networks that sipd does not listen to. regd keeps it, because
 * wrong passwords are what fills it; sipd follows by the feed (banned.h there).
 * Times are wall clock milliseconds: a ban is a measure, no promise.
 *
 * It also holds the suspects: addresses that gave enough wrong passwords, but are
 * banned only once no contact was found to be registered from there - the packets
 * of a stranger may name anybody's address.
 */
struct bans;

#define BANS_MAX	10000
#define SUSPECTS_MAX	256
#define BAN_TEXT_MAX	64	/* octets of a network with its NUL */
#define BAN_REASON_MAX	200

struct bans *bans_new(void);
void	bans_free(struct bans *b);	/* NULL is fine */
size_t	bans_count(const struct bans *b);

/* "192.0.2.1", "10.0.0.0/8": as one network is always written. -EBADMSG, -ERANGE (too wide). */
int	ban_network(struct str text, char buf[BAN_TEXT_MAX], struct str *out);

/*
 * Copies m; the ban of that network that was there is replaced. -ENOSPC: BANS_MAX
 * are there.
 */
int	bans_put(struct bans *b, const struct msg_ban *m);
/* False: there is none. */
bool	bans_del(struct bans *b, struct str network);
/* As a message, borrowed until the ban is changed. False: there is none. */
bool	bans_find(const struct bans *b, struct str network, struct msg_ban *out);
/* Walks in parts: the ban numbered *cursor or the next one. False at the end. */
bool	bans_next(const struct bans *b, uint64_t *cursor, struct msg_ban *out);
/* One whose time is over by now; false: none. */
bool	bans_over(const struct bans *b, int64_t wall_ms, struct msg_ban *out);

/* ---- suspects ---- */

/* One of them, being looked for among the contacts. */
struct suspect {
	char		 source[BAN_TEXT_MAX];	/* as guesses_source() writes it */
	uint64_t	 cursor;		/* of bindings_next() */
	uint32_t	 wrong;
};
/* False when it is one already, or there are too many. */
bool	bans_suspect(struct bans *b, struct str source, uint32_t wrong);
/* The first of them, or NULL; bans_acquit() drops it. */
struct suspect *bans_first_suspect(struct bans *b);
void	bans_acquit(struct bans *b);

#endif
