/*
 * register - a REGISTER on its way to regd and back.
 *
 * core.c calls register_begin() once admission found a credential worth
 * judging. What may change, and what the set is then, is regd's to say (RFC
 * 3261 section 10.3); registration.c reads the request, the answer is written
 * here.
 */
#include "sipd/register.h"

#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/closed.h"
#include "sipd/core.h"
#include "sipd/merged.h"
#include "sipd/meters.h"
#include "sipd/record.h"
#include "sipd/registration.h"
#include "sipd/replica.h"
#include "sipd/reply.h"
#include "sipd/worker.h"

#define DEADLINE_MS	8000
#define ACCESS_MS	3000
#define RETRY_S		5
#define T1_FACTOR	64

/* A REGISTER that regd was asked about. */
struct registering {
	struct worker	*w;
	struct txn	*txn;		/* NULL: it has ended */
	uint16_t	 challenge;	/* 401 or 407 */
	bool		 outbound;	/* it makes a flow of RFC 5626 */
	struct buf	 question;	/* packed, while routed is asked whose To it is */
	size_t		 realm_len;
	size_t		 head_len;
	size_t		 paths_len;
	char		 text[];	/* realm, head of the answer, Path lines */
};

static void
on_ended(void *arg, struct txn *t)
{
	struct registering	*r = arg;

	r->txn = NULL;		/* regd's answer frees r */
}

static const struct txn_user user = { .ended = on_ended };

/* ---- the answer ------------------------------------------------------------- */

struct writing {
	const struct msg_registered	*got;
	struct str			 paths;
	bool				 outbound;
};

/* RFC 3608 section 6.3: the same for every contact, also when there is none left. */
static void
write_service_route(struct text *t)
{
	const struct set_texts	*route = &settings_now()->service_route;

	for (size_t i = 0; i < route->n; i++)
		reply_header(t, STR("Service-Route"), str_of(route->v[i]));
}

/* RFC 5626 section 6: how often the phone should show that it is still there. */
static void
write_outbound(struct text *t)
{
	int64_t	every_ms = settings_now()->flow_timer;

	reply_header(t, STR("Require"), STR("outbound"));
	if (every_ms == 0)
		return;
	text_add(t, STR("Flow-Timer: "));
	text_u64(t, (uint64_t)every_ms / 1000);
	text_add(t, STR("\r\n"));
}

static void
write_bindings(struct text *t, void *arg)
{
	const struct writing		*w = arg;
	const struct msg_registered	*r = w->got;

	for (uint32_t i = 0; i < r->bindings.n; i++) {
		const struct rec_binding *b = &r->bindings.v[i];

		if (b->fixed)		/* is not the phone's to know */
			continue;
		text_add(t, STR("Contact: <"));
		text_add(t, b->uri);
		text_ch(t, '>');
		if (b->params.len > 0) {
			text_ch(t, ';');
			text_add(t, b->params);
		}
		if (b->instance.len > 0)
			text_printf(t, ";+sip.instance=\"%.*s\"", STR_ARG(b->instance));
		if (b->reg_id != 0)
			text_printf(t, ";reg-id=%u", b->reg_id);
		if (b->q != 1000)
			text_printf(t, ";q=0.%03u", b->q);
		text_add(t, STR(";expires="));
		text_u64(t, (b->expires_ms + 999) / 1000);
		text_add(t, STR("\r\n"));
	}
	text_add(t, w->paths);		/* RFC 3327 section 5.3 */
	write_service_route(t);
	if (w->outbound)
		write_outbound(t);
	reply_date(t, wall_ms());
}

static struct str
kept_head(const struct registering *r)
{
	return str_make(r->text + r->realm_len, r->head_len);
}

/* Returns the code that it was answered with. */
static uint16_t
answer_registered(struct registering *r, const struct msg_registered *got)
{
	struct answer	a = { .code = got->code, .reason = got->reason };
	struct writing	w = { got, str_make(r->text + r->realm_len + r->head_len,
			    r->paths_len), r->outbound };

	switch (got->code) {
	case 200:
		replica_apply(got->aor, got->version, got->bindings.v,
		    got->bindings.n, loop_now(r->w->loop));
		a.more = write_bindings;
		a.arg = &w;
		break;
	case 401:
		a.code = r->challenge;
		a.realm = str_make(r->text, r->realm_len);
		a.stale = got->stale;
		break;
	case 423:
		a.min_expires_s = got->min_expires_s;
		break;
	case 503:
		a.retry_after_s = RETRY_S;
		break;
	default:
		break;
	}
	if (a.code == 200)
		meter_time(r->w, METER_REGISTRATION, mono_ms_between(txn_began(r->txn),
		    loop_now(r->w->loop)));
	answer_send_kept(r->w, r->txn, kept_head(r), &a);
	return a.code;
}

static void
registering_free(struct registering *r)
{
	txn_forget(r->txn);
	buf_fini(&r->question);
	free(r);
}

static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct registering	*r = arg;
	struct answer		 busy = { .code = 503, .retry_after_s = RETRY_S };
	uint16_t		 code = 503;

	if (r->txn != NULL) {
		record_as(r->w, txn_call(r->txn), false);
		record_registered(r->w, error,
		    type == MSG_REGISTERED ? &m->registered : NULL);
		if (error == 0 && type == MSG_REGISTERED &&
		    m->registered.code == 0) {
			code = r->challenge;
			txn_abandon(r->txn);
		} else if (error == 0 && type == MSG_REGISTERED)
			code = answer_registered(r, &m->registered);
		else {
			log_rate(LOG_PROBLEMS, "REG", "regd gave no answer: 503");
			answer_send_kept(r->w, r->txn, kept_head(r), &busy);
		}
		record_result(r->w, code, STR("REGISTER"));
		record_end(r->w);
	}
	registering_free(r);
}

static struct registering *
registering_new(const struct inbound *in, const struct admission *a)
{
	struct text		 head;
	struct registering	*r;
	size_t			 head_len;
	txn_key			 key = txn_server_key(in->m, in->m->method_text);

	text_init(&head, in->w->out, MESSAGE_MAX);
	text_add(&head, a->realm);
	answer_keep(&head, in->m, &in->p->from.remote);
	head_len = head.len - a->realm.len;
	reply_copy(&head, in->m, HDR_PATH);
	r = xcalloc(1, sizeof(*r) + head.len);
	r->w = in->w;
	r->challenge = a->code;
	r->realm_len = a->realm.len;
	r->head_len = head_len;
	r->paths_len = head.len - a->realm.len - head_len;
	memcpy(r->text, head.s, head.len);
	r->txn = txn_server_new(in->w->core->txns, key, false, &in->back, &user, r);
	if (r->txn != NULL)
		txn_brief(r->txn);	/* regd knows a repetition by itself */
	return r;
}

/*
 * Who signs in as anna and registers 201 uses another name of hers, or somebody
 * else's: routed knows (rows 44, 81).
 */
static bool
other_name(const struct msg_registration *q)
{
	struct str	name, domain, named;
	ptrdiff_t	at;

	if (q->digests.n == 0)
		return false;
	named = q->digests.v[0].username;
	if ((at = str_chr(named, '@')) >= 0)
		named.len = (size_t)at;
	aor_split(q->aor, &name, &domain);
	return !str_caseeq(name, named);
}

/* Whatever routed says, or fails to say, regd judges: nobody's is refused there. */
static void
on_access(void *arg, int error, enum msg_type type, const union msg *m)
{
	static _Thread_local union msg	 kept;
	struct registering		*r = arg;
	struct unpack			 u;

	unpack_init(&u, r->question.s, r->question.len);
	if (r->txn == NULL || msg_unpack_inner(&u, &kept) != MSG_REGISTER) {
		registering_free(r);
		return;
	}
	if (error == 0 && type == MSG_ACCESS_IS && m->access_is.aor.len > 0)
		kept.registration.aor = m->access_is.aor;
	bus_ask(r->w->regd, MSG_REGISTER, &kept.registration, DEADLINE_MS,
	    on_answer, r);
}

void
register_begin(const struct inbound *in, const struct admission *adm)
{
	struct registration	 a;
	struct registering	*r;
	struct answer		 no;

	if (merged_came_before(in->w->core->merged, in->m,
	    txn_server_key(in->m, in->m->method_text), loop_now(in->w->loop),
	    T1_FACTOR * settings_now()->t1)) {
		stats->merged++;
		answer_plain(in, 482, STR("Merged Request"));
		return;
	}
	closed_no_more(&in->p->from);
	if (!registration_read(&a, in, adm, &no)) {
		answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote, &no);
		return;
	}
	r = registering_new(in, adm);
	r->outbound = a.outbound;
	if (r->txn == NULL) {
		registering_free(r);
		answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
		    &(struct answer){ .code = 503, .retry_after_s = RETRY_S });
		return;
	}
	if (other_name(&a.q)) {
		msg_pack(&r->question, MSG_REGISTER, &a.q);
		bus_ask(in->w->routed, MSG_ACCESS, &(struct msg_access){
		    .call = in->call, .uri = in->m->to.uri.text }, ACCESS_MS,
		    on_access, r);
	} else
		bus_ask(in->w->regd, MSG_REGISTER, &a.q, DEADLINE_MS, on_answer, r);
}
