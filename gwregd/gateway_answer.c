/*
 * gateway_answer - what a gateway's answer to REGISTER means.
 *
 * gateway_send.c asked; what is found out here becomes an event of the machine.
 * Challenges are answered where the configuration sends us, and where that has sent us
 * on, there only for the realm that is known (S09).
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/scan.h"
#include "common/stats.h"
#include "common/uri.h"

#define ROUNDS_MAX	3		/* challenges answered in one attempt */
#define REDIRECTS_MAX	3		/* followed in one attempt */
#define EXPIRES_MAX_S	(7 * 86400)
#define NONCE_MIN_MS	60000		/* not refreshed more often for its sake */

static void
make_printable(char *p)
{
	for (; *p != '\0'; p++)
		if ((uint8_t)*p < ' ' || *p == 0x7f)
			*p = '?';
}

void
gateway_answer_text(const struct msg_sent *m, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%u %.*s", m->code,
	    (int)(m->reason.len < 80 ? m->reason.len : 80),
	    m->reason.s != NULL ? m->reason.s : "");
	make_printable(buf);
}

static void
error_set(struct gateway *w, const struct msg_sent *m, const char *more)
{
	char answer[100];

	gateway_answer_text(m, answer, sizeof(answer));
	(void)snprintf(w->error, sizeof(w->error), "%s%s%s", answer,
	    *more != '\0' ? ": " : "", more);
	make_printable(w->error);
}

/* What our contact was granted, however the gateway has written it. */
static int64_t
granted_s(const struct gateway *w, const struct msg_sent *m)
{
	struct uri ours, theirs;

	if (uri_parse(&ours, str_of(w->id.contact)) == 0)
		for (uint32_t i = 0; i < m->contacts.n; i++)
			if (m->contacts.v[i].expires_s >= 0 &&
			    uri_parse(&theirs, m->contacts.v[i].uri) == 0 &&
			    uri_equal(&ours, &theirs))
				return m->contacts.v[i].expires_s;
	return m->expires_s >= 0 ? m->expires_s : (int64_t)w->expires_s;
}

/* RFC 3608: the Route of its calls as long as the registration lasts. */
static void
service_route_set(struct gateway *w, const struct msg_sent *m)
{
	struct text t;

	text_init(&t, w->keep.service_route, sizeof(w->keep.service_route) - 1);
	for (uint32_t i = 0; i < m->service_route.n; i++)
		text_printf(&t, "%s%.*s", i > 0 ? ", " : "",
		    STR_ARG(m->service_route.v[i].uri));
	if (t.full || scan_has_control(text_str(&t))) {
		log_rate(LOG_PROBLEMS, "GW", "gateway %s: its Service-Route is too "
		    "long and not followed", w->name);
		t.len = 0;
	}
	w->keep.service_route[t.len] = '\0';
}

static enum machine_event
granted(struct gateway *w, const struct msg_sent *m)
{
	int64_t s = granted_s(w, m);

	if (w->asked_to_leave)
		return EV_OK;
	if (s <= 0) {
		error_set(w, m, "but the contact was not registered");
		return EV_REFUSED;
	}
	if (s > EXPIRES_MAX_S)
		s = EXPIRES_MAX_S;
	w->machine.granted_ms = s * 1000;
	if (w->was_signed)
		str_copy(w->keep.realm, sizeof(w->keep.realm),
		    str_of(w->keep.sign.realm));
	w->error[0] = '\0';
	service_route_set(w, m);
	return EV_OK;
}

/* ---- challenges ---- */

/*
 * The nonce that was known has not lived until this refresh: from now on we refresh
 * sooner (row 174). Where that has no end the nonces serve once, and nothing helps.
 */
static void
nonce_ended(struct gateway *w)
{
	int64_t age_ms = w->keep.nonce_at_ms > 0 ?
	    boot_ms() - w->keep.nonce_at_ms : 0;
	struct machine *machine = &w->machine;

	if (w->rounds > 0 || age_ms <= 0 || w->keep.nonce_once)
		return;
	if (machine->nonce_ms == NONCE_MIN_MS) {
		w->keep.nonce_once = 1;
		machine->nonce_ms = 0;
	} else if (machine->nonce_ms == 0 || age_ms < machine->nonce_ms * 5 / 4)
		machine->nonce_ms = age_ms * 4 / 5 > NONCE_MIN_MS ?
		    age_ms * 4 / 5 : NONCE_MIN_MS;
	w->keep.nonce_life_ms = (uint32_t)machine->nonce_ms;
	log_low("GW", 0, "gateway %s: its nonce ended within %lld s", w->name,
	    (long long)age_ms / 1000);
}

/*
 * The configured one; else that in which it has accepted us; before there is one, any
 * that the configured address asks for.
 */
static bool
realm_may_be_answered(const struct gateway *w, struct str realm)
{
	if (w->set->realm[0] != '\0')
		return str_eq(realm, str_of(w->set->realm));
	if (w->keep.realm[0] != '\0')
		return str_eq(realm, str_of(w->keep.realm));
	return w->keep.moved[0] == '\0' || str_eq(realm, str_of(w->set->domain));
}

/* -EACCES: none of a realm that we may answer; else as sign_take(). */
static int
take(struct gateway *w, const struct msg_sent *m, bool *stale)
{
	struct rec_challenge v[SIGN_CHALLENGES_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->challenges.n && n < SIGN_CHALLENGES_MAX; i++)
		if (realm_may_be_answered(w, m->challenges.v[i].realm))
			v[n++] = m->challenges.v[i];
	if (n == 0 && m->challenges.n > 0) {
		stats->gw_realms_refused++;
		return -EACCES;
	}
	return sign_take(&w->keep.sign, v, n, stale);
}

/*
 * 401 and 407: a nonce is answered once. The second challenge in an attempt,
 * unless it calls our nonce stale, means a wrong password.
 */
static enum machine_event
challenged(struct gateway *w, const struct msg_sent *m)
{
	char nonce[SIGN_TEXT_MAX] = "", realm[SIGN_TEXT_MAX] = "", why[200];
	bool stale = false, same;
	int error;

	if (w->keep.sign.valid) {
		str_copy(nonce, sizeof(nonce), str_of(w->keep.sign.nonce));
		str_copy(realm, sizeof(realm), str_of(w->keep.sign.realm));
	}
	if (w->secret == NULL) {
		error_set(w, m, w->set->password_file[0] != '\0' ?
		    "the password file cannot be read" :
		    "it wants a password and none is configured");
		return EV_REFUSED;
	}
	if ((error = take(w, m, &stale)) < 0) {
		(void)snprintf(why, sizeof(why), error == -EACCES ?
		    "it asks for realm \"%.*s\", which \"realm\" in its settings "
		    "does not name" : "it wants an authentication that is not known",
		    m->challenges.n > 0 ? (int)m->challenges.v[0].realm.len : 0,
		    m->challenges.n > 0 ? m->challenges.v[0].realm.s : "");
		error_set(w, m, why);
		return EV_REFUSED;
	}
	same = strcmp(nonce, w->keep.sign.nonce) == 0 &&
	    strcmp(realm, w->keep.sign.realm) == 0;
	if (w->was_signed && !same)
		nonce_ended(w);
	if (!same)
		w->keep.nonce_at_ms = boot_ms();
	if (w->was_signed && !stale && (same || w->rounds > 0)) {
		w->keep.sign.valid = false;
		error_set(w, m, "wrong user name or password");
		return EV_REFUSED;
	}
	if (w->rounds >= ROUNDS_MAX) {
		w->keep.sign.valid = false;
		error_set(w, m, "it challenges again and again");
		return EV_NOBODY;
	}
	w->rounds++;
	/* The same server's: calls go on with the newer nonce. */
	if (str_eq(str_of(w->calls.realm), str_of(w->keep.sign.realm)))
		w->calls.valid = false;
	return EV_CHALLENGE;
}

static enum machine_event
too_brief(struct gateway *w, const struct msg_sent *m)
{
	if (w->raised || m->min_expires_s <= w->expires_s ||
	    m->min_expires_s > EXPIRES_MAX_S) {
		error_set(w, m, "");
		return EV_REFUSED;
	}
	w->raised = true;
	w->expires_s = m->min_expires_s;
	return EV_AGAIN;
}

/*
 * 301, 302: the best of its contacts instead, for as long as we are registered there
 * (RFC 3261 section 8.1.3.4). The identity stays the gateway's.
 */
static enum machine_event
redirected(struct gateway *w, const struct msg_sent *m)
{
	const struct rec_contact *best = NULL;
	struct uri uri;

	error_set(w, m, "");
	for (uint32_t i = 0; i < m->contacts.n; i++)
		if (uri_parse(&uri, m->contacts.v[i].uri) == 0 &&
		    (uri.scheme == URI_SIP || uri.scheme == URI_SIPS) &&
		    uri.headers.len == 0 &&
		    m->contacts.v[i].uri.len < sizeof(w->keep.moved) &&
		    (best == NULL || m->contacts.v[i].q > best->q))
			best = &m->contacts.v[i];
	if (best == NULL || w->redirects >= REDIRECTS_MAX)
		return EV_NOBODY;
	w->redirects++;
	stats->gw_redirects++;
	str_copy(w->keep.moved, sizeof(w->keep.moved), best->uri);
	log_low("GW", 0, "gateway %s: %u, now at %s", w->name, m->code,
	    w->keep.moved);
	return EV_AGAIN;
}

static enum machine_event
classify(struct gateway *w, const struct msg_sent *m)
{
	w->machine.retry_after_ms = (int64_t)m->retry_after_s * 1000;
	if (m->code >= 200 && m->code < 300)
		return granted(w, m);
	if (m->code == 401 || m->code == 407)
		return challenged(w, m);
	if (m->code == 423)
		return too_brief(w, m);
	if (m->code == 301 || m->code == 302)
		return redirected(w, m);
	error_set(w, m, "");
	if (m->code < 400 || (m->code >= 500 && m->code < 600))
		return EV_NOBODY;
	switch (m->code) {
	case 408:
	case 480:
	case 486:
	case 491:
		return EV_NOBODY;
	default:
		return EV_REFUSED;
	}
}

void
gateway_attempt_failed(struct gateway *w)
{
	if (w->asked_to_leave) {
		log_problem("GW", "gateway %s: not signed off: %s; that registration "
		    "ends by itself", w->name, w->error);
		return;
	}
	stats->gw_failures++;
	if (w->machine.failures == 0)
		log_problem("GW", "gateway %s: %s", w->name, w->error);
	else
		log_low("GW", 0, "gateway %s: %s", w->name, w->error);
}

void
gateway_answered(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct gateway *w = arg;
	enum machine_event ev;
	bool was = gateway_registered(w);

	w->question = 0;
	if (error < 0 || type != MSG_SENT) {
		(void)snprintf(w->error, sizeof(w->error), "%s%s%.*s",
		    error == -ETIMEDOUT ? "no answer" : "not sent",
		    type == MSG_REFUSED && m != NULL ? ": " : "",
		    STR_ARG(type == MSG_REFUSED && m != NULL ?
		    m->refused.text : STR_NONE));
		ev = EV_NOBODY;
	} else {
		ev = classify(w, &m->sent);
		if (m->sent.source.len > 0) {
			w->rtt_ms = (int)mono_ms_between(w->asked, mono_now());
			str_copy(w->server, sizeof(w->server), m->sent.source);
		}
	}
	if (ev == EV_REFUSED || ev == EV_NOBODY) {
		w->keep.moved[0] = '\0';	/* next time from the beginning */
		gateway_attempt_failed(w);
	}
	w->goes_on = ev == EV_CHALLENGE || ev == EV_AGAIN;
	if (ev == EV_OK && !w->asked_to_leave && !was)
		log_major("GW", "gateway %s: registered %s for %lld s",
		    w->name, w->id.aor,
		    (long long)w->machine.granted_ms / 1000);
	machine_event(&w->machine, ev, boot_ms());
}
