/*
 * asked - the questions of sipd and sipctl about registrations.
 *
 * REGISTER: credential (auth.c), then whose AOR it is, then what changes
 * (register.c), then the disk (journal.c), then the answer: RFC 3261 section
 * 10.3 in its order. CREDENTIAL: auth.c alone. REG_DEL: the administrator's
 * removal, as durable as the phone's.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"
#include "regd/banning.h"
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

/* ---- credentials, and their budget (S03) ---- */

/* What came of a question's digests. */
struct credential {
	struct auth_result auth;
	bool		 slowly;	/* its answer is not urgent */
};

struct claim {
	struct regd	*regd;
	struct str	 aor, source;
};

/* Has the user whom a digest claims a binding from there? */
static bool
at_home(void *arg)
{
	const struct claim *c = arg;
	const struct aor *a = bindings_find(c->regd->bindings, c->aor);
	const struct binding *b = a != NULL ? set_first(a->set) : NULL;
	char there[64], here[64];
	struct str source = guesses_source(c->source, there);

	for (; b != NULL; b = set_after(a->set, b))
		if (str_eq(guesses_source(binding_text(b, B_RECEIVED), here),
		    source))
			return true;
	return false;
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

/*
 * Who signed in, but may not: to him it looks like a wrong password, so that
 * nobody learns which of his tries was right (S01).
 */
static void
refuse_account(struct auth_result *auth, struct str source)
{
	struct peer p;

	if (account_is_off(auth->account))
		auth->reason = "no SIP service";
	else if (account_networks(auth->account).len > 0 &&
	    (peer_parse(&p, source) < 0 ||
	    !account_may_from(auth->account, &p.addr)))
		auth->reason = "not from this network";
	else
		return;
	auth->verdict = VERDICT_BAD;
	auth->account = NULL;
}

static void
judge(struct regd *r, const struct auth_question *q, struct str source,
    struct credential *out)
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
		out->auth.verdict = VERDICT_MUTE;
		out->auth.reason = "too many wrong passwords from there";
		return;
	}
	auth_judge(&r->auth, set, q, &out->auth);
	if (out->auth.verdict == VERDICT_GOOD)
		refuse_account(&out->auth, source);
	if (out->auth.verdict == VERDICT_GOOD)
		guesses_good(r->guesses, source);
	if (out->auth.wrong == 0)
		return;
	note_wrong(r, &c, &out->auth, q->boot_ms);
	out->slowly = may == GUESS_SLOWLY && out->auth.verdict == VERDICT_BAD;
}

/* ---- REGISTER ---- */

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
	bus_answer(t, MSG_REGISTERED, &m);
}

static void
refuse(struct regd *r, struct bus_ticket t, const struct auth_result *auth,
    uint64_t fingerprint, uint16_t code, const char *reason,
    uint32_t min_expires_s)
{
	struct msg_registered m = {
		.code = code, .reason = str_of(reason),
		.min_expires_s = min_expires_s,
	};

	if (auth->nonce != 0)
		nc_settle_hash(r->auth.nc, auth->nonce, fingerprint, code);
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

/*
 * The hash of everything in the question but what a repetition has anew.
 * Without credentials there is nothing to repeat safely.
 */
static uint64_t
fingerprint(struct regd *r, enum msg_type type, const void *question)
{
	buf_clear(&r->scratch);
	msg_pack(&r->scratch, type, question);
	return nc_fingerprint(r->auth.nc,
	    str_make(r->scratch.s, r->scratch.len));
}

static void
apply(struct regd *r, struct bus_ticket t, const struct msg_registration *m,
    const struct auth_result *auth, uint64_t print)
{
	const struct settings *set = r->self->settings;
	struct aor *a = bindings_find(r->bindings, m->aor);
	struct change c = {
		.done = change_done, .ticket = t, .nonce = auth->nonce,
		.fingerprint = print,
	};
	struct outcome o;

	/* What was refused is judged again, and as any other. */
	register_judge(a != NULL ? aor_newest(a) : NULL, m, set, boot_ms(),
	    wall_ms(), auth->again && auth->code == 0, &o);
	if (o.code != 200) {
		refuse(r, t, auth, print, o.code, o.reason, o.min_expires_s);
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
	    set->register_durability == DURABILITY_RELAXED, &c) < 0)
		registered(r, t, 503, "Service Unavailable", m->aor, NULL);
}

/* Steps 3 to 5: who it is, whose AOR it is. False: it was answered. */
static bool
admit(struct regd *r, struct bus_ticket t, const struct msg_registration *m,
    const struct credential *c, uint64_t print)
{
	const struct auth_result *auth = &c->auth;
	const struct account *account;
	struct str user, domain;

	if (!m->trusted && auth->verdict != VERDICT_GOOD) {
		log_low("REG", t.call, "%s from %s: %s", log_str(m->aor),
		    log_str(m->source), auth->reason);
		challenge(r, t, c);
		return false;
	}
	aor_split(m->aor, &user, &domain);
	if (!m->trusted && !str_eq(account_aor(auth->account), m->aor)) {
		refuse(r, t, auth, print, 403, "Forbidden", 0);
		return false;
	}
	if (m->aor.len >= AOR_MAX || !domain_served(r->self->settings, domain) ||
	    (account = accounts_find(r->accounts, m->aor)) == NULL) {
		refuse(r, t, auth, print, 404, "Not Found", 0);
		return false;
	}
	if (account_is_off(account)) {
		refuse(r, t, auth, print, 403, "Forbidden", 0);
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
		print = fingerprint(r, MSG_REGISTER, &same);
		judge(r, &(struct auth_question){
			.method = STR("REGISTER"), .uri = m->uri,
			.digests = m->digests.v, .ndigests = m->digests.n,
			.fingerprint = print, .wall_ms = wall_ms(),
			.boot_ms = boot_ms(),
		}, m->source, &c);
	}
	if (!admit(r, t, m, &c, print))
		return;
	/* Settled before: the same answer, with the set as it is now. */
	if (c.auth.again && c.auth.code == 200)
		registered(r, t, 200, "OK", m->aor,
		    bindings_find(r->bindings, m->aor));
	else
		apply(r, t, m, &c.auth, print);
}

/* ---- CREDENTIAL ---- */

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
	print = fingerprint(r, MSG_CREDENTIAL, &same);
	judge(r, &(struct auth_question){
		.method = m->method, .uri = m->uri,
		.digests = m->digests.v, .ndigests = m->digests.n,
		.fingerprint = print, .wall_ms = wall_ms(),
		.boot_ms = boot_ms(),
	}, m->source, &c);
	answer.verdict = (uint8_t)c.auth.verdict;
	answer.reason = str_of(c.auth.reason);
	if (c.auth.verdict == VERDICT_GOOD) {
		answer.aor = account_aor(c.auth.account);
		if (m->aor.len > 0 && !settings_may_claim(r->self->settings,
		    answer.aor, m->aor)) {
			answer.verdict = VERDICT_BAD;
			answer.reason = STR("From is another account's");
			answer.aor = STR_NONE;
		}
	}
	if (c.slowly)
		late_put(r->late, t, MSG_JUDGED, boot_ms());
	else
		bus_answer(t, MSG_JUDGED, &answer);
}

/* ---- REG_DEL ---- */

static void
removed(void *arg, struct change *c, int error)
{
	if (error < 0)
		bus_refuse(c->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else
		bus_done(c->ticket);
}

int
asked_remove_all(struct regd *r, struct aor *a, const struct change *c)
{
	return journal_change(r->journal, a, NULL, false, c);
}

/* The newest set without the contact of this URI; false: there is none such. */
static bool
without(const struct set *s, struct str contact, struct set **out)
{
	struct uri wanted, have;
	struct draft d;

	if (uri_parse(&wanted, contact) < 0)
		return false;
	draft_from(&d, s, boot_ms());
	for (uint32_t i = 0; i < d.n; i++) {
		if (uri_parse(&have, draft_text(&d.v[i], B_URI)) < 0 ||
		    !uri_equal(&wanted, &have))
			continue;
		draft_remove(&d, i);
		return set_build(out, &d) == 0;
	}
	return false;
}

static void
asked_reg_del(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_reg_del *m = &msg->reg_del;
	struct aor *a = bindings_find(r->bindings, m->aor);
	struct change c = { .done = removed, .ticket = t };
	struct set *left = NULL;

	if (a == NULL || set_live(aor_newest(a), boot_ms()) == 0) {
		bus_refuse(t, ENOENT, "%s is not registered", log_str(m->aor));
		return;
	}
	if (m->contact.len > 0 && !without(aor_newest(a), m->contact, &left)) {
		bus_refuse(t, ENOENT, "%s has no contact %s", log_str(m->aor),
		    log_str(m->contact));
		return;
	}
	if (journal_change(r->journal, a, left, false, &c) < 0)
		bus_refuse(t, EBUSY, "too many changes wait for the disk");
	else
		log_major("REG", "%s: registration removed by %s",
		    log_str(m->aor), log_str(m->by));
}

const struct bus_handler asked_handlers[] = {
	{ MSG_REGISTER, asked_register },
	{ MSG_CREDENTIAL, asked_credential },
	{ MSG_REG_DEL, asked_reg_del },
	{ 0 }
};
