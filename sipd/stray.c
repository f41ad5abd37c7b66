/*
 * stray - responses that no transaction waits for (RFC 3261 section 16.11).
 *
 * They go where the Via below ours says; a name there is looked up by RFC 3263
 * section 5, and its first target is taken: who does not get it asks again. SDP of
 * a call with media passes mediad as it would have in the transaction.
 */
#include "sipd/stray.h"

#include <errno.h>
#include <stdlib.h>

#include "common/stats.h"
#include "sipd/branch.h"
#include "sipd/calls.h"
#include "sipd/cookie.h"
#include "sipd/core.h"
#include "sipd/forward.h"
#include "sipd/media.h"
#include "sipd/nexthop.h"
#include "sipd/outcome.h"
#include "sipd/record.h"
#include "sipd/trunks.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

/* What mediad has to know of a response with SDP. */
struct stray_media {
	bool	wanted;
	bool	begins;		/* the dialog: its leg is that of our branch */
	bool	from_caller;	/* wrote the body */
};

/* A response that waits for the name in its Via, or for mediad. */
struct straying {
	struct worker	*w;
	struct nexthop	*next;		/* or NULL */
	struct hop	 from, to;
	struct stray_media media;
	struct trunk	*trunk;		/* of a call with a gateway; or NULL */
	uint64_t	 call;
	size_t		 len;
	char		 bytes[];
};

static void
straying_free(struct straying *s)
{
	nexthop_free(s->next);
	trunk_free(s->trunk);
	free(s);
}

static void
pass_on(struct worker *w, const struct sip_msg *m, const struct hop *to,
    const struct str *sdp, const struct trunk *trunk)
{
	struct text	out;

	text_init(&out, w->out, MESSAGE_MAX);
	if (forward_response(m, sdp, trunk, &out) < 0 ||
	    wire_send(w, to, text_str(&out), WIRE_RESPONSE, 0) < 0)
		stats->stray_dropped++;
	else
		stats->stray_responses++;
}

/* ---- media ---- */

/*
 * Our Record-Route, which comes back in what begins a dialog, says whether media pass
 * mediad; within the dialog the call table does.
 */
static struct stray_media
media_of(struct worker *w, const struct sip_msg *m)
{
	struct stray_media	 of = { .wanted = false };
	struct values		 it;
	struct nameaddr		 na;
	struct cookie		 c;
	struct str		 text;
	struct call_facts	 f;
	struct call		*k;
	bool			 by_caller;

	if (!media_has_sdp(m))
		return of;
	values_begin(&it, m, HDR_RECORD_ROUTE);
	while (nameaddr_next(&it, &na) == 1)
		if (uri_param(&na.uri, "c", &text) && cookie_read(&c, text,
		    m->call_id, m->from_tag, m->to_tag, &by_caller) == 0)
			return (struct stray_media){ c.media, true, !by_caller };
	k = call_find(w->core->calls, m->call_id, m->from_tag, m->to_tag, &by_caller);
	if (k == NULL)
		return of;
	call_read(k, &f);
	return (struct stray_media){ f.media, false, !by_caller };
}

/* What mediad does not answer for is dropped; a 2xx comes again. */
static void
on_rewritten(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct straying	*s = arg;
	struct worker	*w = s->w;

	record_as(w, s->call, false);
	record_media(w, error, type == MSG_MEDIA_REWRITTEN ? &m->media_rewritten : NULL);
	if (error == 0 && type == MSG_MEDIA_REWRITTEN && m->media_rewritten.code == 200)
		pass_on(w, core_reparse(w, str_make(s->bytes, s->len), 0), &s->to,
		    &m->media_rewritten.sdp, s->trunk);
	else
		stats->stray_dropped++;
	record_end(w);
	straying_free(s);
}

/* Nobody knows any more whether the request had an offer: mostly it had. */
static void
ask_mediad(struct straying *s, const struct sip_msg *m)
{
	char	source[PEER_TEXT_MAX], toward[PEER_TEXT_MAX];

	media_rewrite(s->w, s->call, &(struct media_body){
		.call_id = m->call_id,
		.caller_tag = s->media.from_caller ? m->to_tag : m->from_tag,
		.leg = s->media.begins ? branch_target_of(m->via.branch) : STR_NONE,
		.from_caller = s->media.from_caller,
		.answer = true,
		.final = m->code >= 200,
		.cseq = m->cseq,
		.source = hop_print_remote(&s->from, source),
		.toward = hop_print_remote(&s->to, toward),
		.agent = core_agent(m),
		.sdp = m->body,
	}, on_rewritten, s);
}

/* ---- where to ---- */

/* s->to is known. */
static void
go(struct straying *s)
{
	const struct sip_msg	*m = core_reparse(s->w, str_make(s->bytes, s->len), 0);

	if (s->media.wanted) {
		ask_mediad(s, m);
		return;
	}
	pass_on(s->w, m, &s->to, NULL, s->trunk);
	straying_free(s);
}

static void
on_target(void *arg)
{
	struct straying	*s = arg;
	struct worker	*w = s->w;
	int		 error = nexthop_next(s->next, &s->to);

	if (error == -EINPROGRESS)
		return;
	record_as(w, s->call, false);
	if (error == 0)
		go(s);
	else {
		stats->stray_dropped++;
		straying_free(s);
	}
	record_end(w);
}

static struct straying *
straying_new(struct worker *w, const struct sip_msg *m, const struct packet *p,
    const struct stray_media *media, struct trunk *trunk)
{
	struct straying	*s = xcalloc(1, sizeof(*s) + m->text.len);

	s->w = w;
	s->from = p->from;
	s->media = *media;
	s->trunk = trunk;
	s->call = w->recording.call;
	s->len = m->text.len;
	memcpy(s->bytes, m->text.s, m->text.len);
	return s;
}

static void
to_address(struct worker *w, const struct sip_msg *m, const struct packet *p,
    const struct hop *to, struct trunk *trunk)
{
	const struct stray_media	 media = media_of(w, m);
	struct straying			*s;

	if (media.wanted && forward_allowed(&p->from, to)) {
		s = straying_new(w, m, p, &media, trunk);
		s->to = *to;
		ask_mediad(s, m);
		return;
	}
	if (!media.wanted && forward_allowed(&p->from, to))
		pass_on(w, m, to, NULL, trunk);
	else
		stats->stray_dropped++;
	trunk_free(trunk);
}

static void
to_name(struct worker *w, const struct sip_msg *m, const struct packet *p,
    const struct way *way, struct trunk *trunk)
{
	const struct stray_media	 media = media_of(w, m);
	struct straying			*s = straying_new(w, m, p, &media, trunk);

	s->next = nexthop_new(w, way, &p->from, on_target, s);
	on_target(s);		/* may be known */
}

static struct trunk *
trunk_of(struct worker *w, const struct sip_msg *m)
{
	struct call	*k;
	bool		 from_caller;

	k = call_find(w->core->calls, m->call_id, m->from_tag, m->to_tag, &from_caller);
	return k != NULL ? trunks_back(k, m, from_caller) : NULL;
}

void
stray_response(struct worker *w, const struct sip_msg *m, const struct packet *p)
{
	struct branch_input	in;
	struct via		below;
	struct way		way;
	struct hop		to = { 0 };
	struct trunk		*trunk;

	if (!forward_response_input(m, &in, &below) ||
	    !branch_verify(&in, m->via.branch)) {
		stats->stray_dropped++;
		return;
	}
	trunk = trunk_of(w, m);		/* before its call may end */
	outcome_stray(w, m);
	to.transport = below.transport;
	if (via_response_addr(&below, &to.remote)) {
		/* The connection of its request, should it still be there. */
		if (hop_is_stream(&to) && below.rport != 0)
			addr_set_port(&to.remote, below.rport);
		to_address(w, m, p, &to, trunk);
	} else if (way_of_via(&way, &below) == 0)
		to_name(w, m, p, &way, trunk);
	else {
		stats->stray_dropped++;
		trunk_free(trunk);
	}
}
