#ifndef SIPD_BRANCH_H
#define SIPD_BRANCH_H

#include <stdbool.h>

#include "common/addr.h"
#include "common/keys.h"
#include "common/str.h"

/*
 * The branch of the Via that sipd puts on what it forwards (RFC 3261 sections
 * 8.1.1.7 and 16.11): "z9hG4bK", six characters that name the target, eight that
 * mark the request as it was received (the second part of RFC 5393 section
 * 4.2.1), and a keyed checksum over both, the Via below ours, its address,
 * Call-ID, From-tag and CSeq number. It verifies from any response or
 * retransmission alone, so that a process that never saw the request can still
 * send the response on, and nobody else's response is relayed (S23).
 */
#define BRANCH_TARGET_LEN	6
#define BRANCH_MARK_LEN		8
#define BRANCH_LEN		(7 + BRANCH_TARGET_LEN + BRANCH_MARK_LEN + 16)

/* What a branch is bound to: the same in request and response. */
struct branch_input {
	struct str	below_sent_by;	/* "host[:port]" of the Via below ours */
	struct str	below_branch;
	struct str	call_id;
	struct str	from_tag;
	uint32_t	cseq;
	/*
	 * The address that the request came from, and its response goes to: or
	 * a response could be sent on to whomever its sender writes there.
	 */
	struct addr	below;
};

/* The key is the house's; call once at start, before any thread. */
void	branch_init(const struct keyring *k);
/* Names a target: hash of where it is sent and the new Request-URI. */
void	branch_target(struct str destination, struct str uri,
	    char out[BRANCH_TARGET_LEN]);
/* The target in a branch that verifies. */
struct str branch_target_of(struct str branch);
/* Marks a request: keyed hash of what its way depends on (spiral.c). */
void	branch_mark(struct str request, char out[BRANCH_MARK_LEN]);
/* Is this branch one of ours, given to the same request? */
bool	branch_has_mark(struct str branch, struct str request);
void	branch_make(const struct branch_input *in,
	    const char target[BRANCH_TARGET_LEN],
	    const char mark[BRANCH_MARK_LEN], char out[BRANCH_LEN]);
/* False also for a branch of another shape, and for input over 2 KB. */
bool	branch_verify(const struct branch_input *in, struct str branch);

/*
 * The To-tag of answers that nothing is stored for: the ACK that repeats it is
 * known as ours and absorbed. "k" and 11 characters.
 */
#define TOTAG_LEN		12
void	totag_make(struct str call_id, struct str from_tag, uint32_t cseq,
	    char out[TOTAG_LEN]);
bool	totag_verify(struct str call_id, struct str from_tag, uint32_t cseq,
	    struct str tag);

#endif
