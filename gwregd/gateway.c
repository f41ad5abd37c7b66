/*
 * gateway - one registration with somebody else's server.
 *
 * gwregd.c makes one for each gateway block. The states are machine.c's; this
 * file turns "send" into a SEND question for sipd, its answer into an event, and
 * keeps the small file (keep.c) so that a killed process costs the gateway no
 * REGISTER. Only answers to these questions are ever signed (S09).
 */
#include "gwregd/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/id.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/route.h"
#include "common/stats.h"
#include "common/uri.h"
#include "gwregd/keep.h"
#include "gwregd/machine.h"

#define SEND_MS		20000		/* a REGISTER's deadline */
#define LEAVE_MS	4000
#define GAP_MS		5000		/* between REGISTERs of two processes (F5) */
#define ROUNDS_MAX	3		/* challenges answered in one attempt */
#define EXPIRES_MAX_S	(7 * 86400)
#define TESTERS_MAX	4
#define SECRET_MAX	1024
#define URI_TEXT	640

struct gateway {
	struct gwregd	*g;
	char		*name;
	const struct gateway_settings *set;
	const struct gateway_settings *next;	/* after the sign-off */
	char		*secret;
	struct machine	 machine;
	struct loop_timer *timer;
	struct keep	 keep;
	uint32_t	 expires_s;	/* that we ask for */
	unsigned	 rounds;	/* challenges answered in this attempt */
	bool		 raised;	/* 423 was obeyed in this attempt */
	bool		 goes_on;	/* what is sent next belongs to it */
	bool		 asked_to_leave, was_signed;	/* the open question */
	uint64_t	 question;	/* 0: none open */
	struct mono	 asked;
	bool		 off;		/* by command */
	bool		 dying;
	int		 rtt_ms;	/* -1: not known */
	char		 server[80];
	char		 error[200];
	struct bus_ticket testers[TESTERS_MAX];
	unsigned	 ntesters;
	/* What is asked: texts of the present settings. */
	char		 aor[URI_TEXT], contact[URI_TEXT], uri[URI_TEXT];
	char		 next_hop[URI_TEXT], user[URI_TEXT];
};

/* ---- secrets ---- */

int
secret_read(const struct dirs *d, const struct gateway_settings *set, char **out)
{
	char path[4096], *text;
	size_t len;
	int error, n;

	if (set->password_file[0] == '\0')
		return -ENODATA;
	n = set->password_file[0] == '/' ?
	    snprintf(path, sizeof(path), "%s", set->password_file) :
	    snprintf(path, sizeof(path), "%s/%s", d->etc, set->password_file);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if ((error = file_read(path, SECRET_MAX, &text, &len)) < 0)
		return error;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (len == 0) {
		free(text);
		return -ENODATA;
	}
	*out = text;
	return 0;
}

void
secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

/* Reads it again; true when it has changed. What cannot be read is kept. */
static bool
secret_renew(struct gateway *w, const struct gateway_settings *set)
{
	char *now = NULL;
	bool changed;
	int error;

	if ((error = secret_read(&w->g->self->dirs, set, &now)) < 0) {
		if (error != -ENODATA)
			log_problem("GW", "gateway %s: cannot read %s: %s",
			    w->name, log_str(str_of(set->password_file)),
			    strerror(-error));
		return false;
	}
	changed = w->secret == NULL || strcmp(w->secret, now) != 0;
	secret_free(w->secret);
	w->secret = now;
	return changed;
}

/* ---- texts of the settings ---- */

static bool
has_scheme(const char *s)
{
	return str_caseprefix(str_of(s), STR("sip:")) ||
	    str_caseprefix(str_of(s), STR("sips:"));
}

/*
 * Where calls from the gateway arrive, when the settings do not say: our first
 * socket of the transport by which we reach it, else our main domain.
 */
static void
contact_guess(struct gateway *w, struct text *t)
{
	const struct settings *s = w->g->self->settings;
	enum transport wanted = TRANSPORT_UDP;
	struct uri via;
	char host[ADDR_TEXT_MAX];
	const struct listen *l;

	if (uri_parse(&via, str_of(w->next_hop)) == 0 &&
	    uri_transport(&via) != TRANSPORT_NONE)
		wanted = uri_transport(&via);
	for (size_t i = 0; i < s->listen.n; i++) {
		l = &s->listen.v[i];
		if (l->transport != wanted || addr_is_wildcard(&l->addr))
			continue;
		text_printf(t, "%.*s", STR_ARG(addr_print(&l->addr, host)));
		if (wanted != TRANSPORT_UDP)
			text_printf(t, ";transport=%s", transport_name(wanted));
		return;
	}
	text_add(t, str_of(s->domains.n > 0 ? s->domains.v[0] : "localhost"));
}

static void
texts_make(struct gateway *w)
{
	const struct gateway_settings *set = w->set;
	struct str user = str_of(set->username), rest;
	struct text t;

	(void)snprintf(w->aor, sizeof(w->aor), strchr(set->username, '@') ?
	    "sip:%s" : "sip:%s@%s", set->username, set->domain);
	(void)snprintf(w->uri, sizeof(w->uri), "sip:%s", set->domain);
	(void)snprintf(w->next_hop, sizeof(w->next_hop), "%s%s",
	    set->via[0] == '\0' || has_scheme(set->via) ? "" : "sip:",
	    set->via);
	rest = user;
	(void)str_cut(&rest, '@', &user);
	(void)snprintf(w->user, sizeof(w->user), "%.*s",
	    STR_ARG(set->auth_name[0] != '\0' ? str_of(set->auth_name) : user));
	text_init(&t, w->contact, sizeof(w->contact) - 1);
	if (set->contact[0] != '\0') {
		text_printf(&t, "%s%s", has_scheme(set->contact) ? "" : "sip:",
		    set->contact);
	} else {
		text_printf(&t, "sip:%.*s@", STR_ARG(user));
		contact_guess(w, &t);
	}
	w->contact[t.len] = '\0';
	w->expires_s = (uint32_t)(set->register_every / 1000 * 5 / 4);
}

/* What a registration depends on, as one word: not the password. */
static void
print_of(const struct gateway *w, char out[KEEP_TEXT_MAX])
{
	static const uint8_t key[16];
	char buf[URI_TEXT * 4 + 16];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%s\n%s\n%s\n%s", w->aor, w->contact, w->uri,
	    w->next_hop);
	(void)snprintf(out, KEEP_TEXT_MAX, "%016llx",
	    (unsigned long long)siphash64(key, text_str(&t)));
}

static bool
wanted(const struct gateway *w)
{
	return !w->dying && !w->off && !w->g->stopping && !w->set->disabled &&
	    w->set->username[0] != '\0' && w->set->domain[0] != '\0';
}

/* ---- the small file ---- */

static void
keep_save(struct gateway *w)
{
	const struct machine *m = &w->machine;
	int error;

	w->keep.until_ms = m->until_ms;
	w->keep.refresh_ms = m->state == ST_REGISTERED ? m->wake_ms : 0;
	print_of(w, w->keep.print);
	if ((error = keep_write(&w->keep, w->g->dir, w->name)) < 0)
		log_rate(LOG_PROBLEMS, "GW", "gateway %s: cannot write %s/%s: %s",
		    w->name, w->g->dir, w->name, strerror(-error));
}

static void
keep_begin(struct gateway *w)
{
	struct keep *k = &w->keep;

	memset(k, 0, sizeof(*k));
	id_text(k->call_id, 24);
	id_text(k->from_tag, 12);
	k->cseq = (uint32_t)(wall_ms() / 1000) & 0x3fffffff;
}

/* ---- telling ---- */

static enum gateway_state
state_of(const struct gateway *w)
{
	const struct machine *m = &w->machine;

	if (machine_registered(m, boot_ms()) && m->state != ST_LEAVING)
		return GATEWAY_REGISTERED;
	switch (m->state) {
	case ST_TRYING:
	case ST_CHALLENGED:
		return m->failures > 0 ? GATEWAY_FAILED : GATEWAY_TRYING;
	case ST_WAITING:
		return m->failures > 0 ? GATEWAY_FAILED : GATEWAY_TRYING;
	default:
		return GATEWAY_OFF;
	}
}

static const char *
reason_of(const struct gateway *w)
{
	switch (state_of(w)) {
	case GATEWAY_FAILED:
		return w->error;
	case GATEWAY_OFF:
		return w->set->disabled || w->off ? "disabled" :
		    "nothing to register";
	default:
		return "";
	}
}

static struct msg_gateway
message(struct gateway *w)
{
	return (struct msg_gateway){
		.name = str_of(w->name), .version = gwregd_version(w->g),
		.deleted = w->dying, .state = (uint8_t)state_of(w),
		.domain = str_of(w->set->domain), .channels = w->set->channels,
		.reason = str_of(reason_of(w)),
	};
}

void
gateway_publish(struct gateway *w)
{
	struct msg_gateway m = message(w);

	gwregd_count(w->g);
	if (w->g->self->feed != NULL)
		feed_publish(w->g->self->feed, MSG_GATEWAY, &m);
}

bool
gateway_emit(struct gateway *w, struct feed *f)
{
	struct msg_gateway m = message(w);

	return feed_emit(f, MSG_GATEWAY, &m);
}

static void
testers_tell(struct gateway *w)
{
	struct msg_done done = { .text = STR("registered") };
	struct msg_done each;

	if (machine_asks(&w->machine))
		return;
	for (unsigned i = 0; i < w->ntesters; i++) {
		each = done;
		if (w->machine.state == ST_REGISTERED)
			bus_answer(w->testers[i], MSG_DONE, &each);
		else
			bus_refuse(w->testers[i], ECONNREFUSED, "%s",
			    w->error[0] != '\0' ? w->error : reason_of(w));
	}
	w->ntesters = 0;
}

/* ---- asking ---- */

static void on_sent(void *arg, int error, enum msg_type type,
    const union msg *m);

static void
question_forget(struct gateway *w)
{
	if (w->question != 0)
		bus_forget(w->g->sipd, w->question);
	w->question = 0;
}

static void
do_send(void *arg, bool leave)
{
	struct gateway *w = arg;
	struct signature texts;
	struct rec_digest digest;
	char branch[32] = "z9hG4bK";
	struct msg_send m;

	question_forget(w);
	if (w->secret == NULL)
		secret_renew(w, w->set);
	if (!w->goes_on) {
		w->rounds = 0;
		w->raised = false;
	}
	id_text(branch + 7, 20);
	m = (struct msg_send){
		.method = STR("REGISTER"), .uri = str_of(w->uri),
		.next_hop = str_of(w->next_hop), .from = str_of(w->aor),
		.from_tag = str_of(w->keep.from_tag), .to = str_of(w->aor),
		.call_id = str_of(w->keep.call_id), .cseq = ++w->keep.cseq,
		.branch = str_make(branch, 27), .contact = str_of(w->contact),
		.expires_s = leave ? 0 : (int64_t)w->expires_s,
		.proxy = w->keep.sign.proxy,
	};
	w->goes_on = false;
	w->was_signed = w->keep.sign.valid && w->secret != NULL;
	if (w->was_signed) {
		sign_make(&w->keep.sign, str_of(w->user), str_of(w->secret),
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
	keep_save(w);
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

	if (uri_parse(&ours, str_of(w->contact)) == 0)
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
	return EV_TOO_BRIEF;
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

static void
attempt_failed(struct gateway *w)
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
		attempt_failed(w);
	w->goes_on = ev == EV_CHALLENGE || ev == EV_TOO_BRIEF;
	if (ev == EV_OK && !w->asked_to_leave && !was)
		log_major("GW", "gateway %s: registered %s for %lld s",
		    w->name, w->aor,
		    (long long)w->machine.granted_ms / 1000);
	machine_event(&w->machine, ev, boot_ms());
}

/* ---- the machine's owner ---- */

/* For the machine, or earlier: when a registration ends unrefreshed. */
static void
arm(struct gateway *w)
{
	const struct machine *m = &w->machine;
	int64_t now_ms = boot_ms(), at = m->wake_ms;

	if (at == 0) {
		loop_timer_stop(w->timer);
		return;
	}
	if (m->until_ms > now_ms && m->until_ms < at)
		at = m->until_ms;
	loop_timer_start(w->timer, at > now_ms ? (uint64_t)(at - now_ms) : 0, 0);
}

static void
on_timer(void *arg)
{
	struct gateway *w = arg;

	if (boot_ms() < w->machine.wake_ms) {
		gateway_publish(w);
		arm(w);
		return;
	}
	if (machine_asks(&w->machine)) {
		question_forget(w);
		(void)snprintf(w->error, sizeof(w->error), "no answer");
		attempt_failed(w);
	}
	w->goes_on = false;
	machine_event(&w->machine, EV_TIMER, boot_ms());
}

static void
do_timer(void *arg, int64_t in_ms)
{
	arm(arg);
}

static void
do_changed(void *arg)
{
	struct gateway *w = arg;

	keep_save(w);
	gateway_publish(w);
	testers_tell(w);
}

static void
settings_take(struct gateway *w, const struct gateway_settings *set)
{
	w->set = set;
	w->next = NULL;
	texts_make(w);
	secret_renew(w, set);
}

/* Signed off: away with it, on with new settings, or quiet. */
static void
do_left(void *arg)
{
	struct gateway *w = arg;

	question_forget(w);
	w->keep.sent_ms = 0;
	w->keep.sign.valid = false;
	keep_save(w);
	if (w->dying) {
		keep_remove(w->g->dir, w->name);
		map_remove(w->g->gateways, str_of(w->name));
		gateway_free(w);
		return;
	}
	if (w->next != NULL)
		settings_take(w, w->next);
	if (wanted(w))
		machine_event(&w->machine, EV_START, boot_ms());
	else
		gateway_publish(w);
}

static uint32_t
do_dice(void *arg)
{
	return (uint32_t)(id_u64() % 1000);
}

static const struct machine_owner owner = {
	do_send, do_timer, do_changed, do_left, do_dice
};

/* ---- beginning, changing, ending ---- */

static void
begin(struct gateway *w)
{
	struct keep old;
	char print[KEEP_TEXT_MAX];
	int64_t now_ms = boot_ms(), sent;

	print_of(w, print);
	if (keep_read(&old, w->g->dir, w->name) < 0 ||
	    strcmp(old.print, print) != 0) {
		if (wanted(w))
			machine_event(&w->machine, EV_START, now_ms);
		else
			gateway_publish(w);
		return;
	}
	w->keep = old;
	sent = old.sent_ms > 0 && old.sent_ms <= now_ms ? old.sent_ms + GAP_MS : 0;
	if (wanted(w) || old.until_ms > now_ms)
		machine_resume(&w->machine, old.until_ms, old.refresh_ms, sent,
		    now_ms);
	if (!wanted(w))			/* no longer, but registered */
		machine_event(&w->machine, EV_STOP, now_ms);
}

struct gateway *
gateway_new(struct gwregd *g, const struct gateway_settings *set)
{
	struct gateway *w = xcalloc(1, sizeof(*w));

	w->g = g;
	w->name = xstrdup(set->name);
	w->rtt_ms = -1;
	w->timer = loop_timer_new(g->self->loop, on_timer, w);
	keep_begin(w);
	settings_take(w, set);
	machine_init(&w->machine, &owner, w, set->register_every);
	begin(w);
	return w;
}

void
gateway_free(struct gateway *w)
{
	if (w == NULL)
		return;
	for (unsigned i = 0; i < w->ntesters; i++)
		bus_refuse(w->testers[i], ECANCELED, "gateway %s was removed",
		    w->name);
	question_forget(w);
	loop_timer_free(w->timer);
	secret_free(w->secret);
	explicit_bzero(&w->keep.sign, sizeof(w->keep.sign));
	free(w->name);
	free(w);
}

struct str
gateway_key(const void *object)
{
	return str_of(((const struct gateway *)object)->name);
}

/* Would these settings make another registration of it? */
static bool
registers_otherwise(const struct gateway *w, const struct gateway_settings *set)
{
	struct gateway then = *w;

	then.set = set;
	texts_make(&then);
	return strcmp(then.aor, w->aor) != 0 || strcmp(then.uri, w->uri) != 0 ||
	    strcmp(then.contact, w->contact) != 0 ||
	    strcmp(then.next_hop, w->next_hop) != 0 ||
	    strcmp(then.user, w->user) != 0;
}

void
gateway_configure(struct gateway *w, const struct gateway_settings *set)
{
	bool new_secret, new_period;

	w->off = false;
	if (w->machine.state == ST_LEAVING ||
	    (wanted(w) && registers_otherwise(w, set))) {
		/* First away from where it is, then do_left() goes on. */
		w->dying = false;
		w->next = set;
		machine_event(&w->machine, EV_STOP, boot_ms());
		return;
	}
	new_period = w->set->register_every != set->register_every;
	new_secret = secret_renew(w, set);
	w->set = set;
	w->machine.every_ms = set->register_every;
	texts_make(w);
	if (!wanted(w)) {
		machine_event(&w->machine, EV_STOP, boot_ms());
		return;
	}
	if (new_secret)
		w->keep.sign.valid = false;
	if (new_secret || new_period || w->machine.state == ST_OFF)
		machine_event(&w->machine, EV_START, boot_ms());
	gateway_publish(w);
}

void
gateway_remove(struct gateway *w)
{
	w->dying = true;
	gateway_publish(w);
	machine_event(&w->machine, EV_STOP, boot_ms());
}

void
gateway_leave(struct gateway *w)
{
	machine_event(&w->machine, EV_STOP, boot_ms());
}

bool
gateway_settled(const struct gateway *w)
{
	return w->machine.state == ST_OFF;
}

bool
gateway_registered(const struct gateway *w)
{
	return state_of(w) == GATEWAY_REGISTERED;
}

void
gateway_do(struct gateway *w, struct bus_ticket t, struct str action)
{
	if (str_eq(action, STR("disable"))) {
		w->off = true;
		machine_event(&w->machine, EV_STOP, boot_ms());
		bus_done(t);
	} else if (str_eq(action, STR("enable"))) {
		w->off = false;
		if (w->set->disabled)
			bus_refuse(t, EPERM, "gateway %s is disabled in the "
			    "configuration", w->name);
		else
			bus_done(t);
		if (wanted(w) && w->machine.state == ST_OFF)
			machine_event(&w->machine, EV_START, boot_ms());
	} else if (!str_eq(action, STR("test"))) {
		bus_refuse(t, EINVAL, "no such action: %s", log_str(action));
	} else if (!wanted(w)) {
		bus_refuse(t, EINVAL, "gateway %s: %s", w->name, reason_of(w));
	} else if (w->ntesters == TESTERS_MAX) {
		bus_refuse(t, EBUSY, "gateway %s is being tested", w->name);
	} else {
		w->testers[w->ntesters++] = t;
		machine_event(&w->machine, EV_START, boot_ms());
	}
}

/* ---- showing ---- */

static const char *
state_word(const struct gateway *w)
{
	switch (state_of(w)) {
	case GATEWAY_REGISTERED:
		return "registered";
	case GATEWAY_TRYING:
		return "trying";
	case GATEWAY_FAILED:
		return "failed";
	default:
		return w->set->disabled || w->off ? "disabled" : "unregistered";
	}
}

void
gateway_show(struct gateway *w, struct show *s)
{
	int64_t now_ms = boot_ms();
	char error[260];
	const struct machine *m = &w->machine;

	if (w->dying)
		return;
	show_row(s);
	show_text(s, "name", str_of(w->name));
	show_text(s, "state", str_of(state_word(w)));
	if (w->set->username[0] != '\0')
		show_text(s, "registered_as", str_of(w->aor + 4));
	else
		show_null(s, "registered_as");
	if (w->server[0] != '\0')
		show_text(s, "server", str_of(w->server));
	else
		show_null(s, "server");
	if (gateway_registered(w))
		show_number(s, "expires_s", (m->until_ms - now_ms) / 1000);
	else
		show_null(s, "expires_s");
	if (w->rtt_ms >= 0)
		show_number(s, "rtt_ms", w->rtt_ms);
	else
		show_null(s, "rtt_ms");
	show_null(s, "calls");
	show_number(s, "channels", w->set->channels);
	if (w->error[0] != '\0' && m->state == ST_WAITING)
		(void)snprintf(error, sizeof(error), "%s, next try in %lld s",
		    w->error, (long long)(m->wake_ms - now_ms + 999) / 1000);
	else
		(void)snprintf(error, sizeof(error), "%s", w->error);
	show_text(s, "last_error", str_of(error));
	show_text(s, "domain", str_of(w->set->domain));
}

void
gateway_warn(struct gateway *w, struct status_is *out)
{
	char command[300];

	if (state_of(w) != GATEWAY_FAILED || w->dying)
		return;
	(void)snprintf(command, sizeof(command), "sipctl gw show %s", w->name);
	status_warn(out, command, "gateway %s: %s", w->name, w->error);
}
