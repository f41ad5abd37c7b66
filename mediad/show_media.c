/*
 * show_media - the table "media" for sipctl: a row a session.
 *
 * Cells: id call_id state ports streams packets loss last_packet_ms since age_s; of the
 * worst direction codec, loss_percent, jitter_ms, rtt_ms and mos; one_way. A stream is one
 * line of text: kind of leg, ports, where the phone is, figures of what it says.
 */
#include "mediad/mediad.h"

#include "common/mono.h"
#include "mediad/quality.h"

#define STREAM_TEXT_MAX	256
#define STREAMS_TEXT_MAX 8192

struct totals {
	uint64_t	packets, lost;
	struct quality	worst;
	enum codec	codec;
};

static const char *
session_state_name(const struct session *s)
{
	return s->state == SESSION_ANSWERED ? "answered" : "setup";
}

static const char *
learn_name(const struct learn *l)
{
	switch ((enum learn_state)l->state) {
	case LEARN_LOCKED:
		return "locked";
	case LEARN_CANDIDATE:
		return "learning";
	case LEARN_OPEN:
		break;
	}
	return "silent";
}

/* What is heard at the other end; the worse direction counts for the session. */
static void
quality_text(struct text *t, const struct end *e, struct totals *sum)
{
	struct quality	q = quality_of(e);

	if (!q.known || !e->is_rtp)
		return;
	text_printf(t, " loss %.1f%% jitter %.1f ms", q.loss * 100, q.jitter_ms);
	if (q.rtt_ms > 0)
		text_printf(t, " rtt %.0f ms", q.rtt_ms);
	text_printf(t, " mos %.1f", q.mos);
	if (sum->worst.known && sum->worst.mos <= q.mos)
		return;
	sum->worst = q;
	sum->codec = (enum codec)e->codec;
}

/* "caller 0 30002/30003 192.0.2.7:4000 locked rtp 512 lost 0 rtcp 3 ... age 12 ms" */
static void
end_text(struct text *t, const struct end *e, struct totals *sum, int64_t now_ns)
{
	const struct flow_count	*rtp = e->flow[0].count, *rtcp = e->flow[1].count;
	const struct addr	*to = learn_target(&e->flow[0].learn);
	char			 buf[ADDR_TEXT_MAX];

	text_printf(t, "%s %u %u/%u ", leg_party(e->leg),
	    e->stream, e->pair->port, e->pair->port + 1);
	text_add(t, to != NULL ? addr_print(to, buf) :
	    e->flow[0].learn.mute ? STR("held") : STR("unknown"));
	text_printf(t, " %s rtp %llu octets %llu lost %llu rtcp %llu",
	    learn_name(&e->flow[0].learn), (unsigned long long)rtp->packets,
	    (unsigned long long)rtp->octets, (unsigned long long)flow_lost(rtp),
	    (unsigned long long)rtcp->packets);
	quality_text(t, e, sum);
	if (rtp->last_ns != 0)
		text_printf(t, " age %lld ms",
		    (long long)((now_ns - rtp->last_ns) / 1000000));
	text_ch(t, '\n');
}

static void
leg_text(struct text *ports, struct text *streams, struct totals *sum,
    const struct leg *leg, int64_t now_ns)
{
	for (unsigned i = 0; leg != NULL && i < leg->nends; i++) {
		const struct end	*e = leg->ends[i];

		if (e == NULL || streams->size - streams->len < STREAM_TEXT_MAX)
			continue;
		text_u64(ports, e->pair->port);
		text_ch(ports, '\n');
		end_text(streams, e, sum, now_ns);
		sum->packets += e->flow[0].count->packets;
		sum->lost += flow_lost(e->flow[0].count);
	}
}

/* Tenths and thousandths as text: a table's numbers are whole. */
static void
show_figure(struct show *show, const char *name, double v, bool known)
{
	char		buf[32];
	struct text	t;

	if (!known) {
		show_null(show, name);
		return;
	}
	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%.1f", v);
	show_text(show, name, text_str(&t));
}

static void
quality_cells(struct show *show, const struct totals *sum)
{
	const struct quality	*q = &sum->worst;

	show_text(show, "codec", codec_info(sum->codec)->name);
	show_figure(show, "loss_percent", q->loss * 100, q->known);
	show_figure(show, "jitter_ms", q->jitter_ms, q->known);
	show_figure(show, "rtt_ms", q->rtt_ms, q->known && q->rtt_ms > 0);
	show_figure(show, "mos", q->mos, q->known);
}

static void
one_way_cell(struct show *show, const struct sessions *ss, const struct session *s,
    struct mono now)
{
	char		buf[256];
	struct text	why;

	text_init(&why, buf, sizeof(buf));
	if (session_one_way(ss, s, now, &why))
		show_text(show, "one_way", text_str(&why));
	else
		show_null(show, "one_way");
}

static void
session_row(struct show *show, const struct sessions *ss, const struct session *s,
    struct mono now)
{
	char		 ports_buf[1024], streams_buf[STREAMS_TEXT_MAX];
	struct text	 ports, streams;
	struct totals	 sum = { 0 };
	struct mono	 last = session_last_packet(s);
	int64_t		 age_ms = mono_ms_between(s->created, now);
	char		 id[24];
	struct text	 id_text;

	text_init(&ports, ports_buf, sizeof(ports_buf));
	text_init(&streams, streams_buf, sizeof(streams_buf));
	leg_text(&ports, &streams, &sum, s->caller, now.ns);
	for (const struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		leg_text(&ports, &streams, &sum, leg, now.ns);
	text_init(&id_text, id, sizeof(id));
	text_printf(&id_text, "%016llx", (unsigned long long)s->id);

	show_row(show);
	show_text(show, "id", text_str(&id_text));
	show_text(show, "call_id", session_call_id(s));
	show_text(show, "state", str_of(session_state_name(s)));
	show_list(show, "ports", text_str(&ports));
	show_list(show, "streams", text_str(&streams));
	show_number(show, "packets", sum.packets);
	show_number(show, "loss", sum.lost);
	if (last.ns != 0)
		show_number(show, "last_packet_ms", mono_ms_between(last, now));
	else
		show_null(show, "last_packet_ms");
	quality_cells(show, &sum);
	one_way_cell(show, ss, s, now);
	show_number(show, "since", wall_ms() - age_ms);
	show_number(show, "age_s", age_ms / 1000);
}

static uint64_t
show_media(void *arg, struct show *show, uint64_t cursor)
{
	struct mediad		*m = arg;
	struct mono		 now = loop_now(m->self->loop);
	const struct session	*s;
	uint32_t		 at = cursor;

	while (!show_full(show)) {
		s = sessions_next(m->sessions, &at);
		if (s == NULL)
			return 0;
		session_row(show, m->sessions, s, now);
	}
	return at;
}

const struct show_table mediad_tables[] = {
	{ "media", show_media },
	{ 0 },
};
