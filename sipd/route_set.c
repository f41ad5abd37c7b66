/*
 * route_set - Route sets and remote targets, read from what goes through.
 *
 * relay.c calls it for a 2xx, outcome.c for requests that refresh a target; what it
 * learns is kept by remotes.c. RFC 3261 sections 12.1.1, 12.1.2 and 12.2.
 */
#include "sipd/route_set.h"

#include "common/scan.h"
#include "sipd/calls.h"
#include "sipd/cookie.h"
#include "sipd/core.h"
#include "sipd/nameaddr.h"
#include "sipd/proxy_parts.h"

/* The URI of the first Contact, or "". */
static struct str
contact_of(const struct sip_msg *m)
{
	struct nameaddr	na;

	return nameaddr_nth(m, HDR_CONTACT, 0, &na) == 1 && !na.star &&
	    na.uri.text.len <= URI_MAX && !scan_has_control(na.uri.text) ?
	    na.uri.text : STR_NONE;
}

static struct str
copied(char buf[REMOTES_TEXT_MAX], struct str s)
{
	struct text	t;

	text_init(&t, buf, REMOTES_TEXT_MAX);
	text_add(&t, s);
	return t.full ? STR_NONE : text_str(&t);
}

/* Value number i of Record-Route. */
static struct str
record_route(const struct sip_msg *m, unsigned i)
{
	struct values	it;
	struct str	v = STR_NONE;

	values_begin(&it, m, HDR_RECORD_ROUTE);
	do
		if (!values_next(&it, &v))
			return STR_NONE;
	while (i-- > 0);
	return v;
}

/* "": there are none, or they are not fit to be sent. */
static struct str
route_text(const struct text *t)
{
	return t->full || scan_has_control(text_str(t)) ? STR_NONE : text_str(t);
}

static void
add_value(struct text *t, struct str v)
{
	if (t->len > 0)
		text_add(t, STR(", "));
	text_add(t, v);
}

void
route_set_caller(const struct sip_msg *m, struct route_texts *buf, struct remote *caller)
{
	struct values	it;
	struct str	v;
	struct text	t;

	caller->contact = copied(buf->contact[0], contact_of(m));
	text_init(&t, buf->route[0], sizeof(buf->route[0]));
	values_begin(&it, m, HDR_RECORD_ROUTE);
	while (values_next(&it, &v))
		add_value(&t, v);
	caller->route = route_text(&t);
}

/* Is it what we wrote when this request went from one to the other? */
static bool
is_ours(const struct sip_msg *m, struct str value, const struct hop *from,
    const struct hop *to, struct cookie *c)
{
	struct nameaddr	na;
	struct str	text;
	bool		from_caller;

	return nameaddr_parse(&na, value) == 0 && uri_param(&na.uri, "c", &text) &&
	    cookie_read(c, text, m->call_id, m->from_tag, m->to_tag, &from_caller) == 0 &&
	    hop_same_peer(&c->caller, from) && hop_same_peer(&c->callee, to);
}

void
route_set_callee(const struct sip_msg *m, const struct hop *from, const struct hop *to,
    struct route_texts *buf, struct remote *caller, struct remote *callee)
{
	struct cookie	c;
	struct str	v;
	struct text	t;
	unsigned	n = 0;

	callee->contact = copied(buf->contact[1], contact_of(m));
	callee->route = STR_NONE;
	caller->by_flow = callee->by_flow = true;
	while ((v = record_route(m, n)).len > 0 && !is_ours(m, v, from, to, &c))
		n++;
	if (v.len == 0)		/* he did not return it */
		return;
	caller->by_flow = c.caller_by_flow;
	callee->by_flow = c.callee_by_flow;
	text_init(&t, buf->route[1], sizeof(buf->route[1]));
	while (n-- > 0)
		add_value(&t, record_route(m, n));
	callee->route = route_text(&t);
}

void
route_set_learn(struct leg *g, const struct call *k, const struct sip_msg *m)
{
	static _Thread_local struct route_texts	buf;
	struct proxy	*p = g->p;
	struct remote	 caller = { .by_flow = true }, callee;

	route_set_callee(m, &p->from, &g->hop, &buf, &caller, &callee);
	if (p->ring != NULL || p->bytes != NULL)
		route_set_caller(proxy_request(p), &buf, &caller);
	remotes_put(k, &caller, &callee);
}

void
route_set_refresh(const struct call *k, bool caller, const struct sip_msg *m)
{
	remotes_moved(k, caller, contact_of(m));
}
