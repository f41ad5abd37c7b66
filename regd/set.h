#ifndef REGD_SET_H
#define REGD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/messages.h"

/*
 * The contacts of one AOR as one immutable block of memory: some 56 octets a
 * contact beside its strings. A change makes a new block from a draft, in which
 * contacts of the old block and new ones stand side by side.
 *
 * Times are CLOCK_BOOTTIME milliseconds, except since_ms (wall clock). What is fixed
 * expires at INT64_MAX.
 */
enum binding_text {
	B_URI,
	B_PARAMS,
	B_INSTANCE,
	B_RECEIVED,
	B_LISTENER,
	B_AGENT,
	B_CALL_ID,
	B_PATHS,		/* each ended by NUL */
	B_TEXTS
};

struct binding {
	int64_t		expires_ms;
	int64_t		since_ms;
	uint32_t	cseq;
	uint32_t	reg_id;
	uint32_t	size;		/* with its texts, a multiple of 8 */
	uint16_t	q;
	uint16_t	len[B_TEXTS];
	bool		fixed;		/* the administrator's: phones do not touch it */
	char		text[];
};

struct set {
	uint32_t	size;		/* octets of the bindings */
	uint32_t	n;
	uint64_t	data[];		/* bindings, one behind the other */
};

#define SET_CONTACTS_MAX	100
#define SET_OCTETS_MAX		(256 * 1024)

struct str binding_text(const struct binding *b, enum binding_text which);
/* The first binding (set may be NULL), the one after b; NULL at the end. */
const struct binding *set_first(const struct set *s);
const struct binding *set_after(const struct set *s, const struct binding *b);
static inline uint32_t
set_count(const struct set *s)
{
	return s != NULL ? s->n : 0;
}
/* When the first contact expires; INT64_MAX for an empty set. */
int64_t	set_expires(const struct set *s);

/* A set being changed. Texts are borrowed until set_build(). */
struct draft_binding {
	const struct binding *kept;	/* as it is; NULL: the fields below */
	int64_t		expires_ms;
	int64_t		since_ms;
	uint32_t	cseq;
	uint32_t	reg_id;
	uint16_t	q;
	bool		fixed;
	struct str	text[B_TEXTS];
};
struct draft {
	struct draft_binding v[SET_CONTACTS_MAX];
	uint32_t	n;
};

/* Begins with what of s has not expired at now_ms. */
void	draft_from(struct draft *d, const struct set *s, int64_t now_ms);
bool	draft_fixed(const struct draft_binding *b);
/* Without those that are fixed. */
uint32_t draft_loose(const struct draft *d);
void	draft_remove(struct draft *d, uint32_t i);
/* Text i's field, wherever it stands. */
struct str draft_text(const struct draft_binding *b, enum binding_text which);
/*
 * A new block for free(); NULL when it would be empty. -EMSGSIZE (out
 * untouched) when a text is over 65535 octets or the whole over SET_OCTETS_MAX.
 */
int	set_build(struct set **out, const struct draft *d);

/*
 * The set as records of a message: what has not expired, with what is left of
 * it. The slices point into the set; the arrays are the caller's and are used
 * until the message is packed.
 */
struct set_records {
	struct rec_binding v[SET_CONTACTS_MAX];
	struct rec_path	 paths[SET_CONTACTS_MAX * 4];
	uint32_t	 n;
};
#define PATHS_MAX	4		/* a contact */
void	set_records(struct set_records *out, const struct set *s, int64_t now_ms);
/*
 * Appends a BINDINGS message of it: the record that the store keeps and the
 * feed publishes. What is left of a contact is counted from now_ms; who stamps
 * the record a little later makes it live that little longer, never shorter.
 */
void	set_pack(struct buf *to, struct set_records *scratch, struct str aor,
	    const struct set *s, uint64_t version, int64_t now_ms);
/* Contacts that have not expired. */
uint32_t set_live(const struct set *s, int64_t now_ms);

#endif
