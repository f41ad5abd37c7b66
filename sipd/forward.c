/*
 * forward - the text of what is sent on: requests with our Via, Record-Route and
 * new Request-URI, responses without our Via.
 *
 * leg.c, dialog.c and stray.c call it. RFC 3261 sections 16.6 and 16.7, RFC 5658
 * section 6 (two Record-Routes when the sides differ), RFC 5393 (Max-Breadth).
 */
#include "sipd/forward.h"

#include <errno.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/auth_header.h"
#include "sipd/core.h"
#include "sipd/domains.h"
#include "sipd/edit.h"
#include "sipd/spiral.h"
#include "sipd/trunk.h"
#include "sipd/via.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define MAX_FORWARDS	70
#define RECORD_ROUTE_MAX 320
#define VIA_MAX		192
#define ROUTE_MAX	2048	/* of a Path: targets.c's */

static bool
is_sips(struct str uri)
{
	return str_caseprefix(uri, STR("sips:"));
}

/*
 * What is asked for with SIPS goes to SIPS, and by TLS, or nowhere (RFC 5630 section
 * 5.3, S32). Its first hop may have been anything: that was the caller's choice.
 */
static bool
would_expose(const struct forward *f)
{
	return (is_sips(f->m->uri) && !is_sips(f->uri)) ||
	    (is_sips(f->uri) && f->to.transport != TRANSPORT_TLS);
}

void
forward_target(const struct forward *f, char out[BRANCH_TARGET_LEN])
{
	char		buf[URI_MAX + ROUTE_MAX + 1];
	struct hop_key	k;
	struct text	t;

	/* The flows of a device behind one edge differ by their Path alone. */
	text_init(&t, buf, sizeof(buf));
	text_add(&t, f->uri);
	if (f->route.len > 0) {
		text_ch(&t, '\n');
		text_add(&t, f->route);
	}
	branch_target(hop_peer_key(&f->to, &k), text_str(&t), out);
}

bool
forward_allowed(const struct hop *from, const struct hop *to)
{
	char	buf[PEER_TEXT_MAX];

	if (addr_may_target(&to->remote, &from->local))
		return true;
	stats->target_forbidden++;
	log_rate(LOG_PROBLEMS, "SIP", "nothing is sent to %s for what came from outside",
	    log_str(hop_print_remote(to, buf)));
	return false;
}

static unsigned
next_max_forwards(const struct sip_msg *m)
{
	if (m->max_forwards < 0 || m->max_forwards > MAX_FORWARDS)
		return MAX_FORWARDS;
	return m->max_forwards > 0 ? (unsigned)m->max_forwards - 1 : 0;
}

static struct str
via_text(char buf[VIA_MAX], const struct hop *to, const struct addr *local,
    const char branch[BRANCH_LEN])
{
	struct text	t;

	text_init(&t, buf, VIA_MAX);
	via_write(&t, to->transport, local, str_make(branch, BRANCH_LEN));
	return text_str(&t);
}

static struct str
record_route_text(char buf[RECORD_ROUTE_MAX], enum transport transport, bool sips,
    const struct addr *local, struct str cookie)
{
	char		host[ADDR_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, RECORD_ROUTE_MAX);
	text_add(&t, sips ? STR("<sips:") : STR("<sip:"));
	text_add(&t, addr_print(local, host));
	if (transport != TRANSPORT_UDP && !sips) {
		text_add(&t, STR(";transport="));
		text_add(&t, str_of(transport_name(transport)));
	}
	text_add(&t, STR(";lr;c="));
	text_add(&t, cookie);
	text_ch(&t, '>');
	return text_str(&t);
}

/*
 * Who somebody is, said by a header, counts among those who trust each other
 * (RFC 3325 section 5; RFC 7044 section 10): gateways that the administrator calls
 * trusted, and nobody else outside (S13).
 */
static const enum header identities[] = {
	HDR_P_ASSERTED_IDENTITY, HDR_P_PREFERRED_IDENTITY, HDR_REMOTE_PARTY_ID,
	HDR_DIVERSION, HDR_HISTORY_INFO,
};

/* Texts that the edit list points to until it is written. */
struct parts {
	char	via[VIA_MAX];
	char	near[RECORD_ROUTE_MAX];
	char	far[RECORD_ROUTE_MAX];
	char	cookie[COOKIE_TEXT_MAX];
	char	path[RECORD_ROUTE_MAX];
	char	last[URI_MAX + 3];
	struct trunk_scratch trunk;
};

static void
add_record_route(struct edits *e, const struct forward *f, struct parts *p,
    const struct addr *near, const struct addr *far)
{
	enum transport	beyond = f->dialog != NULL ? f->dialog->transport :
			    f->to.transport;
	bool		sips = is_sips(f->uri);	/* RFC 3261 section 16.6, step 4 */
	struct str	c;

	c = str_make(p->cookie, cookie_make(f->cookie, f->m->call_id,
	    f->m->from_tag, p->cookie));
	if (f->from->transport != beyond || !addr_eq(near, far))
		edit_prepend_record_route(e, record_route_text(p->near,
		    f->from->transport, sips, near, c));
	edit_prepend_record_route(e, record_route_text(p->far, beyond, sips, far, c));
}

/* Who holds the flow to the phone himself says so: RFC 5626 section 5.1. */
static bool
is_edge(const struct sip_msg *m)
{
	struct values	it;
	struct str	v;

	values_begin(&it, m, HDR_VIA);
	return values_next(&it, &v) && !values_next(&it, &v);
}

/* RFC 3327 section 5.2: by this the registrar's requests come back to us. */
static void
add_path(struct edits *e, const struct forward *f, struct parts *p,
    const struct addr *far)
{
	char		host[ADDR_TEXT_MAX], token[FLOW_TOKEN_MAX];
	size_t		n = flow_token_make(f->from, token);
	struct text	t;

	text_init(&t, p->path, sizeof(p->path));
	text_printf(&t, "<sip:%.*s%s%s;lr%s;f=%.*s>", STR_ARG(addr_print(far, host)),
	    f->to.transport == TRANSPORT_UDP ? "" : ";transport=",
	    f->to.transport == TRANSPORT_UDP ? "" : transport_name(f->to.transport),
	    is_edge(f->m) ? ";ob" : "", (int)n, token);
	edit_prepend(e, HDR_PATH, text_str(&t));
	stats->paths_inserted++;
}

/* The first Route that goes on, behind ours. *rest: of f->route, what follows it. */
static bool
next_route(const struct forward *f, struct nameaddr *out, struct str *rest)
{
	struct str	text;

	*rest = f->route;
	if (f->route.len > 0)
		return list_next(rest, &text) && nameaddr_parse(out, text) == 0;
	return nameaddr_nth(f->m, HDR_ROUTE, f->pop_routes, out) > 0;
}

/*
 * The Request-URI and Route. Section 16.6, step 6: a next hop without lr routes
 * strictly, so it gets its own URI as Request-URI, and the real one as last Route.
 */
static void
edit_target(struct edits *e, const struct forward *f, struct parts *p)
{
	struct str	uri = f->uri, route = f->route, rest, value;
	unsigned	pop = f->pop_routes;
	struct nameaddr	next;
	struct text	last;

	if (next_route(f, &next, &rest) && !uri_param(&next.uri, "lr", &value)) {
		uri = next.uri.text;
		if (route.len > 0)
			route = str_trim(rest);
		else
			pop++;
		text_init(&last, p->last, sizeof(p->last));
		text_ch(&last, '<');
		text_add(&last, f->uri);
		text_ch(&last, '>');
		e->failed |= last.full;
		edit_add_header(e, header_name(HDR_ROUTE), text_str(&last));
	}
	edit_request_uri(e, uri);
	if (pop > 0)
		edit_remove_routes(e, pop);
	if (route.len > 0)
		edit_prepend(e, HDR_ROUTE, route);
}

/*
 * RFC 3261 section 22.3: who is not of a realm leaves its credentials to the proxies
 * and phones that come after; those of ours go no further.
 */
static void
remove_our_credentials(struct edits *e, enum header id)
{
	const struct sip_line	*l;
	char			 buf[AUTH_SCRATCH];
	struct text		 scratch;
	struct auth		 a;

	for (l = sip_first(e->m, id); l != NULL; l = sip_next(e->m, l)) {
		text_init(&scratch, buf, sizeof(buf));
		if (auth_parse(&a, l->value, &scratch) == 0 &&
		    domain_is_local(a.realm))
			edit_remove_line(e, l);
	}
}

/* RFC 3325 section 7: not to our user's phone when the caller wants to be hidden. */
static bool
keeps_identity(const struct forward *f, enum header id)
{
	return f->trusted && id == HDR_P_ASSERTED_IDENTITY &&
	    !trunk_wants_privacy(f->m);
}

static void
edit_identities(struct edits *e, const struct forward *f, struct parts *p)
{
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++)
		if (!keeps_identity(f, identities[i]))
			edit_remove_header(e, identities[i]);
	/* What a caller proves himself with here is nobody's business at a gateway. */
	if (f->trunk != NULL && f->trunk->gateway != NULL) {
		edit_remove_header(e, HDR_PROXY_AUTHORIZATION);
		edit_remove_header(e, HDR_AUTHORIZATION);
	} else {
		remove_our_credentials(e, HDR_PROXY_AUTHORIZATION);
		remove_our_credentials(e, HDR_AUTHORIZATION);
	}
	if (f->trunk != NULL)
		trunk_edit(f->trunk, e, &p->trunk);
}

static void
edit_vias(struct edits *e, const struct forward *f, struct str via)
{
	if (f->ours) {
		edit_replace(e, e->m->via.text, via);
		return;
	}
	edit_via_received(e, &f->from->remote);
	edit_prepend_via(e, via);
}

int
forward_write(struct worker *w, const struct forward *f, struct text *out,
    char branch[BRANCH_LEN])
{
	struct edits		 e;
	struct parts		 p;
	struct addr		 near, far;
	char			 target[BRANCH_TARGET_LEN], mark[BRANCH_MARK_LEN];
	struct branch_input	 in = {
		f->m->via.sent_by, f->m->via.branch, f->m->call_id,
		f->m->from_tag, f->m->cseq + (f->trunk != NULL ? f->trunk->shift : 0),
		f->from->remote
	};
	int			 error;

	if (would_expose(f))
		return -EPROTONOSUPPORT;
	if ((error = wire_told(w, &f->to, &far)) < 0)
		return error;
	if (f->branch != NULL)
		memcpy(branch, f->branch, BRANCH_LEN);
	else {
		if (f->target == NULL)
			forward_target(f, target);
		spiral_mark(f->m, mark);
		branch_make(&in, f->target != NULL ? f->target : target, mark, branch);
	}
	edits_init(&e, f->m);
	edit_target(&e, f, &p);
	edit_vias(&e, f, via_text(p.via, &f->to, &far, branch));
	edit_max_forwards(&e, next_max_forwards(f->m));
	edit_max_breadth(&e, f->breadth > 0 ? f->breadth : spiral_breadth(f->m));
	if (f->dialog != NULL && (error = wire_told(w, f->dialog, &far)) < 0)
		return error;
	if (f->path)
		add_path(&e, f, &p, &far);
	if (f->cookie != NULL && wire_told(w, f->from, &near) == 0)
		add_record_route(&e, f, &p, &near, &far);
	edit_identities(&e, f, &p);
	if (f->new_body)
		edit_body(&e, f->body);
	else
		edit_content_length(&e);
	return edits_write(&e, out);
}

int
forward_stateless(struct worker *w, const struct forward *f)
{
	struct text	out;
	char		branch[BRANCH_LEN];
	int		error;

	if (!forward_allowed(f->from, &f->to))
		return -EACCES;
	text_init(&out, w->out, MESSAGE_MAX);
	if ((error = forward_write(w, f, &out, branch)) < 0)
		return error;
	return wire_send(w, &f->to, text_str(&out), WIRE_MAY_CONNECT, 0);
}

int
forward_response(const struct sip_msg *m, const struct str *body,
    const struct trunk *t, struct text *out)
{
	struct trunk_scratch	scratch;
	struct edits		e;

	edits_init(&e, m);
	edit_remove_top_via(&e);
	if (t != NULL)
		trunk_edit_back(t, &e, &scratch);
	for (size_t i = 0; t != NULL && t->gateway != NULL && !t->trusted &&
	    i < sizeof(identities) / sizeof(identities[0]); i++)
		edit_remove_header(&e, identities[i]);
	if (body != NULL)
		edit_body(&e, *body);
	else
		edit_content_length(&e);
	return edits_write(&e, out);
}

bool
forward_response_input(const struct sip_msg *m, struct branch_input *out,
    struct via *below)
{
	struct values	it;
	struct str	v;

	values_begin(&it, m, HDR_VIA);
	if (!values_next(&it, &v) || !values_next(&it, &v) ||
	    via_parse(below, &v) < 0)
		return false;
	*out = (struct branch_input){
		.below_sent_by = below->sent_by, .below_branch = below->branch,
		.call_id = m->call_id, .from_tag = m->from_tag, .cseq = m->cseq,
	};
	(void)via_response_addr(below, &out->below);
	return true;
}
