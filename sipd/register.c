/*
 * register - a REGISTER on its way to regd and back.
 *
 * core.c calls register_begin() once admission found a credential worth
 * judging. What may change, and what the set is then, is regd's to say (RFC
 * 3261 section 10.3); the text of both messages is ours.
 */
#include "sipd/register.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/answer.h"
#include "sipd/core.h"
#include "sipd/record.h"
#include "sipd/replica.h"
#include "sipd/reply.h"
#include "sipd/worker.h"

#define DEADLINE_MS	8000
#define CONTACTS_MAX	32	/* in one request; more: 400 */
#define PATHS_MAX	8
#define PATHS_TEXT_MAX	1900	/* octets of all; proxy.c makes one Route of them */
#define RETRY_S		5

/* A REGISTER that regd was asked about. */
struct registering {
	struct worker	*w;
	struct txn	*txn;		/* NULL: it has ended */
	uint16_t	 challenge;	/* 401 or 407 */
	size_t		 realm_len;
	size_t		 head_len;
	size_t		 paths_len;
	char		 text[];	/* realm, head of the answer, Path lines */
};

/* What a question points to while it is packed. */
struct asked {
	struct msg_registration	 q;
	struct rec_contact	 contacts[CONTACTS_MAX];
	struct rec_path		 paths[PATHS_MAX];
	char			 aor[AOR_MAX];
	char			 remote[PEER_TEXT_MAX];
	char			 local[PEER_TEXT_MAX];
};

static void
on_ended(void *arg, struct txn *t)
{
	struct registering	*r = arg;

	r->txn = NULL;		/* regd's answer frees r */
}

static const struct txn_user user = { .ended = on_ended };

/* ---- the question --------------------------------------------------------- */

/* The parameters that regd has no field for, as they were sent. */
static struct str
other_params(const struct nameaddr *na, struct text *store)
{
	static const char *const fields[] = { "q", "expires", "+sip.instance", "reg-id" };
	struct str	rest = na->params, name, value, text;
	size_t		begin = store->len;
	bool		ours;

	while (param_next(&rest, &name, &value, NULL, &text) == 1) {
		ours = false;
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			ours |= str_caseeq(name, str_of(fields[i]));
		if (ours)
			continue;
		if (store->len > begin)
			text_ch(store, ';');
		text_add(store, text);
	}
	return str_make(store->s + begin, store->len - begin);
}

static int
read_contact(struct rec_contact *out, const struct nameaddr *na, struct text *store)
{
	struct str	v;
	uint32_t	n;

	*out = (struct rec_contact){ .uri = na->uri.text, .q = 1000, .expires_s = -1 };
	if (nameaddr_param(na, STR("q"), &v) && q_parse(v, &out->q) < 0)
		return -EBADMSG;
	if (nameaddr_param(na, STR("expires"), &v))	/* malformed: 3600 */
		out->expires_s = seconds_parse(v, &n) == 0 ? (int64_t)n : 3600;
	if (nameaddr_param(na, STR("+sip.instance"), &v))
		out->instance = v;
	if (nameaddr_param(na, STR("reg-id"), &v) && str_u32(v, &out->reg_id) < 0)
		return -EBADMSG;
	out->params = other_params(na, store);
	return out->uri.len > URI_MAX || out->params.len > URI_MAX ||
	    out->instance.len > ID_MAX ? -EBADMSG : 0;
}

static int
read_contacts(struct asked *a, const struct sip_msg *m, struct text *store)
{
	struct values	 it;
	struct nameaddr	 na;
	uint32_t	 n = 0;
	int		 r;

	values_begin(&it, m, HDR_CONTACT);
	while ((r = nameaddr_next(&it, &na)) != 0) {
		if (r < 0)
			return -EBADMSG;
		if (na.star) {
			a->q.star = true;
			continue;
		}
		if (n == CONTACTS_MAX ||
		    read_contact(&a->contacts[n], &na, store) < 0)
			return -EBADMSG;
		n++;
	}
	a->q.contacts.v = a->contacts;
	a->q.contacts.n = n;
	return 0;
}

static int
read_paths(struct asked *a, const struct sip_msg *m)
{
	struct values	it;
	struct nameaddr	na;
	struct str	v;
	uint32_t	n = 0;
	size_t		all = 0;

	values_begin(&it, m, HDR_PATH);
	while (values_next(&it, &v)) {
		all += v.len;
		if (n == PATHS_MAX || all > PATHS_TEXT_MAX ||
		    nameaddr_parse(&na, v) < 0 || na.star)
			return -EBADMSG;
		a->paths[n++].uri = v;
	}
	a->q.paths.v = a->paths;
	a->q.paths.n = n;
	return 0;
}

/* 0, or a SIP code with *why to refuse with. */
static int
read_request(struct asked *a, const struct inbound *in,
    const struct admission *adm, struct str *why)
{
	const struct sip_msg	*m = in->m;
	struct text		 store;

	text_init(&store, in->w->core->body, MESSAGE_MAX);
	a->q = (struct msg_registration){
		.call = in->call,
		.aor = core_aor(in, &m->to.uri, a->aor),
		.from = adm->from_aor,
		.uri = m->uri,
		.branch = m->via.branch,
		.call_id = m->call_id,
		.cseq = m->cseq,
		.source = hop_print_remote(&in->p->from, a->remote),
		.listener = hop_print_local(&in->p->from, a->local),
		.agent = core_agent(m),
		.expires_s = m->expires_s,
		.digests = { adm->digests, adm->ndigests },
		.trusted = !adm->needed,
	};
	*why = STR("Bad To");
	if (m->to.uri.scheme == URI_OTHER)
		return 400;
	/* RFC 3261 section 10.3 step 5: a user who cannot be, with a NUL say. */
	*why = STR("Not Found");
	if (a->q.aor.len == 0)
		return 404;
	*why = STR("Bad Contact");
	if (read_contacts(a, m, &store) < 0)
		return 400;
	*why = STR("Bad Path");
	if (read_paths(a, m) < 0)
		return 400;
	return 0;
}

/* ---- the answer ------------------------------------------------------------- */

struct writing {
	const struct msg_registered	*got;
	struct str			 paths;
};

static void
write_bindings(struct text *t, void *arg)
{
	const struct writing		*w = arg;
	const struct msg_registered	*r = w->got;

	for (uint32_t i = 0; i < r->bindings.n; i++) {
		const struct rec_binding *b = &r->bindings.v[i];

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
			    r->paths_len) };

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
	answer_send_kept(r->w, r->txn, kept_head(r), &a);
	return a.code;
}

static void
registering_free(struct registering *r)
{
	txn_forget(r->txn);
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
		if (error == 0 && type == MSG_REGISTERED)
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

void
register_begin(const struct inbound *in, const struct admission *adm)
{
	struct asked		 a;
	struct registering	*r;
	struct str		 why;
	int			 code;

	code = read_request(&a, in, adm, &why);
	if (code != 0) {
		answer_plain(in, (uint16_t)code, why);
		return;
	}
	r = registering_new(in, adm);
	if (r->txn == NULL) {
		registering_free(r);
		answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
		    &(struct answer){ .code = 503, .retry_after_s = RETRY_S });
		return;
	}
	bus_ask(in->w->regd, MSG_REGISTER, &a.q, DEADLINE_MS, on_answer, r);
}
