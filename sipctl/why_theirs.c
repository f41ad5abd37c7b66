/*
 * why_theirs - causes that lie with the other side: it was not reached, nobody took the
 * call, or it was refused there.
 */
#include "sipctl/why_case.h"

#define UDP_SAFE	1300	/* octets: RFC 3261 section 18.1.1 */

/* ---- no answer ---- */

static bool
is_gateway(const struct case_ *k)
{
	return fact_note(k->l, "; to gateway ", NULL) != NULL;
}

/* "gateway tele: its challenge is not answered: wrong user name or password" */
bool
why_gateway_refuses_us(const struct case_ *k)
{
	const char	*note = fact_note(k->l, ": its challenge is not answered: ", NULL);
	int		 name;

	if (note == NULL)
		note = fact_note(k->l, ": no credential: ", NULL);
	note = note != NULL && k->code >= 400 && k->ours ? strstr(note, "gateway ") : NULL;
	if (note == NULL)
		return false;
	note += strlen("gateway ");
	name = (int)strcspn(note, ":");
	SAY(k, "Gateway %.*s does not let us call%s.", name, note, note + name);
	TRY(k, "sipctl gw show %.*s", name, note);
	return true;
}

/* What is known of where the last INVITE went. */
static void
try_peer(const struct case_ *k)
{
	if (is_gateway(k))
		TRY(k, "sipctl gw show %s", peer_of(k, k->invite)->name);
	else
		TRY(k, "sipctl reg show %s", k->l->to);
}

bool
why_nothing_listens(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "not sent: ", NULL);

	if (note == NULL || k->invite == NULL || k->code < 400 ||
	    fact_count(k->l, CAME, "INVITE", 100, 699) > 0)
		return false;
	SAY(k, "%s at %s could not be reached: %s.", peer_of(k, k->invite)->name,
	    peer_of(k, k->invite)->address, strstr(note, "not sent: ") + strlen("not sent: "));
	try_peer(k);
	return true;
}

/* Did it ever answer this call? */
static bool
silent(const struct case_ *k)
{
	return k->invite != NULL && fact_count(k->l, CAME, "INVITE", 100, 699) == 0 &&
	    (fact_note(k->l, "timer B", NULL) != NULL || k->code == 408);
}

bool
why_too_big_for_udp(const struct case_ *k)
{
	if (!silent(k) || !fact_is_udp(k->invite) || fact_size(k->invite) <= UDP_SAFE)
		return false;
	SAY(k, "%s did not answer an INVITE of %zu octets over UDP: datagrams of more than %d "
	    "are often lost on their way.", peer_of(k, k->invite)->name,
	    fact_size(k->invite), UDP_SAFE);
	TRY(k, "sipctl config describe udp-size-outside");
	return true;
}

bool
why_peer_silent(const struct case_ *k)
{
	if (!silent(k))
		return false;
	SAY(k, "%s never answered at %s: %s.", peer_of(k, k->invite)->name,
	    peer_of(k, k->invite)->address, is_gateway(k) ? "it is down, or the way there" :
	    "the device is off, gone, or its NAT has forgotten us");
	try_peer(k);
	return true;
}

bool
why_nobody_answers(const struct case_ *k)
{
	if ((fact_note(k->l, "timer C", NULL) == NULL && k->code != 408) ||
	    fact_count(k->l, CAME, "INVITE", 180, 189) == 0)
		return false;
	SAY(k, "It rang at %s for %.0f s, and nobody took it.",
	    peer_of(k, fact_last(k->l, CAME, "INVITE", 180, 189))->name,
	    (double)k->l->lasted_ns / 1e9);
	TRY(k, "sipctl config describe timer-c");
	return true;
}

bool
why_caller_gave_up(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, CAME, "CANCEL", REQUEST);
	bool			 rang = fact_count(k->l, CAME, "INVITE", 180, 189) > 0;

	if (r == NULL || k->code != 487)
		return false;
	SAY(k, "%s hung up after %.1f s, %s.", peer_of(k, r)->name, (double)r->after_ns / 1e9,
	    rang ? "while it rang" : "before anything rang");
	if (!rang)
		TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

/* ---- refused by the other side ---- */

bool
why_busy(const struct case_ *k)
{
	if (k->ours || (k->code != 486 && k->code != 600))
		return false;
	SAY(k, "%s is busy.", peer_of(k, k->answer)->name);
	return true;
}

bool
why_declined(const struct case_ *k)
{
	if (k->ours || k->code != 603)
		return false;
	SAY(k, "%s declined the call.", peer_of(k, k->answer)->name);
	return true;
}

bool
why_srtp_mismatch(const struct case_ *k)
{
	struct str	profile;

	if (k->ours || (k->code != 488 && k->code != 606) || k->invite == NULL ||
	    str_find(profile = fact_sdp_profile(k->invite), STR("SAVP")) < 0)
		return false;
	SAY(k, "%s refused the offer: it asked for encrypted media (%.*s) only.",
	    peer_of(k, k->answer)->name, STR_ARG(profile));
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, k->invite->number);
	return true;
}

bool
why_no_common_codec(const struct case_ *k)
{
	if (k->ours || (k->code != 488 && k->code != 606))
		return false;
	SAY(k, "%s refused the offer%s%s: no codec or media kind in common.",
	    peer_of(k, k->answer)->name, k->invite != NULL && k->invite->note != NULL ?
	    " of " : "", k->invite != NULL && k->invite->note != NULL ? k->invite->note : "");
	if (k->invite != NULL)
		TRY(k, "sipctl trace %s --msg %u", k->l->call_id, k->invite->number);
	return true;
}

bool
why_bad_extension(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, LEFT, NULL, 420, 420);
	struct str		 what;

	if (r == NULL || k->code != 420)
		return false;
	what = fact_header(r, "Unsupported", NULL);
	SAY(k, "The caller requires an extension that %s does not have: \"%.*s\".",
	    k->ours ? "this server" : peer_of(k, k->answer)->name, STR_ARG(what));
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, r->number);
	return true;
}

bool
why_bad_body(const struct case_ *k)
{
	if (k->ours || k->code != 415)
		return false;
	SAY(k, "%s does not take bodies of that type.", peer_of(k, k->answer)->name);
	TRY(k, "sipctl trace %s --raw", k->l->call_id);
	return true;
}

bool
why_peer_challenges(const struct case_ *k)
{
	if (k->ours || (k->code != 401 && k->code != 407))
		return false;
	SAY(k, "%s at %s wants a password that the caller does not have: if it is a provider, "
	    "make it a gateway with calls-authenticate.", peer_of(k, k->answer)->name,
	    peer_of(k, k->answer)->address);
	TRY(k, "sipctl gw list");
	return true;
}

bool
why_peer_overloaded(const struct case_ *k)
{
	struct str	after;

	if (k->answer == NULL || k->answer->code != 503)
		return false;
	after = fact_header(k->answer, "Retry-After", NULL);
	SAY(k, "%s at %s is overloaded or out of order%s%.*s%s.", peer_of(k, k->answer)->name,
	    peer_of(k, k->answer)->address, after.len > 0 ? ": it wants to be left alone for " :
	    "", STR_ARG(after), after.len > 0 ? " s" : "");
	TRY(k, "sipctl gw list");
	return true;
}

bool
why_peer_refused(const struct case_ *k)
{
	if (k->ours || k->code < 300)
		return false;
	SAY(k, "%s at %s refused it: \"%s\".", peer_of(k, k->answer)->name,
	    peer_of(k, k->answer)->address, k->answer->label);
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, k->answer->number);
	return true;
}

bool
why_bad_request(const struct case_ *k)
{
	if (!k->ours || k->code < 400 || k->code >= 500)
		return false;
	SAY(k, "This server did not take the request: \"%s\".", k->l->result);
	TRY(k, "sipctl trace %s --msg 1", k->l->call_id);
	return true;
}
