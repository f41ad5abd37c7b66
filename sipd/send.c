/*
 * send - requests that gwregd wants sent, and what came back.
 */
#include "sipd/send.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/id.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/challenge.h"
#include "sipd/core.h"
#include "sipd/nexthop.h"
#include "sipd/record.h"
#include "sipd/request.h"
#include "sipd/tls.h"
#include "sipd/via.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define CONTACTS_MAX	8
#define ROUTES_MAX	8
#define AGENT		"Cordboard/" VERSION

/* A SEND under way. Asked at worker 0, sent by its owner, answered at worker 0. */
struct sending {
	struct bus_ticket ticket;
	struct worker	*w;		/* that sends */
	uint64_t	 call;
	struct hop	 to;
	struct nexthop	*next;		/* a name's targets; else NULL: to alone */
	struct buf	 question;	/* as it was asked: written for each of them */
	unsigned	 attempts;
	char		*method;
	char		*branch;
	char		*contact;	/* our own, to find its expiry in the answer */
	struct text	 request;
	bool		 answered;
	/* the answer, as it travels back to worker 0 */
	struct buf	 packed;
	struct msg_sent	 failure;	/* when packed is empty */
};

static struct str
where_to(const struct msg_send *q)
{
	return q->next_hop.len > 0 ? q->next_hop : q->uri;
}

static void
sending_free(struct sending *s)
{
	free(s->method);
	free(s->branch);
	free(s->contact);
	free(s->request.s);
	nexthop_free(s->next);
	buf_fini(&s->question);
	buf_fini(&s->packed);
	free(s);
}

/* ---- back at worker 0 ------------------------------------------------------- */

static void
answer_asker(struct worker *w, void *arg)
{
	struct sending	*s = arg;
	struct unpack	 u;
	union msg	 m;

	if (s->packed.len > 0) {
		unpack_init(&u, s->packed.s, s->packed.len);
		if (msg_unpack(&u, &m) == MSG_SENT)
			bus_answer(s->ticket, MSG_SENT, &m.sent);
	} else
		bus_answer(s->ticket, MSG_SENT, &s->failure);
	sending_free(s);
}

static void
go_back(struct sending *s)
{
	if (s->answered)
		return;
	s->answered = true;
	nexthop_free(s->next);		/* it is this worker's */
	s->next = NULL;
	if (worker_run_on(s->w, 0, answer_asker, s) < 0)
		sending_free(s);	/* the asker's deadline passes */
}

static void
fail(struct sending *s, uint16_t code, struct str reason)
{
	s->failure = (struct msg_sent){ .code = code, .reason = reason,
	    .expires_s = -1 };
	go_back(s);
}

/* ---- the answer's text as a message -------------------------------------------- */

struct reading {
	struct msg_sent		sent;
	struct challenges	challenges;
	struct rec_contact	contacts[CONTACTS_MAX];
	struct rec_path		routes[ROUTES_MAX];
	char			source[PEER_TEXT_MAX];
};

static void
read_contacts(struct reading *r, const struct sip_msg *m, struct str ours)
{
	struct values	it;
	struct nameaddr	na;
	struct str	v;
	uint32_t	n = 0, seconds;
	int		got;

	values_begin(&it, m, HDR_CONTACT);
	while (n < CONTACTS_MAX && (got = nameaddr_next(&it, &na)) != 0) {
		if (got < 0 || na.star || na.uri.text.len > URI_MAX)
			continue;
		r->contacts[n] = (struct rec_contact){ .uri = na.uri.text, .q = 1000,
		    .expires_s = -1 };
		if (nameaddr_param(&na, STR("expires"), &v) &&
		    seconds_parse(v, &seconds) == 0) {
			r->contacts[n].expires_s = seconds;
			if (str_eq(na.uri.text, ours))
				r->sent.expires_s = seconds;
		}
		n++;
	}
	r->sent.contacts.v = r->contacts;
	r->sent.contacts.n = n;
}

static uint32_t
seconds_of(const struct sip_msg *m, enum header id)
{
	struct str	v = sip_value(m, id), first;
	uint32_t	s;

	/* Retry-After may go on with a comment or parameters. */
	if (!str_cut(&v, ';', &first) || !str_cut(&first, '(', &v))
		return 0;
	return seconds_parse(str_trim(v), &s) == 0 ? s : 0;
}

static void
read_response(struct reading *r, const struct sip_msg *m, const struct packet *p,
    struct str ours)
{
	struct values	it;
	struct str	v;
	uint32_t	n = 0;

	r->sent = (struct msg_sent){
		.code = m->code,
		.reason = m->reason.len <= AGENT_MAX ? m->reason : STR_NONE,
		.source = hop_print_remote(&p->from, r->source),
		.expires_s = m->expires_s,
		.min_expires_s = seconds_of(m, HDR_MIN_EXPIRES),
		.retry_after_s = seconds_of(m, HDR_RETRY_AFTER),
		.agent = core_agent(m),
	};
	challenges_read(&r->challenges, m);
	r->sent.challenges.v = r->challenges.v;
	r->sent.challenges.n = r->challenges.n;
	read_contacts(r, m, ours);
	values_begin(&it, m, HDR_SERVICE_ROUTE);
	while (n < ROUTES_MAX && values_next(&it, &v))
		if (v.len <= URI_MAX)
			r->routes[n++].uri = v;
	r->sent.service_route.v = r->routes;
	r->sent.service_route.n = n;
}

/* ---- the request ------------------------------------------------------------------- */

/*
 * To s->to. The asker chose the branch; further targets have one of their own (RFC
 * 3263 section 4.3). 0 or -errno: no socket, a field that is no text for SIP.
 */
static int
write_request(struct worker *w, struct sending *s, const struct msg_send *q)
{
	struct addr	local;
	char		via[512], branch[ID_MAX + 1];
	struct text	v, b;
	int		error;
	struct request	r = {
		.method = q->method, .uri = q->uri, .from = q->from,
		.from_tag = q->from_tag, .to = q->to, .call_id = q->call_id,
		.cseq = q->cseq, .contact = q->contact, .expires_s = q->expires_s,
		.agent = STR(AGENT), .proxy = q->proxy,
		.digest = q->digests.n > 0 ? &q->digests.v[0] : NULL,
	};

	if ((error = wire_told(w, &s->to, &local)) < 0)
		return error;
	text_init(&b, branch, sizeof(branch));
	text_add(&b, q->branch);
	if (s->attempts++ > 0)
		text_printf(&b, ".%u", s->attempts);
	text_init(&v, via, sizeof(via));
	via_write(&v, s->to.transport, &local, text_str(&b));
	text_add(&v, STR(";rport"));
	if (v.full || b.full)
		return -EMSGSIZE;
	free(s->branch);
	s->branch = str_dup(text_str(&b));
	r.via = text_str(&v);
	free(s->request.s);
	text_init(&s->request, xcalloc(1, MESSAGE_MAX), MESSAGE_MAX);
	return request_write(&s->request, &r);
}

/* ---- the transaction ------------------------------------------------------------- */

static bool	try_next(struct sending *s, struct txn *t);

static void
on_response(void *arg, struct txn *t, const struct sip_msg *m, const struct packet *p)
{
	struct sending	*s = arg;
	struct reading	 r;

	if (m->code < 200 || (m->code == 503 && try_next(s, t)))
		return;
	txn_forget(t);
	read_response(&r, m, p, str_of(s->contact));
	msg_pack(&s->packed, MSG_SENT, &r.sent);
	go_back(s);
}

static void
on_failed(void *arg, struct txn *t, int error)
{
	struct sending	*s = arg;

	if (error == -ETIMEDOUT && s->next != NULL)
		blacklist_add(&s->to, loop_now(s->w->loop));
	if (try_next(s, t))
		return;
	txn_forget(t);
	if (error == -ETIMEDOUT)
		fail(s, 408, STR("no answer"));
	else
		fail(s, 503, str_of(tls_error_text(error) != NULL ?
		    tls_error_text(error) : strerror(-error)));
}

/* Only when this process stops: gwregd asks the next one. */
static void
on_ended(void *arg, struct txn *t)
{
	sending_free(arg);
}

static const struct txn_user user = {
	.response = on_response,
	.failed = on_failed,
	.ended = on_ended,
};

/* s->request is written. */
static void
begin(struct sending *s)
{
	struct worker		*w = s->w;
	const struct settings	*set = settings_now();
	struct txn		*t;

	record_as(w, s->call, false);
	t = txn_client_new(w->core->txns, str_of(s->branch), str_of(s->method),
	    &s->to, WIRE_MAY_CONNECT, text_str(&s->request), &user, s);
	if (t == NULL)		/* a repetition while the first still runs */
		fail(s, 491, STR("Request Pending"));
	else if (s->next != NULL && nexthop_more(s->next))
		txn_patience(t, set->failover_wait);
	record_end(w);
}

/* ---- targets of a name ------------------------------------------------------------ */

static void
send_next(struct sending *s)
{
	struct unpack	u;
	union msg	m;
	int		error = nexthop_next(s->next, &s->to);

	if (error == -EINPROGRESS)
		return;
	if (error == -ECANCELED) {	/* this process stops */
		sending_free(s);
		return;
	}
	if (error < 0) {
		fail(s, s->attempts > 0 ? 408 : nexthop_code(error), s->attempts > 0 ?
		    STR("no answer") : STR("its name leads nowhere"));
		return;
	}
	unpack_init(&u, s->question.s, s->question.len);
	if (msg_unpack(&u, &m) != MSG_SEND ||
	    (error = write_request(s->w, s, &m.send)) < 0)
		fail(s, 503, STR("cannot be written"));
	else
		begin(s);
}

static void
on_next(void *arg)
{
	send_next(arg);
}

static bool
try_next(struct sending *s, struct txn *t)
{
	if (s->next == NULL || !nexthop_more(s->next))
		return false;
	stats->failovers++;
	txn_forget(t);
	send_next(s);
	return true;
}

/*
 * gwregd's question is how a gateway is found again: it is asked though it is on the
 * black list.
 */
static void
send_here(struct worker *w, void *arg)
{
	struct sending	*s = arg;
	struct unpack	 u;
	union msg	 m;
	struct uri	 uri;
	struct way	 way;

	s->w = w;
	if (s->question.len == 0) {
		begin(s);
		return;
	}
	unpack_init(&u, s->question.s, s->question.len);
	if (msg_unpack(&u, &m) != MSG_SEND ||
	    uri_parse(&uri, where_to(&m.send)) < 0 || way_of_uri(&way, &uri) < 0) {
		fail(s, 503, STR("cannot be read again"));
		return;
	}
	way.insist = true;
	s->next = nexthop_new(w, &way, NULL, on_next, s);
	send_next(s);
}

/* ---- the question, at worker 0 ----------------------------------------------------- */

/* What names an address is written here; a name is looked up by the call's worker. */
static int
prepare(struct worker *w, struct sending *s, const struct msg_send *q)
{
	struct uri	u;
	struct way	way;
	int		error;

	if (uri_parse(&u, where_to(q)) < 0)
		return -EINVAL;
	if ((error = way_of_uri(&way, &u)) < 0)
		return error;
	if (way_is_name(&way)) {
		msg_pack(&s->question, MSG_SEND, q);
		return 0;
	}
	s->to = way.hop;
	return write_request(w, s, q);
}

void
send_question(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_send	*q = &m->send;
	struct worker		*w = worker_get(0);
	struct sending		*s = xcalloc(1, sizeof(*s));
	int			 error;

	s->ticket = t;
	s->call = id_call(q->call_id);
	s->method = str_dup(q->method);
	s->branch = str_dup(q->branch);
	s->contact = str_dup(q->contact);
	error = prepare(w, s, q);
	if (error == 0)
		error = worker_run_on(w, worker_owner(q->call_id), send_here, s);
	if (error == 0)
		return;
	bus_refuse(t, -error, "cannot be sent to %.*s: %s",
	    STR_ARG(where_to(q)), strerror(-error));
	sending_free(s);
}
