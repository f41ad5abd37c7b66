#ifndef REGD_REGISTER_H
#define REGD_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/settings.h"
#include "regd/set.h"

/*
 * What a REGISTER changes: RFC 3261 section 10.3 steps 6 and 7, with the
 * instances of RFC 5626. All or nothing. A judgement only: nothing is stored.
 */
struct outcome {
	uint16_t	 code;		/* 200, or what to refuse with */
	const char	*reason;
	uint32_t	 min_expires_s;	/* with 423 */
	bool		 changed;	/* 200: set takes the present one's place */
	struct set	*set;		/* the caller's; NULL: no contact is left */
};

/*
 * now: the newest set. again: a repetition of a request that was judged
 * before, for which the CSeq that it has left behind is no obstacle.
 */
void	register_judge(const struct set *now, const struct msg_registration *m,
	    const struct user_settings *set, int64_t boot_ms, int64_t wall_ms,
	    bool again, struct outcome *out);

#endif
