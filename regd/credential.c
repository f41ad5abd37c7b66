/*
 * credential - is one of a question's digests good, and what may its account?
 *
 * asked.c has a REGISTER judged here; CREDENTIAL is answered here. auth.c knows
 * digests alone; what is around them - the budget for guessing, SIP service,
 * networks, rights - is this file's.
 */
#include "regd/credential.h"

#include "common/log.h"
#include "common/mono.h"
#include "common/notes.h"
#include "common/stats.h"
#include "common/uri.h"
#include "regd/banning.h"

/* ---- the budget (S03) ---- */

struct claim {
	struct regd	*regd;
	struct str	 aor, source;
};

/* Has the user whom a digest claims a binding from there? */
static bool
at_home(void *arg)
{
	const struct claim *c = arg;
	char buf[64];

	return aor_lives_at(bindings_find(c->regd->bindings, c->aor),
	    guesses_source(c->source, buf));
}

static void
note_wrong(struct regd *r, const struct claim *c, const struct auth_result *auth,
    int64_t now_ms)
{
	char buf[64];
	uint32_t n = 0;

	for (uint32_t i = 0; i < auth->wrong; i++)
		n = guesses_wrong(r->guesses, c->source, c->aor, auth->reason,
		    now_ms);
	banning_wrong(r, c->source, n);
	/* A filter of packaging/fail2ban reads this line. */
	log_rate(LOG_PROBLEMS, "AUTH", "auth-failed source=%s user=%s reason=\"%s\"",
	    log_str(guesses_source(c->source, buf)), log_str(c->aor),
	    auth->reason);
}

/* ---- what the account is set to ---- */

static bool
may_from(const struct user_policy *p, struct str source)
{
	struct peer peer;

	return p->v.networks.n == 0 || (peer_parse(&peer, source) == 0 &&
	    nets_have(&p->v.networks, &peer.addr));
}

static bool
takes(const struct user_policy *p, unsigned algorithm)
{
	for (size_t i = 0; i < p->v.digest_algorithms.n; i++)
		if (p->v.digest_algorithms.v[i] == algorithm)
			return true;
	return false;
}

/*
 * Who signed in, but may not: to him it looks like a wrong password, so that
 * nobody learns which of his tries was right (S01).
 */
static void
refuse_account(struct credential *c, const struct settings *set,
    struct str source)
{
	account_policy(c->auth.account, set, &c->policy);
	if (!c->policy.v.service)
		c->auth.reason = "no SIP service";
	else if (!may_from(&c->policy, source))
		c->auth.reason = "not from this network";
	else if (!takes(&c->policy, c->auth.algorithm))
		c->auth.reason = "an algorithm that the account does not take";
	else
		return;
	c->auth.verdict = VERDICT_BAD;
	c->auth.account = NULL;
}

void
credential_fini(struct credential *c)
{
	user_policy_fini(&c->policy);
}

bool
credential_allows(struct regd *r, const struct user_policy *p, struct str method,
    struct str uri)
{
	struct uri u;

	if (p->v.rights[0] == '\0')
		return true;
	return rights_allow(r->rights, str_of(p->v.rights), method,
	    uri_parse(&u, uri) == 0 && domain_served(r->self->settings, u.host));
}

void
credential_judge(struct regd *r, const struct auth_question *q,
    struct str source, struct credential *out)
{
	const struct settings *set = r->self->settings;
	struct claim c = { .regd = r, .source = source };
	char buf[AOR_MAX];
	enum guess may;

	*out = (struct credential){ .auth.verdict = VERDICT_BAD,
	    .auth.reason = "no credential" };
	if (q->ndigests == 0)
		return;
	c.aor = auth_claim(&q->digests[0], buf);
	may = guesses_may(r->guesses, source, c.aor, set->wrong_passwords_limit,
	    q->boot_ms, at_home, &c);
	if (may == GUESS_MUTE) {
		stats->auth_muted++;
		banning_wrong(r, source, guesses_unjudged(r->guesses, source));
		out->auth.verdict = VERDICT_MUTE;
		out->auth.reason = "too many wrong passwords from there";
		return;
	}
	auth_judge(&r->auth, set, q, &out->auth);
	if (out->auth.verdict == VERDICT_GOOD)
		refuse_account(out, set, source);
	if (out->auth.verdict == VERDICT_GOOD) {
		guesses_good(r->guesses, source);
		account_signed_in(r->accounts, out->auth.account, q->wall_ms);
	}
	if (out->auth.wrong == 0)
		return;
	note_wrong(r, &c, &out->auth, q->boot_ms);
	out->slowly = may == GUESS_SLOWLY && out->auth.verdict == VERDICT_BAD;
}

uint64_t
credential_print(struct regd *r, enum msg_type type, const void *question)
{
	buf_clear(&r->scratch);
	msg_pack(&r->scratch, type, question);
	return nc_fingerprint(r->auth.nc,
	    str_make(r->scratch.s, r->scratch.len));
}

/* ---- CREDENTIAL ---- */

/* The account is good; what of it and of its rights goes back. */
static void
answer_good(struct regd *r, const struct msg_credential *m,
    const struct credential *c, struct msg_judged *out)
{
	out->aor = account_aor(c->auth.account);
	out->no_pstn = !c->policy.v.pstn;
	out->dial_classes = str_of(c->policy.v.dial_classes);
	if (m->aor.len > 0 &&
	    !settings_may_claim(r->self->settings, out->aor, m->aor)) {
		stats->auth_forbidden++;
		out->verdict = VERDICT_FORBIDDEN;
		out->reason = STR("From is another account's");
		out->aor = STR_NONE;
	} else if (!credential_allows(r, &c->policy, m->method, m->uri)) {
		stats->auth_forbidden++;
		out->verdict = VERDICT_FORBIDDEN;
		out->reason = STR("the account has no right to that");
	}
}

static void
asked_credential(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_credential *m = &msg->credential;
	struct msg_credential same = *m;
	struct msg_judged answer = { 0 };
	struct credential c;
	uint64_t print;

	same.id = 0;
	same.deadline_ms = 0;
	print = credential_print(r, MSG_CREDENTIAL, &same);
	credential_judge(r, &(struct auth_question){
		.method = m->method, .uri = m->uri,
		.digests = m->digests.v, .ndigests = m->digests.n,
		.fingerprint = print, .wall_ms = wall_ms(),
		.boot_ms = boot_ms(),
	}, m->source, &c);
	answer.verdict = (uint8_t)c.auth.verdict;
	answer.reason = str_of(c.auth.reason);
	if (c.auth.verdict == VERDICT_GOOD)
		answer_good(r, m, &c, &answer);
	note(answer.verdict == VERDICT_GOOD ? 200 : 0, t.call, loop_now(r->self->loop), "AUTH",
	    STR("credential of "), answer.aor.len > 0 ? answer.aor : m->aor, STR(": "),
	    c.auth.verdict == VERDICT_GOOD && answer.reason.len == 0 ? STR("good") :
	    answer.reason);
	if (c.slowly)
		late_put(r->late, t, MSG_JUDGED, boot_ms());
	else
		bus_answer(t, MSG_JUDGED, &answer);
	credential_fini(&c);
}

const struct bus_handler credential_handlers[] = {
	{ MSG_CREDENTIAL, asked_credential },
	{ 0 }
};
