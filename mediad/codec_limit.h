#ifndef MEDIAD_CODEC_LIMIT_H
#define MEDIAD_CODEC_LIMIT_H

#include "common/settings.h"
#include "common/str.h"

/*
 * Which RTP encodings may be offered (FEATURES.md row 163): formats that allowed does not
 * name leave their m= line, and with them their a=rtpmap, a=fmtp and a=rtcp-fb. DTMF,
 * comfort noise and the like need not be named and stay; a retransmission goes with what
 * it repeats. A line of which nothing would be left stays as it is: the phones must say
 * no, not we.
 *
 * Appends the body to out; returns the number of formats that were removed.
 */
unsigned codec_limit(struct str body, const struct set_texts *allowed,
	    struct text *out);

#endif
