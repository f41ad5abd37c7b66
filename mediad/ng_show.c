/*
 * ng_show - sessions and figures as ng clients read them.
 *
 * Names and nesting are those of rtpengine's manual ("query", "list", "statistics"),
 * as far as there is something here to say. A callee's tag is not kept: it is the
 * one that was asked with, else "callee".
 */
#include "common/stats.h"
#include "mediad/bencode.h"
#include "mediad/ng.h"

struct totals {
	uint64_t	packets, octets, lost;
};

static void
key_integer(struct text *t, struct str key, int64_t v)
{
	bencode_string(t, key);
	bencode_integer(t, v);
}

static void
key_open(struct text *t, struct str key, char kind)
{
	bencode_string(t, key);
	text_ch(t, kind);
}

static void
totals_show(struct text *t, struct str key, const struct totals *sum)
{
	key_open(t, key, 'd');
	key_integer(t, STR("bytes"), (int64_t)sum->octets);
	key_integer(t, STR("lost"), (int64_t)sum->lost);
	key_integer(t, STR("packets"), (int64_t)sum->packets);
	text_ch(t, 'e');
}

static void
endpoint_show(struct text *t, const struct addr *a)
{
	char	host[ADDR_TEXT_MAX];

	key_open(t, STR("endpoint"), 'd');
	bencode_string(t, STR("address"));
	bencode_string(t, addr_print_host(a, host));
	bencode_string(t, STR("family"));
	bencode_string(t, a->sa.sa_family == AF_INET6 ? STR("IPv6") : STR("IPv4"));
	key_integer(t, STR("port"), addr_port(a));
	text_ch(t, 'e');
}

static void
flow_show(struct text *t, const struct flow *f, uint16_t port, struct totals *sum)
{
	const struct addr	*to = learn_target(&f->learn);
	struct totals		 own = { .packets = f->count->packets,
	    .octets = f->count->octets, .lost = flow_lost(f->count) };

	text_ch(t, 'd');
	if (to != NULL)
		endpoint_show(t, to);
	key_integer(t, STR("local port"), port);
	totals_show(t, STR("stats"), &own);
	text_ch(t, 'e');
	sum->packets += own.packets;
	sum->octets += own.octets;
	sum->lost += own.lost;
}

static void
leg_show(struct text *t, const struct leg *leg, struct str tag,
    struct totals sum[2])
{
	key_open(t, tag, 'd');
	key_open(t, STR("medias"), 'l');
	for (unsigned i = 0; i < leg->nends; i++) {
		const struct end	*e = leg->ends[i];

		if (e == NULL)
			continue;
		text_ch(t, 'd');
		key_integer(t, STR("index"), e->stream + 1);
		key_open(t, STR("streams"), 'l');
		for (int k = 0; k < 2; k++)
			flow_show(t, &e->flow[k], (uint16_t)(e->pair->port + k),
			    &sum[k]);
		text_ch(t, 'e');
		text_ch(t, 'e');
	}
	text_ch(t, 'e');
	bencode_string(t, STR("tag"));
	bencode_string(t, tag);
	text_ch(t, 'e');
}

void
ng_show_session(struct text *t, const struct session *s, struct str callee_tag,
    struct mono now)
{
	const struct leg	*callee = s->selected != NULL ? s->selected :
	    s->callees;
	struct totals		 sum[2] = { { .packets = 0 } };

	key_integer(t, STR("created"),
	    (wall_ms() - mono_ms_between(s->created, now)) / 1000);
	key_integer(t, STR("last signal"),
	    (wall_ms() - mono_ms_between(s->signalled, now)) / 1000);
	key_open(t, STR("tags"), 'd');
	if (s->caller != NULL)
		leg_show(t, s->caller, session_caller_tag(s), sum);
	if (callee != NULL)
		leg_show(t, callee, callee_tag.len > 0 ? callee_tag : STR("callee"),
		    sum);
	text_ch(t, 'e');
	key_open(t, STR("totals"), 'd');
	totals_show(t, STR("RTCP"), &sum[1]);
	totals_show(t, STR("RTP"), &sum[0]);
	text_ch(t, 'e');
}

void
ng_show_list(struct text *t, const struct sessions *ss, int64_t limit)
{
	const struct session	*s;
	uint32_t		 at = 0;

	key_open(t, STR("calls"), 'l');
	while (limit-- > 0 && t->size - t->len > 2 * RECORD_IDS &&
	    (s = sessions_next(ss, &at)) != NULL)
		bencode_string(t, session_call_id(s));
	text_ch(t, 'e');
}

void
ng_show_statistics(struct text *t, const struct sessions *ss)
{
	key_open(t, STR("statistics"), 'd');
	key_open(t, STR("currentstatistics"), 'd');
	key_integer(t, STR("sessionsown"), sessions_count(ss));
	key_integer(t, STR("sessionstotal"), sessions_count(ss));
	text_ch(t, 'e');
	key_open(t, STR("totalstatistics"), 'd');
	key_integer(t, STR("managedsessions"), (int64_t)stats->media_sessions_ended);
	key_integer(t, STR("rejectedsessions"), (int64_t)stats->media_refused);
	key_integer(t, STR("relayedpackets"), (int64_t)stats->rtp_relayed);
	key_integer(t, STR("relayedpacketerrors"), (int64_t)stats->rtp_dropped);
	key_integer(t, STR("timeoutsessions"), (int64_t)stats->media_timeouts);
	text_ch(t, 'e');
	text_ch(t, 'e');
}
