/*
 * leg_out - the request of a leg on its way out: its text, the targets of its name one
 * after the other. Its SDP goes through leg_media.c.
 *
 * leg.c starts it and gets what comes back. RFC 3261 sections 16.6 and 18.1.1, RFC
 * 3263 section 4.3; rows 15, 28, 33 and 34.
 */
#include "sipd/leg_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/core.h"
#include "sipd/extension.h"
#include "sipd/forward.h"
#include "sipd/listeners.h"
#include "sipd/media.h"
#include "sipd/media_policy.h"
#include "sipd/nexthop.h"
#include "sipd/record.h"
#include "sipd/trunk.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

/* ---- the request ------------------------------------------------------------------ */

static void
leg_cookie(const struct leg *g, const struct sip_msg *m, struct cookie *c)
{
	const struct proxy	*p = g->p;
	struct nameaddr		 contact;
	struct hop		 named;

	*c = (struct cookie){ .caller = p->from, .callee = g->hop,
	    .callee_by_flow = g->by_flow ||
	    nets_have(&settings_now()->nat_servers, &g->hop.remote),
	    .media = g->media };
	/* Behind a proxy that stays, he is reached by that one's Record-Route. */
	c->caller_by_flow = sip_first(m, HDR_RECORD_ROUTE) == NULL &&
	    (hop_is_stream(&p->from) ||
	    nameaddr_nth(m, HDR_CONTACT, 0, &contact) != 1 || contact.star ||
	    hop_of_uri(&named, &contact.uri) < 0 ||
	    !addr_eq(&named.remote, &p->from.remote));
}

/* Others cannot, whatever their Record-Route: RFC 3261 section 16.6, step 4. */
static bool
may_begin_dialog(enum method method)
{
	return method == METHOD_INVITE || method == METHOD_SUBSCRIBE ||
	    method == METHOD_REFER || method == METHOD_NOTIFY ||
	    method == METHOD_OTHER;
}

/*
 * Rows 35 and 36: everywhere, or in dialogs that cannot do without us: media pass
 * through mediad, a side is reached by its flow alone, the transports differ.
 */
static bool
must_stay(const struct leg *g, const struct cookie *c)
{
	const struct settings	*set = settings_now();

	if (set->record_route_all || g->trunk != NULL || g->p->came_by != NULL)
		return true;
	return may_begin_dialog(g->p->method) && (set->force_dialog_relaying ||
	    (set->record_route_outbound && g->peer) || c->media ||
	    c->caller_by_flow || c->callee_by_flow ||
	    c->caller.transport != c->callee.transport);
}

/*
 * Row 39: a REGISTER that passes by, of a phone that nobody else can reach. Who does
 * not know Path may be refused for it (RFC 3327 section 5.2).
 */
static bool
wants_path(const struct sip_msg *m, const struct cookie *c)
{
	const struct settings	*set = settings_now();

	return m->method == METHOD_REGISTER && c->caller_by_flow &&
	    (set->path_insert == PATH_INSERT_ALWAYS ||
	    (set->path_insert == PATH_INSERT_SUPPORTED &&
	    extension_named(m, HDR_SUPPORTED, STR("path"))));
}

/*
 * Row 15, RFC 3261 section 18.1.1: too large for UDP, where nobody wrote UDP, and
 * there is TCP. The dialog stays with UDP: only this request goes the other way.
 */
static bool
too_large(const struct leg *g, size_t len, struct hop *by_tcp)
{
	const struct settings	*set = settings_now();
	bool			 lan;

	if (g->hop.transport != TRANSPORT_UDP || g->explicit)
		return false;
	lan = addr_is_loopback(&g->hop.remote) || nets_have(&set->lan_networks,
	    &g->hop.remote);
	if (len <= (lan ? set->udp_size_lan : set->udp_size_outside))
		return false;
	*by_tcp = (struct hop){ TRANSPORT_TCP, g->hop.remote, { .len = 0 } };
	return listener_for(by_tcp) != NULL;
}

/*
 * The request as it goes to this target, and the way it takes; its branch is the
 * record's, if it has one.
 */
int
leg_write(struct leg *g, const struct str *sdp, struct text *out,
    char branch[BRANCH_LEN], struct hop *to)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m = proxy_request(p);
	struct cookie		 cookie;
	int			 error;
	struct forward		 f = {
		.m = m, .from = &p->from, .to = g->hop, .uri = str_of(g->uri),
		.route = str_of(g->route), .pop_routes = p->pop_routes,
		.branch = ringing_branch_of(p->ring, g->record),
		.target = g->target[0] != '\0' ? g->target : NULL, .breadth = g->breadth,
		.new_body = sdp != NULL, .body = sdp != NULL ? *sdp : STR_NONE,
		.trunk = g->trunk, .ours = p->ours, .trusted = p->trusted,
	};

	if (!p->in_dialog) {
		leg_cookie(g, m, &cookie);
		g->stays = must_stay(g, &cookie);
		f.path = wants_path(m, &cookie);
		f.cookie = g->stays ? &cookie : NULL;
	}
	text_init(out, p->w->out, MESSAGE_MAX);
	error = forward_write(p->w, &f, out, branch);
	g->switched = error == 0 && too_large(g, out->len, &f.to);
	if (g->switched) {
		stats->size_switches++;
		f.dialog = &g->hop;
		f.target = NULL;
		text_init(out, p->w->out, MESSAGE_MAX);
		error = forward_write(p->w, &f, out, branch);
	}
	*to = f.to;
	return error;
}

/* How long a target may be silent while there is another way. */
static void
leg_hurry(struct leg *g)
{
	const struct settings	*set = settings_now();

	g->hurried = g->switched || (g->next != NULL && nexthop_more(g->next));
	if (g->hurried)
		txn_patience(g->txn, set->failover_wait < set->timer_b ?
		    set->failover_wait : set->timer_b);
}

void
leg_send(struct leg *g, const struct str *sdp)
{
	struct proxy	*p = g->p;
	struct worker	*w = p->w;
	char		 branch[BRANCH_LEN];
	struct hop	 to;
	struct text	 out;
	int		 error = leg_write(g, sdp, &out, branch, &to);

	if (error < 0) {
		/* RFC 5630 section 5.3: not to be reached as safely as was asked for */
		leg_end(g, error == -EPROTONOSUPPORT ? 480 : 503, STR_NONE);
		return;
	}
	proxy_ref(p);
	g->txn = txn_client_new(w->core->txns, str_make(branch, BRANCH_LEN),
	    proxy_request(p)->method_text, &to,
	    (leg_on_flow(g) ? 0 : WIRE_MAY_CONNECT) | (p->urgent ? TXN_URGENT : 0),
	    text_str(&out), &leg_user, g);
	if (g->txn == NULL) {
		leg_end(g, 503, STR_NONE);
		proxy_unref(p);
		return;
	}
	g->began = loop_now(w->loop);
	ringing_sent(w->core->ringing, p->ring, g->record, branch, g->breadth,
	    g->began);
	leg_hurry(g);
	if (proxy_is_invite(p))
		wheel_start(w->wheel, &g->timer_c, leg_ring_wait(g));
}

static int
record_leg(const struct leg *g, const struct hop *to, const struct leg *spare_of)
{
	char	trunk[TRUNK_TEXT_MAX];

	return proxy_record(g->p, &(struct ringing_branch){
	    .to = *to, .uri = str_of(g->uri), .route = str_of(g->route),
	    .where = g->where != NULL ? str_of(g->where) : STR_NONE,
	    .trunk = g->trunk != NULL ? trunk_print(g->trunk, trunk) : STR_NONE,
	    .order = g->order,
	    .spare_of = spare_of != NULL ? spare_of->record : 0, .by_flow = g->by_flow, .peer = g->peer,
	    .media = g->media, .confirmed = g->p->account != NULL });
}

void
leg_keep(struct leg *g, const struct leg *spare_of)
{
	static const struct hop	nowhere;

	if (g->record >= 0 || g->p->ring == NULL ||
	    (spare_of != NULL ? spare_of->record < 0 : g->done))
		return;
	g->nowhere = g->next != NULL;
	if (!g->nowhere)
		g->media = leg_media(g, proxy_request(g->p));
	g->record = record_leg(g, g->nowhere ? &nowhere : &g->hop, spare_of);
}

static void
leg_note(const struct leg *g)
{
	const struct proxy	*p = g->p;
	bool			 invite = proxy_is_invite(p);
	bool			 trunk = g->trunk != NULL && g->trunk->gateway != NULL;

	record_note(p->w, RECORD_DECISION, 0, "SIGNAL", STR("target "),
	    str_of(g->uri), trunk ? STR(" of gateway ") : STR_NONE,
	    trunk ? gateway_name(g->trunk->gateway) : STR_NONE, g->by_flow ?
	    STR(", over the flow of its registration") : STR_NONE,
	    !invite ? STR_NONE : g->media ? STR(", media through mediad: ") :
	    STR(", media direct: "),
	    invite ? str_of(media_why_text(g->media_why)) : STR_NONE);
}

/* To g->hop. */
void
leg_attempt(struct leg *g)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m = proxy_request(p);
	int			 before = g->record;

	if (before < 0 || g->nowhere) {	/* else it is decided */
		g->media = leg_media(g, m);
		g->record = record_leg(g, &g->hop, NULL);
		ringing_mark(p->w->core->ringing, p->ring, before, RINGING_DONE);
		g->nowhere = false;
		m = proxy_request(p);	/* it may have moved */
	}
	leg_mark(g, RINGING_BEGUN);
	if (!p->in_dialog)
		leg_note(g);
	forward_target(&(struct forward){ .to = g->hop, .uri = str_of(g->uri),
	    .route = str_of(g->route) }, g->target);
	if (leg_wants_sign(g))
		leg_sign(g);
	else
		leg_go(g);
}

/* ---- targets of a name ------------------------------------------------------------ */

/* The next one, or the end; p may be gone afterwards unless it is held. */
static void
leg_next(struct leg *g)
{
	int	error = nexthop_next(g->next, &g->hop);

	if (error == 0)
		leg_attempt(g);
	else if (error == -EINPROGRESS) {
		proxy_ref(g->p);	/* until leg_on_next() */
		if (g->failed != 0)	/* else targets.c sees to it */
			leg_keep(g, NULL);
	} else {
		if (g->failed == 0)
			record_note(g->p->w, RECORD_FAILURE, nexthop_code(error), "DNS",
			    STR("DNS: "), nexthop_words(error));
		leg_end(g, g->failed != 0 ? g->failed : nexthop_code(error), STR_NONE);
	}
}

void
leg_on_next(void *arg)
{
	struct leg	*g = arg;
	struct proxy	*p = g->p;

	record_as(p->w, p->call, p->plain);
	if (!g->done && !p->finished && p->server != NULL)
		leg_next(g);
	record_end(p->w);
	proxy_unref(p);
}

bool
leg_leave(struct leg *g)
{
	bool	open = g->txn != NULL;

	g->provisional = false;
	leg_mark(g, RINGING_DONE);
	g->record = -1;
	g->nowhere = false;
	wheel_stop(g->p->w->wheel, &g->timer_c);
	txn_forget(g->txn);
	g->txn = NULL;
	if (g->trunk != NULL) {		/* its count is used */
		free(g->trunk->credential);
		g->trunk->credential = NULL;
	}
	return open;
}

bool
leg_still_wanted(const struct leg *g)
{
	return !g->done && !g->cancel && !g->p->finished && g->p->server != NULL;
}

/*
 * RFC 3263 section 4.3: another target, in a transaction of its own. False: there
 * is no name that has others, or nobody wants them any more.
 */
bool
leg_try_next(struct leg *g, uint16_t code)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m;

	if (g->next == NULL || !leg_still_wanted(g) || !nexthop_more(g->next))
		return false;
	stats->failovers++;
	g->failed = code;
	if (g->media && !p->in_dialog) {
		m = proxy_request(p);
		media_end(p->w, p->call, m->call_id, m->from_tag,
		    str_make(g->target, BRANCH_TARGET_LEN));
	}
	leg_leave(g);
	leg_next(g);
	proxy_unref(p);
	return true;
}

/* RFC 3261 section 18.1.1: by UDP after all, when TCP is refused. */
void
leg_try_udp(struct leg *g)
{
	struct proxy	*p = g->p;

	if (!leg_still_wanted(g)) {
		leg_end(g, 503, STR_NONE);
		return;
	}
	stats->size_fallbacks++;
	g->explicit = true;
	leg_leave(g);
	leg_attempt(g);
	proxy_unref(p);
}

void
leg_start(struct leg *g)
{
	struct proxy	*p = g->p;

	if (!leg_take_channel(g))
		;
	else if (g->next != NULL)
		leg_next(g);
	else if (!forward_allowed(&p->from, &g->hop)) {
		record_note(p->w, RECORD_FAILURE, 403, "SIGNAL",
		    STR("nothing may be sent to this address"));
		leg_end(g, 403, STR_NONE);
	} else if (g->peer && blacklist_has(&g->hop, loop_now(p->w->loop))) {
		record_note(p->w, RECORD_FAILURE, 503, "SIGNAL",
		    STR("it did not answer lately: black list"));
		leg_end(g, 503, STR_NONE);
	} else
		leg_attempt(g);
}
