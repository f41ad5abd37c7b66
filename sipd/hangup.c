/*
 * hangup - calls that we end.
 *
 * ending.c and idle.c call it. RFC 3261 section 15.1.1; a proxy that writes BYE is not
 * in that book, but each side takes it for the other's. So it is written as the other
 * side would have written it, and goes on from here as that would: by the Route set,
 * the names and the CSeq of a gateway, its challenge answered (proxy.c).
 */
#include "sipd/hangup.h"

#include <errno.h>

#include "common/id.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/proxy.h"
#include "sipd/record.h"
#include "sipd/remotes.h"
#include "sipd/request.h"
#include "sipd/via.h"
#include "sipd/worker.h"

#define BYE_MAX		(REMOTES_TEXT_MAX + 4096)
#define URI_ROOM	400
#define BRANCH_CHARS	24

/* Who is told, and in whose name. */
struct side {
	bool		from_caller;
	struct hop	to, from;
	struct str	aor, tag;
	struct str	other_aor, other_tag;
	uint32_t	cseq;		/* the highest of the other one */
	struct remote	remote;
};

/* "anna@example.com" at 192.0.2.1:5060: "sip:anna@192.0.2.1:5060;transport=tcp" */
static struct str
target_uri(char buf[URI_ROOM], struct str aor, const struct hop *at)
{
	char		where[ADDR_TEXT_MAX];
	struct text	t;
	ptrdiff_t	user = str_rchr(aor, '@');

	text_init(&t, buf, URI_ROOM);
	text_add(&t, STR("sip:"));
	if (user > 0)
		text_add(&t, str_make(aor.s, (size_t)user + 1));
	text_add(&t, addr_print(&at->remote, where));
	if (at->transport != TRANSPORT_UDP)
		text_printf(&t, ";transport=%s", transport_name(at->transport));
	return t.full ? STR_NONE : text_str(&t);
}

static struct str
party_uri(char buf[URI_ROOM], struct str aor)
{
	struct text	t;

	text_init(&t, buf, URI_ROOM);
	text_add(&t, STR("sip:"));
	text_add(&t, aor);
	return t.full ? STR_NONE : text_str(&t);
}

/* In buf, as it would have come in from the other side. */
static int
bye_write(struct text *t, struct str call_id, const struct side *s)
{
	char		uri[URI_ROOM], from[URI_ROOM], to[URI_ROOM], via[256];
	char		branch[BRANCH_CHARS + 1] = "z9hG4bKbye";
	struct text	v;

	id_text(branch + 10, BRANCH_CHARS - 10);
	branch[BRANCH_CHARS] = '\0';
	text_init(&v, via, sizeof(via));
	via_write(&v, s->from.transport, &s->from.remote, str_of(branch));
	return request_write(t, &(struct request){
	    .method = STR("BYE"),
	    .uri = s->remote.contact.len > 0 ? s->remote.contact :
	    target_uri(uri, s->aor, &s->to),
	    .via = text_str(&v),
	    .route = s->remote.route,
	    .from = party_uri(from, s->other_aor),
	    .from_tag = s->other_tag,
	    .to = party_uri(to, s->aor),
	    .to_tag = s->tag,
	    .call_id = call_id,
	    .cseq = s->cseq + 1,
	    .expires_s = -1 });
}

/* The next hop of its Route set, if it has one; its hop otherwise. */
static int
plan(struct route_plan *r, const struct side *s, const struct sip_msg *m)
{
	int	got = nameaddr_nth(m, HDR_ROUTE, 0, &r->next);

	if (got < 0)
		return -EBADMSG;
	r->has_next = got > 0;
	r->in_dialog = true;
	r->from_caller = s->from_caller;
	r->cookie = (struct cookie){
		.caller = s->from_caller ? s->from : s->to,
		.callee = s->from_caller ? s->to : s->from,
		.caller_by_flow = s->remote.by_flow,
		.callee_by_flow = s->remote.by_flow,
	};
	return 0;
}

/* What others have written is in it: it is sent only if it can be read. */
static int
bye(struct worker *w, struct str call_id, const struct side *s)
{
	char			 buf[BYE_MAX];
	struct text		 t;
	struct sip_msg		*m = w->core->kept;
	struct packet		 p = { .from = s->from };
	struct inbound		 in = { .w = w, .m = m, .p = &p, .ours = true,
				    .back = s->from, .call = w->recording.call };
	struct route_plan	 r = { 0 };

	text_init(&t, buf, sizeof(buf));
	if (bye_write(&t, call_id, s) < 0)
		return -EBADMSG;
	w->core->kept_serial = 0;
	if (sip_parse(m, text_str(&t)) < 0 || m->bad != NULL || plan(&r, s, m) < 0)
		return -EBADMSG;
	proxy_in_dialog(&in, &r);
	stats->calls_hung_up++;
	return 0;
}

static uint32_t
highest(const struct call *k, bool from_caller, uint32_t accepted)
{
	uint32_t	sent = remotes_cseq(k, from_caller);

	return sent > accepted ? sent : accepted;
}

static void
tell(struct worker *w, const struct call *k, const struct call_facts *f, bool caller)
{
	struct side	s = {
		.from_caller = !caller,
		.to = caller ? f->caller : f->callee,
		.from = caller ? f->callee : f->caller,
		.aor = caller ? f->from : f->to,
		.tag = caller ? f->caller_tag : f->callee_tag,
		.other_aor = caller ? f->to : f->from,
		.other_tag = caller ? f->callee_tag : f->caller_tag,
		.cseq = highest(k, !caller, caller ? f->callee_cseq : f->caller_cseq),
	};
	static const struct remote unknown = { .by_flow = true };

	/* A side that we chose the socket for ourselves: what may be sent to is judged by it. */
	if (s.from.local.len == 0)
		s.from.local = s.to.local;
	if (s.to.transport == TRANSPORT_NONE)
		return;
	if (!remotes_read(k, caller, &s.remote))
		s.remote = unknown;
	if (bye(w, f->call_id, &s) == 0)
		return;
	s.remote = unknown;
	(void)bye(w, f->call_id, &s);
}

void
hangup_call(struct worker *w, const struct call *k)
{
	const struct recording	 before = w->recording;
	struct call_facts	 f;

	call_read(k, &f);
	if (f.state != CALL_ESTABLISHED)
		return;
	record_as(w, id_call(f.call_id), false);
	tell(w, k, &f, true);
	tell(w, k, &f, false);
	w->recording = before;
}
