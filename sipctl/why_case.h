#ifndef SIPCTL_WHY_CASE_H
#define SIPCTL_WHY_CASE_H

#include "sipctl/why.h"
#include "sipctl/why_facts.h"

/*
 * One call in front of the signatures (why.c), and what each of them looks like: a
 * function that says yes, and then what to tell and what to type.
 */
struct case_ {
	const struct ladder	*l;
	unsigned		 code;		/* of the answer to the caller; 0: none */
	bool			 ours;		/* nobody else answered so */
	const struct ladder_row *answer;	/* what they answered so, unless ours */
	const struct ladder_row *invite;	/* the last that left, or NULL */
	struct text		*sentence, *command;
};

#define SAY(k, ...)	text_printf((k)->sentence, __VA_ARGS__)
#define TRY(k, ...)	text_printf((k)->command, __VA_ARGS__)

/* Who is behind the other end of a row. */
static inline const struct ladder_peer *
peer_of(const struct case_ *k, const struct ladder_row *r)
{
	return &k->l->peers[r->to == LADDER_US ? r->from : r->to];
}

typedef bool why_fn(const struct case_ *k);

why_fn	why_daemon_silent, why_media_refused, why_over_limit, why_gateway_unused,
	why_gateway_refuses_us, why_muted,
	why_wrong_password, why_stale_nonce, why_challenge_unanswered, why_not_registered,
	why_no_such_address, why_not_permitted, why_loop, why_forbidden_target,
	why_blacklisted, why_name_unknown, why_nothing_listens, why_too_big_for_udp,
	why_peer_silent, why_nobody_answers, why_caller_gave_up, why_busy, why_declined,
	why_srtp_mismatch, why_no_common_codec, why_bad_extension, why_bad_body,
	why_peer_challenges, why_peer_overloaded, why_peer_refused, why_bad_request,
	why_ack_missing, why_ack_lost, why_dialog_unknown, why_change_refused,
	why_bye_unanswered, why_private_media, why_one_way, why_packets_lost,
	why_no_sound, why_ended_with_reason, why_fine, why_unknown;

#endif
