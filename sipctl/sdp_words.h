#ifndef SIPCTL_SDP_WORDS_H
#define SIPCTL_SDP_WORDS_H

#include "common/str.h"

/*
 * A session description in some words for people: "pcma, opus; video h264; SRTP".
 * Nothing when it is none. Lines that make no sense are passed over (RFC 8866).
 */
void	sdp_words(struct str body, struct text *t);

#endif
