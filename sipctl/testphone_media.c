/*
 * testphone_media - the sound of the self test: a tone each way as RTP with PCMU
 * (RFC 3550, 3551), compared octet for octet where it arrives.
 */
#include <math.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/id.h"
#include "common/mono.h"
#include "sipctl/testphone.h"

#define FRAME		160		/* octets: 20 ms of 8000 Hz */
#define RTP_HEAD	12
#define PACE_MS		20

struct stream {
	struct testphone *p;
	uint8_t		  packet[RTP_HEAD + FRAME];
	uint32_t	  ssrc;
	uint16_t	  sequence;
	uint8_t		  tone[FRAME];	/* what it sends, again and again */
};

/* G.711 mu-law of a 14 bit sample. */
static uint8_t
ulaw(int sample)
{
	int	sign = sample < 0 ? 0x80 : 0, exponent = 7, magnitude;

	magnitude = (sample < 0 ? -sample : sample) + 33;
	if (magnitude > 8191)
		magnitude = 8191;
	for (int mask = 0x1000; exponent > 0 && (magnitude & mask) == 0; mask >>= 1)
		exponent--;
	return (uint8_t)~(sign | exponent << 4 | (magnitude >> (exponent + 1) & 0x0f));
}

static void
stream_begin(struct stream *s, struct testphone *p, unsigned hz)
{
	s->p = p;
	s->ssrc = (uint32_t)id_u64();
	s->sequence = (uint16_t)id_u64();
	for (unsigned i = 0; i < FRAME; i++)
		s->tone[i] = ulaw((int)(6000 * sin(2 * M_PI * hz * i / 8000)));
}

static void
stream_send(struct stream *s, unsigned n)
{
	uint32_t	time = n * FRAME;

	s->packet[0] = 0x80;
	s->packet[1] = n == 0 ? 0x80 : 0;	/* the marker, payload type 0 */
	s->packet[2] = (uint8_t)(s->sequence >> 8);
	s->packet[3] = (uint8_t)s->sequence++;
	for (int i = 0; i < 4; i++) {
		s->packet[4 + i] = (uint8_t)(time >> (24 - 8 * i));
		s->packet[8 + i] = (uint8_t)(s->ssrc >> (24 - 8 * i));
	}
	memcpy(s->packet + RTP_HEAD, s->tone, FRAME);
	(void)sendto(s->p->rtp, s->packet, sizeof(s->packet), MSG_DONTWAIT,
	    &s->p->media_to.sa, s->p->media_to.len);
}

/* What waits at the other phone. */
static unsigned
stream_heard(const struct stream *s, const struct testphone *other)
{
	uint8_t		buf[2048];
	unsigned	n = 0;
	ssize_t		len;

	while ((len = recv(other->rtp, buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
		n += len == RTP_HEAD + FRAME && memcmp(buf + RTP_HEAD, s->tone, FRAME) == 0;
	return n;
}

/* Until ms have passed since begin, takes what comes. */
static void
listen_until(struct stream s[2], struct mono begin, int64_t ms, unsigned heard[2])
{
	int64_t	left;

	while ((left = ms - mono_ms_between(begin, mono_now())) > 0) {
		struct pollfd	fds[2] = { { s[0].p->rtp, POLLIN, 0 }, { s[1].p->rtp, POLLIN, 0 } };

		if (poll(fds, 2, (int)left) <= 0)
			continue;
		heard[0] += stream_heard(&s[0], s[1].p);
		heard[1] += stream_heard(&s[1], s[0].p);
	}
}

void
testphone_talk(struct testphone *a, struct testphone *b, unsigned n, unsigned heard[2])
{
	struct stream	s[2];
	struct mono	begin = mono_now();

	stream_begin(&s[0], a, 400);
	stream_begin(&s[1], b, 800);
	heard[0] = heard[1] = 0;
	for (unsigned i = 0; i < n; i++) {
		stream_send(&s[0], i);
		stream_send(&s[1], i);
		listen_until(s, begin, (i + 1) * PACE_MS, heard);
	}
	listen_until(s, begin, n * PACE_MS + 200, heard);
}
