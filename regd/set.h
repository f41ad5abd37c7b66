#ifndef REGD_SET_H
#define REGD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/messages.h"

/*
 * The contacts of one AOR as one immutable, packed block of memory: some 20 octets a
 * contact beside its URI, address and instance. What many have in common is held
 * once (shared.h), and of a Call-ID, which is only compared, a hash. A change makes a
 * new block from a draft, in which contacts of the old block and new ones stand side
 * by side.
 *
 * Times are CLOCK_BOOTTIME milliseconds, except since_ms (wall clock). What is fixed
 * expires at INT64_MAX. The loop's thread.
 */
struct set;

enum binding_text {
	B_URI,
	B_INSTANCE,
	B_RECEIVED,
	B_OWN,			/* so many are kept in the set itself */
	B_PARAMS = B_OWN,
	B_LISTENER,
	B_AGENT,
	B_PATHS,		/* each ended by NUL */
	B_TEXTS
};

/* A contact, unpacked. Its texts are the set's or, in a draft, somebody else's. */
struct binding {
	int64_t		expires_ms;
	int64_t		since_ms;
	uint64_t	call_key;	/* see call_key() */
	uint32_t	cseq;
	uint32_t	reg_id;
	uint16_t	q;
	bool		fixed;		/* the administrator's: phones do not touch it */
	struct str	text[B_TEXTS];
	struct str	kept;		/* as it stands in a set; empty: it is new */
};

#define SET_CONTACTS_MAX	100
#define SET_OCTETS_MAX		(256 * 1024)

/* NULL is fine: a set without contacts. */
void	set_free(struct set *s);
uint32_t set_count(const struct set *s);
/* The next contact, *at 0 at first; false: there is none. */
bool	set_next(const struct set *s, uint32_t *at, struct binding *out);
/* When the first contact expires; INT64_MAX for an empty set. */
int64_t	set_expires(const struct set *s);
/* Contacts that have not expired. */
uint32_t set_live(const struct set *s, int64_t now_ms);

/* What is kept of a Call-ID. The same in every process: it is stored. */
uint64_t call_key(struct str call_id);

/* A set being changed. Texts are borrowed until set_build(). */
struct draft {
	struct binding	v[SET_CONTACTS_MAX];
	uint32_t	n;
};

/* Begins with what of s has not expired at now_ms. */
void	draft_from(struct draft *d, const struct set *s, int64_t now_ms);
/* Without those that are fixed. */
uint32_t draft_loose(const struct draft *d);
void	draft_remove(struct draft *d, uint32_t i);
/*
 * A new block for set_free(); NULL when it would be empty. -EMSGSIZE (out
 * untouched) when a text is over 65535 octets or the whole over SET_OCTETS_MAX.
 */
int	set_build(struct set **out, const struct draft *d);

/*
 * The set as records of a message: what has not expired, with what is left of
 * it. The slices point into the set and the record; the arrays are the caller's and
 * are used until the message is packed.
 */
#define PATHS_MAX	4		/* a contact */
#define CALL_KEY_LEN	9		/* NUL, which no Call-ID has, and the hash */
struct set_records {
	struct rec_binding v[SET_CONTACTS_MAX];
	struct rec_path	 paths[SET_CONTACTS_MAX * PATHS_MAX];
	char		 keys[SET_CONTACTS_MAX][CALL_KEY_LEN];
	uint32_t	 n;
};
void	set_records(struct set_records *out, const struct set *s, int64_t now_ms);
/* From the call_id of a record: a hash as above, or a Call-ID of older stores. */
uint64_t call_key_read(struct str call_id);
/*
 * Appends a BINDINGS message of it: the record that the store keeps and the
 * feed publishes. What is left of a contact is counted from now_ms; who stamps
 * the record a little later makes it live that little longer, never shorter.
 */
void	set_pack(struct buf *to, struct set_records *scratch, struct str aor,
	    const struct set *s, uint64_t version, int64_t now_ms);

#endif
