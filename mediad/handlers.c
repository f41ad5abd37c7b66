/*
 * handlers - what sipd may ask: rewrite a body, refresh or end a session.
 *
 * All may be asked again, by the same sipd or the next one, with the same result
 * (messages.def says what each field means).
 */
#include "common/log.h"
#include "common/notes.h"
#include "mediad/mediad.h"

/* A peer's address, without its transport; len 0 when it can't be read. */
static struct addr
address_of(struct str peer)
{
	struct peer	p;

	return peer_parse(&p, peer) == 0 ? p.addr : (struct addr){ .len = 0 };
}

/* What was done, for the log and the flight recorder. */
static void
tell(const struct self *self, struct bus_ticket t, const struct msg_media_rewrite *q,
    const struct rewritten *out)
{
	const char	*what = q->answer ? "answer" : "offer";
	const char	*who = q->from_caller ? "caller" : "callee";
	char		 buf[64];
	struct text	 ports;

	text_init(&ports, buf, sizeof(buf));
	sessions_ports(((const struct mediad *)self->own)->sessions, q->call_id,
	    q->caller_tag, &ports);
	if (raised_some())
		raised_look_aor(t.call, q->user);
	log_low("MEDIA", t.call, "%s of the %s: %d %s session=%llx call=%s", what, who,
	    out->code, out->reason, (unsigned long long)out->session,
	    log_str(q->call_id));
	note((uint16_t)out->code, t.call, loop_now(self->loop), "MEDIA",
	    str_of(what), STR(" of the "), str_of(who), STR(": "), out->code == 200 ?
	    STR("rewritten") : str_of(out->reason), ports.len > 0 ? STR(", our ports ") :
	    STR(""), text_str(&ports));
}

static void
on_rewrite(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct self			*self = arg;
	struct mediad			*m = self->own;
	const struct msg_media_rewrite	*q = &msg->media_rewrite;
	struct rewritten		 out;
	struct rewrite			 r = {
		.call_id = q->call_id,
		.caller_tag = q->caller_tag,
		.user = q->user,
		.branch = q->branch,
		.from_caller = q->from_caller,
		.answer = q->answer,
		.final = q->final,
		.cseq = q->cseq,
		.source = address_of(q->source),
		.toward = address_of(q->toward),
		.sdp = q->sdp,
	};

	if (q->codecs_only)
		sessions_limit_codecs(m->sessions, q->sdp, &out);
	else
		sessions_rewrite(m->sessions, &r, loop_now(self->loop), &out);
	tell(self, t, q, &out);
	bus_answer(t, MSG_MEDIA_REWRITTEN, &(struct msg_media_rewritten){
		.code = out.code,
		.reason = str_of(out.reason),
		.session = out.session,
		.sdp = out.sdp,
	});
}

/* One that is gone already is over, too. */
static void
on_end(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct self			*self = arg;
	struct mediad			*m = self->own;
	const struct msg_media_end	*q = &msg->media_end;

	if (sessions_end(m->sessions, q->call_id, q->caller_tag, q->branch)) {
		log_low("MEDIA", t.call, "%s ended call=%s",
		    q->branch.len > 0 ? "branch" : "session",
		    log_str(q->call_id));
		note(0, t.call, loop_now(self->loop), "MEDIA",
		    q->branch.len > 0 ? STR("branch closed") : STR("session closed"));
	}
	bus_done(t);
}

static void
on_refresh(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct self				*self = arg;
	struct mediad				*m = self->own;
	const struct msg_media_refresh		*q = &msg->media_refresh;

	if (sessions_refresh(m->sessions, q->call_id, q->caller_tag,
	    loop_now(self->loop)))
		log_low("MEDIA", t.call, "session refreshed call=%s",
		    log_str(q->call_id));
	bus_done(t);
}

const struct bus_handler mediad_handlers[] = {
	{ MSG_MEDIA_REWRITE, on_rewrite, false },
	{ MSG_MEDIA_REFRESH, on_refresh, false },
	{ MSG_MEDIA_END, on_end, false },
	{ 0 },
};
