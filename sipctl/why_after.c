/*
 * why_after - causes that show after the answer: ACKs that get lost, changes that are
 * refused, sound that cannot arrive. And the two last words: nothing, unknown.
 */
#include <stdlib.h>

#include "sipctl/why_case.h"

#define REPEATS		3	/* of a 2xx: its ACK is not just late */
#define LOSS_HEARD	3.0	/* percent: from here on people complain */

/* ---- answered, and bad nevertheless ---- */

bool
why_ack_missing(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, LEFT, "INVITE", 200, 299);

	if (r == NULL || fact_count(k->l, LEFT, "INVITE", 200, 299) < REPEATS ||
	    fact_count(k->l, CAME, "ACK", REQUEST) > fact_count(k->l, LEFT, "INVITE", 300, 699))
		return false;
	SAY(k, "The ACK of %s never came, though its 200 was sent %u times: our address in "
	    "Record-Route cannot be reached from there, or a SIP ALG spoils it.",
	    peer_of(k, r)->name, fact_count(k->l, LEFT, "INVITE", 200, 299));
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, r->number);
	return true;
}

bool
why_ack_lost(const struct case_ *k)
{
	const struct ladder_row	*ack = fact_first(k->l, LEFT, "ACK", REQUEST);
	const struct ladder_row	*last = fact_last(k->l, CAME, "INVITE", 200, 299);

	if (ack == NULL || last == NULL || last < ack ||
	    fact_count(k->l, CAME, "INVITE", 200, 299) <= REPEATS)
		return false;
	SAY(k, "%s does not hear the ACK, which went to %s: its Contact cannot be reached.",
	    peer_of(k, last)->name, peer_of(k, fact_last(k->l, LEFT, "ACK", REQUEST))->address);
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, last->number);
	return true;
}

bool
why_dialog_unknown(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, LEFT, NULL, 481, 481);

	if (r == NULL || fact_count(k->l, LEFT, "INVITE", 200, 299) == 0 ||
	    strcmp(r->method, "CANCEL") == 0)
		return false;
	SAY(k, "A %s of %s was of no call any more (481): the other side had ended it, or lost "
	    "it in a restart.", r->method, peer_of(k, r)->name);
	TRY(k, "sipctl trace %s --raw", k->l->call_id);
	return true;
}

bool
why_change_refused(const struct case_ *k)
{
	const struct ladder_row	*ok = fact_first(k->l, LEFT, "INVITE", 200, 299);
	const struct ladder_row	*r = fact_last(k->l, LEFT, "INVITE", 400, 699);

	if (ok == NULL || r == NULL || r < ok || r->code == 401 || r->code == 407)
		return false;
	SAY(k, "The call stood, but a change of it (hold, transfer, other codec) was refused: "
	    "\"%s\".", r->label);
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, r->number);
	return true;
}

bool
why_bye_unanswered(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, LEFT, "BYE", REQUEST);

	if (r == NULL || fact_count(k->l, CAME, "BYE", FINAL) > 0 ||
	    fact_note(k->l, "timer F", NULL) == NULL)
		return false;
	SAY(k, "%s never answered the BYE at %s: it was gone before the call ended.",
	    peer_of(k, r)->name, peer_of(k, r)->address);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

/* RFC 1918 in SDP, and the packet came from elsewhere: nothing will be heard. */
bool
why_private_media(const struct case_ *k)
{
	for (size_t i = 0; i < k->l->n; i++) {
		const struct ladder_row	*r = &k->l->rows[i];
		char			 buf[ADDR_TEXT_MAX];
		struct addr		 sdp, source;
		struct str		 text;

		if (!r->message || r->to != LADDER_US ||
		    (text = fact_sdp_address(r)).len == 0 || addr_parse(&sdp, text, 0) < 0 ||
		    addr_parse(&source, fact_remote(r, buf), 0) < 0 ||
		    !addr_is_private(&sdp) || addr_is_private(&source) ||
		    fact_note(k->l, "through mediad", NULL) != NULL)
			continue;
		SAY(k, "%s is behind a NAT and offers sound at %.*s, which only its own network "
		    "reaches; the call went without the media proxy.", peer_of(k, r)->name,
		    STR_ARG(text));
		TRY(k, "sipctl config describe media-policy");
		return true;
	}
	return false;
}

/* ---- what mediad saw of the sound ---- */

bool
why_one_way(const struct case_ *k)
{
	static const struct str	one_way = STR("sound in one direction only: ");
	const char		*last = fact_note(k->l, "sound in ", NULL);
	const char		*why = last != NULL ? strstr(last, one_way.s) : NULL;

	if (why == NULL)
		return false;
	SAY(k, "Sound went in one direction only: %s.", why + one_way.len);
	TRY(k, fact_count(k->l, CAME, "BYE", REQUEST) == 0 ? "sipctl calls --one-way" :
	    "sipctl trace %s", k->l->call_id);
	return true;
}

/* "512 packets from the caller, 9.8% lost, jitter 31 ms, MOS 2.1": the worst of them. */
bool
why_packets_lost(const struct case_ *k)
{
	const char	*worst = NULL;
	double		 most = LOSS_HEARD, lost;

	for (size_t i = 0; i < k->l->n; i++) {
		const char	*at = k->l->rows[i].message ? NULL :
				    strstr(k->l->rows[i].label, " packets from the ");

		if (at == NULL || (at = strstr(at, ", ")) == NULL ||
		    strstr(at, "% lost") == NULL || (lost = strtod(at + 2, NULL)) < most)
			continue;
		most = lost;
		worst = k->l->rows[i].label;
	}
	if (worst == NULL)
		return false;
	worst = strncmp(worst, "mediad: ", 8) == 0 ? worst + 8 : worst;
	SAY(k, "The sound broke up: of %s. The network between there and here loses them.",
	    worst);
	TRY(k, "sipctl trace %s", k->l->call_id);
	return true;
}

bool
why_no_sound(const struct case_ *k)
{
	if (fact_note(k->l, "session removed: ", NULL) == NULL ||
	    fact_note(k->l, " packets from the ", NULL) != NULL)
		return false;
	SAY(k, "Nobody sent any sound: neither side's packets came to the media proxy, which gave "
	    "the call up.");
	TRY(k, "sipctl doctor");
	return true;
}

bool
why_ended_with_reason(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, CAME, "BYE", REQUEST);
	struct str		 reason;

	if (r == NULL || (reason = fact_header(r, "Reason", NULL)).len == 0)
		return false;
	SAY(k, "%s ended the call after %.1f s and gave a reason: %.*s.", peer_of(k, r)->name,
	    (double)r->after_ns / 1e9, STR_ARG(reason));
	return true;
}

/* ---- nothing ---- */

bool
why_fine(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, CAME, "BYE", REQUEST);

	if (k->code < 200 || k->code > 299)
		return false;
	if (r != NULL)
		SAY(k, "Nothing is wrong: it was answered, and %s ended it after %.1f s.",
		    peer_of(k, r)->name, (double)r->after_ns / 1e9);
	else
		SAY(k, "Nothing is wrong so far: it was answered.");
	return true;
}

bool
why_unknown(const struct case_ *k)
{
	if (k->code == 0)
		SAY(k, "There is no final answer yet.");
	else
		SAY(k, "It ended with \"%s\"; no signature fits.", k->l->result);
	TRY(k, "sipctl trace %s", k->l->call_id);
	return true;
}
