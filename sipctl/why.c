/*
 * why - signatures of failed and bad calls.
 *
 * Each is a row of the table below: a function that says yes, and then what to tell
 * and what to type. The order is from what explains the rest to what is only seen:
 * a daemon that gave no answer before the 503 that came of it.
 */
#include "sipctl/why.h"

#include "sipctl/why_facts.h"

#define UDP_SAFE	1300	/* octets: RFC 3261 section 18.1.1 */
#define REPEATS		3	/* of a 2xx: its ACK is not just late */

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
static const struct ladder_peer *
peer_of(const struct case_ *k, const struct ladder_row *r)
{
	return &k->l->peers[r->to == LADDER_US ? r->from : r->to];
}

/* ---- inside the house ---- */

static bool
daemon_silent(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "gave no answer", NULL);

	if (note == NULL)
		return false;
	note = strstr(note, ": ") != NULL ? strstr(note, ": ") + 2 : note;
	SAY(k, "%s in time: it was down, starting or too slow.", note);
	TRY(k, "sipctl status");
	return true;
}

static bool
media_refused(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "mediad refused", NULL);

	if (note == NULL || k->code < 400)
		return false;
	SAY(k, "The call needs the media proxy, and %s.", strstr(note, "mediad refused"));
	TRY(k, "sipctl media");
	return true;
}

static bool
over_limit(const struct case_ *k)
{
	if (k->code < 500 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "This server refused it by a limit of its own: \"%s\".", k->l->result);
	TRY(k, "sipctl log --call-id %s", k->l->call_id);
	return true;
}

/* ---- who is it ---- */

static bool
muted(const struct case_ *k)
{
	char	buf[ADDR_TEXT_MAX];

	if (fact_note(k->l, "too many wrong passwords", NULL) == NULL)
		return false;
	SAY(k, "Too many wrong passwords came from %.*s: for a while nothing from there is "
	    "answered.", STR_ARG(fact_remote(k->l->rows, buf)));
	TRY(k, "sipctl reg failures");
	return true;
}

static bool
wrong_password(const struct case_ *k)
{
	if (fact_note(k->l, "unknown user or wrong password", NULL) == NULL)
		return false;
	SAY(k, "%s signed in with a wrong password, or nobody is called so.", k->l->from);
	TRY(k, "sipctl user show %s", k->l->from);
	return true;
}

static bool
stale_nonce(const struct case_ *k)
{
	unsigned	n;

	if (fact_note(k->l, "the nonce is too old", &n) == NULL || n < 2)
		return false;
	SAY(k, "The caller's device repeats a nonce that is too old (%u times) and does not "
	    "take the new one: a fault of its firmware.", n);
	TRY(k, "sipctl reg show %s", k->l->from);
	return true;
}

static bool
challenge_unanswered(const struct case_ *k)
{
	const struct ladder_row	*r = fact_last(k->l, LEFT, "INVITE", 401, 407);

	if (r == NULL || !k->ours || (k->code != 401 && k->code != 407))
		return false;
	SAY(k, "%s was asked for a password and gave none: no account is set up in that "
	    "device, or one for another realm.", peer_of(k, r)->name);
	TRY(k, "sipctl user show %s", k->l->from);
	return true;
}

/* ---- where to ---- */

static bool
not_registered(const struct case_ *k)
{
	if (k->code != 480 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "No device is registered for %s.", k->l->to);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

static bool
no_such_address(const struct case_ *k)
{
	if ((k->code != 404 && k->code != 604) || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "The router knows no %s: no account, alias or record has it.", k->l->to);
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

static bool
not_permitted(const struct case_ *k)
{
	if (k->code != 403 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "The caller may not call this address: \"%s\".", k->l->result);
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

static bool
loop(const struct case_ *k)
{
	if (k->code != 482 && k->code != 483)
		return false;
	SAY(k, "The request came around in a loop: an address leads back to itself, here or "
	    "at a neighbour.");
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

static bool
forbidden_target(const struct case_ *k)
{
	if (fact_note(k->l, "nothing may be sent to this address", NULL) == NULL)
		return false;
	SAY(k, "The contact of %s is an address that nothing is sent to: loopback, multicast "
	    "or this server itself.", k->l->to);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

static bool
blacklisted(const struct case_ *k)
{
	if (fact_note(k->l, "black list", NULL) == NULL || k->code < 400)
		return false;
	SAY(k, "The address did not answer a short while ago and is left alone until "
	    "blacklist-interval is over.");
	TRY(k, "sipctl config describe blacklist-interval");
	return true;
}

static bool
name_unknown(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "DNS: ", NULL);

	if (note == NULL || k->code < 400)
		return false;
	SAY(k, "The next hop's name leads nowhere: %s.", note + strlen("DNS: "));
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

/* ---- no answer ---- */

static bool
nothing_listens(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "not sent: ", NULL);

	if (note == NULL || k->invite == NULL || k->code < 400 ||
	    fact_count(k->l, CAME, "INVITE", 100, 699) > 0)
		return false;
	SAY(k, "%s at %s could not be reached: %s.", peer_of(k, k->invite)->name,
	    peer_of(k, k->invite)->address, strstr(note, "not sent: ") + strlen("not sent: "));
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

/* Did it ever answer this call? */
static bool
silent(const struct case_ *k)
{
	return k->invite != NULL && fact_count(k->l, CAME, "INVITE", 100, 699) == 0 &&
	    (fact_note(k->l, "timer B", NULL) != NULL || k->code == 408);
}

static bool
too_big_for_udp(const struct case_ *k)
{
	if (!silent(k) || !fact_is_udp(k->invite) || fact_size(k->invite) <= UDP_SAFE)
		return false;
	SAY(k, "%s did not answer an INVITE of %zu octets over UDP: datagrams of more than %d "
	    "are often lost on their way.", peer_of(k, k->invite)->name,
	    fact_size(k->invite), UDP_SAFE);
	TRY(k, "sipctl config describe udp-size-outside");
	return true;
}

static bool
peer_silent(const struct case_ *k)
{
	if (!silent(k))
		return false;
	SAY(k, "%s never answered at %s: the device is off, gone, or its NAT has forgotten us.",
	    peer_of(k, k->invite)->name, peer_of(k, k->invite)->address);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

static bool
nobody_answers(const struct case_ *k)
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

static bool
caller_gave_up(const struct case_ *k)
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

static bool
busy(const struct case_ *k)
{
	if (k->ours || (k->code != 486 && k->code != 600))
		return false;
	SAY(k, "%s is busy.", peer_of(k, k->answer)->name);
	return true;
}

static bool
declined(const struct case_ *k)
{
	if (k->ours || k->code != 603)
		return false;
	SAY(k, "%s declined the call.", peer_of(k, k->answer)->name);
	return true;
}

static bool
srtp_mismatch(const struct case_ *k)
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

static bool
no_common_codec(const struct case_ *k)
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

static bool
bad_extension(const struct case_ *k)
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

static bool
bad_body(const struct case_ *k)
{
	if (k->ours || k->code != 415)
		return false;
	SAY(k, "%s does not take bodies of that type.", peer_of(k, k->answer)->name);
	TRY(k, "sipctl trace %s --raw", k->l->call_id);
	return true;
}

static bool
peer_challenges(const struct case_ *k)
{
	if (k->ours || (k->code != 401 && k->code != 407))
		return false;
	SAY(k, "%s at %s wants a password that the caller does not have: if it is a provider, "
	    "make it a gateway with calls-authenticate.", peer_of(k, k->answer)->name,
	    peer_of(k, k->answer)->address);
	TRY(k, "sipctl gw list");
	return true;
}

static bool
peer_overloaded(const struct case_ *k)
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

static bool
peer_refused(const struct case_ *k)
{
	if (k->ours || k->code < 300)
		return false;
	SAY(k, "%s at %s refused it: \"%s\".", peer_of(k, k->answer)->name,
	    peer_of(k, k->answer)->address, k->answer->label);
	TRY(k, "sipctl trace %s --msg %u", k->l->call_id, k->answer->number);
	return true;
}

static bool
bad_request(const struct case_ *k)
{
	if (!k->ours || k->code < 400 || k->code >= 500)
		return false;
	SAY(k, "This server did not take the request: \"%s\".", k->l->result);
	TRY(k, "sipctl trace %s --msg 1", k->l->call_id);
	return true;
}

/* ---- answered, and bad nevertheless ---- */

static bool
ack_missing(const struct case_ *k)
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

static bool
ack_lost(const struct case_ *k)
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

static bool
dialog_unknown(const struct case_ *k)
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

static bool
change_refused(const struct case_ *k)
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

static bool
bye_unanswered(const struct case_ *k)
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
static bool
private_media(const struct case_ *k)
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

static bool
ended_with_reason(const struct case_ *k)
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

static bool
fine(const struct case_ *k)
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

static bool
unknown(const struct case_ *k)
{
	if (k->code == 0)
		SAY(k, "There is no final answer yet.");
	else
		SAY(k, "It ended with \"%s\"; no signature fits.", k->l->result);
	TRY(k, "sipctl trace %s", k->l->call_id);
	return true;
}

static const struct {
	const char	*cause;
	bool		(*fits)(const struct case_ *k);
} signatures[] = {
	{ "daemon-silent", daemon_silent }, { "media-refused", media_refused },
	{ "muted", muted }, { "wrong-password", wrong_password },
	{ "stale-nonce", stale_nonce }, { "challenge-unanswered", challenge_unanswered },
	{ "loop", loop }, { "forbidden-target", forbidden_target },
	{ "black-list", blacklisted }, { "name-unknown", name_unknown },
	{ "nothing-listens", nothing_listens }, { "too-big-for-udp", too_big_for_udp },
	{ "peer-silent", peer_silent }, { "nobody-answers", nobody_answers },
	{ "caller-gave-up", caller_gave_up }, { "not-registered", not_registered },
	{ "no-such-address", no_such_address }, { "not-permitted", not_permitted },
	{ "over-limit", over_limit }, { "busy", busy }, { "declined", declined },
	{ "srtp-mismatch", srtp_mismatch }, { "no-common-codec", no_common_codec },
	{ "bad-extension", bad_extension }, { "bad-body", bad_body },
	{ "peer-challenges", peer_challenges }, { "peer-overloaded", peer_overloaded },
	{ "peer-refused", peer_refused }, { "bad-request", bad_request },
	{ "ack-missing", ack_missing }, { "ack-lost", ack_lost },
	{ "dialog-unknown", dialog_unknown }, { "change-refused", change_refused },
	{ "bye-unanswered", bye_unanswered }, { "private-media", private_media },
	{ "ended-with-reason", ended_with_reason }, { "none", fine },
	{ "unknown", unknown },
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
