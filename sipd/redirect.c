/*
 * redirect - 3xx responses that are followed (row 78; RFC 3261 section 16.7 step 4).
 *
 * leg.c hands over the redirection of its target. routed is asked about each
 * Contact as if the caller had asked for it, so that no redirection is a way
 * around what the caller may do (S16). What went by a Route is not followed: its
 * Contacts would have to be reached by that Route.
 */
#include "sipd/redirect.h"

#include <stdlib.h>

#include "common/daemon.h"
#include "common/route.h"
#include "sipd/contact.h"
#include "sipd/core.h"
#include "sipd/leg_parts.h"
#include "sipd/targets.h"
#include "sipd/worker.h"

#define CONTACTS_MAX	5	/* of one response */
#define FOLLOWED_MAX	10	/* of one request: then redirections go up */
#define DEADLINE_MS	3000

/* A response whose Contacts are being judged. */
struct redirect {
	struct leg	*leg;
	unsigned	 open;		/* questions at routed */
	bool		 followed;	/* there was a new target */
	uint16_t	 code;
	size_t		 len;
	char		 bytes[];
};

struct question {
	struct redirect	*r;
	uint32_t	 order;
};

/*
 * A stranger is led to users of ours at most: who may send to the outside is
 * known of those alone who have shown an account.
 */
static bool
may_follow(const struct proxy *p, const struct msg_routed *d, const struct rec_target *t)
{
	if (t->stage != 0 || (p->account != NULL ? d->if_confirmed : d->if_not) != 0)
		return false;
	return p->account != NULL || t->kind == TARGET_AOR ||
	    settings_now()->relay_to_non_clients == RELAY_ANYBODY;
}

static void
answered(struct redirect *r)
{
	struct leg	*g = r->leg;

	if (--r->open > 0)
		return;
	g->following = false;
	if (r->followed)	/* its Contacts took its place */
		leg_end(g, 0, STR_NONE);
	else
		leg_end(g, r->code, str_make(r->bytes, r->len));
	free(r);
}

static void
on_routed(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct question		*q = arg;
	struct redirect		*r = q->r;
	struct proxy		*p = r->leg->p;
	const struct rec_target	*t;

	if (error == 0 && type == MSG_ROUTED && !r->leg->done && !p->finished &&
	    p->server != NULL)
		for (uint32_t i = 0; i < m->routed.targets.n; i++) {
			t = &m->routed.targets.v[i];
			if (may_follow(p, &m->routed, t))
				r->followed |= targets_add(p, t, q->order);
		}
	answered(r);
	free(q);
	proxy_unref(p);
}

static void
ask(struct redirect *r, struct str uri, uint32_t order)
{
	char			remote[PEER_TEXT_MAX], local[PEER_TEXT_MAX];
	struct proxy		*p = r->leg->p;
	const struct sip_msg	*m = proxy_request(p);
	struct question		*q = xcalloc(1, sizeof(*q));
	struct msg_route	 what = {
		.call = p->call,
		.method = m->method_text,
		.uri = uri,
		.from = m->from.uri.text,
		.to = m->to.uri.text,
		.account = str_of(p->account),
		.source = hop_print_remote(&p->from, remote),
		.listener = hop_print_local(&p->from, local),
	};

	*q = (struct question){ r, order };
	r->open++;
	p->redirections++;
	proxy_ref(p);
	bus_ask(p->w->routed, MSG_ROUTE, &what, DEADLINE_MS, on_routed, q);
}

/* The Contacts, at most CONTACTS_MAX; how many. */
static unsigned
read_contacts(const struct sip_msg *m, struct rec_contact out[CONTACTS_MAX])
{
	char		buf[2048];
	struct values	it;
	struct nameaddr	na;
	struct text	scratch;
	unsigned	n = 0;

	values_begin(&it, m, HDR_CONTACT);
	while (n < CONTACTS_MAX && nameaddr_next(&it, &na) > 0) {
		text_init(&scratch, buf, sizeof(buf));	/* parameters: not needed */
		if (!na.star && contact_read(&out[n], &na, &scratch) == 0 &&
		    out[n].uri.len <= URI_MAX)
			n++;
	}
	return n;
}

/* The best of them at once beside those that ring now, the others by their q. */
static uint32_t
order_of(const struct leg *g, uint16_t q, uint16_t highest)
{
	return q == highest ? g->order : (g->order & ~TARGETS_SUB_MASK) | q;
}

bool
redirect_follow(struct leg *g, const struct sip_msg *m, struct str bytes)
{
	struct proxy		*p = g->p;
	struct rec_contact	 c[CONTACTS_MAX];
	struct redirect		*r;
	unsigned		 n;
	uint16_t		 highest = 0;

	if (settings_now()->redirects != REDIRECTS_FOLLOW || m->code > 302 ||
	    m->code < 300 || p->in_dialog || p->led || p->cancelled || g->cancelled ||
	    p->finished || p->server == NULL)
		return false;
	n = read_contacts(m, c);
	if (n == 0 || p->redirections + n > FOLLOWED_MAX)
		return false;
	for (unsigned i = 0; i < n; i++)
		highest = c[i].q > highest ? c[i].q : highest;
	r = xcalloc(1, sizeof(*r) + bytes.len);
	r->leg = g;
	r->code = m->code;
	r->len = bytes.len;
	memcpy(r->bytes, bytes.s, bytes.len);
	r->open = 1;		/* ours, while we ask */
	g->following = true;
	leg_mark(g, RINGING_MOVED);
	for (unsigned i = 0; i < n; i++)
		ask(r, c[i].uri, order_of(g, c[i].q, highest));
	answered(r);
	return true;
}
