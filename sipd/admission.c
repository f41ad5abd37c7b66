/*
 * admission - decides statelessly whether a request is challenged.
 *
 * core.c calls it for requests outside dialogs. RFC 3261 section 22; rows 27, 41,
 * 42 and 46 of FEATURES; attacks S01, S06, S33, S34.
 */
#include "sipd/admission.h"

#include "common/daemon.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/method_rule.h"
#include "sipd/answer.h"
#include "sipd/core.h"
#include "sipd/domains.h"
#include "sipd/gateways.h"
#include "sipd/record.h"
#include "sipd/worker.h"

/* The table of methods (row 46): what is not in it never needs one. */
static bool
listed(const struct set_texts *methods, const struct sip_msg *m, bool here)
{
	bool	local = here || domain_is_local(m->ruri.host);

	for (size_t i = 0; i < methods->n; i++)
		if (method_rule_fits(str_of(methods->v[i]), m->method_text, local))
			return true;
	return false;
}

static bool
needs_credential(const struct inbound *in, bool from_local, bool here)
{
	const struct settings	*set = settings_now();
	const struct sip_msg	*m = in->m;

	if (in->gateway != NULL)
		return gateway_challenges(in->gateway);
	if (m->method != METHOD_REGISTER &&
	    nets_have(&set->trusted_networks, &in->p->from.remote))
		return false;
	if (set->authenticate_methods.n > 0)
		return listed(&set->authenticate_methods, m, here);
	switch (set->authenticate) {
	case AUTHENTICATE_NONE:
		return false;
	case AUTHENTICATE_REGISTER:
		return m->method == METHOD_REGISTER;
	case AUTHENTICATE_ALL:
		return true;
	default:
		return m->method == METHOD_REGISTER || from_local;
	}
}

/* The canonical domain of the account that is claimed, else the main one. */
static struct str
realm_of(const struct admission *a)
{
	struct str	user, domain;

	if (!a->from_local)
		return domain_main();
	aor_split(a->from_aor, &user, &domain);
	return domain_is_local(domain) && domain.len > 0 ? domain : domain_main();
}

/* Each field goes to regd as a text: bounded. */
static bool
fits(const struct rec_digest *d)
{
	const struct str	all[] = { d->username, d->realm, d->nonce, d->uri,
	    d->response, d->algorithm, d->cnonce, d->qop, d->nc, d->opaque };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].len > URI_MAX)
			return false;
	return true;
}

/* The body never goes to regd: its hash does, where the digest covers it. */
static void
hash_body(struct admission *a, struct rec_digest *d, struct str body)
{
	struct digest_hex	*hash = &a->hashes[a->ndigests];
	enum digest_algorithm	 algorithm = digest_algorithm(d->algorithm, NULL);

	if (!str_caseeq(d->qop, STR("auth-int")) || algorithm == DIGEST_NONE)
		return;
	digest_hash(algorithm, &body, 1, hash);
	d->body_hash = str_make(hash->s, hash->len);
}

/*
 * Keeps the credentials whose nonce is ours and young: a forged one costs us a
 * checksum and the sender a challenge.
 */
static void
take_digests(struct admission *a, const struct sip_msg *m, enum header id)
{
	struct auth	auth;
	struct text	scratch;
	unsigned	line = 0;
	int64_t		now = wall_ms(), issued;

	while (a->ndigests < DIGESTS_MAX) {
		text_init(&scratch, a->scratch + a->ndigests * AUTH_SCRATCH, AUTH_SCRATCH);
		if (auth_next(&auth, m, id, &line, &scratch) != 1)
			break;
		switch (nonce_check(core_nonce_keys(), auth.nonce, auth.realm, now,
		    settings_now()->nonce_life, &issued)) {
		case NONCE_GOOD:
			auth_to_record(&a->digests[a->ndigests], &auth);
			hash_body(a, &a->digests[a->ndigests], m->body);
			if (fits(&a->digests[a->ndigests]))
				a->ndigests++;
			break;
		case NONCE_OLD:
			a->stale = true;
			break;
		case NONCE_FORGED:
			break;
		}
	}
}

void
admission_look(struct admission *a, const struct inbound *in, bool answered_here)
{
	const struct sip_msg	*m = in->m;
	struct str		 user, domain;

	a->stale = false;
	a->ndigests = 0;
	a->from_aor = core_aor(in, &m->from.uri, a->aor_buf);
	aor_split(a->from_aor, &user, &domain);
	a->from_local = a->from_aor.len > 0 && domain_is_local(domain);
	a->needed = !in->urgent && needs_credential(in, a->from_local,
	    answered_here);
	if (settings_now()->advertise_digest) {
		a->realm = realm_of(a);
		a->code = answered_here ||
		    settings_now()->challenge_code == CHALLENGE_401 ? 401 : 407;
	} else {	/* row 42: nothing to challenge with (section 20.44) */
		a->realm = STR_NONE;
		a->code = 403;
	}
	take_digests(a, m, HDR_PROXY_AUTHORIZATION);
	take_digests(a, m, HDR_AUTHORIZATION);
}

bool
admission_urgent(const struct sip_msg *m)
{
	const struct set_texts	*list = &settings_now()->emergency_numbers;

	for (size_t i = 0; i < list->n; i++)
		if (m->ruri.user.len > 0 && str_eq(m->ruri.user, str_of(list->v[i])))
			return true;
	return false;
}

bool
admission_must_challenge(const struct admission *a)
{
	return a->needed && a->ndigests == 0;
}

void
admission_challenge(const struct admission *a, const struct inbound *in)
{
	char	buf[ADDR_TEXT_MAX];

	log_low("AUTH", in->call, "auth-challenge source=%s user=%s",
	    log_str(addr_print_host(&in->p->from.remote, buf)), log_str(a->from_aor));
	record_note(in->w, RECORD_DECISION, a->code, "AUTH", a->stale ?
	    STR("the nonce is too old: challenged") :
	    STR("no credential of ours: challenged"));
	answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
	    &(struct answer){ .code = a->code, .realm = a->realm, .stale = a->stale,
	    .reason = a->code == 403 ? STR_NONE : STR("Authenticate") });	/* short: S33 */
}
