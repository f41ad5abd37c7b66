#ifndef SIPD_ANSWER_H
#define SIPD_ANSWER_H

#include <stdint.h>

#include "sipd/inbound.h"
#include "sipd/txn.h"

/*
 * Answers of our own, with a To-tag that verifies by itself (branch.h), so that
 * nothing need be stored for the ACK.
 */

/* Where responses to this request go: RFC 3261 section 18.2.2, RFC 3581. */
void	answer_back(const struct sip_msg *m, const struct hop *from, struct hop *out);

/* A challenge, or other headers, for answer_send(). */
struct answer {
	uint16_t	code;
	struct str	reason;		/* empty: the usual one */
	struct str	realm;		/* 401, 407: challenge for it */
	bool		stale;
	uint32_t	retry_after_s;	/* 0: none */
	uint32_t	min_expires_s;	/* 0: none */
	struct str	unsupported;	/* 420 */
	void		(*more)(struct text *t, void *arg);	/* may be NULL */
	void		*arg;
};

/*
 * A final answer that does not fit ends the transaction.
 *
 * Through transaction t, or, with t NULL, statelessly to in->back. m may be a
 * message that was kept; back and source are those of its packet.
 */
void	answer_send(struct worker *w, struct txn *t, const struct sip_msg *m,
	    const struct hop *back, const struct addr *source,
	    const struct answer *a);
/*
 * For an answer that comes later: what follows the status line, appended to t
 * while the request is at hand; and the answer made from it, through txn t.
 */
void	answer_keep(struct text *t, const struct sip_msg *m,
	    const struct addr *source);
void	answer_send_kept(struct worker *w, struct txn *t, struct str kept,
	    const struct answer *a);
/* Statelessly, with code and reason alone. */
void	answer_plain(const struct inbound *in, uint16_t code, struct str reason);

#endif
