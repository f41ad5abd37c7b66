/*
 * asked - REGISTER, from the question to the durable answer.
 *
 * Credential (credential.c), then whose AOR it is, then what changes (register.c),
 * then the disk (journal.c), then the answer: RFC 3261 section 10.3 in its order.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/notes.h"
#include "common/stats.h"
#include "common/uri.h"
#include "regd/credential.h"
#include "regd/publish.h"
#include "regd/regd.h"
#include "regd/register.h"

bool
domain_served(const struct settings *set, struct str domain)
{
	for (size_t i = 0; i < set->domains.n; i++)
		if (str_caseeq(str_of(set->domains.v[i]), domain))
			return true;
	return false;
}

/* ---- REGISTER ---- */

/* What was decided, beside what sipd was told: for the flight recorder. */
static void
tell(const struct regd *r, struct bus_ticket t, uint16_t code, struct str aor,
    const char *what, uint32_t contacts)
{
	char buf[32];
	struct text n;

	text_init(&n, buf, sizeof(buf));
	text_u64(&n, contacts);
	if (code == 200)
		note(code, t.call, loop_now(r->self->loop), "REG",
		    STR("REGISTER of "), aor, STR(": "), str_of(what),
		    STR(", contacts "), text_str(&n));
	else
		note(code, t.call, loop_now(r->self->loop), "REG",
		    STR("REGISTER of "), aor, STR(" not carried out: "), str_of(what));
}

static void
registered(struct regd *r, struct bus_ticket t, uint16_t code,
    const char *reason, struct str aor, const struct aor *a)
{
	struct msg_registered m = {
		.code = code, .reason = str_of(reason), .aor = aor,
	};

	if (code == 200) {
		stats->registers_ok++;
		if (a != NULL) {
			m.version = a->version;
			m.bindings.packed = publish_packed(r, a, &m.bindings.n);
		}
	}
	tell(r, t, code, aor, code == 200 ? "done" : reason, m.bindings.n);
	bus_answer(t, MSG_REGISTERED, &m);
}

static void
refuse(struct regd *r, struct bus_ticket t, struct str aor,
    const struct auth_result *auth, uint64_t fingerprint, uint16_t code,
    const char *reason, uint32_t min_expires_s)
{
	struct msg_registered m = {
		.code = code, .reason = str_of(reason),
		.min_expires_s = min_expires_s,
	};

	if (auth->nonce != 0)
		nc_settle_hash(r->auth.nc, auth->nonce, fingerprint, code);
	tell(r, t, code, aor, reason, 0);
	bus_answer(t, MSG_REGISTERED, &m);
}

/* Who is not judged gets no answer: code 0. */
static void
challenge(struct regd *r, struct bus_ticket t, const struct credential *c)
{
	struct msg_registered m = {
		.code = c->auth.verdict == VERDICT_MUTE ? 0 : 401,
		.reason = STR("Unauthorized"),
		.stale = c->auth.verdict == VERDICT_STALE,
	};

	if (c->slowly)
		late_put(r->late, t, MSG_REGISTERED, boot_ms());
	else
		bus_answer(t, MSG_REGISTERED, &m);
}

/* The commit is durable, or it failed and nothing has changed. */
static void
change_done(void *arg, struct change *c, int error)
{
	struct regd *r = arg;

	if (error < 0) {
		registered(r, c->ticket, 503, "Service Unavailable",
		    aor_text(c->aor), NULL);
		return;
	}
	if (c->nonce != 0)
		nc_settle_hash(r->auth.nc, c->nonce, c->fingerprint, 200);
	registered(r, c->ticket, 200, "OK", aor_text(c->aor), c->aor);
}

static void
apply(struct regd *r, struct bus_ticket t, const struct msg_registration *m,
    const struct credential *by, uint64_t print)
{
	const struct auth_result *auth = &by->auth;
	struct aor *a = bindings_find(r->bindings, m->aor);
	struct change c = {
		.done = change_done, .ticket = t, .nonce = auth->nonce,
		.fingerprint = print,
	};
	struct outcome o;

	/* What was refused is judged again, and as any other. */
	register_judge(a != NULL ? aor_newest(a) : NULL, m, &by->policy.v, boot_ms(),
	    wall_ms(), auth->again && auth->code == 0, &o);
	if (o.code != 200) {
		refuse(r, t, m->aor, auth, print, o.code, o.reason, o.min_expires_s);
		return;
	}
	if (!o.changed) {
		if (auth->nonce != 0)
			nc_settle_hash(r->auth.nc, auth->nonce, print, 200);
		registered(r, t, 200, "OK", m->aor, a);
		return;
	}
	if (a == NULL)
		a = bindings_get(r->bindings, m->aor);
	if (journal_change(r->journal, a, o.set,
	    r->self->settings->register_durability == DURABILITY_RELAXED, &c) < 0)
		registered(r, t, 503, "Service Unavailable", m->aor, NULL);
}

/* Steps 3 to 5: who it is, whose AOR it is. False: it was answered. */
static bool
admit(struct regd *r, struct bus_ticket t, const struct msg_registration *m,
    struct credential *c, uint64_t print)
{
	const struct auth_result *auth = &c->auth;
	const struct account *account;
	struct str user, domain;

	if (!m->trusted && auth->verdict != VERDICT_GOOD) {
		if (raised_some())
			raised_look_aor(t.call, m->aor);
		log_low("REG", t.call, "%s from %s: %s", log_str(m->aor),
		    log_str(m->source), auth->reason);
		tell(r, t, 401, m->aor, auth->reason, 0);
		challenge(r, t, c);
		return false;
	}
	aor_split(m->aor, &user, &domain);
	if (!m->trusted && !str_eq(account_aor(auth->account), m->aor)) {
		refuse(r, t, m->aor, auth, print, 403, "Forbidden", 0);
		return false;
	}
	if (m->aor.len >= AOR_MAX || !domain_served(r->self->settings, domain) ||
	    (account = accounts_find(r->accounts, m->aor)) == NULL) {
		refuse(r, t, m->aor, auth, print, 404, "Not Found", 0);
		return false;
	}
	if (m->trusted)
		account_policy(account, r->self->settings, &c->policy);
	if (!c->policy.v.service || (!m->trusted &&
	    !credential_allows(r, &c->policy, STR("REGISTER"), m->uri))) {
		stats->auth_forbidden++;
		refuse(r, t, m->aor, auth, print, 403, "Forbidden", 0);
		return false;
	}
	return true;
}

static void
asked_register(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_registration *m = &msg->registration;
	struct msg_registration same = *m;
	struct credential c = { 0 };
	uint64_t print = 0;

	stats->registers++;
	if (!m->trusted) {
		same.id = 0;
		same.deadline_ms = 0;
		print = credential_print(r, MSG_REGISTER, &same);
		credential_judge(r, &(struct auth_question){
			.method = STR("REGISTER"), .uri = m->uri,
			.digests = m->digests.v, .ndigests = m->digests.n,
			.fingerprint = print, .wall_ms = wall_ms(),
			.boot_ms = boot_ms(),
		}, m->source, &c);
	}
	if (!admit(r, t, m, &c, print))
		;			/* it was answered */
	else if (c.auth.again && c.auth.code == 200)
		/* Settled before: the same answer, with the set as it is now. */
		registered(r, t, 200, "OK", m->aor,
		    bindings_find(r->bindings, m->aor));
	else
		apply(r, t, m, &c, print);
	credential_fini(&c);
}

const struct bus_handler asked_handlers[] = {
	{ MSG_REGISTER, asked_register },
	{ 0 }
};
