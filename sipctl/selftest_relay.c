/*
 * selftest_relay - a session of the media proxy without a call: mediad is asked as sipd
 * would ask it. For houses whose own phones are on one side, where the media of a
 * call go direct.
 */
#include "sipctl/selftest.h"

#include "common/id.h"
#include "sipctl/ask.h"

#define ASK_MS	2000

struct relay {
	struct testphone	*to;
	bool			 taken;		/* to knows where to send */
};

static void
take(void *arg, enum msg_type type, const union msg *m)
{
	struct relay	*r = arg;

	if (type == MSG_MEDIA_REWRITTEN && m->media_rewritten.code == 200)
		r->taken = testphone_take_sdp(r->to, m->media_rewritten.sdp);
}

/* What from offers or answers, as the other is told it. */
static int
pass_on(struct ctl *c, const char *call_id, const struct testphone *from,
    struct testphone *to, bool answer)
{
	char				 buf[512], source[PEER_TEXT_MAX];
	struct text			 sdp;
	struct relay			 r = { .to = to };
	struct msg_media_rewrite	 body = { .call_id = str_of(call_id),
					    .caller_tag = STR("selftest"),
					    .branch = STR("selftest"), .cseq = 1,
					    .from_caller = !answer, .answer = answer,
					    .final = answer };
	struct question			 q = { .daemon = "mediad", .type = MSG_MEDIA_REWRITE,
					    .body = &body, .fn = take, .arg = &r };
	int				 code;

	text_init(&sdp, buf, sizeof(buf));
	testphone_sdp(from, &sdp);
	body.sdp = text_str(&sdp);
	body.source = body.toward = peer_print(&(struct peer){ TRANSPORT_UDP, from->server },
	    source);
	if ((code = ask_one(c, &q, ASK_MS, false)) != CTL_DONE)
		return code;
	return r.taken ? CTL_DONE : CTL_NO;
}

int
selftest_relay(struct ctl *c, struct testphone *a, struct testphone *b, unsigned n,
    unsigned heard[2])
{
	char			call_id[33] = "";
	struct msg_media_end	body = { .caller_tag = STR("selftest"), .branch = STR("") };
	struct question		q = { .daemon = "mediad", .type = MSG_MEDIA_END, .body = &body };
	int			code;

	id_text(call_id, 20);
	body.call_id = str_of(call_id);
	code = pass_on(c, call_id, a, b, false);
	if (code == CTL_DONE)
		code = pass_on(c, call_id, b, a, true);
	if (code == CTL_DONE)
		testphone_talk(a, b, n, heard);
	(void)ask_one(c, &q, ASK_MS, false);
	return code;
}
