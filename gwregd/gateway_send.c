/*
 * gateway_send - a gateway's REGISTER as a SEND question for sipd, and what its
 * answer means.
 *
 * The machine says when. Only answers to these questions are ever signed (S09).
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"

#define SEND_MS		20000		/* a REGISTER's deadline */
#define LEAVE_MS	4000
#define ROUNDS_MAX	3		/* challenges answered in one attempt */
#define EXPIRES_MAX_S	(7 * 86400)

static void on_sent(void *arg, int error, enum msg_type type,
    const union msg *m);

void
gateway_question_forget(struct gateway *w)
{
	if (w->question != 0)
		bus_forget(w->g->sipd, w->question);
	w->question = 0;
}

void
gateway_send(void *arg, bool leave)
{
	struct gateway *w = arg;
	struct signature texts;
	struct rec_digest digest;
	char branch[32] = "z9hG4bK";
	struct msg_send m;

	gateway_question_forget(w);
	if (w->secret == NULL)
		gateway_secret_renew(w, w->set);
	if (!w->goes_on) {
		w->rounds = 0;
		w->raised = false;
	}
	id_text(branch + 7, 20);
	m = (struct msg_send){
		.method = STR("REGISTER"), .uri = str_of(w->id.uri),
		.next_hop = str_of(w->id.next_hop), .from = str_of(w->id.aor),
		.from_tag = str_of(w->keep.from_tag), .to = str_of(w->id.aor),
		.call_id = str_of(w->keep.call_id), .cseq = ++w->keep.cseq,
		.branch = str_make(branch, 27), .contact = str_of(w->id.contact),
		.expires_s = leave ? 0 : (int64_t)w->expires_s,
		.proxy = w->keep.sign.proxy,
	};
	w->goes_on = false;
	w->was_signed = w->keep.sign.valid && w->secret != NULL;
	if (w->was_signed) {
		sign_make(&w->keep.sign, str_of(w->id.user), str_of(w->secret),
		    m.method, m.uri, &texts, &digest);
		m.digests.v = &digest;
		m.digests.n = 1;
	}
	stats->gw_registers++;
	w->asked_to_leave = leave;
	w->asked = mono_now();
	w->question = bus_ask(w->g->sipd, MSG_SEND, &m,
	    leave ? LEAVE_MS : SEND_MS, on_sent, w);
	w->keep.sent_ms = boot_ms();
	gateway_save(w);
}

/* ---- answers ---- */

static void
error_set(struct gateway *w, const struct msg_sent *m, const char *more)
{
	(void)snprintf(w->error, sizeof(w->error), "%u %.*s%s%s", m->code,
	    (int)(m->reason.len < 80 ? m->reason.len : 80), m->reason.s != NULL ?
	    m->reason.s : "", *more != '\0' ? ": " : "", more);
	for (char *p = w->error; *p != '\0'; p++)
		if ((uint8_t)*p < ' ' || *p == 0x7f)
			*p = '?';
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
	w->error[0] = '\0';
	return EV_OK;
}

/*
 * 401 and 407: a nonce is answered once. The second challenge in an attempt,
 * unless it calls our nonce stale, means a wrong password.
 */
static enum machine_event
challenged(struct gateway *w, const struct msg_sent *m)
{
	char before[SIGN_TEXT_MAX];
	bool stale = false, same;

	str_copy(before, sizeof(before), str_of(w->keep.sign.valid ?
	    w->keep.sign.nonce : ""));
	if (w->secret == NULL) {
		error_set(w, m, w->set->password_file[0] != '\0' ?
		    "the password file cannot be read" :
		    "it wants a password and none is configured");
		return EV_REFUSED;
	}
	if (sign_take(&w->keep.sign, m->challenges.v, m->challenges.n,
	    &stale) < 0) {
		error_set(w, m, "it wants an authentication that is not known");
		return EV_REFUSED;
	}
	same = strcmp(before, w->keep.sign.nonce) == 0;
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
	if (w->asked_to_leave)
		return;
	stats->gw_failures++;
	if (w->machine.failures == 0)
		log_problem("GW", "gateway %s: %s", w->name, w->error);
	else
		log_low("GW", 0, "gateway %s: %s", w->name, w->error);
}

static void
on_sent(void *arg, int error, enum msg_type type, const union msg *m)
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
	if (ev == EV_REFUSED || ev == EV_NOBODY)
		gateway_attempt_failed(w);
	w->goes_on = ev == EV_CHALLENGE || ev == EV_AGAIN;
	if (ev == EV_OK && !w->asked_to_leave && !was)
		log_major("GW", "gateway %s: registered %s for %lld s",
		    w->name, w->id.aor,
		    (long long)w->machine.granted_ms / 1000);
	machine_event(&w->machine, ev, boot_ms());
}
