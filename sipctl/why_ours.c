/*
 * why_ours - causes that lie with this server or with what it knows: its daemons, its
 * limits, who may sign in, where addresses lead.
 */
#include "sipctl/why_case.h"

/* ---- inside the house ---- */

bool
why_daemon_silent(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "gave no answer", NULL);

	if (note == NULL)
		return false;
	note = strstr(note, ": ") != NULL ? strstr(note, ": ") + 2 : note;
	SAY(k, "%s in time: it was down, starting or too slow.", note);
	TRY(k, "sipctl status");
	return true;
}

bool
why_media_refused(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "mediad refused", NULL);

	if (note == NULL || k->code < 400)
		return false;
	SAY(k, "The call needs the media proxy, and %s.", strstr(note, "mediad refused"));
	TRY(k, "sipctl media");
	return true;
}

/* It is for a gateway, and none may or can take it: routed knows, or sipd. */
bool
why_gateway_unused(const struct case_ *k)
{
	static const char *const words[] = { "not gateway: ", "gateway " };
	const char		*note = fact_note(k->l, words[0], NULL), *why;

	if (k->code < 400 || !k->ours || k->invite != NULL)
		return false;
	if (note == NULL && ((note = fact_note(k->l, ": all of its channels", NULL)) != NULL ||
	    (note = fact_note(k->l, ": disabled by", NULL)) != NULL))
		why = strstr(note, words[1]);
	else
		why = note != NULL ? strstr(note, words[0]) + strlen(words[0]) : NULL;
	if (why == NULL)
		return false;
	SAY(k, "No gateway takes it: %.*s.", (int)strcspn(why, ";"), why);
	TRY(k, "sipctl gw list");
	return true;
}

bool
why_over_limit(const struct case_ *k)
{
	if (k->code < 500 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "This server refused it by a limit of its own: \"%s\".", k->l->result);
	TRY(k, "sipctl log --call-id %s", k->l->call_id);
	return true;
}

/* ---- who is it ---- */

bool
why_muted(const struct case_ *k)
{
	char	buf[ADDR_TEXT_MAX];

	if (fact_note(k->l, "too many wrong passwords", NULL) == NULL)
		return false;
	SAY(k, "Too many wrong passwords came from %.*s: for a while nothing from there is "
	    "answered.", STR_ARG(fact_remote(k->l->rows, buf)));
	TRY(k, "sipctl reg failures");
	return true;
}

bool
why_wrong_password(const struct case_ *k)
{
	if (fact_note(k->l, "unknown user or wrong password", NULL) == NULL)
		return false;
	SAY(k, "%s signed in with a wrong password, or nobody is called so.", k->l->from);
	TRY(k, "sipctl user show %s", k->l->from);
	return true;
}

bool
why_stale_nonce(const struct case_ *k)
{
	unsigned	n;

	if (fact_note(k->l, "the nonce is too old", &n) == NULL || n < 2)
		return false;
	SAY(k, "The caller's device repeats a nonce that is too old (%u times) and does not "
	    "take the new one: a fault of its firmware.", n);
	TRY(k, "sipctl reg show %s", k->l->from);
	return true;
}

bool
why_challenge_unanswered(const struct case_ *k)
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

bool
why_not_registered(const struct case_ *k)
{
	if (k->code != 480 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "No device is registered for %s.", k->l->to);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

bool
why_no_such_address(const struct case_ *k)
{
	if ((k->code != 404 && k->code != 604) || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "The router knows no %s: no account, alias or record has it.", k->l->to);
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

bool
why_not_permitted(const struct case_ *k)
{
	if (k->code != 403 || !k->ours || k->invite != NULL)
		return false;
	SAY(k, "The caller may not call this address: \"%s\".", k->l->result);
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

bool
why_loop(const struct case_ *k)
{
	if (k->code != 482 && k->code != 483)
		return false;
	SAY(k, "The request came around in a loop: an address leads back to itself, here or "
	    "at a neighbour.");
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}

bool
why_forbidden_target(const struct case_ *k)
{
	if (fact_note(k->l, "nothing may be sent to this address", NULL) == NULL)
		return false;
	SAY(k, "The contact of %s is an address that nothing is sent to: loopback, multicast "
	    "or this server itself.", k->l->to);
	TRY(k, "sipctl reg show %s", k->l->to);
	return true;
}

bool
why_blacklisted(const struct case_ *k)
{
	if (fact_note(k->l, "black list", NULL) == NULL || k->code < 400)
		return false;
	SAY(k, "The address did not answer a short while ago and is left alone until "
	    "blacklist-interval is over.");
	TRY(k, "sipctl config describe blacklist-interval");
	return true;
}

bool
why_name_unknown(const struct case_ *k)
{
	const char	*note = fact_note(k->l, "DNS: ", NULL);

	if (note == NULL || k->code < 400)
		return false;
	SAY(k, "The next hop's name leads nowhere: %s.", note + strlen("DNS: "));
	TRY(k, "sipctl route test %s --from %s", k->l->to, k->l->from);
	return true;
}
