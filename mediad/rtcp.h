#ifndef MEDIAD_RTCP_H
#define MEDIAD_RTCP_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/record.h"

/*
 * What RTCP says, as it passes (RFC 3550 section 6.4): sender reports date the round
 * trip, report blocks tell what the phone hears. Read only; SRTCP is not readable.
 *
 * mine: of the phone that sent this; other: of the one it talks to, or NULL. A block is
 * about the other's stream when its SSRC is the other's, or nobody's yet.
 */
void	rtcp_note(struct report *mine, const struct report *other,
	    const uint8_t *p, size_t len, int64_t now_ns);

#endif
