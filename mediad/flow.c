/*
 * flow - the counters of one direction of one stream.
 *
 * relay_sockets.c counts every packet here. Loss is estimated as RFC 3550 A.1 and
 * A.3 do, jitter as A.8, without probation: a source is believed once learn.c let it through.
 */
#include <string.h>

#include "mediad/relay.h"

#define DROPOUT_MAX	3000	/* RFC 3550 A.1: beyond it the source began anew */
#define MISORDER_MAX	100

static uint64_t
source_lost(const struct flow_count *c)
{
	uint32_t	expected = c->cycles + c->max_seq - c->base_seq + 1;

	if (!c->begun || expected <= c->received)
		return 0;	/* duplicates can make it more than expected */
	return expected - c->received;
}

uint64_t
flow_lost(const struct flow_count *c)
{
	return c->lost_before + source_lost(c);
}

static void
source_begin(struct flow_count *c, uint32_t ssrc, uint16_t seq)
{
	c->lost_before += source_lost(c);
	c->ssrc = ssrc;
	c->base_seq = c->max_seq = seq;
	c->cycles = 0;
	c->received = 0;
	c->begun = true;
	c->timed = false;
	c->jitter = 0;
}

/* RFC 3550 A.8, times 16; the wrap of the time stamps is that of the differences. */
static void
source_jitter(struct flow_count *c, uint32_t stamp, uint32_t clock, int64_t now_ns)
{
	uint32_t	arrival = (uint32_t)(now_ns / 1000 * clock / 1000000);
	int32_t		transit = (int32_t)(arrival - stamp);
	int64_t		d = (int64_t)transit - c->transit;

	if (c->timed && d > -(int64_t)clock && d < (int64_t)clock)
		c->jitter += (uint32_t)(d < 0 ? -d : d) - ((c->jitter + 8) >> 4);
	c->transit = transit;
	c->timed = true;
}

static void
source_sequence(struct flow_count *c, uint16_t seq)
{
	uint16_t	delta = seq - c->max_seq;

	if (delta == 0)
		return;
	if (delta < DROPOUT_MAX) {
		if (seq < c->max_seq)
			c->cycles += 65536;
		c->max_seq = seq;
	} else if (delta <= 65536 - MISORDER_MAX) {
		source_begin(c, c->ssrc, seq);
	}
}

void
flow_count(struct flow_count *c, const uint8_t *data, size_t len, bool is_rtp,
    uint32_t clock, int64_t now_ns)
{
	uint32_t	ssrc, stamp;
	uint16_t	seq;

	c->packets++;
	c->octets += len;
	c->last_ns = now_ns;
	/* 64 to 95: RTCP on the same port (RFC 5761 section 4) */
	if (!is_rtp || len < 12 || data[0] >> 6 != 2 ||
	    ((data[1] & 0x7f) >= 64 && (data[1] & 0x7f) <= 95))
		return;
	seq = (uint16_t)(data[2] << 8 | data[3]);
	memcpy(&ssrc, data + 8, sizeof(ssrc));
	if (!c->begun || c->ssrc != ssrc)
		source_begin(c, ssrc, seq);
	else
		source_sequence(c, seq);
	c->received++;
	if (clock == 0)
		return;
	stamp = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 |
	    (uint32_t)data[6] << 8 | data[7];
	source_jitter(c, stamp, clock, now_ns);
}
