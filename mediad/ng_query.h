#ifndef MEDIAD_NG_QUERY_H
#define MEDIAD_NG_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * What one ng message asks for: the dictionary that rtpengine's manual describes
 * and the rtpengine modules of Kamailio and OpenSIPS send. In keys and words '_'
 * and ' ' are '-', and case does not count. Slices point into the message.
 *
 * Some wishes need nothing here, because the relay always works that way: ICE is
 * removed, sources are learnt and then strict, c= is replaced, rtcp-mux passes.
 * Others can't be fulfilled and would leave a call without sound if they were
 * passed over: error says so. All the rest is ignored and counted.
 */
struct ng_query {
	struct str	command, call_id, from_tag, to_tag, via_branch, sdp, proto;
	struct addr	source;		/* received-from; len 0: not said */
	struct addr	advertise;	/* media-address; len 0: ours */
	uint8_t		family;		/* address-family; 0: not said */
	bool		origin;		/* replace origin */
	bool		from_source;	/* SIP-source-address */
	bool		load_limit;	/* the asker knows the result "load limit" */
	int64_t		limit;		/* of list; 0: not said */
	unsigned	ignored;	/* keys and words that nobody here knows */
	const char	*error;		/* NULL: none */
};

/* Reads a dictionary's text, which bencode_read() has checked. */
void	ng_query_read(struct ng_query *q, struct str dict);

#endif
