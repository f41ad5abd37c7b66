/*
 * gateway_send - a gateway's REGISTER as a SEND question for sipd.
 *
 * The machine says when; gateway_answer.c says what the answer means.
 */
#include "gwregd/gateway_internal.h"

#include "common/id.h"
#include "common/mono.h"
#include "common/stats.h"

#define SEND_MS		20000		/* a REGISTER's deadline */
#define LEAVE_MS	4000

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
	bool moved = w->keep.moved[0] != '\0';
	struct msg_send m;

	gateway_question_forget(w);
	if (w->secret == NULL)
		gateway_secret_renew(w, w->set);
	if (!w->goes_on) {
		w->rounds = w->redirects = 0;
		w->raised = false;
	}
	id_text(branch + 7, 20);
	m = (struct msg_send){
		.method = STR("REGISTER"),
		.uri = str_of(moved ? w->keep.moved : w->id.uri),
		.next_hop = moved ? STR_NONE : str_of(w->id.next_hop),
		.from = str_of(w->id.aor),
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
	    leave ? LEAVE_MS : SEND_MS, gateway_answered, w);
	w->keep.sent_ms = boot_ms();
	gateway_save(w);
}
