/*
 * leg_gateway - what a request to a gateway needs: a channel, and a credential
 * (FEATURES.md (a.2) F; RFC 3261 section 22).
 *
 * An INVITE is signed with the nonce that gwregd knows before it leaves; any request
 * of a call is sent once more when the gateway challenges it. The question waits for
 * a gwregd that is away as long as its deadline. Neither side sees the other's: what
 * the gateway asks ends here, and what our user proves himself with does not go there
 * (forward.c).
 */
#include "sipd/leg_parts.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/challenge.h"
#include "sipd/core.h"
#include "sipd/record.h"
#include "sipd/request.h"
#include "sipd/trunk.h"
#include "sipd/trunks.h"
#include "sipd/worker.h"

#define DEADLINE_MS	3000

struct signing {
	struct leg	*leg;
	bool		 again;		/* it answers a challenge */
};

/* ---- the channel ---- */

static void
no_channel(struct leg *g, const char *words, struct str why)
{
	record_note(g->p->w, RECORD_FAILURE, 503, "GW", STR("gateway "),
	    gateway_name(g->trunk->gateway), STR(": "), why);
	proxy_why(g->p, 503, words);
	leg_end(g, 503, STR_NONE);
}

bool
leg_take_channel(struct leg *g)
{
	struct gateway_facts	 f;
	struct trunk		*t = g->trunk;

	if (t == NULL || t->gateway == NULL || g->p->in_dialog || t->channel)
		return true;
	gateway_read(t->gateway, &f);
	if (f.disabled && !g->p->urgent) {
		no_channel(g, "Gateway Disabled", STR("disabled by the administrator"));
		return false;
	}
	if (!proxy_is_invite(g->p))
		return true;
	if (!gateway_take(t->gateway, g->p->urgent)) {
		no_channel(g, "All Channels Busy", STR("all of its channels are taken"));
		return false;
	}
	t->channel = true;
	return true;
}

/* ---- the credential ---- */

bool
leg_wants_sign(const struct leg *g)
{
	return g->trunk != NULL && g->trunk->gateway != NULL && g->trunk->signs &&
	    g->trunk->credential == NULL && proxy_is_invite(g->p);
}

/* ---- what gwregd says ---- */

static void
note(struct leg *g, enum record_kind kind, struct str what, struct str more)
{
	record_note(g->p->w, kind, 0, "GW", STR("gateway "),
	    gateway_name(g->trunk->gateway), STR(": "), what, more);
}

static bool
credential_take(struct trunk *t, const struct msg_signature *m)
{
	char		buf[AUTH_VALUE_MAX];
	struct text	value;

	text_init(&value, buf, sizeof(buf));
	if (request_credential(&value, &m->digests.v[0]) < 0 || value.full)
		return false;
	free(t->credential);
	free(t->nonce);
	t->credential = str_dup(text_str(&value));
	t->nonce = str_dup(m->digests.v[0].nonce);
	t->proxy = m->proxy;
	return true;
}

/* In a dialog all requests to come have it so. */
static void
cseq_raise(struct leg *g)
{
	struct proxy		*p = g->p;
	const struct sip_msg	*m = proxy_request(p);
	struct call		*k;

	k = p->in_dialog ? call_find(p->w->core->calls, m->call_id, m->from_tag,
	    m->to_tag, NULL) : NULL;
	g->trunk->shift = k == NULL ? g->trunk->shift + 1 :
	    trunks_raise(k, p->from_caller, g->trunk, proxy_is_invite(p));
}

/* The same request once more, in a transaction of its own. */
static void
send_again(struct leg *g, const struct msg_signature *m)
{
	struct proxy	*p = g->p;
	bool		 open = leg_leave(g);

	g->trunk->answered = true;
	stats->gateway_challenges++;
	if (m->digests.n == 0 || !credential_take(g->trunk, m))
		leg_end(g, 502, STR_NONE);
	else {
		cseq_raise(g);
		note(g, RECORD_DECISION, STR("its challenge is answered"), STR_NONE);
		leg_attempt(g);
	}
	if (open)
		proxy_unref(p);
}

static void
fail(struct leg *g, bool again, struct str why)
{
	note(g, RECORD_FAILURE, again ? STR("its challenge is not answered: ") :
	    STR("no credential: "), why);
	log_rate(LOG_PROBLEMS, "GW", "gateway %s: a call has no credential: %s",
	    log_str(gateway_name(g->trunk->gateway)), log_str(why));
	if (again) {
		stats->gateway_unanswered++;
		proxy_why(g->p, 502, "Gateway Does Not Accept Us");
	} else
		proxy_why(g->p, 503, "No Credential For Gateway");
	leg_end(g, again ? 502 : 503, STR_NONE);
}

static void
on_signed(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct signing	*s = arg;
	struct leg	*g = s->leg;
	struct proxy	*p = g->p;

	record_as(p->w, p->call, p->plain);
	if (s->again)
		g->following = false;
	if (g->done || p->finished || p->server == NULL)
		;		/* cancelled meanwhile */
	else if (error < 0 || type != MSG_SIGNED)
		fail(g, s->again, type == MSG_REFUSED && m != NULL ?
		    m->refused.text : STR("gwregd gave no answer"));
	else if (s->again)
		send_again(g, &m->signature);
	else if (m->signature.digests.n > 0 &&
	    !credential_take(g->trunk, &m->signature))
		fail(g, false, STR("it cannot be written"));
	else
		leg_go(g);
	record_end(p->w);
	free(s);
	proxy_unref(p);
}

/* ---- the question ---- */

static void
ask(struct leg *g, const struct challenges *c, uint32_t n)
{
	struct proxy	*p = g->p;
	struct signing	*s = xcalloc(1, sizeof(*s));
	struct msg_sign	 q = {
		.call = p->call,
		.gateway = gateway_name(g->trunk->gateway),
		.method = proxy_request(p)->method_text,
		.uri = str_of(g->uri),
		.nonce = str_of(g->trunk->nonce),
	};

	if (n > 0) {
		q.challenges.v = c->v;
		q.challenges.n = n;
	}
	*s = (struct signing){ g, n > 0 };
	proxy_ref(p);
	bus_ask(p->w->gwregd, MSG_SIGN, &q, DEADLINE_MS, on_signed, s);
}

void
leg_sign(struct leg *g)
{
	ask(g, NULL, 0);
}

/* S09: it comes from where the call was sent, not from where its Contact points. */
static bool
is_gateway(const struct leg *g)
{
	const struct proxy	*p = g->p;
	const struct hop	*there = p->from_caller ? &p->cookie.callee :
				    &p->cookie.caller;

	return !p->in_dialog || addr_eq_host(&there->remote, &g->hop.remote) ||
	    gateway_is_at(g->trunk->gateway, &g->hop.remote);
}

bool
leg_challenged(struct leg *g, const struct sip_msg *m)
{
	struct challenges	*c;
	bool			 asked = false;

	if (g->trunk->answered || !g->trunk->signs || !leg_still_wanted(g) ||
	    !is_gateway(g)) {
		fail(g, true, g->trunk->answered ?
		    STR("it has answered one already") : !g->trunk->signs ?
		    STR("calls-authenticate is off") : !is_gateway(g) ?
		    STR("it comes from somebody else") : STR("nobody wants it"));
		return false;
	}
	c = xcalloc(1, sizeof(*c));
	challenges_read(c, m);
	if ((asked = c->n > 0)) {
		g->following = true;
		ask(g, c, c->n);
	} else
		fail(g, true, STR("it has no digest"));
	free(c);
	return asked;
}
