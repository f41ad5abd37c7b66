#ifndef REGD_NCWINDOW_H
#define REGD_NCWINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Which nonce counts were used (RFC 7616 section 3.4, S04, S05), and which
 * questions were judged a moment ago, so that a repetition is recognised before
 * its nonce count is called a replay.
 *
 * All of it lies in one block of shared memory that outlives the process: kill
 * -9 forgets no nonce count. The table is set-associative and never grows. What
 * is lost when a set is full makes nonces stale, never good: a set remembers
 * the newest issue time it evicted, and a nonce it does not hold, issued no
 * later than that, is stale.
 *
 * Times are wall-clock milliseconds where a nonce was issued (it carries such a
 * time) and CLOCK_BOOTTIME milliseconds for the age of an answer.
 */
struct nc_table;
struct nc_record;

#define NC_RECORDS	131072		/* nonces; 6.5 MB */
#define NC_REPEAT_MS	32000		/* how long an answer is given again */

/* Octets of a table for at least records nonces. */
size_t	nc_size(uint32_t records);
/*
 * Makes a table in memory (of size octets), or goes on with what is there when
 * it is one of ours. The memory stays the caller's.
 */
struct nc_table *nc_open(void *memory, size_t size, bool adopted);
void	nc_close(struct nc_table *t);		/* NULL is fine */

enum nc_verdict {
	NC_FRESH,		/* counted now */
	NC_USED,		/* this count was there before, or is too old */
	NC_LOST,		/* may have been: the record was evicted */
};
/*
 * Counts nc of nonce; only for a credential that was verified. On NC_FRESH
 * *out is the nonce's record, valid until the next call of nc_use().
 */
enum nc_verdict nc_use(struct nc_table *t, struct str nonce, uint32_t nc,
	    int64_t issued_ms, int64_t oldest_ms, struct nc_record **out);

/* A 64-bit keyed name of a question, equal only for a repetition of it. */
uint64_t nc_fingerprint(const struct nc_table *t, struct str question);
/* A question was judged good; nc_settle() says later how it ended. */
void	nc_remember(struct nc_record *r, uint64_t fingerprint, int64_t boot_ms);
/*
 * True: this question was judged good less than NC_REPEAT_MS ago. *code is
 * what nc_settle() said, 0 when it did not yet.
 */
bool	nc_repeated(const struct nc_table *t, struct str nonce,
	    uint64_t fingerprint, int64_t boot_ms, uint16_t *code);
/* Does nothing when the record was evicted meanwhile. */
void	nc_settle(struct nc_table *t, struct str nonce, uint64_t fingerprint,
	    uint16_t code);
/* The same by the hash of the nonce, for who does not keep its text. */
uint64_t nc_hash(const struct nc_table *t, struct str nonce);
void	nc_settle_hash(struct nc_table *t, uint64_t nonce_hash,
	    uint64_t fingerprint, uint16_t code);

#endif
