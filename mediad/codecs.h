#ifndef MEDIAD_CODECS_H
#define MEDIAD_CODECS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/*
 * What is known of RTP's encodings: the static payload types (RFC 3551 section 6),
 * and how they sound when packets are lost (ITU-T G.113 appendix I).
 */
#define CODEC_PAYLOADS	128
#define CODEC_NAME_MAX	32

enum codec {
	CODEC_UNKNOWN,		/* ends every table */
	CODEC_PCMU, CODEC_PCMA, CODEC_G722, CODEC_G723, CODEC_G728, CODEC_G729,
	CODEC_GSM, CODEC_ILBC, CODEC_OPUS, CODEC_AMR, CODEC_AMR_WB, CODEC_SPEEX,
	CODEC_COUNT,
};

struct codec_info {
	struct str	name;		/* as in a=rtpmap */
	uint8_t		ie;		/* impairment without loss */
	uint8_t		bpl;		/* robustness against random loss */
};
const struct codec_info *codec_info(enum codec c);	/* never NULL */
enum codec codec_find(struct str name);	/* any case */

/* Of a static payload type; name empty, clock 0 when it is none. */
struct codec_static {
	struct str	name;
	uint32_t	clock;		/* Hz */
};
struct codec_static codec_static(unsigned payload);

/*
 * Not what is heard, but beside it: DTMF, comfort noise, redundancy (RFC 4733, 3389,
 * 2198, 4588). A list of codecs need not name them, and they alone are no offer.
 */
bool	codec_is_auxiliary(struct str name);

#endif
