#ifndef SIPD_MEDIA_H
#define SIPD_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/str.h"

struct worker;
struct sip_msg;

/*
 * What sipd asks mediad. A session is named by Call-ID and the caller's tag, a
 * callee leg by the six characters of its branch that name the target, so that
 * a request and the responses to it name the same leg in any process.
 */
#define MEDIA_DEADLINE_MS	2000

struct media_body {
	struct str	call_id;
	struct str	caller_tag;
	struct str	leg;		/* "" within an established dialog */
	bool		from_caller;	/* who wrote the body */
	bool		answer;
	bool		final;		/* in a 2xx: the other legs are dropped */
	uint32_t	cseq;
	struct str	source;		/* "udp:192.0.2.1:5060" */
	struct str	toward;
	struct str	agent;
	struct str	user;		/* whose call it is; "" */
	bool		codecs_only;	/* no session: media go directly */
	struct str	sdp;
};

/* MEDIA_REWRITTEN or an error comes to fn; the id is for bus_forget(). */
uint64_t media_rewrite(struct worker *w, uint64_t call, const struct media_body *b,
	    bus_answer_fn *fn, void *arg);
/* The session, or one leg of it, is over; repeated until mediad says so. */
void	media_end(struct worker *w, uint64_t call, struct str call_id,
	    struct str caller_tag, struct str leg);
/* The call was refreshed without a body: its session is alive. */
void	media_refresh(struct worker *w, uint64_t call, struct str call_id,
	    struct str caller_tag);
/* True if the message carries an SDP body. */
bool	media_has_sdp(const struct sip_msg *m);

#endif
