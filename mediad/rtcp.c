/*
 * rtcp - reports read as they pass.
 *
 * relay_sockets.c hands over every RTCP packet of a stream that is not encrypted. The
 * round trip between us and a phone: it says how long ago it got the other's sender
 * report (DLSR), and we know when that one passed here. show_media.c and quality.c use
 * what is kept.
 */
#include "mediad/rtcp.h"

#include <stdbool.h>

#define SR	200
#define RR	201
#define HEAD	8	/* octets: common header and the sender's SSRC */
#define SENDER	20	/* NTP and RTP time, packets, octets */
#define BLOCK	24

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* LSR and DLSR are 1/65536 s. */
static void
round_trip(struct report *mine, const struct report *other, uint32_t lsr,
    uint32_t dlsr, int64_t now_ns)
{
	int64_t	us;

	if (other == NULL || lsr == 0 || lsr != other->sent_ntp)
		return;
	us = (now_ns - other->sent_ns) / 1000 - (int64_t)dlsr * 1000000 / 65536;
	mine->rtt_us = us > 0 && us < 60000000 ? (uint32_t)us : us <= 0 ? 1 : 0;
}

static void
block_note(struct report *mine, const struct report *other, const uint8_t *p,
    int64_t now_ns)
{
	mine->ssrc = be32(p);
	mine->fraction = p[4];
	mine->lost = (int32_t)(be32(p + 4) << 8) >> 8;	/* 24 bits, signed */
	mine->jitter = be32(p + 12);
	mine->heard = true;
	round_trip(mine, other, be32(p + 16), be32(p + 20), now_ns);
}

/* One packet of the compound one: its blocks are within len. */
static void
packet_note(struct report *mine, const struct report *other, const uint8_t *p,
    size_t len, int64_t now_ns)
{
	size_t	at = HEAD;

	if (p[1] == SR && len >= HEAD + SENDER) {
		mine->sent_ntp = be32(p + 10);
		mine->sent_ns = now_ns;
		at += SENDER;
	} else if (p[1] != RR) {
		return;
	}
	/* The first block is about the stream that we relay to it. */
	if ((p[0] & 0x1f) > 0 && len >= at + BLOCK)
		block_note(mine, other, p + at, now_ns);
}

void
rtcp_note(struct report *mine, const struct report *other, const uint8_t *p,
    size_t len, int64_t now_ns)
{
	while (len >= HEAD) {
		size_t	n = 4 * ((size_t)(p[2] << 8 | p[3]) + 1);

		if (p[0] >> 6 != 2 || n < HEAD || n > len)
			return;
		packet_note(mine, other, p, n, now_ns);
		p += n;
		len -= n;
	}
}
