#ifndef MEDIAD_SDP_H
#define MEDIAD_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * One SDP body (RFC 8866): what a relay must know of it, and the places where it
 * differs once the media go through a relay. Everything else stays byte for byte:
 * unknown and damaged lines, order, line ends (CRLF or LF), blanks.
 *
 * What is rewritten: the value of every c= line, the port of every m= line, the
 * value of a=rtcp (RFC 3605), and the address of o= where that is asked for or the
 * reader is of the other family.
 * Removed are the lines of ICE (a=candidate, a=ice-*, a=remote-candidates,
 * a=end-of-candidates): their agents would find a direct way around a proxy that was
 * asked for; without them the phones fall back to c= and m= (RFC 8839 section 4.2.5).
 *
 * The unspecified address is a hold in the style of RFC 2543. It stays one, in the
 * reader's family; or, where that is asked for, it becomes one of RFC 3264 (row 72):
 * our address, and a=sendonly or a=inactive in the direction's place.
 */
#define SDP_BODY_MAX	65536		/* octets */
#define SDP_LINES_MAX	2000
#define SDP_MEDIA_MAX	64		/* m= lines; the setting's upper bound */
#define SDP_EDITS_MAX	512		/* neighbouring removed lines count as one */

enum sdp_direction {
	SDP_SENDRECV,
	SDP_SENDONLY,
	SDP_RECVONLY,
	SDP_INACTIVE,
};

/* One m= line and what is below it. Slices point into the body. */
struct sdp_media {
	struct str	kind;		/* "audio" */
	struct str	proto;		/* "RTP/AVP" */
	struct str	formats;	/* "0 8 101" */
	uint32_t	port;		/* 0: refused or switched off */
	uint32_t	nports;		/* of "49170/2"; 1 when absent */
	bool		datagrams;	/* over UDP: can be relayed */
	bool		is_rtp;
	bool		secure;		/* RTP/SAVP and kin: SRTP */
	bool		mux;		/* a=rtcp-mux (RFC 5761) */
	uint8_t		codec;		/* enum codec, of the first format */
	uint32_t	clock;		/* Hz, of the first format; 0: unknown */
	bool		hold;		/* c= is 0.0.0.0 or :: */
	bool		connected;	/* there is a c= line that counts for it */
	enum sdp_direction direction;
	struct addr	rtp;		/* len 0: not an address (a name, say) */
	struct addr	rtcp;		/* of a=rtcp, else the port after rtp */
};

enum sdp_edit_kind {
	SDP_ORIGIN,		/* the address of o= */
	SDP_CONNECTION,		/* the value of c= */
	SDP_HOLD,		/* the same when it is the unspecified address */
	SDP_DIRECTION,		/* a whole line of a held m= line or session */
	SDP_NO_DIRECTION,	/* the place for one where none is */
	SDP_PORT,		/* the port of m=, "/n" included */
	SDP_RTCP,		/* the value of a=rtcp: port only */
	SDP_RTCP_FULL,		/* the same with an address */
	SDP_REMOVE,		/* whole lines */
};

struct sdp_edit {
	uint32_t	at;		/* octet in the body; ascending */
	uint32_t	len;
	uint8_t		kind;
	uint8_t		media;		/* index of the m= line */
	bool		same;		/* RTCP on the port of RTP */
};

struct sdp {
	struct str	body;
	bool		bundle;		/* a=group:BUNDLE (RFC 9143) */
	unsigned	nmedia;
	struct sdp_media media[SDP_MEDIA_MAX];
	unsigned	nedits;
	struct sdp_edit	edits[SDP_EDITS_MAX];
};

/*
 * Parses body, which must live as long as *s. 0; -EBADMSG: not SDP, or a line that
 * matters is damaged; -E2BIG: over one of the bounds above. *why says what, in
 * words for the peer.
 */
int	sdp_parse(struct sdp *s, struct str body, const char **why);

/* The next word of *rest; the empty slice at its end. Blanks may repeat. */
struct str sdp_word(struct str *rest);
/* The next line of *rest, with its end, and without (value). False: no more. */
bool	sdp_line(struct str *rest, struct str *line, struct str *value);

/* Where the reader of the rewritten body is to send. */
struct sdp_relay {
	struct addr	addr;			/* of the relay, any port */
	uint16_t	port[SDP_MEDIA_MAX];	/* even; 0: the line is refused */
	bool		origin;			/* in o=, too */
	bool		convert_hold;
};

/*
 * The body with its edits made. 0, or -EMSGSIZE when out is too small: 64 octets
 * an edit more than the body are always enough.
 */
int	sdp_write(const struct sdp *s, const struct sdp_relay *r, struct text *out);

#endif
