/*
 * gateway - one registration with somebody else's server.
 *
 * gwregd.c makes one for each gateway block. When something is to be sent is
 * machine.c's, what is sent gateway_send.c's; here are its beginning and end, the
 * changes of its settings, and the small file (keep.c) by which a killed
 * process costs the gateway no REGISTER.
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mono.h"
#include "common/notes.h"
#include "gwregd/secret.h"

#define GAP_MS		5000		/* between REGISTERs of two processes (F5) */

/* What cannot be read is kept. */
bool
gateway_secret_renew(struct gateway *w, const struct gateway_settings *set)
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

bool
gateway_wanted(const struct gateway *w)
{
	return gateway_registers(w) && !w->g->stopping && w->set->domain[0] != '\0';
}

/* ---- the small file ---- */

void
gateway_save(struct gateway *w)
{
	static const uint8_t key[16];
	const struct machine *m = &w->machine;
	struct keep ahead;
	uint64_t print;
	int error;

	w->keep.until_ms = m->until_ms;
	w->keep.refresh_ms = m->state == ST_REGISTERED ? m->wake_ms : 0;
	w->keep.wake_ms = machine_backs_off(m) ? m->wake_ms : 0;
	w->keep.failures = m->failures;
	w->keep.refused = m->state == ST_REFUSED;
	str_copy(w->keep.error, sizeof(w->keep.error), str_of(w->error));
	identity_print(&w->id, w->keep.print);
	ahead = w->keep;
	ahead.sign.nc |= KEEP_NC_STEP - 1;	/* calls use it meanwhile */
	print = siphash64(key, str_make((const char *)&ahead, sizeof(ahead)));
	if (print == w->saved) {
		explicit_bzero(&ahead.sign, sizeof(ahead.sign));
		return;
	}
	error = keep_write(&ahead, w->g->dir, w->name);
	w->saved = error < 0 ? 0 : print;
	explicit_bzero(&ahead.sign, sizeof(ahead.sign));
	if (error < 0)
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
		gateway_question_forget(w);
		(void)snprintf(w->error, sizeof(w->error), "no answer");
		gateway_attempt_failed(w);
	}
	w->goes_on = false;
	machine_event(&w->machine, EV_TIMER, boot_ms());
}

static void
do_timer(void *arg, int64_t in_ms)
{
	arm(arg);
}

void
gateway_testers_tell(struct gateway *w, bool good, const char *text)
{
	struct msg_done done;

	for (unsigned i = 0; i < w->ntesters; i++) {
		if (!good) {
			bus_refuse(w->testers[i], ECONNREFUSED, "%s", text);
			continue;
		}
		done = (struct msg_done){ .text = str_of(text) };
		bus_answer(w->testers[i], MSG_DONE, &done);
	}
	w->ntesters = 0;
}

/* The registration that they wait for has ended, one way or the other. */
static void
testers_look(struct gateway *w)
{
	if (machine_asks(&w->machine) ||
	    (w->machine.state == ST_OFF && w->probing.question != 0))
		return;
	if (w->machine.state == ST_REGISTERED)
		gateway_testers_tell(w, true, "registered");
	else
		gateway_testers_tell(w, false, w->error[0] != '\0' ? w->error :
		    gateway_reason(w));
}

static void
do_changed(void *arg)
{
	struct gateway *w = arg;

	note(0, id_call(str_of(w->keep.call_id)),
	    loop_now(w->g->self->loop), "GW", STR("gateway "), str_of(w->name), STR(" is "),
	    str_of(machine_state_name(w->machine.state)), w->error[0] != '\0' ? STR(": ") :
	    STR(""), str_of(w->error));
	gateway_save(w);
	gateway_publish(w);
	gateway_probe_look(w);
	testers_look(w);
}

static void
settings_take(struct gateway *w, const struct gateway_settings *set)
{
	w->set = set;
	w->next = NULL;
	memset(&w->calls, 0, sizeof(w->calls));
	identity_make(&w->id, set, w->g->self->settings);
	w->expires_s = (uint32_t)(set->register_every / 1000 * 5 / 4);
	gateway_secret_renew(w, set);
}

/* Signed off: away with it, on with new settings, or quiet. */
static void
do_left(void *arg)
{
	struct gateway *w = arg;

	gateway_question_forget(w);
	w->keep.sent_ms = 0;
	w->keep.sign.valid = false;
	w->keep.moved[0] = w->keep.service_route[0] = '\0';
	gateway_save(w);
	if (w->dying) {
		keep_remove(w->g->dir, w->name);
		map_remove(w->g->gateways, str_of(w->name));
		gateway_free(w);
		return;
	}
	if (w->next != NULL) {
		memset(&w->keep.sign, 0, sizeof(w->keep.sign));
		w->keep.realm[0] = '\0';
		settings_take(w, w->next);
	}
	if (gateway_wanted(w))
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
	gateway_send, do_timer, do_changed, do_left, do_dice
};

/* ---- beginning, changing, ending ---- */

static void
begin(struct gateway *w)
{
	struct keep old;
	char print[KEEP_TEXT_MAX];
	int64_t now_ms = boot_ms(), sent, slot;

	identity_print(&w->id, print);
	if (keep_read(&old, w->g->dir, w->name) < 0 ||
	    strcmp(old.print, print) != 0) {
		if (gateway_wanted(w))
			machine_resume(&w->machine, 0, 0,
			    now_ms + gwregd_slot(w->g), false, now_ms);
		else
			gateway_publish(w);
		return;
	}
	w->keep = old;
	w->machine.nonce_ms = old.nonce_life_ms;
	w->machine.failures = old.failures;
	str_copy(w->error, sizeof(w->error), str_of(old.error));
	sent = old.sent_ms > 0 && old.sent_ms <= now_ms ? old.sent_ms + GAP_MS : 0;
	if (old.refresh_ms <= now_ms && gateway_wanted(w)) {
		slot = now_ms + gwregd_slot(w->g);
		sent = sent > slot ? sent : slot;
		sent = sent > old.wake_ms ? sent : old.wake_ms;
	}
	if (gateway_wanted(w) || old.until_ms > now_ms)
		machine_resume(&w->machine, old.until_ms, old.refresh_ms, sent,
		    old.refused, now_ms);
	if (!gateway_wanted(w))			/* no longer, but registered */
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
	gateway_probe_init(w);
	keep_begin(w);
	settings_take(w, set);
	machine_init(&w->machine, &owner, w, set->register_every);
	begin(w);
	gateway_probe_look(w);
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
	gateway_uncount(w);
	gateway_question_forget(w);
	gateway_probe_fini(w);
	loop_timer_free(w->timer);
	secret_free(w->secret);
	explicit_bzero(&w->keep.sign, sizeof(w->keep.sign));
	explicit_bzero(&w->calls, sizeof(w->calls));
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
	struct identity then;

	identity_make(&then, set, w->g->self->settings);
	return !identity_equal(&then, &w->id);
}

void
gateway_configure(struct gateway *w, const struct gateway_settings *set)
{
	bool new_secret, new_period;

	if (w->machine.state == ST_LEAVING ||
	    (gateway_wanted(w) && registers_otherwise(w, set))) {
		/* First away from where it is, then do_left() goes on. */
		w->dying = false;
		w->next = set;
		machine_event(&w->machine, EV_STOP, boot_ms());
		return;
	}
	new_period = w->set->register_every != set->register_every;
	new_secret = gateway_secret_renew(w, set);
	w->set = set;
	w->machine.every_ms = set->register_every;
	identity_make(&w->id, set, w->g->self->settings);
	w->expires_s = (uint32_t)(set->register_every / 1000 * 5 / 4);
	gateway_probe_look(w);
	if (!gateway_wanted(w)) {
		machine_event(&w->machine, EV_STOP, boot_ms());
		return;
	}
	if (new_secret) {
		w->keep.sign.valid = w->calls.valid = false;
		w->keep.realm[0] = '\0';
	}
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

void
gateway_do(struct gateway *w, struct bus_ticket t, struct str action)
{
	if (!str_eq(action, STR("test"))) {
		bus_refuse(t, EINVAL, "no such action: %s", log_str(action));
	} else if (w->set->disabled) {
		bus_refuse(t, EINVAL, "gateway %s: %s", w->name, gateway_reason(w));
	} else if (w->ntesters == TESTERS_MAX) {
		bus_refuse(t, EBUSY, "gateway %s is being tested", w->name);
	} else {
		w->testers[w->ntesters++] = t;
		if (gateway_wanted(w))
			machine_event(&w->machine, EV_START, boot_ms());
		else
			gateway_probe_now(w);
	}
}
