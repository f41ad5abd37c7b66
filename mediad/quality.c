/*
 * quality - loss, jitter, delay and a mean opinion score of one direction.
 *
 * show_media.c shows it. The score follows ITU-T G.107 with its defaults: R = 93.2 - Id
 * - Ie,eff; the delay is half of both round trips and a playout buffer of twice the
 * jitter, at least a packet's 20 ms twice.
 */
#include "mediad/quality.h"

#include "common/id.h"
#include "common/mono.h"
#include "common/notes.h"

#define R_DEFAULT	93.2
#define PACKET_MS	20

double
quality_mos(double loss, double one_way_ms, enum codec codec)
{
	const struct codec_info	*c = codec_info(codec);
	double			 percent = loss * 100;
	double			 id = 0.024 * one_way_ms, r, mos;

	if (one_way_ms > 177.3)
		id += 0.11 * (one_way_ms - 177.3);
	r = R_DEFAULT - id - (c->ie + (95.0 - c->ie) * percent / (percent + c->bpl));
	if (r <= 0)
		return 1.0;
	if (r >= 100)
		return 4.5;
	mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos > 1.0 ? mos : 1.0;	/* the cubic dips below for the worst */
}

/* What came in here. */
static double
loss_here(const struct flow_count *c)
{
	uint64_t	lost = flow_lost(c);

	return c->packets + lost > 0 ? (double)lost / (double)(c->packets + lost) : 0;
}

/* What the listener reports of the stream as a whole. */
static double
loss_there(const struct report *r, const struct flow_count *c)
{
	uint64_t	sent = c->packets + flow_lost(c);
	double		share = r->lost > 0 && sent > 0 ? (double)r->lost /
	    (double)sent : 0;

	return share < 1 ? share : 1;
}

struct quality
quality_of(const struct end *from)
{
	const struct flow_count	*c = from->flow[0].count;
	const struct flow	*to = from->flow[0].to;
	const struct report	*there = to != NULL ? to->report : NULL;
	struct quality		 q = { .known = c->packets > 0, .mos = 1.0 };
	double			 jitter = c->jitter / 16, delay;

	if (!q.known)
		return q;
	q.loss = loss_here(c);
	if (there != NULL && there->heard) {
		double	far = loss_there(there, c);

		q.loss = far > q.loss ? far : q.loss;
		jitter = there->jitter > jitter ? there->jitter : jitter;
	}
	if (from->clock > 0)
		q.jitter_ms = jitter * 1000 / from->clock;
	if (from->flow[0].report->rtt_us > 0 && there != NULL && there->rtt_us > 0)
		q.rtt_ms = (from->flow[0].report->rtt_us + there->rtt_us) / 1000.0;
	delay = q.rtt_ms / 2 + PACKET_MS +
	    (q.jitter_ms * 2 > PACKET_MS ? q.jitter_ms * 2 : PACKET_MS);
	q.mos = quality_mos(q.loss, delay, (enum codec)from->codec);
	return q;
}

static void
note_one(const struct session *s, const struct end *from)
{
	struct quality	q = quality_of(from);
	char		buf[128];
	struct text	t;

	if (!q.known || !from->is_rtp)
		return;
	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%llu packets from the %s, %.1f%% lost, jitter %.0f ms, MOS %.1f",
	    (unsigned long long)from->flow[0].count->packets, leg_party(from->leg),
	    q.loss * 100, q.jitter_ms, q.mos);
	note(0, id_call(session_call_id(s)), mono_now(), "MEDIA", text_str(&t));
}

void
quality_note(const struct session *s)
{
	const struct leg	*legs[] = { s->caller, s->selected };

	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++)
		for (unsigned k = 0; legs[i] != NULL && k < legs[i]->nends; k++)
			if (legs[i]->ends[k] != NULL)
				note_one(s, legs[i]->ends[k]);
}
