#ifndef SIPD_MERGED_H
#define SIPD_MERGED_H

#include <stdbool.h>

#include "common/mono.h"
#include "sipd/msg.h"
#include "sipd/txn.h"

/*
 * Requests that reach us twice by different ways, as somebody forked them on their
 * way here (RFC 3261 section 8.2.2.2). One for each worker.
 */
struct merged;

struct merged *merged_new(void);
void	merged_free(struct merged *g);		/* NULL is fine */
/*
 * Has m, which has no To-tag and key as its transaction, come by another way within
 * so many milliseconds? If not it is remembered, when somebody before us could have forked it. Of so many at a time that an older one may be
 * forgotten: then the answer is false.
 */
bool	merged_came_before(struct merged *g, const struct sip_msg *m, txn_key key,
	    struct mono now, int64_t within_ms);

#endif
