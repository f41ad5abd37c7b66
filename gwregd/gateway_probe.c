/*
 * gateway_probe - OPTIONS to a gateway, and what their answers say of it.
 *
 * probe.c counts. Only a gateway that is in use is probed, and while its registration
 * is in trouble that says enough: a gateway that fails is not asked twice. Probes are
 * never signed (S09); a challenge is an answer as good as any.
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"

#define PROBE_MS	10000		/* an answer's deadline */

static bool
in_use(const struct gateway *w)
{
	return !w->dying && !w->g->stopping && !w->set->disabled &&
	    w->set->domain[0] != '\0';
}

static bool
probed(const struct gateway *w)
{
	return in_use(w) && w->set->probe_every > 0 &&
	    (!gateway_wanted(w) || machine_registered(&w->machine, boot_ms()));
}

static void
take_result(struct gateway *w, bool lives)
{
	struct probing *p = &w->probing;
	bool was_down = p->probe.state == PROBE_DOWN;

	p->last_ms = boot_ms();
	stats->gw_probe_failures += !lives;
	if (w->machine.state == ST_OFF)	/* else they wait for the registration */
		gateway_testers_tell(w, lives, p->reason);
	if (!probe_result(&p->probe, lives, w->set->probe_failures,
	    w->set->probe_successes))
		return;
	if (p->probe.state == PROBE_DOWN)
		log_problem("GW", "gateway %s: down after %u probes: %s", w->name,
		    p->probe.failed, p->reason);
	else if (was_down)
		log_major("GW", "gateway %s: up again: %s", w->name, p->reason);
	gateway_publish(w);
}

static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct gateway *w = arg;
	struct probing *p = &w->probing;
	bool lives = false;

	p->question = 0;
	if (error < 0 || type != MSG_SENT) {
		(void)snprintf(p->reason, sizeof(p->reason), "%s",
		    error == -ETIMEDOUT ? "no answer" : "not sent");
	} else {
		lives = m->sent.source.len > 0 && probe_code_lives(m->sent.code);
		gateway_answer_text(&m->sent, p->reason, sizeof(p->reason));
		if (m->sent.source.len > 0) {
			w->rtt_ms = (int)mono_ms_between(p->asked, mono_now());
			str_copy(w->server, sizeof(w->server), m->sent.source);
		}
	}
	take_result(w, lives);
	if (probed(w))
		loop_timer_start(p->timer, (uint64_t)probe_wait_ms(&p->probe,
		    w->set->probe_every, (uint32_t)(id_u64() % 1000)), 0);
}

void
gateway_probe_now(struct gateway *w)
{
	struct probing *p = &w->probing;
	const struct set_texts *ours = &w->g->self->settings->domains;
	char branch[32] = "z9hG4bK", from[300];
	struct msg_send m;

	if (p->question != 0)
		return;
	(void)snprintf(from, sizeof(from), "sip:%s", ours->n > 0 ? ours->v[0] :
	    "localhost");
	id_text(branch + 7, 20);
	m = (struct msg_send){
		.method = STR("OPTIONS"), .uri = str_of(w->id.uri),
		.next_hop = str_of(w->id.next_hop), .from = str_of(from),
		.from_tag = str_of(p->from_tag), .to = str_of(w->id.uri),
		.call_id = str_of(p->call_id), .cseq = ++p->cseq,
		.branch = str_make(branch, 27), .expires_s = -1,
	};
	stats->gw_probes++;
	p->asked = mono_now();
	p->question = bus_ask(w->g->sipd, MSG_SEND, &m, PROBE_MS, on_answer, w);
}

static void
on_timer(void *arg)
{
	struct gateway *w = arg;

	if (probed(w))
		gateway_probe_now(w);
}

static void
forget(struct gateway *w)
{
	if (w->probing.question != 0)
		bus_forget(w->g->sipd, w->probing.question);
	w->probing.question = 0;
}

void
gateway_probe_look(struct gateway *w)
{
	struct probing *p = &w->probing;

	if (!probed(w)) {
		if (p->on)
			loop_timer_stop(p->timer);
		p->on = false;
		memset(&p->probe, 0, sizeof(p->probe));
	} else if (!p->on || p->every_ms != w->set->probe_every) {
		p->on = true;
		p->every_ms = w->set->probe_every;
		loop_timer_start(p->timer, (uint64_t)gwregd_slot(w->g), 0);
	}
}

void
gateway_probe_init(struct gateway *w)
{
	struct probing *p = &w->probing;

	p->timer = loop_timer_new(w->g->self->loop, on_timer, w);
	id_text(p->call_id, 24);
	id_text(p->from_tag, 12);
}

void
gateway_probe_fini(struct gateway *w)
{
	forget(w);
	loop_timer_free(w->probing.timer);
}
