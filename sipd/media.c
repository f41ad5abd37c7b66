/*
 * media - sipd's questions to mediad; proxy.c, leg.c and dialog.c ask.
 *
 * SDP is carried, never read here: mediad alone knows its text.
 */
#include "sipd/media.h"

#include "sipd/msg.h"
#include "sipd/worker.h"

#define END_DEADLINE_MS	32000	/* as long as a transaction may last */

uint64_t
media_rewrite(struct worker *w, uint64_t call, const struct media_body *b,
    bus_answer_fn *fn, void *arg)
{
	struct msg_media_rewrite	q = {
		.call = call,
		.call_id = b->call_id,
		.caller_tag = b->caller_tag,
		.branch = b->leg,
		.from_caller = b->from_caller,
		.answer = b->answer,
		.final = b->final,
		.cseq = b->cseq,
		.source = b->source,
		.toward = b->toward,
		.agent = b->agent,
		.user = b->user,
		.codecs_only = b->codecs_only,
		.sdp = b->sdp,
	};

	return bus_ask(w->mediad, MSG_MEDIA_REWRITE, &q, MEDIA_DEADLINE_MS, fn, arg);
}

/* Nothing depends on the answer; the bus repeats the question until it comes. */
static void
on_done(void *arg, int error, enum msg_type type, const union msg *m)
{
}

void
media_end(struct worker *w, uint64_t call, struct str call_id,
    struct str caller_tag, struct str leg)
{
	struct msg_media_end	q = {
		.call = call, .call_id = call_id, .caller_tag = caller_tag, .branch = leg,
	};

	bus_ask(w->mediad, MSG_MEDIA_END, &q, END_DEADLINE_MS, on_done, NULL);
}

void
media_refresh(struct worker *w, uint64_t call, struct str call_id,
    struct str caller_tag)
{
	struct msg_media_refresh	q = {
		.call = call, .call_id = call_id, .caller_tag = caller_tag,
	};

	bus_ask(w->mediad, MSG_MEDIA_REFRESH, &q, END_DEADLINE_MS, on_done, NULL);
}

bool
media_has_sdp(const struct sip_msg *m)
{
	struct str	type = sip_value(m, HDR_CONTENT_TYPE), main;

	if (m->body.len == 0 || !str_cut(&type, ';', &main))
		return false;
	return str_caseeq(str_trim(main), STR("application/sdp"));
}
