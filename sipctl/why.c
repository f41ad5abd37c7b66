/*
 * why - the table of signatures, and which of them fits a call first.
 *
 * The order is from what explains the rest to what is only seen: a daemon that gave no
 * answer before the 503 that came of it. The signatures themselves are in why_ours.c,
 * why_theirs.c and why_after.c.
 */
#include "sipctl/why_case.h"

static const struct {
	const char	*cause;
	why_fn		*fits;
} signatures[] = {
	{ "daemon-silent", why_daemon_silent }, { "media-refused", why_media_refused },
	{ "gateway-refuses-us", why_gateway_refuses_us }, { "muted", why_muted },
	{ "wrong-password", why_wrong_password },
	{ "stale-nonce", why_stale_nonce }, { "challenge-unanswered", why_challenge_unanswered },
	{ "loop", why_loop }, { "forbidden-target", why_forbidden_target },
	{ "black-list", why_blacklisted }, { "name-unknown", why_name_unknown },
	{ "nothing-listens", why_nothing_listens }, { "too-big-for-udp", why_too_big_for_udp },
	{ "peer-silent", why_peer_silent }, { "nobody-answers", why_nobody_answers },
	{ "caller-gave-up", why_caller_gave_up }, { "gateway-unused", why_gateway_unused },
	{ "not-registered", why_not_registered }, { "no-such-address", why_no_such_address },
	{ "not-permitted", why_not_permitted },
	{ "over-limit", why_over_limit }, { "busy", why_busy }, { "declined", why_declined },
	{ "srtp-mismatch", why_srtp_mismatch }, { "no-common-codec", why_no_common_codec },
	{ "bad-extension", why_bad_extension }, { "bad-body", why_bad_body },
	{ "peer-challenges", why_peer_challenges }, { "peer-overloaded", why_peer_overloaded },
	{ "peer-refused", why_peer_refused }, { "bad-request", why_bad_request },
	{ "ack-missing", why_ack_missing }, { "ack-lost", why_ack_lost },
	{ "dialog-unknown", why_dialog_unknown }, { "change-refused", why_change_refused },
	{ "bye-unanswered", why_bye_unanswered }, { "private-media", why_private_media },
	{ "one-way", why_one_way }, { "packets-lost", why_packets_lost },
	{ "no-sound", why_no_sound },
	{ "ended-with-reason", why_ended_with_reason }, { "none", why_fine },
	{ "unknown", why_unknown },
};

/*
 * The answer to the caller is the first final one that is no challenge of ours which
 * was then met; others come back with it, the last before it.
 */
static void
look(struct case_ *k)
{
	const struct ladder	*l = k->l;
	const struct ladder_row	*up = fact_first(l, LEFT, "INVITE", 200, 299), *r;

	if (up == NULL)
		up = fact_last(l, LEFT, "INVITE", 300, 699);
	k->code = up != NULL ? up->code : 0;
	k->ours = true;
	k->invite = fact_last(l, LEFT, "INVITE", REQUEST);
	for (r = l->rows; up != NULL && r < up; r++)
		if (r->message && r->to == LADDER_US && r->code >= 200 &&
		    strcmp(r->method, "INVITE") == 0) {
			k->answer = r;
			k->ours &= r->code != k->code;
		}
}

void
why_find(const struct ladder *l, struct why *out)
{
	struct text	sentence, command;
	struct case_	k = { .l = l, .sentence = &sentence, .command = &command };

	text_init(&sentence, out->sentence, sizeof(out->sentence));
	text_init(&command, out->command, sizeof(out->command));
	look(&k);
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (signatures[i].fits(&k)) {
			out->cause = signatures[i].cause;
			return;
		}
}
