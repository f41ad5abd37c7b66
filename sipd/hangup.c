/*
 * hangup - calls that we end.
 *
 * ending.c calls it for a call whose media session mediad gave up, when
 * "media-timeout-bye" is on, and for one that the administrator ends. RFC 3261 section 15.1.1; a proxy that writes BYE is not
 * in that book, but both sides take it for the other's.
 */
#include "sipd/hangup.h"

#include "common/id.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/request.h"
#include "sipd/trunks.h"
#include "sipd/txn.h"
#include "sipd/via.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define BYE_MAX		4096
#define URI_ROOM	400
#define BRANCH_CHARS	24

/* Who is told, and in whose name. */
struct side {
	struct hop	to;
	struct str	aor, tag;
	struct str	other_aor, other_tag;
	uint32_t	cseq;		/* highest that the other one used */
};

static const struct txn_user	nobody;

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

static void
bye(struct worker *w, struct str call_id, const struct side *s)
{
	char		uri[URI_ROOM], from[URI_ROOM], to[URI_ROOM], via[256];
	char		branch[BRANCH_CHARS + 1] = "z9hG4bKbye";
	char		buf[BYE_MAX];
	struct addr	local;
	struct text	t, v;
	struct txn	*txn;

	if (s->to.transport == TRANSPORT_NONE || wire_told(w, &s->to, &local) < 0)
		return;
	id_text(branch + 10, BRANCH_CHARS - 10);
	branch[BRANCH_CHARS] = '\0';
	text_init(&v, via, sizeof(via));
	via_write(&v, s->to.transport, &local, str_of(branch));
	text_add(&v, STR(";rport"));
	text_init(&t, buf, sizeof(buf));
	if (request_write(&t, &(struct request){
	    .method = STR("BYE"),
	    .uri = target_uri(uri, s->aor, &s->to),
	    .via = text_str(&v),
	    .from = party_uri(from, s->other_aor),
	    .from_tag = s->other_tag,
	    .to = party_uri(to, s->aor),
	    .to_tag = s->tag,
	    .call_id = call_id,
	    .cseq = s->cseq + 1,
	    .expires_s = -1 }) < 0)
		return;
	txn = txn_client_new(w->core->txns, str_of(branch), STR("BYE"), &s->to, 0,
	    text_str(&t), &nobody, NULL);
	if (txn == NULL)
		return;
	txn_forget(txn);	/* whatever they answer */
	stats->calls_hung_up++;
}

void
hangup_call(struct worker *w, const struct call *k)
{
	struct call_facts	f;

	call_read(k, &f);
	if (f.state != CALL_ESTABLISHED)
		return;
	bye(w, f.call_id, &(struct side){ f.caller, f.from, f.caller_tag, f.to,
	    f.callee_tag, f.callee_cseq + trunks_raised(k, false) });
	bye(w, f.call_id, &(struct side){ f.callee, f.to, f.callee_tag, f.from,
	    f.caller_tag, f.caller_cseq + trunks_raised(k, true) });
}
